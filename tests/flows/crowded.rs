//! Headers full of cookies in our names, as no real browser sends them. Over TCP, where Rocket
//! parses them itself.

use std::sync::atomic::Ordering;

use logto_tests::{Browser, Hostile, Live, app};

use crate::stores::{Fragile, with_store};

/// This many cookies of 24 bytes are about the most that the server reads.
const CROWD: usize = 10_400;

/// The answer to a navigation with these headers.
async fn get(live: &Live, path: &str, cookies: &[impl AsRef<str>]) -> String {
    let cookies: String =
        cookies.iter().map(|line| format!("Cookie: {}\r\n", line.as_ref())).collect();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost:8000\r\nConnection: close\r\n\
         Accept: text/html\r\nSec-Fetch-Mode: navigate\r\n{cookies}\r\n"
    );
    live.send(request.as_bytes()).await
}

fn headers<'a>(answer: &'a str, name: &str) -> Vec<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

/// The cookies that an answer sets, as the browser sends them, without those it removes.
fn set(answer: &str) -> Vec<String> {
    let pairs = headers(answer, "set-cookie").into_iter().filter_map(|line| line.split(';').next());
    pairs.filter(|pair| !pair.ends_with('=')).map(str::to_owned).collect()
}

/// The name of a sign-in cookie without its suffix, and the name of the session's.
async fn names(op: &Hostile) -> (String, String) {
    let browser = Browser::open(app(op.figment())).await;
    browser.start("/protected").await;
    let name = browser.sign_in_cookies().into_keys().next().unwrap();
    let session = name.split("_t_").next().unwrap();
    (format!("{session}_t_"), session.to_owned())
}

/// S26: of 10,400 pending sign-ins 32 are looked at, and the user can still sign in.
#[rocket::async_test]
async fn thousands_of_sign_ins_cost_what_a_few_cost() {
    let op = Hostile::start().await;
    let (prefix, _) = names(&op).await;
    let live = Live::start(app(op.figment())).await;
    let crowd: Vec<_> = (0..CROWD).map(|number| format!("{prefix}{number:010}=x")).collect();
    let crowd = crowd.join("; ");
    let begun = get(&live, "/sign-in?return_to=/", &[&crowd]).await;
    let lines = headers(&begun, "set-cookie").len();
    assert!((27..=33).contains(&lines), "{lines} cookies are set");
    let [ref own] = set(&begun)[..] else { panic!("{:?}", set(&begun)) };

    let callback = op.authorize(headers(&begun, "location")[0]);
    let path = callback.strip_prefix("http://localhost:8000").unwrap();
    let back = get(&live, path, &[format!("{crowd}; {own}")]).await;
    assert_eq!(headers(&back, "location"), ["/"], "{back}");
    // Its own, the session and the count, and the removals that make room for them.
    assert!(headers(&back, "set-cookie").len() <= 3 + 32);
    let session = set(&back).join("; ");
    let home = get(&live, "/", &[format!("{crowd}; {session}")]).await;
    assert!(home.ends_with("Hello, u-alice!"), "{home}");
}

/// S26: nor do thousands of parts of a session, or of cookies named like parts.
#[rocket::async_test]
async fn thousands_of_parts_cost_what_ten_cost() {
    let op = Hostile::start().await;
    let (_, session) = names(&op).await;
    let live = Live::start(app(op.figment())).await;
    let parts: Vec<_> = (0..CROWD).map(|number| format!("{session}.{number}=x")).collect();
    let count = vec![format!("{session}_n=9"); 100].join("; ");
    let crowd = format!("{}; {count}; {session}=x", parts.join("; "));
    for path in ["/", "/sign-out"] {
        let answer = get(&live, path, &[&crowd]).await;
        let lines = headers(&answer, "set-cookie").len();
        assert!((10..=11).contains(&lines), "{path}: {lines} cookies are removed");
    }
}

/// Ids of no existing session, in the form of the real one.
fn others(real: &str, count: usize) -> Vec<String> {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |number: usize| char::from(letters[number % 64]);
    let all =
        (0..4096).map(|number| format!("{}{}{}", letter(number), letter(number / 64), &real[2..]));
    all.filter(|other| other != real).take(count).collect()
}

/// S26: a stranger's forty cookies with the session's name cost three loads, in one header or in
/// many, and a user's own is found among three.
#[rocket::async_test]
async fn forty_cookies_of_one_name_cost_three_loads() {
    let (op, store) = (Hostile::start().await, Fragile::new());
    let browser = Browser::open(with_store(op.figment(), store.clone())).await;
    browser.sign_in(&op, "/protected").await;
    let (name, real) = browser.session_cookies().into_iter().next().unwrap();
    let live = Live::start(with_store(op.figment(), store.clone())).await;
    let pairs = |ids: &[&str]| ids.iter().map(|id| format!("{name}={id}")).collect::<Vec<_>>();
    let others = others(&real, 90);
    let others: Vec<_> = others.iter().map(String::as_str).collect();
    let twice = [others[0], others[0], others[0], &real, others[1]];
    for (cookies, who, loads) in [
        (vec![pairs(&others[..40]).join("; ")], "nobody", 3),
        (pairs(&others), "nobody", 3),
        (vec![pairs(&[&[&*real], &others[..40]].concat()).join("; ")], "user", 2),
        (vec![pairs(&twice).join("; ")], "user", 3),
        (vec![pairs(&[&others[..40], &[&*real]].concat()).join("; ")], "user", 1),
        (vec![pairs(&[&*real, "", "x", "y"]).join("; ")], "user", 1),
    ] {
        let before = store.loads.load(Ordering::SeqCst);
        let answer = get(&live, "/optional", &cookies).await;
        assert!(answer.ends_with(who), "{cookies:?}: {answer}");
        let asked = store.loads.load(Ordering::SeqCst) - before;
        assert_eq!(asked, loads, "{who}, {} headers", cookies.len());
    }
}
