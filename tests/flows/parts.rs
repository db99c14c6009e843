//! Sessions that take more than one cookie.

use std::collections::HashSet;

use logto_tests::{Alter, Answer, Browser, Deviation, Hostile, app, is_session, random};
use rocket::figment::Figment;
use rocket::http::Status;

use crate::jar::{deleted, is_stranger};

/// A text of `length` characters that does not compress.
fn noise(length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(&random());
    }
    text.truncate(length);
    text
}

/// The configuration of an application whose sessions may be as large as possible.
fn roomy(op: &Hostile) -> Figment {
    op.figment().merge(("logto.session.max_cookie_bytes", 39_000))
}

/// Signs in a user whose ID token has `length` extra characters.
async fn signed_in_with(op: &Hostile, browser: &Browser, length: usize) -> Answer {
    op.behave();
    op.deviate(Deviation::Claims(Alter::set("padding", noise(length))));
    let answer = browser.visit("/sign-in").await;
    browser.visit(&op.authorize(answer.location())).await
}

/// S9: around the size that fits one cookie, and far beyond, browsers keep every part.
#[rocket::async_test]
async fn a_session_of_any_size_is_read_as_it_was_written() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(roomy(&op))).await;
    let mut parts = HashSet::new();
    let around_one = (1_600..3_200).step_by(97);
    for length in around_one.chain([4_000, 6_000, 8_000, 12_000, 20_000]) {
        browser.forget();
        let back = signed_in_with(&op, &browser, length).await;
        assert_eq!(back.status, Status::SeeOther, "{length}: {back:?}");
        for cookie in &back.cookies {
            let size = cookie.to_string().len();
            assert!(size <= 4096, "{size} bytes of cookie for {length}");
        }
        parts.insert(back.session_cookies().len());
        let claims = browser.visit("/protected").await.json();
        assert_eq!(claims["padding"].as_str().map(str::len), Some(length));
    }
    assert!(parts.is_superset(&HashSet::from([1, 2, 3])), "{parts:?}");
}

/// S9: byte by byte across the boundary between one part and two.
#[rocket::async_test]
async fn no_byte_is_lost_where_a_second_part_begins() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(roomy(&op))).await;
    let boundary = boundary(&op, &browser).await;
    for length in boundary - 4..boundary + 4 {
        browser.forget();
        let back = signed_in_with(&op, &browser, length).await;
        let expected = if length < boundary { 1 } else { 2 };
        assert_eq!(back.session_cookies().len(), expected, "{length}");
        let claims = browser.visit("/protected").await.json();
        assert_eq!(claims["padding"].as_str().map(str::len), Some(length));
    }
}

/// The least padding with which a session takes two cookies.
async fn boundary(op: &Hostile, browser: &Browser) -> usize {
    let (mut low, mut high) = (0, 4_096);
    while low < high {
        let middle = (low + high) / 2;
        browser.forget();
        let back = signed_in_with(op, browser, middle).await;
        if back.session_cookies().len() > 1 { high = middle } else { low = middle + 1 }
    }
    assert!((500..4_000).contains(&low), "one cookie holds {low} bytes");
    low
}

/// S9, S10: a session that cannot be kept is refused, not written and lost.
#[rocket::async_test]
async fn a_session_too_large_for_cookies_is_refused() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(roomy(&op))).await;
    for length in [30_000, 100_000, 400_000] {
        browser.forget();
        let back = signed_in_with(&op, &browser, length).await;
        if back.status == Status::SeeOther {
            let claims = browser.visit("/protected").await.json();
            assert_eq!(claims["padding"].as_str().map(str::len), Some(length));
        } else {
            back.assert_no_sign_in();
            assert!(is_stranger(&browser).await);
        }
        assert!(length < 100_000 || back.status != Status::SeeOther, "{length} fit into cookies");
    }
}

/// S9: the parts that a shorter session no longer needs are deleted.
#[rocket::async_test]
async fn parts_of_a_longer_session_are_deleted() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(roomy(&op))).await;
    // As many parts as are allowed.
    signed_in_with(&op, &browser, 28_500).await;
    let long = browser.session_cookies();
    assert_eq!(long.len(), 10);
    assert!(!is_stranger(&browser).await);
    let back = signed_in_with(&op, &browser, 1).await;
    assert_eq!(deleted(&back).keys().filter(|name| is_session(name)).count(), long.len() - 1);
    assert_eq!(browser.session_cookies().len(), 1);
    assert!(!is_stranger(&browser).await);
}

/// S9: a sign-out deletes all of them.
#[rocket::async_test]
async fn a_sign_out_deletes_every_part() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(roomy(&op))).await;
    signed_in_with(&op, &browser, 12_000).await;
    assert!(browser.session_cookies().len() > 2);
    browser.visit("/sign-out").await;
    assert!(browser.session_cookies().is_empty(), "{:?}", browser.session_cookies().keys());
}

/// S9, S4: a session with a part missing, changed or in another place is not a session.
#[rocket::async_test]
async fn parts_that_do_not_fit_are_not_a_session() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(roomy(&op))).await;
    signed_in_with(&op, &browser, 12_000).await;
    let whole = browser.session_cookies();
    let names: Vec<_> = whole.keys().cloned().collect();
    assert!(names.len() >= 4);
    for name in &names {
        let mut cut = whole.clone();
        cut.remove(name);
        browser.restore(cut);
        assert!(is_stranger(&browser).await, "without {name}");
    }
    for name in &names {
        for at in [0, whole[name].len() / 2, whole[name].len() - 1] {
            let mut part = whole[name].clone().into_bytes();
            part[at] = if part[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(part).unwrap();
            browser.restore(whole.clone().into_iter().chain([(name.clone(), forged)]).collect());
            assert!(is_stranger(&browser).await, "character {at} of {name}");
        }
    }
    let mut swapped = whole.clone();
    swapped.insert(names[1].clone(), whole[&names[2]].clone());
    swapped.insert(names[2].clone(), whole[&names[1]].clone());
    browser.restore(swapped);
    assert!(is_stranger(&browser).await, "with two parts exchanged");
    browser.restore(whole);
    assert!(!is_stranger(&browser).await);
}

/// S9: parts with names that we never write are not read (CVE-2024-24814).
#[rocket::async_test]
async fn parts_with_absurd_names_are_ignored() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(roomy(&op))).await;
    for length in [1, 12_000] {
        browser.forget();
        signed_in_with(&op, &browser, length).await;
        let whole = browser.session_cookies();
        let name = whole.keys().next().unwrap();
        for suffix in ["99999999", "01", "-1", "1e1", "", "1.1", " 1", "18446744073709551616"] {
            let mut more = whole.clone();
            more.insert(format!("{name}.{suffix}"), "x".repeat(100));
            browser.restore(more);
            assert!(!is_stranger(&browser).await, "{name}.{suffix}");
        }
    }
}
