//! What all pages have around them.

use rocket::http::Status;

use crate::answer::Answer;
use crate::random::random;
use crate::user::User;

const STYLE: &str = include_str!("../pages.css");

/// A page with one message.
pub(crate) fn notice(status: Status, title: &str, text: &str) -> Answer {
    let body = format!("<h1>{}</h1>\n<p class=\"subtitle\">{}</p>", escape(title), escape(text));
    page(status, title, &body, None)
}

/// The letter that stands for a user, safe for HTML and SVG.
pub(crate) fn initial(user: &User) -> String {
    let name = user.name.as_deref().unwrap_or(&user.username);
    escape(&name.chars().next().unwrap_or('?').to_uppercase().collect::<String>())
}

pub(super) fn alert(problem: Option<&str>) -> String {
    let alert = |text| format!("<p class=\"problem\" role=\"alert\">{}</p>", escape(text));
    problem.map(alert).unwrap_or_default()
}

pub(super) fn status(problem: Option<&str>) -> Status {
    if problem.is_some() { Status::UnprocessableEntity } else { Status::Ok }
}

/// A whole page. `script` runs, unless JavaScript is off.
pub(super) fn page(status: Status, title: &str, body: &str, script: Option<&str>) -> Answer {
    let nonce = random();
    let script = script
        .map(|script| format!("<script nonce=\"{nonce}\">{script}</script>\n"))
        .unwrap_or_default();
    let html = format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · development provider</title>
<style nonce="{nonce}">{STYLE}</style>
</head>
<body>
<header class="banner"><b>Development provider.</b> It stands in for Logto and asks for no password: anybody who reaches it signs in as anybody.</header>
<main>
{body}
</main>
{script}</body>
</html>
"#,
        title = escape(title)
    );
    // No `form-action`: browsers apply it to redirects too, and a sign-in ends
    // with one to the application.
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    Answer::page(status, policy, html)
}

/// Makes text safe between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
