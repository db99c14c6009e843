//! A session in and out of its cookie: a typical user's, and of 1, 2 and 4 KB.

use divan::Bencher;
use divan::counter::BytesCount;
use logto_rocket::internal::SealedSession;

/// The claims of a typical user: the reserved scopes and `email`.
const ORDINARY: &str = r#"{"iss":"https://foo.logto.app/oidc","sub":"extwr7ziy1s8","aud":"guf9ga2720vn080xqht0o","exp":1795323492,"iat":1795319892,"name":"Alice Lidell","username":"alice","picture":"https://example.com/alice.png","email":"alice@example.com","email_verified":true,"preferred_username":"alice","updated_at":1795319767963,"created_at":1795319767963,"nonce":"Nq6bGC4nVXQ1NkxJ0DkC2v4pGkV3h1Tn2cH1o0cJ3Y4"}"#;

/// Sizes of the claims; 0 is the typical user.
const SIZES: [usize; 4] = [0, 1024, 2048, 4096];

fn main() {
    for size in SIZES {
        let bytes = session(size).seal().len();
        println!("claims of {} bytes: a cookie of {bytes} bytes", claims(size).len());
    }
    divan::main();
}

fn claims(size: usize) -> String {
    let groups = size.saturating_sub(ORDINARY.len() + 20) / 12;
    match groups {
        0 => ORDINARY.to_owned(),
        _ => {
            let groups: Vec<_> = (0..groups).map(|n| format!("\"group{n:04}\"")).collect();
            ORDINARY.replace("\"nonce\"", &format!("\"groups\":[{}],\"nonce\"", groups.join(",")))
        }
    }
}

fn session(size: usize) -> SealedSession {
    SealedSession::new(&claims(size))
}

#[divan::bench(args = SIZES)]
fn seal(bencher: Bencher<'_, '_>, size: usize) {
    let session = session(size);
    let bytes = BytesCount::new(claims(size).len());
    bencher.counter(bytes).bench_local(|| session.seal());
}

/// What Rocket does with the header before any of our code runs.
#[divan::bench(args = SIZES)]
fn parse_cookies(bencher: Bencher<'_, '_>, size: usize) {
    let header = format!("theme=dark; logto_abcdef={}; lang=en", session(size).seal());
    bencher.bench_local(|| rocket::http::Cookie::split_parse(&*header).flatten().count());
}

#[divan::bench(args = SIZES)]
fn open(bencher: Bencher<'_, '_>, size: usize) {
    let session = session(size);
    let value = session.seal();
    bencher.bench_local(|| session.open(&value));
}

#[divan::bench(args = SIZES)]
fn open_and_read_claims(bencher: Bencher<'_, '_>, size: usize) {
    let session = session(size);
    let value = session.seal();
    bencher.bench_local(|| session.open_claims(&value));
}
