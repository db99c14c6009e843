//! The pages. They work without JavaScript.

use std::borrow::Cow;

use logto_rocket::{Claim, IdTokenClaims, User, UserInfo};
use rocket::Responder;
use rocket::http::{Header, RawStr, Status};
use rocket::response::content::RawHtml;
use rocket::serde::json::{Value, to_pretty_string};
use rocket::time::OffsetDateTime;

use crate::tokens::Organization;

/// Only the stylesheet is loaded, and nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// A page, with its policy.
#[derive(Responder)]
pub(crate) struct Page {
    html: RawHtml<String>,
    policy: Header<'static>,
}

/// The public page.
pub(crate) fn home(user: Option<&User>) -> Page {
    let greeting = match user {
        Some(user) => format!(
            "<h1>Hello, {}!</h1>\n<p>You are signed in. Your id is <code>{}</code>.</p>\n\
             <p><a class=\"button\" href=\"/sign-out\">Sign out</a></p>",
            escaped(display_name(user)),
            escaped(user.subject()),
        ),
        None => "<h1>Hello, stranger!</h1>\n<p>Nobody is signed in.</p>\n\
                 <p><a class=\"button\" href=\"/sign-in\">Sign in</a>\n\
                 <a class=\"button quiet\" href=\"/sign-up\">Sign up</a></p>"
            .into(),
    };
    page("Home", user, &format!("{greeting}\n{ROUTES}"))
}

const ROUTES: &str = r#"<h2>Protected pages</h2>
<ul class="routes">
<li><a href="/protected">/protected</a> <code>#[authenticated(redirect)]</code>
<p>The claims of your ID token. A stranger is sent to sign in, and comes back.</p></li>
<li><a href="/protected/no-redirect">/protected/no-redirect</a> <code>#[authenticated]</code>
<p>The same page. A stranger gets 401.</p></li>
<li><a href="/protected/userinfo">/protected/userinfo</a>
<code>#[authenticated(redirect, fetch_user_info)]</code>
<p>What Logto knows about you now. A stranger is sent to sign in, and comes back.</p></li>
<li><a href="/protected/organizations">/protected/organizations</a>
<code>#[authenticated(redirect, fetch_user_info)]</code>
<p>Your organizations, and what you may do in each: each has its own token.</p></li>
</ul>
<h2>API</h2>
<ul class="routes">
<li><a href="/api/me">/api/me</a> <code>#[authenticated]</code>
<p>The claims as JSON. A stranger gets 401.</p></li>
<li><a href="/api/userinfo">/api/userinfo</a> <code>#[authenticated(fetch_user_info)]</code>
<p>The user info as JSON. A stranger gets 401.</p></li>
<li><a href="/api/token">/api/token</a> <code>#[authenticated]</code>
<p>What an access token says, as JSON: with <code>?resource=</code> for an API, with
<code>?organization=</code> for an organization, with both for both. The token itself
only with <code>show=1</code>.</p></li>
</ul>"#;

const BACK: &str = r#"<p><a class="button quiet" href="/">Home</a></p>"#;

/// The claims of the ID token, one a row.
pub(crate) fn claims(user: &User) -> Page {
    let claims = user.id_token_claims();
    let rows: String = claims.names().map(|name| row(claims, name)).collect();
    let body = format!(
        "<h1>Your ID token</h1>\n\
         <p>What Logto sent when you signed in. It comes from your session: this page \
         did not ask Logto.</p>\n<dl>\n{rows}</dl>\n{BACK}"
    );
    page("Your ID token", Some(user), &body)
}

fn row(claims: &IdTokenClaims, name: &str) -> String {
    let value = match claims.get(name) {
        Claim::Value(value) => readable(name, value),
        Claim::Null | Claim::Absent => "<i>none</i>".into(),
    };
    format!("<div><dt>{}</dt><dd>{value}</dd></div>\n", escaped(name))
}

fn readable(name: &str, value: &Value) -> String {
    match (name, value) {
        ("exp" | "iat" | "auth_time", Value::Number(n)) => time(n.as_i64()),
        // Logto's own times are milliseconds.
        ("created_at" | "updated_at", Value::Number(n)) => time(n.as_i64().map(|ms| ms / 1000)),
        (_, Value::Null) => "<i>none</i>".into(),
        (_, Value::Bool(true)) => "yes".into(),
        (_, Value::Bool(false)) => "no".into(),
        (_, Value::String(text)) => escaped(text).into_owned(),
        (_, Value::Array(list)) if list.is_empty() => "<i>none</i>".into(),
        (_, Value::Array(list)) => {
            list.iter().map(|item| readable("", item)).collect::<Vec<_>>().join("<br>")
        }
        (_, value) => format!("<pre>{}</pre>", escaped(&pretty(value))),
    }
}

