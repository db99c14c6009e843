//! What sessions take in the memory store, and the cost of loading one, from 10³ to
//! 10⁶ of them: the bytes of the process, and the time of a random load next to that
//! of the memory itself.
//!
//! `cargo bench -p logto-rocket --bench store [-- SESSIONS]`; Linux, 2 GB for the last.

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logto_rocket::{MemoryStore, SessionKey, SessionStore, StoredSession};
use rocket::tokio::runtime::Builder;

/// The bytes of a session.
const SIZE: usize = 1500;

const LOADS: u64 = 1_000_000;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The n-th key: as well spread as random ones, without memory to know it.
fn key(n: u64) -> SessionKey {
    // SplitMix64.
    let mix = |n: u64| {
        let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ (n >> 31)
    };
    let bytes = (u128::from(mix(n + 1)) << 64 | u128::from(mix(!n))).to_le_bytes();
    let text = URL_SAFE_NO_PAD.encode([bytes, bytes].concat());
    SessionKey::from_text(&text).expect("32 bytes")
}

/// The bytes of this process in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a size");
    let kilobytes = line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok());
    kilobytes.expect("a number") * 1024
}

/// What each of many `work`s takes, on numbers below `sessions` in an order that no
/// processor cache foresees.
fn time(sessions: u64, mut work: impl FnMut(u64)) -> Duration {
    let start = Instant::now();
    for n in 0..LOADS {
        work(u64::from((n as u32).wrapping_mul(0x9e37_79b9)) % sessions);
    }
    start.elapsed() / LOADS as u32
}

fn measure(sessions: u64) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    // Room for all, as they spread over the parts of the store by chance.
    let store = MemoryStore::new(sessions * 2);
    let before = resident();
    for n in 0..sessions {
        let session = StoredSession::new(vec![n as u8; SIZE], vec![format!("{n:043}")]);
        runtime.block_on(store.create(&key(n), session, DAY)).expect("a new key");
    }
    let bytes = (resident() - before) / sessions;
    let load = time(sessions, |n| {
        let loaded = runtime.block_on(store.load(&key(n))).expect("a load");
        assert!(loaded.is_some_and(|(data, _)| data.len() == SIZE));
    });
    drop(store);

    let vectors: Vec<_> = (0..sessions).map(|n| vec![n as u8; SIZE]).collect();
    let copy = time(sessions, |n| drop(black_box(vectors[n as usize].clone())));
    println!(
        "{sessions:>9} sessions of {SIZE} bytes: {bytes} bytes each, {load:?} a load; \
         {copy:?} a copy of as many bytes out of as many vectors"
    );
}

fn main() {
    match std::env::args().skip(1).find_map(|argument| argument.parse().ok()) {
        Some(sessions) => measure(sessions),
        // Each in a process of its own, with memory that nobody has used.
        None => {
            let this = std::env::current_exe().expect("this program");
            for sessions in ["1000", "10000", "100000", "1000000"] {
                assert!(Command::new(&this).arg(sessions).status().expect("a run").success());
            }
        }
    }
}
