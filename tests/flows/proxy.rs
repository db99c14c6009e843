//! Proxies that the environment names. Each test runs its second half in a process of its own,
//! with its own environment.

use std::io::Read;
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::{env, thread};

use logto_tests::{Alter, Browser, Deviation, Hostile, app};
use rocket::figment::Figment;
use rocket::http::Status;

/// A port of this machine where nobody listens.
const NOBODY: u16 = 1;

/// A proxy that hangs up on everybody, and what they sent it.
fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or_default();
            kept.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
        }
    });
    (address, seen)
}

/// Runs `test` with these proxies; returns the first line of every request that reached one.
fn seen_by_proxies(test: &str, variables: &[&str], exempt: &str) -> Vec<String> {
    let (address, seen) = proxy();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env("CHILD", "1").env("NO_PROXY", exempt);
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.envs(variables.iter().map(|name| (name, &address)));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "{test} has another name: {told}");
    let seen = seen.lock().unwrap();
    seen.iter().map(|request| request.lines().next().unwrap_or_default().to_owned()).collect()
}

fn is_child() -> bool {
    env::var_os("CHILD").is_some()
}

/// A sign-in at this Logto, for which neither a server nor a proxy answers, does not begin.
async fn cannot_begin(figment: Figment, endpoint: &str) {
    let figment = figment.merge(("logto.endpoint", endpoint));
    let browser = Browser::open(app(figment.merge(("logto.danger_allow_http", true)))).await;
    let answer = browser.visit("/sign-in").await;
    assert_eq!(answer.status, Status::ServiceUnavailable, "{endpoint}: {answer:?}");
}

/// H19: secret, code and refresh token stay on this machine if Logto is on it.
#[rocket::async_test]
async fn no_proxy_sees_what_goes_to_this_machine() {
    if !is_child() {
        for variables in [&["HTTP_PROXY", "HTTPS_PROXY"][..], &["ALL_PROXY"], &["http_proxy"]] {
            let test = "proxy::no_proxy_sees_what_goes_to_this_machine";
            let seen = seen_by_proxies(test, variables, "");
            assert_eq!(seen, Vec::<String>::new(), "{variables:?}");
        }
        return;
    }
    let op = Hostile::start().await;
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    assert_eq!(browser.fetch("/api/userinfo").await.status, Status::Ok);
    assert_eq!((op.count("token"), op.count("me")), (2, 1));
    for host in ["localhost", "127.1.2.3", "[::1]"] {
        for scheme in ["http", "https"] {
            cannot_begin(op.figment(), &format!("{scheme}://{host}:{NOBODY}")).await;
        }
    }
}

/// H19: everything else still uses the proxy, https unread, and `NO_PROXY` applies.
#[rocket::async_test]
async fn a_proxy_is_used_for_other_machines() {
    if !is_child() {
        for variables in [&["HTTP_PROXY", "HTTPS_PROXY"][..], &["ALL_PROXY"]] {
            let test = "proxy::a_proxy_is_used_for_other_machines";
            let mut seen = seen_by_proxies(test, variables, "0.0.0.0");
            // After a hang-up, a GET is sent once more.
            seen.dedup();
            let metadata = "/oidc/.well-known/openid-configuration HTTP/1.1";
            let expected = [
                "CONNECT logto.example:443 HTTP/1.1".to_owned(),
                format!("GET http://logto.example{metadata}"),
                format!("GET http://localhost.example{metadata}"),
            ];
            assert_eq!(seen, expected, "{variables:?}");
        }
        return;
    }
    let figment = Figment::from(rocket::Config::debug_default())
        .merge(("log_level", "off"))
        .merge(("logto.app_id", "app"));
    // The last one is this machine by an address that `NO_PROXY` has to name.
    let nobody = format!("https://0.0.0.0:{NOBODY}");
    for endpoint in
        ["https://logto.example", "http://logto.example", "http://localhost.example", &nobody]
    {
        cannot_begin(figment.clone(), endpoint).await;
    }
}

/// H20: an internal endpoint is in the same network, wherever the proxy is.
#[rocket::async_test]
async fn no_proxy_sees_what_goes_to_an_internal_endpoint() {
    if !is_child() {
        let test = "proxy::no_proxy_sees_what_goes_to_an_internal_endpoint";
        let seen = seen_by_proxies(test, &["HTTP_PROXY", "HTTPS_PROXY"], "");
        assert_eq!(seen, Vec::<String>::new());
        return;
    }
    let op = Hostile::start().await;
    let internal = op.address().replace("127.0.0.1", "0.0.0.0");
    op.rename("https://logto.example");
    let figment = op.figment().merge(("logto.internal_endpoint", internal));
    let figment = figment.merge(("logto.danger_allow_internal_http", true));
    let browser = Browser::open(app(figment)).await;
    browser.sign_in(&op, "/protected").await;
    assert_eq!(browser.fetch("/api/userinfo").await.status, Status::Ok);
}