fn time(seconds: Option<i64>) -> String {
    let time = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.map_or_else(String::new, |time| {
        let (hour, minute, second) = time.to_hms();
        format!("{} {hour:02}:{minute:02}:{second:02} UTC", time.date())
    })
}

/// The user info as JSON, without what Logto left out.
pub(crate) fn user_info(user: &User, info: &UserInfo) -> Page {
    let body = format!(
        "<h1>Your user info</h1>\n\
         <p>What Logto knows about you now: it was asked for this page.</p>\n\
         <pre>{}</pre>\n{BACK}",
        escaped(&pretty(info))
    );
    page("Your user info", Some(user), &body)
}

/// The user's organizations, one a row.
pub(crate) fn organizations(user: &User, organizations: &[Organization]) -> Page {
    let rows: String = organizations.iter().map(organization).collect();
    let list = match rows.is_empty() {
        true => "<p>You are not in any organization.</p>".into(),
        false => format!("<dl>\n{rows}</dl>"),
    };
    let body = format!(
        "<h1>Your organizations</h1>\n\
         <p>Each has an access token, which is kept until shortly before it expires.</p>\n\
         {list}\n{BACK}"
    );
    page("Your organizations", Some(user), &body)
}

fn organization(organization: &Organization) -> String {
    let Organization { id, name, roles, permissions } = organization;
    let list = |words: &[String]| match words {
        [] => "<i>none</i>".to_owned(),
        words => escaped(&words.join(", ")).into_owned(),
    };
    let permissions = match permissions {
        Ok(permissions) => format!("Permissions: {}", list(permissions)),
        Err(reason) => format!("Logto denies its token: {}", escaped(reason)),
    };
    format!(
        "<div><dt>{}</dt><dd><code>{}</code><br>Roles: {}<br>{permissions}</dd></div>\n",
        escaped(name.as_deref().unwrap_or("An organization")),
        escaped(id),
        list(roles),
    )
}

/// What went wrong, in words.
pub(crate) fn failure(status: Status) -> Page {
    let explanation = match status.code {
        401 => "You are not signed in.",
        403 => "You do not have access to this.",
        404 => "There is no such page.",
        502 => "Logto's response could not be used. The log says more.",
        503 => "Logto does not answer. Nothing is lost: please try again shortly.",
        _ => "Something went wrong. The log says more.",
    };
    let title = status.reason_lossy();
    let link = match status.code {
        401 => r#"<p><a class="button" href="/sign-in">Sign in</a></p>"#,
        _ => BACK,
    };
    let body = format!("<h1>{title}</h1>\n<p>{explanation}</p>\n{link}");
    // Does not ask who is signed in: that may be what failed.
    layout(title, "", &body)
}

fn page(title: &str, user: Option<&User>, body: &str) -> Page {
    let status = match user {
        Some(user) => {
            format!(
                "<span>{}</span> <a href=\"/sign-out\">Sign out</a>",
                escaped(display_name(user))
            )
        }
        None => "<a href=\"/sign-in\">Sign in</a>".into(),
    };
    layout(title, &status, body)
}

/// The frame of every page. Title, status and body are HTML.
fn layout(title: &str, status: &str, body: &str) -> Page {
    let html = format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · quickstart</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a class="home" href="/">quickstart</a> <nav>{status}</nav></header>
<main>
{body}
</main>
</body>
</html>
"#
    );
    Page { html: RawHtml(html), policy: Header::new("Content-Security-Policy", POLICY) }
}

fn display_name(user: &User) -> &str {
    let name = user.name().value().or(user.username().value());
    name.unwrap_or_else(|| user.subject())
}

fn pretty(value: &impl rocket::serde::Serialize) -> String {
    to_pretty_string(value).expect("claims came from JSON")
}

/// As text, or as the value of an attribute.
fn escaped(text: &str) -> Cow<'_, str> {
    RawStr::new(text).html_escape()
}
