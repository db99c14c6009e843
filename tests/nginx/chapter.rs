//! The lines in the documentation's chapter "Behind a proxy", run as they stand there.

use logto_rocket::{Logto, User, authenticated};
use logto_tests::{Hostile, Live, app};
use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use rocket::figment::value::Dict;
use rocket::futures::StreamExt as _;
use rocket::{get, post, routes};
use rocket_ws::{Stream, WebSocket};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::server::Nginx;
use crate::tls::Trust;
use crate::visitor::{Visitor, Way};

const CHAPTER: &str = include_str!("../../logto-rocket/src/guide/proxy.md");

/// The blocks in this language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let opened = CHAPTER.split("```").skip(1).step_by(2);
    opened.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

/// The configuration of an application as the chapter has it, for this provider.
fn configured(op: &Hostile, number: usize) -> Figment {
    let written = Figment::from(Toml::string(blocks("toml")[number]).nested());
    let table: Dict = written.select("default").extract_inner("logto").expect("a table");
    op.figment().merge(("logto", table))
}

/// nginx as the chapter has it, in front of this application.
fn before(live: &Live, number: usize) -> String {
    let block = blocks("nginx")[number];
    assert!(block.contains("http://127.0.0.1:8000"), "{block}");
    block.replace("http://127.0.0.1:8000", &live.url())
}

#[authenticated]
#[get("/live")]
fn live(ws: WebSocket, user: &User) -> Stream!['static] {
    let name = user.subject().to_owned();
    Stream! { ws => { let _ = ws; yield name.into(); } }
}

#[authenticated]
#[post("/change")]
fn change(user: &User) -> String {
    user.subject().to_owned()
}

async fn secure(op: &Hostile, base_url: Option<&str>) -> Option<(Live, Nginx, Trust)> {
    let figment = configured(op, 0);
    let figment = match base_url {
        Some(base_url) => figment.merge(("logto.base_url", base_url)),
        None => figment,
    };
    let live = Live::start(app(figment).mount("/", routes![live, change])).await;
    let trust = Trust::of("app.example.com");
    let files = [
        ("/etc/ssl/app.example.com.pem", &*trust.certificate),
        ("/etc/ssl/app.example.com.key", &*trust.key),
    ];
    let nginx = Nginx::with_files(&before(&live, 0), &files).await?;
    Some((live, nginx, trust))
}

/// H11: TLS ends at nginx, and cookies are for https only.
#[rocket::async_test]
async fn users_sign_in_and_out_over_tls() {
    let op = Hostile::start().await;
    let Some((_live, nginx, trust)) = secure(&op, None).await else { return };
    let mut visitor = Visitor::by(Way::Secure(&nginx, &trust), "https://app.example.com");
    let started = visitor.visit("/sign-in?return_to=/protected").await;
    assert!(started.location().starts_with(&op.issuer()), "no hop: {}", started.text);
    let answer = visitor.sign_in(&op, "/protected").await;
    assert_eq!(answer.location(), "/protected");
    assert!(answer.text.contains("__Host-") && answer.text.contains("; Secure"));
    assert_eq!(visitor.visit("/protected").await.status, 200);
    assert!(visitor.post("/change", "").await.text.ends_with("u-alice"));
    let end = visitor.visit("/sign-out").await;
    let back = "post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2F";
    assert!(end.location().contains(back), "{}", end.location());
    assert_eq!(visitor.visit("/protected").await.status, 303);
}

/// nginx leaves the port out of `$host`, and no browser takes a detour for it.
#[rocket::async_test]
async fn a_non_default_port_costs_no_redirect() {
    let op = Hostile::start().await;
    let origin = "https://app.example.com:8443";
    let Some((_live, nginx, trust)) = secure(&op, Some(origin)).await else { return };
    let mut visitor = Visitor::by(Way::Secure(&nginx, &trust), origin);
    let started = visitor.visit("/sign-in").await;
    assert!(started.location().starts_with(&op.issuer()), "no hop: {}", started.text);
    let answer = visitor.sign_in(&op, "/protected").await;
    assert_eq!(answer.location(), "/protected");
    assert_eq!(visitor.visit("/protected").await.status, 200);
    assert!(visitor.post("/change", "").await.text.ends_with("u-alice"));
}

