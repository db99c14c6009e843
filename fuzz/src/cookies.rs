use std::sync::LazyLock;

use logto_rocket::internal::{SessionCookies, SignInCookies, session_record};
use rocket::http::{Cookie, CookieJar};
use rocket::local::blocking::Client;

/// The longest cookie that browsers keep.
const MAX_COOKIE: usize = 4096;

static SESSION: LazyLock<SessionCookies> = LazyLock::new(SessionCookies::default);
static SIGN_INS: LazyLock<SignInCookies> = LazyLock::new(SignInCookies::default);

thread_local! {
    static CLIENT: Client = Client::untracked(rocket::build()).expect("a client");
}

/// S4, S9, S14, A21: nothing opens that was not sealed, whatever a `Cookie`
/// header contains, and what was sealed is read back, whole or not at all.
///
/// The first byte says what the others are.
pub fn cookies(data: &[u8]) {
    let Some((&kind, rest)) = data.split_first() else { return };
    match kind {
        b'h' => header(&String::from_utf8_lossy(rest)),
        b'r' => record(rest),
        _ => sealed(usize::from(kind), rest),
    }
}

/// A jar of what a server reads from a `Cookie` header.
fn with_jar<T>(
    cookies: impl IntoIterator<Item = Cookie<'static>>,
    f: impl FnOnce(&CookieJar<'_>) -> T,
) -> T {
    CLIENT.with(|client| f(client.get("/").cookies(cookies).inner().cookies()))
}

/// What a stranger sends does not open, and does not grow.
fn header(header: &str) {
    let cookies: Vec<_> =
        Cookie::split_parse_encoded(header).flatten().map(Cookie::into_owned).collect();
    let count = cookies.len();
    let state = header.rsplit('=').next().unwrap_or_default();
    with_jar(cookies, |jar| {
        assert_eq!(SESSION.read(jar), None);
        assert_eq!(SIGN_INS.find(jar, state), None);
        let (_, written) = SIGN_INS.begin(jar, state);
        assert!(written.len() <= count + 1, "{} changes for {count} cookies", written.len());
        let added = written.iter().filter(|cookie| !cookie.value().is_empty());
        assert_eq!(added.count(), 1);
    });
}

/// A record written by another version of the crate, or by a store.
fn record(plain: &[u8]) {
    if let Some(written) = session_record(plain) {
        assert_eq!(session_record(&written), Some(written));
    }
}

/// A value of `plain`, `times` over, in its cookies: read as it was written, but not
/// with a part changed, lost or moved.
fn sealed(times: usize, plain: &[u8]) {
    let plain = plain.repeat(times);
    let Ok(written) = with_jar([], |jar| SESSION.write(jar, &plain)) else {
        assert!(plain.len() > 8 * MAX_COOKIE * 3 / 4, "{} bytes are refused", plain.len());
        return;
    };
    assert!(written.iter().all(|cookie| cookie.to_string().len() <= MAX_COOKIE));
    let read = |cookies: Vec<_>| with_jar(cookies, |jar| SESSION.read(jar));
    assert_eq!(read(written.clone()), Some(plain));

    let at = times % written.len();
    let mut lost = written.clone();
    lost.remove(at);
    assert_eq!(read(lost), None, "without part {at} of {}", written.len());

    let mut changed = written.clone();
    let value = changed[at].value();
    let first = if value.starts_with('A') { "B" } else { "A" };
    let value = format!("{first}{}", &value[1..]);
    changed[at].set_value(value);
    assert_eq!(read(changed), None, "part {at} of {} changed", written.len());

    if written.len() > 1 {
        let mut moved = written;
        let (first, second) = (moved[0].value().to_owned(), moved[1].value().to_owned());
        moved[0].set_value(second);
        moved[1].set_value(first);
        assert_eq!(read(moved), None, "the first two parts moved");
    }
}
