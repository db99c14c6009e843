//! `examples/redis`, started by its one command: Redis, three instances, and nginx.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, fs};

use logto_tests::{Hostile, random};
use rocket::tokio::net::TcpStream;
use rocket::tokio::time::sleep;

use crate::node;
use crate::process::Program;
use crate::quickstart::{built, unconfigured};

/// Where sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In Redis.
    Stored,
    /// In cookies, with their ends in Redis.
    Marked,
}

pub(crate) const MODES: [Mode; 2] = [Mode::Stored, Mode::Marked];

pub(crate) struct Cluster {
    program: Program,
    port: u16,
}

impl Cluster {
    /// Starts it, with sign-in at `op`; `None` if a program is missing.
    pub(crate) fn start(op: &Hostile, mode: Mode) -> Option<Self> {
        let figment = op.figment();
        let configured = |key| figment.extract_inner::<String>(key).expect("text");
        let (store, marks) = match mode {
            Mode::Stored => ("redis", "process"),
            Mode::Marked => ("cookie", "redis"),
        };
        Self::with(&[
            ("LOGTO_ENDPOINT", &op.endpoint()),
            ("LOGTO_APP_ID", &configured("logto.app_id")),
            ("LOGTO_APP_SECRET", &configured("logto.app_secret")),
            ("LOGTO_SESSION_STORE", store),
            ("LOGTO_SESSION_MARKS", marks),
        ])
    }

    /// Starts it in this environment; `None` if a program is missing.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Option<Self> {
        static BINARY: OnceLock<PathBuf> = OnceLock::new();
        if !has_programs() {
            return None;
        }
        let port = free_ports();
        let mut command = unconfigured(BINARY.get_or_init(|| built("instances")));
        command.arg("three").env("PORT", port.to_string()).envs(settings.iter().copied());
        let cluster = Self { program: Program::start("three instances", &mut command), port };
        loop {
            let line = cluster.program.line().expect("it starts");
            assert!(!line.contains(" ended ("), "an instance does not start");
            if line.starts_with("Open http") {
                break;
            }
        }
        Some(cluster)
    }

    /// The port of nginx.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The port of an instance.
    pub(crate) fn at(&self, name: &str) -> u16 {
        self.port + 1 + u16::from(name.as_bytes()[0] - b'A')
    }

    /// Makes nginx send nothing to this instance any more, or to all again if `None`.
    pub(crate) fn leave_out(&self, name: Option<&str>) {
        let folder = env::temp_dir().join(format!("three-instances-{}", self.port));
        let file = folder.join("nginx.conf");
        let configuration = fs::read_to_string(&file).expect("its configuration");
        let all = configuration.replace(" down;", " max_fails=0;");
        let written = name.map(|name| {
            let server = format!("server 127.0.0.1:{}", self.at(name));
            let changed =
                all.replace(&format!("{server} max_fails=0;"), &format!("{server} down;"));
            assert_ne!(changed, all);
            changed
        });
        fs::write(&file, written.unwrap_or(all)).expect("written");
        let id = fs::read_to_string(folder.join("nginx.pid")).expect("it runs");
        tell("-HUP", id.trim());
    }

    /// Sends a signal to an instance, and waits until another process has its place.
    pub(crate) async fn replace(&self, name: &str, signal: &str) {
        let begin = format!("{name}: process ");
        let last = |output: &str| {
            let started = output.lines().filter(|line| line.contains(" on port "));
            let id = started.filter_map(|line| line.strip_prefix(&begin)?.split(' ').next());
            id.fold("", |_, id| id).to_owned()
        };
        let id = last(&self.program.output());
        tell(signal, &id);
        let end = Instant::now() + Duration::from_secs(60);
        while last(&self.program.output()) == id
            || TcpStream::connect(("127.0.0.1", self.at(name))).await.is_err()
        {
            assert!(Instant::now() < end, "no new {name}:\n{}", self.program.output());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Cluster {
    /// When told to end, it ends what it started.
    fn drop(&mut self) {
        let output = self.program.output();
        let id = output
            .lines()
            .find_map(|line| line.strip_prefix("This is process ")?.split(';').next());
        let Some(id) = id else { return };
        tell("-TERM", id);
        self.program.succeeds();
    }
}

fn tell(signal: &str, id: &str) {
    let _ = Command::new("kill").args([signal, id]).status();
}

fn has_programs() -> bool {
    let runs =
        |names: &[&str]| names.iter().any(|name| Command::new(name).arg("-v").output().is_ok());
    let has = runs(&["redis-server"]) && runs(&["nginx", "/usr/sbin/nginx"]);
    if !has {
        node::skip("there is no redis-server, or no nginx");
    }
    has
}

/// A multiple of ten from which five ports are free. Not one of those that the system gives
/// to connections: a connection could take it while an instance restarts.
fn free_ports() -> u16 {
    let number =
        random().bytes().fold(0, |sum: u16, byte| sum.wrapping_mul(31) + u16::from(byte % 7));
    let mut first = (0..1000).map(|step| 20_000 + (number % 1000 + step * 7) % 1000 * 10);
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    first.find(|first| (*first..first + 5).all(is_free)).expect("free ports")
}
