//! The pages. They work without JavaScript.

use std::borrow::Cow;

use logto_rocket::User;
use rocket::Responder;
use rocket::http::{Header, RawStr, Status};
use rocket::response::content::RawHtml;

use crate::member::Member;
use crate::notes::Note;

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
        Some(user) => format!("<h1>Hello, {}!</h1>", escaped(user.display_name())),
        None => "<h1>Hello, stranger!</h1>\n\
                 <p><a href=\"/sign-in?return_to=/notes\">Sign in</a> to see your notes.</p>"
            .to_owned(),
    };
    page("Home", user.is_some(), &body)
}

pub(crate) fn welcome(member: &Member) -> Page {
    let email = match &member.email {
        Some(email) => format!("<p>We write to {}.</p>\n", escaped(email)),
        None => String::new(),
    };
    let body = format!(
        "<h1>Welcome, {}!</h1>\n<p>This is your first visit.</p>\n{email}\
         <p><a href=\"/notes\">Your notes</a></p>",
        escaped(&member.name)
    );
    page("Welcome", true, &body)
}

pub(crate) fn notes(member: &Member, notes: &[Note]) -> Page {
    let items: String = notes.iter().map(note).collect();
    let list = match items.is_empty() {
        true => "<p>There are no notes yet.</p>".to_owned(),
        false => format!("<ul class=\"list\">\n{items}</ul>"),
    };
    let body = format!(
        "<h1>Notes of {}</h1>\n{list}\n\
         <form method=\"post\" action=\"/notes\">\n<label for=\"text\">New note</label>\n\
         <input id=\"text\" name=\"text\" required maxlength=\"500\" autocomplete=\"off\">\n\
         <button>Add</button>\n</form>",
        escaped(&member.name)
    );
    page("Your notes", true, &body)
}

fn note(note: &Note) -> String {
    let (id, text) = (note.id, escaped(&note.text));
    format!(
        "<li><span id=\"note-{id}\">{text}</span>\n\
         <form method=\"post\" action=\"/notes/{id}/delete\">\
         <button aria-describedby=\"note-{id}\">Delete</button></form></li>\n"
    )
}

/// What went wrong, in words.
pub(crate) fn failure(status: Status) -> Page {
    let explanation = match status.code {
        401 => "We do not know you, or no longer do. Sign in to get a new account.",
        403 => "Your account is suspended, or another site sent this request.",
        404 => "There is no such page, or it is not yours.",
        422 => "A note has 1 to 500 characters.",
        503 => "The database or Logto does not answer. Please try again shortly.",
        _ => "Something went wrong. The log says more.",
    };
    let link = match status.code {
        401 => "<a href=\"/sign-in?return_to=/notes\">Sign in</a>",
        _ => "<a href=\"/\">Home</a>",
    };
    let title = status.reason_lossy();
    // Does not ask who is signed in: that may be what failed.
    page(title, false, &format!("<h1>{title}</h1>\n<p>{explanation}</p>\n<p>{link}</p>"))
}

/// The frame of every page. Title and body are HTML.
fn page(title: &str, is_signed_in: bool, body: &str) -> Page {
    let links = match is_signed_in {
        true => "<a href=\"/notes\">Your notes</a> <a href=\"/sign-out\">Sign out</a>",
        false => "",
    };
    let html = format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · database</title>
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
