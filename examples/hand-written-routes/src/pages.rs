//! The pages. They work without JavaScript.

use std::borrow::Cow;

use logto_rocket::{Error, ErrorKind, LogtoClient, User};
use rocket::http::RawStr;
use rocket::response::content::RawHtml;

pub(crate) fn home(user: Option<&User>, logto: &LogtoClient<'_>) -> RawHtml<String> {
    let body = match user {
        Some(user) => format!(
            "<h1>Hello, {}!</h1>\n<p><a href=\"/profile\">Your profile</a></p>\n{}",
            escaped(user.display_name()),
            sign_out(logto)
        ),
        None => format!(
            "<h1>Hello, stranger!</h1>\n<p>Nobody is signed in here.</p>\n<ul>\n\
             <li><a href=\"{}\">Sign in</a>, and come back to this page</li>\n\
             <li><a href=\"{}\">Sign in and see your profile</a></li>\n\
             <li><a href=\"{}\">Sign up</a></li>\n\
             <li><a href=\"/silent\">Ask Logto once more</a>: are you signed in there?</li>\n</ul>",
            escaped(&logto.sign_in_link(Some("/"))),
            escaped(&logto.sign_in_link(Some("/profile"))),
            escaped(&logto.sign_up_link(Some("/profile"))),
        ),
    };
    page("Home", &body)
}

fn sign_out(logto: &LogtoClient<'_>) -> String {
    format!(
        r#"<form method="post" action="{}"><button>Sign out</button></form>
<form method="post" action="/sign-out/here">
<button class="quiet">Sign out here, and stay signed in at Logto</button>
</form>"#,
        escaped(&logto.sign_out_link())
    )
}

pub(crate) fn profile(user: &User, logto: &LogtoClient<'_>) -> RawHtml<String> {
    let body = format!(
        "<h1>Your profile</h1>\n<p>You are {}. Your id is <code>{}</code>.</p>\n{}",
        escaped(user.display_name()),
        escaped(user.subject()),
        sign_out(logto)
    );
    page("Your profile", &body)
}

/// Why a callback did not sign in, and what the user can do. Logto's own words
/// (`Error::description()`) are not shown: anybody can write them into a link to the callback.
pub(crate) fn not_signed_in(error: &Error, logto: &LogtoClient<'_>) -> RawHtml<String> {
    let (title, message) = match error.kind() {
        ErrorKind::Cancelled => (
            "Sign-in cancelled",
            "You left before it was finished, or you may not use this application.",
        ),
        ErrorKind::SignInNotFound => (
            "Sign-in expired",
            "It took too long, was already finished, or began in another browser. Or this browser \
             keeps no cookies of this site.",
        ),
        ErrorKind::InvalidCallback => {
            ("Sign-in failed", "Logto's answer does not fit the sign-in that you began.")
        }
        ErrorKind::Unreachable => (
            "Please try again",
            "Logto does not answer. Nothing is lost: sign in again in a moment.",
        ),
        // `SignInRefused` and `Hook` come from a hook, and there is none here.
        _ => ("Sign-in failed", "The log of this application says why."),
    };
    let body = format!(
        "<h1>{title}</h1>\n<p>{message}</p>\n\
         <p><a href=\"{}\">Sign in again</a></p>",
        escaped(&logto.sign_in_link(error.return_to()))
    );
    page(title, &body)
}

/// The frame of every page. Title and body are HTML.
fn page(title: &str, body: &str) -> RawHtml<String> {
    RawHtml(format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="same-origin">
<title>{title} · Hand-written routes</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><nav aria-label="Pages"><a href="/">Home</a> <a href="/profile">Profile</a></nav></header>
<main>
{body}
</main>
</body>
</html>
"#
    ))
}

/// As text, or as the value of an attribute.
fn escaped(text: &str) -> Cow<'_, str> {
    RawStr::new(text).html_escape()
}
