//! A session's value in cookies: split into parts that browsers keep, and joined again.

use std::borrow::Cow;

use rocket::http::{Cookie, CookieJar};

use crate::error::{Error, ErrorKind, Result};
use crate::seal::{ATTRIBUTES, Cookies, MAX_COOKIE};

/// The most parts of a session: 40 KB, far more than servers accept in one header. Bounds
/// the work that a forged cookie can cause.
const MAX_PARTS: usize = 10;

fn part_name(name: &str, part: usize) -> String {
    if part == 0 { name.to_owned() } else { format!("{name}.{part}") }
}

/// The size of each part of the value `name`, except the last.
fn part_size(name: &str) -> usize {
    MAX_COOKIE - ATTRIBUTES - name.len() - ".10=".len()
}

/// The bytes that a value of this length takes in a request's header, with the names of
/// its parts.
pub(crate) fn weight(name: &str, length: usize) -> usize {
    let parts = 0..length.div_ceil(part_size(name));
    length + parts.map(|part| part_name(name, part).len() + "=; ".len()).sum::<usize>()
}

/// The most other first parts to try: with the one in the jar, a stranger's request asks
/// the store at most three times, however many it sends.
const MAX_DOUBLES: usize = 2;

/// Joins the parts of the value `name`; `None` if there is no first part.
pub(crate) fn read<'j>(jar: &'j CookieJar<'_>, name: &str) -> Option<Cow<'j, str>> {
    Some(read_after(jar.get(name)?.value(), jar, name))
}

/// Joins the parts of the value `name` that begins with `first`. Only a full part is
/// followed by another. If that is missing, the value does not open.
pub(crate) fn read_after<'j>(first: &'j str, jar: &'j CookieJar<'_>, name: &str) -> Cow<'j, str> {
    let mut value = Cow::Borrowed(first);
    for part in 1..MAX_PARTS {
        if value.len() != part * part_size(name) {
            break;
        }
        let Some(cookie) = jar.get(&part_name(name, part)) else { break };
        value.to_mut().push_str(cookie.value());
    }
    value
}

