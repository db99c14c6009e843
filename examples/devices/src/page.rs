//! The pages. They work without JavaScript.

use std::borrow::Cow;
use std::time::SystemTime;

use logto_rocket::SessionInfo;
use rocket::http::RawStr;
use rocket::response::content::RawHtml;
use rocket::time::OffsetDateTime;

pub(crate) fn home(is_signed_in: bool) -> RawHtml<String> {
    let link = match is_signed_in {
        true => r#"<a href="/devices">Your devices</a>"#,
        false => r#"<a href="/sign-in?return_to=/devices">Sign in</a>"#,
    };
    page("Home", &format!("<p>See where you are signed in, and sign out there.</p>\n<p>{link}</p>"))
}

/// The user's sessions: this one, and those that can be ended here.
pub(crate) fn devices(sessions: &[SessionInfo]) -> RawHtml<String> {
    let items: String = sessions.iter().map(device).collect();
    page("Your devices", &format!("<ul>\n{items}</ul>"))
}

fn device(session: &SessionInfo) -> String {
    let browser = escaped(session.user_agent().unwrap_or("A browser"));
    let handle = session.handle();
    let times = format!(
        "signed in {}, last used {}",
        time(session.began_at()),
        time(session.last_used_at())
    );
    // This one is signed out at Logto too, or the next page would sign it in again.
    let (mark, action) = match session.is_current() {
        true => (" (this browser)", "/sign-out".to_owned()),
        false => ("", format!("/devices/{handle}/end")),
    };
    format!(
        "<li><div id=\"{handle}\">{browser}{mark}<br><span class=\"times\">{times}</span></div>\n\
         <form method=\"post\" action=\"{action}\">\
         <button aria-describedby=\"{handle}\">Sign out</button></form></li>\n"
    )
}

fn time(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    format!("{} {:02}:{:02} UTC", time.date(), time.hour(), time.minute())
}

fn page(title: &str, body: &str) -> RawHtml<String> {
    RawHtml(format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · devices</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><nav aria-label="Site"><a href="/">Home</a> <a href="/devices">Your devices</a></nav></header>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"#
    ))
}

/// A browser can call itself anything.
fn escaped(text: &str) -> Cow<'_, str> {
    RawStr::new(text).html_escape()
}
