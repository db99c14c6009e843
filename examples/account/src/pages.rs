//! The pages. They work without JavaScript.

use std::borrow::Cow;

use logto_rocket::User;
use rocket::Responder;
use rocket::http::{Header, RawStr, Status};
use rocket::response::content::RawHtml;

use crate::logto::Account;

/// Only the stylesheet is loaded, and nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// A page, with its policy. No cache stores a user's data.
#[derive(Responder)]
pub(crate) struct Page {
    html: RawHtml<String>,
    policy: Header<'static>,
    caching: Header<'static>,
}

pub(crate) fn home(user: Option<&User>) -> Page {
    let body = match user {
        Some(user) => format!(
            "<h1>Hello, {}!</h1>\n<p>The name comes from your session: this page did not ask Logto.</p>\n\
             <p><a href=\"/account\">Your account</a></p>",
            escaped(user.display_name())
        ),
        None => "<h1>Hello, stranger!</h1>\n\
                 <p><a href=\"/sign-in?return_to=/account\">Sign in</a> to see your account.</p>"
            .to_owned(),
    };
    page("Home", user.is_some(), &body)
}

/// The user's data at Logto, and the form.
pub(crate) fn account(account: &Account, changed: bool) -> Page {
    let message = match changed {
        true => "<p class=\"message\" role=\"status\">Your name has been changed.</p>\n",
        false => "",
    };
    let row = |name: &str, value: Option<&str>| {
        format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escaped(value.unwrap_or("not set")))
    };
    let rows = [
        row("Name", account.name.as_deref()),
        row("User name", account.username.as_deref()),
        row("Email", account.primary_email.as_deref()),
        row("ID", Some(&account.id)),
    ];
    let form = form(account.name.as_deref().unwrap_or_default(), None);
    let body = format!("<h1>Your account</h1>\n{message}<dl>\n{}</dl>\n{form}", rows.concat());
    page("Your account", true, &body)
}

/// The form again, with what was entered and what is wrong with it.
pub(crate) fn wrong(name: &str, why: &str) -> Page {
    page("Your account", true, &format!("<h1>Your account</h1>\n{}", form(name, Some(why))))
}

fn form(name: &str, why: Option<&str>) -> String {
    let (described, why) = match why {
        Some(why) => (
            " aria-invalid=\"true\" aria-describedby=\"why\"",
            format!("<p class=\"problem\" id=\"why\" role=\"alert\">{why}</p>\n"),
        ),
        None => ("", String::new()),
    };
    format!(
        "<form method=\"post\" action=\"/account\">\n<label for=\"name\">New name</label>\n\
         <input id=\"name\" name=\"name\" value=\"{}\" autocomplete=\"name\"{described}>\n\
         {why}<button>Change</button>\n</form>",
        escaped(name)
    )
}

/// What went wrong, in words.
pub(crate) fn failure(status: Status, message: &str) -> Page {
    let title = status.reason_lossy();
    let link = match status.code {
        401 => "<a href=\"/sign-in?return_to=/account\">Sign in</a>",
        _ => "<a href=\"/account\">Your account</a>",
    };
    let body = format!("<h1>{title}</h1>\n<p>{message}</p>\n<p>{link}</p>");
    // Does not ask who is signed in: that may be what failed.
    page(title, false, &body)
}

pub(crate) fn explanation(status: Status) -> &'static str {
    match status.code {
        401 => "You are not signed in.",
        403 => "Only pages of this site may do this.",
        404 => "There is no such page.",
        502 => "Logto's answer could not be used. The log says more.",
        503 => "Logto does not answer. Please try again shortly.",
        _ => "Something went wrong. The log says more.",
    }
}

/// The frame of every page. Title and body are HTML.
fn page(title: &str, is_signed_in: bool, body: &str) -> Page {
    let links = match is_signed_in {
        true => "<a href=\"/account\">Your account</a> <a href=\"/sign-out\">Sign out</a>",
        false => "",
    };
    let html = format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · account</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><nav aria-label="Site"><a href="/">Home</a> {links}</nav></header>
<main>
{body}
</main>
</body>
</html>
"#
    );
    Page {
        html: RawHtml(html),
        policy: Header::new("Content-Security-Policy", POLICY),
        caching: Header::new("Cache-Control", "no-store"),
    }
}

/// As text, or as the value of an attribute.
fn escaped(text: &str) -> Cow<'_, str> {
    RawStr::new(text).html_escape()
}