/// The first parts in these headers that the jar does not have, each once: another host
/// of this site, or another path, may have set a cookie with the same name.
pub(crate) fn doubles<'h>(headers: &[&'h str], jar: &CookieJar<'_>, name: &str) -> Vec<&'h str> {
    let kept = jar.get(name).map(Cookie::value);
    let pairs = headers.iter().flat_map(|header| header.split(';'));
    let values = pairs.filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    let mut found = Vec::with_capacity(MAX_DOUBLES);
    for value in values.filter(|value| Some(*value) != kept) {
        if found.len() == MAX_DOUBLES {
            break;
        }
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

/// The cookies that write `value` for so many seconds, or until the browser is closed,
/// and remove the parts of a longer old one.
///
/// # Errors
///
/// The value needs more than [`MAX_PARTS`] parts: more than could be read again.
pub(crate) fn write(
    cookies: &Cookies,
    jar: &CookieJar<'_>,
    value: &str,
    seconds: Option<i64>,
) -> Result<Vec<Cookie<'static>>> {
    let name = cookies.session();
    let size = part_size(name);
    let count = value.len().div_ceil(size);
    if count > MAX_PARTS {
        let detail =
            format!("{} bytes; `session.store = \"memory\"` has no such limit", value.len());
        return Err(Error::new(ErrorKind::SessionTooLarge, detail));
    }
    let mut all: Vec<_> = (0..count)
        .map(|part| {
            // A sealed value is base64url: every byte is one character.
            let end = value.len().min((part + 1) * size);
            let text = value[part * size..end].to_owned();
            let name = part_name(name, part);
            match seconds {
                Some(seconds) => cookies.set(name, text, seconds),
                None => cookies.set_until_closed(name, text),
            }
        })
        .collect();
    all.extend(stale(cookies, jar, count));
    Ok(all)
}

/// The cookies that remove every part the browser has.
pub(crate) fn remove(cookies: &Cookies, jar: &CookieJar<'_>) -> Vec<Cookie<'static>> {
    stale(cookies, jar, 0)
}

fn stale(cookies: &Cookies, jar: &CookieJar<'_>, from: usize) -> Vec<Cookie<'static>> {
    (from..MAX_PARTS)
        .map(|part| part_name(cookies.session(), part))
        .filter(|name| jar.get(name).is_some())
        .map(|name| cookies.remove(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use rocket::local::blocking::Client;

    use super::*;

    thread_local! {
        static CLIENT: Client = Client::untracked(rocket::build()).expect("a client");
    }

    fn with_jar<T>(cookies: &[Cookie<'static>], test: impl FnOnce(&CookieJar<'_>) -> T) -> T {
        let cookies = cookies.iter().map(|c| (c.name().to_owned(), c.value().to_owned()));
        CLIENT.with(|client| test(client.get("/").cookies(cookies).inner().cookies()))
    }

    fn value_of(jar: &CookieJar<'_>, names: &Cookies) -> Option<String> {
        read(jar, names.session()).map(Cow::into_owned)
    }

    /// S9: all sizes up to 64 KiB, those around part boundaries one by one; browsers keep
    /// each cookie, and a value that could not be read is not written.
    #[test]
    fn a_value_of_any_size_is_read_as_it_was_written() {
        let names = Cookies::new("app", "https://app.example", true);
        let part = part_size(names.session());
        let around = (1..=MAX_PARTS).flat_map(|count| part * count - 2..=part * count + 2);
        let text: String = ('a'..='z').cycle().take(64 * 1024).collect();
        for size in around.chain((1..=64 * 1024).step_by(509)) {
            let value = text[..size].to_owned();
            let set = with_jar(&[], |jar| write(&names, jar, &value, Some(604_800)));
            if size > part * MAX_PARTS {
                let error = set.expect_err("too large");
                assert_eq!(error.kind(), ErrorKind::SessionTooLarge, "{size}");
                continue;
            }
            let set = set.expect("cookies");
            for cookie in &set {
                let length = cookie.to_string().len();
                assert!(length <= MAX_COOKIE, "{length} bytes of a cookie for {size}");
            }
            assert_eq!(with_jar(&set, |jar| value_of(jar, &names)), Some(value));
        }
    }

    /// S9: a shorter value removes the parts of the longer one.
    #[test]
    fn parts_that_are_no_longer_used_are_removed() {
        let names = Cookies::new("app", "http://app.example", false);
        let long = with_jar(&[], |jar| write(&names, jar, &"x".repeat(12_000), Some(60)))
            .expect("cookies");
        assert_eq!(long.len(), 4);
        let short = with_jar(&long, |jar| write(&names, jar, "short", Some(60))).expect("cookies");
        let removed: Vec<_> = short.iter().filter(|c| c.value().is_empty()).collect();
        assert_eq!((short.len(), removed.len()), (4, 3));
        assert_eq!(with_jar(&long, |jar| remove(&names, jar)).len(), 4);
    }

    /// S9: a missing part ends the value; parts with absurd names are not read.
    #[test]
    fn missing_and_absurd_parts_are_not_read() {
        let names = Cookies::new("app", "http://app.example", false);
        let mut parts = with_jar(&[], |jar| write(&names, jar, &"x".repeat(12_000), Some(60)))
            .expect("cookies");
        let whole = with_jar(&parts, |jar| value_of(jar, &names)).expect("a value");
        parts.push(Cookie::new(format!("{}.99999999", names.session()), "y"));
        parts.push(Cookie::new(format!("{}.01", names.session()), "y"));
        assert_eq!(with_jar(&parts, |jar| value_of(jar, &names)), Some(whole.clone()));
        parts.remove(1);
        let cut = with_jar(&parts, |jar| value_of(jar, &names)).expect("a value");
        assert!(cut.len() < whole.len());
        parts.remove(0);
        assert_eq!(with_jar(&parts, |jar| value_of(jar, &names)), None);
    }
}