#[rocket::async_test]
async fn websockets_of_users_pass() {
    let op = Hostile::start().await;
    let Some((_live, nginx, trust)) = secure(&op, None).await else { return };
    let mut visitor = Visitor::by(Way::Secure(&nginx, &trust), "https://app.example.com");
    let open = async |cookies: String| {
        let mut request = "wss://app.example.com/live".into_client_request().expect("an address");
        let cookies = HeaderValue::from_str(&cookies).expect("cookies");
        request.headers_mut().insert("Cookie", cookies);
        client_async(request, trust.connect(&nginx).await).await
    };
    assert!(open(visitor.cookies()).await.is_err(), "a stranger");
    visitor.sign_in(&op, "/protected").await;
    let (mut socket, _) = open(visitor.cookies()).await.expect("an upgrade");
    let message = socket.next().await.expect("a message").expect("a message arrives");
    assert_eq!(message.into_text().expect("text"), "u-alice");
}

/// Over HTTP/1.0, and with `Host` rewritten: the browser is sent to the base URL once.
#[rocket::async_test]
async fn nginx_without_settings_costs_one_redirect() {
    let op = Hostile::start().await;
    let figment = op.figment().merge(("logto.base_url", "http://app.example.com"));
    let live = Live::start(app(figment)).await;
    let Some(nginx) = Nginx::before(&live, "").await else { return };
    let mut visitor = Visitor::by(Way::Through(&nginx), "http://app.example.com");
    let hop = visitor.visit("/sign-in?return_to=/protected").await;
    assert_eq!(hop.location(), "http://app.example.com/sign-in?moved=1&return_to=/protected");
    let next = visitor.visit(hop.location()).await;
    assert!(next.location().starts_with(&op.issuer()), "{}", next.text);
    let answer = visitor.sign_in(&op, "/protected").await;
    assert_eq!(answer.location(), "/protected");
    assert_eq!(visitor.visit("/protected").await.status, 200);
}

#[rocket::async_test]
async fn a_prefix_may_be_stripped() {
    let op = Hostile::start().await;
    let live = Live::start(app(configured(&op, 1))).await;
    let Some(nginx) = Nginx::start(&before(&live, 1)).await else { return };
    below_a_path(&op, &nginx).await;
}

#[rocket::async_test]
async fn a_prefix_may_be_kept() {
    let op = Hostile::start().await;
    let other = app(op.figment());
    let routes = other.routes().filter(|route| route.uri.path() == "/protected");
    let routes: Vec<_> = routes.cloned().collect();
    let rocket = rocket::custom(configured(&op, 2)).attach(Logto::fairing());
    let live = Live::start(rocket.mount("/app", routes)).await;
    let Some(nginx) = Nginx::start(&before(&live, 2)).await else { return };
    below_a_path(&op, &nginx).await;
}

async fn below_a_path(op: &Hostile, nginx: &Nginx) {
    let mut visitor = Visitor::by(Way::Through(nginx), "https://example.com");
    let answer = visitor.visit("/app/protected").await;
    let sign_in = "/app/sign-in?return_to=";
    assert!(answer.location().starts_with(sign_in), "{}", answer.location());
    let started = visitor.visit(answer.location()).await;
    let redirect_uri = "redirect_uri=https%3A%2F%2Fexample.com%2Fapp%2Fcallback";
    assert!(started.location().contains(redirect_uri), "{}", started.location());
    let answer = visitor.sign_in(op, "/app/protected").await;
    assert_eq!(answer.location(), "/app/protected");
    assert_eq!(visitor.visit("/app/protected").await.status, 200);
    let end = visitor.visit("/app/sign-out").await;
    let back = "post_logout_redirect_uri=https%3A%2F%2Fexample.com%2Fapp%2F";
    assert!(end.location().ends_with(back), "{}", end.location());
    assert_eq!(visitor.visit("/app/protected").await.status, 303);
}
