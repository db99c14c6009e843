//! Behind nginx as it is without any setting about buffers, which is also as Debian has it: it
//! refuses long headers of requests (400) and of answers (502).

#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "interop/node.rs"]
mod node;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "interop/process.rs"]
mod process;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use logto_tests::{Alter, Deviation, Hostile, Live, app, random};
use rocket::figment::Figment;
use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use rocket::tokio::net::UnixStream;
use rocket::tokio::time::sleep;

use self::process::Program;

/// What is said of answers from so many bytes of cookies on.
const WARNED: usize = 3500;

/// nginx on a socket in a folder of its own, before an application.
struct Nginx {
    _program: Program,
    folder: PathBuf,
}

impl Nginx {
    /// Starts it, with these settings of its location; `None` where there is no nginx.
    async fn start(live: &Live, settings: &str) -> Option<Self> {
        let name = format!("logto-nginx-{}-{}", std::process::id(), &random()[..8]);
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).expect("a folder of the test");
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|kind| format!("{kind}_temp_path {kind};")).join(" ");
        let configuration = format!(
            "daemon off; master_process off; pid pid; error_log stderr; events {{}}\n\
             http {{ access_log off; {temporary}\n\
             server {{ listen unix:{}/socket;\n\
             location / {{ proxy_pass {}; {settings} }} }} }}\n",
            folder.display(),
            live.url()
        );
        fs::write(folder.join("nginx.conf"), configuration).expect("a file of the test");
        let mut command = Command::new(binary()?);
        command.arg("-p").arg(&folder).arg("-c").arg(folder.join("nginx.conf"));
        let program = Program::start("nginx", command.args(["-e", "stderr"]));
        let nginx = Self { _program: program, folder };
        for _ in 0..1000 {
            if UnixStream::connect(nginx.socket()).await.is_ok() {
                return Some(nginx);
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("nginx does not listen");
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Sends `request`, which says `Connection: close`; returns the answer.
    async fn send(&self, request: &[u8]) -> String {
        let mut stream = UnixStream::connect(self.socket()).await.expect("it listens");
        stream.write_all(request).await.expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Debian has it where not every user looks for programs.
fn binary() -> Option<&'static str> {
    let runs = |name: &&str| Command::new(*name).arg("-v").output().is_ok();
    let found = ["nginx", "/usr/sbin/nginx"].into_iter().find(runs);
    if found.is_none() {
        node::skip("there is no nginx");
    }
    found
}

/// How a browser reaches the application.
enum Way<'a> {
    Direct(&'a Live),
    Through(&'a Nginx),
}

/// A person with a browser.
struct Visitor<'a> {
    way: Way<'a>,
    jar: BTreeMap<String, String>,
}

/// An answer: its status, its text, and the bytes of its cookies.
struct Answer {
    status: u16,
    text: String,
    cookie_bytes: usize,
}

impl<'a> Visitor<'a> {
    fn by(way: Way<'a>) -> Self {
        Self { way, jar: BTreeMap::new() }
    }

    async fn visit(&mut self, path: &str) -> Answer {
        let cookies: Vec<_> =
            self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost:8000\r\nConnection: close\r\n\
             Accept: text/html\r\nCookie: {}\r\n\r\n",
            cookies.join("; ")
        );
        let text = match self.way {
            Way::Direct(live) => live.send(request.as_bytes()).await,
            Way::Through(nginx) => nginx.send(request.as_bytes()).await,
        };
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let set: Vec<_> =
            head.lines().filter(|l| l.to_lowercase().starts_with("set-cookie")).collect();
        for line in &set {
            let pair = line.split(": ").nth(1).and_then(|cookie| cookie.split(';').next());
            let (name, value) = pair.and_then(|pair| pair.split_once('=')).expect("a cookie");
            match value {
                "" => self.jar.remove(name),
                value => self.jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        let cookie_bytes = set.iter().map(|line| line.len() + 2).sum();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        Answer { status: status.expect("a status"), cookie_bytes, text }
    }

    /// Signs in as a member of so many organizations; returns the callback's answer.
    async fn sign_in(&mut self, op: &Hostile, organizations: usize) -> Answer {
        op.behave();
        op.deviate(Deviation::Claims(Alter::member(organizations)));
        // nginx passes another `Host` on, and this says that the browser was sent here before.
        let started = self.visit("/sign-in?moved=1").await;
        let location = started.text.lines().find_map(|line| {
            line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("location"))
        });
        let callback = op.authorize(location.expect("a way to the provider").1);
        self.visit(callback.strip_prefix("http://localhost:8000").expect("a way back")).await
    }
}

fn with(op: &Hostile, key: &str, value: impl Into<rocket::figment::value::Value>) -> Figment {
    op.figment().merge((format!("logto.session.{key}"), value.into()))
}

/// REL-15: what nginx answers with 502 was worth the warning, and what the warning names helps.
#[rocket::async_test]
async fn an_answer_that_nginx_refuses_is_one_that_is_warned_of() {
    let op = Hostile::start().await;
    let (live, stored) = (
        Live::start(app(op.figment())).await,
        Live::start(app(with(&op, "store", "memory"))).await,
    );
    let Some(plain) = Nginx::start(&live, "").await else { return };
    let buffers = "proxy_buffer_size 16k; proxy_buffers 8 16k;";
    let larger = Nginx::start(&live, buffers).await.expect("as the other one");
    let small = Nginx::start(&stored, "").await.expect("as the other one");
    let (mut refused, mut passed) = (0, 0);
    for organizations in (0..150).step_by(10) {
        let direct = Visitor::by(Way::Direct(&live)).sign_in(&op, organizations).await;
        assert_eq!(direct.status, 303, "{organizations}");
        match Visitor::by(Way::Through(&plain)).sign_in(&op, organizations).await.status {
            303 => passed += 1,
            502 => {
                refused += 1;
                let bytes = direct.cookie_bytes;
                assert!(bytes >= WARNED, "{bytes} bytes for {organizations}");
            }
            status => panic!("{status} for {organizations}"),
        }
        for other in [&larger, &small] {
            let answer = Visitor::by(Way::Through(other)).sign_in(&op, organizations).await;
            assert_eq!(answer.status, 303, "{organizations}: {}", answer.text);
        }
    }
    assert!(refused > 0 && passed > 0, "{refused} refused, {passed} passed");
}

/// S32: whatever our cookies are, nginx passes the requests on; without the limit it refuses
/// every page, and the user cannot even sign out.
#[rocket::async_test]
async fn our_own_cookies_keep_nobody_out_behind_nginx() {
    let op = Hostile::start().await;
    let live = Live::start(app(op.figment())).await;
    let buffers = "proxy_buffer_size 16k; proxy_buffers 8 16k;";
    let Some(nginx) = Nginx::start(&live, buffers).await else { return };
    let mut visitor = Visitor::by(Way::Through(&nginx));
    let refused = visitor.sign_in(&op, 300).await;
    assert_eq!(refused.status, 500);
    assert!(refused.text.contains("Too much to keep"), "{}", refused.text);
    let most = (100..300).step_by(10).rev();
    let mut signed_in = None;
    for organizations in most {
        if visitor.sign_in(&op, organizations).await.status == 303 {
            signed_in = Some(organizations);
            break;
        }
    }
    assert!(signed_in.is_some(), "some number of organizations fits");
    let long = format!("/sign-in?moved=1&return_to=/pages/1?tab={}", "x".repeat(480));
    for _ in 0..10 {
        assert_eq!(visitor.visit(&long).await.status, 303);
        assert_eq!(visitor.visit("/protected").await.status, 200);
    }
    assert_eq!(visitor.visit("/sign-out").await.status, 303);
    assert!(visitor.visit("/").await.text.ends_with("Hello, stranger!"));

    let live = Live::start(app(with(&op, "max_cookie_bytes", 39_000))).await;
    let nginx = Nginx::start(&live, buffers).await.expect("as the other one");
    let mut visitor = Visitor::by(Way::Through(&nginx));
    assert_eq!(visitor.sign_in(&op, 300).await.status, 303);
    for path in ["/", "/sign-out"] {
        assert_eq!(visitor.visit(path).await.status, 400, "{path}");
    }
}
