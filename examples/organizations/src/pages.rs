//! The pages. They work without JavaScript.

use logto_rocket::{AccessToken, User};
use rocket::http::{RawStr, Status};
use rocket::response::content::RawHtml;
use rocket::uri;

use crate::notices::Notice;

pub(crate) fn home(user: Option<&User>) -> RawHtml<String> {
    let (link, words) = match user {
        Some(_) => ("/orgs", "Your organizations"),
        None => ("/sign-in?return_to=/orgs", "Sign in"),
    };
    let body = format!(
        "<h1>Notice boards</h1>\n<p>Each organization has one.</p>\n\
         <p><a class=\"button\" href=\"{link}\">{words}</a></p>"
    );
    page("Home", user, None, &body)
}

pub(crate) fn choose(user: &User) -> RawHtml<String> {
    let item = |org: &str| format!("<li>{}: {}</li>\n", link(user, org, ""), roles(user, org));
    let items: String = ids(user).into_iter().map(item).collect();
    let list = match items.is_empty() {
        true => "<p>You are not in any organization.</p>".to_owned(),
        false => format!("<ul class=\"card\">\n{items}</ul>"),
    };
    page("Your organizations", Some(user), None, &format!("<h1>Your organizations</h1>\n{list}"))
}

/// What members see. Those who may post also get the form, and owners get a link.
pub(crate) fn board(
    org: &str,
    user: &User,
    token: &AccessToken,
    notices: &[Notice],
) -> RawHtml<String> {
    let scopes: Vec<_> = token.scopes().collect();
    let mut body = format!(
        "<h1>{}</h1>\n<p>Your roles: {}. Your token permits: {}.</p>\n{}",
        name(user, org),
        roles(user, org),
        escaped(&scopes.join(", ")),
        list(notices, |notice| escaped(&notice.text)),
    );
    if token.has_scope("post:notices") {
        body += &format!(
            "<form method=\"post\" action=\"{}\">\n<label for=\"text\">Your notice</label>\n\
             <input id=\"text\" name=\"text\" maxlength=\"200\" required>\n\
             <button>Post</button>\n</form>\n",
            uri!(crate::post_notice(org))
        );
    }
    if user.has_organization_role(org, "owner") {
        body += &format!("<p><a href=\"{}\">For owners</a></p>\n", uri!(crate::owner(org)));
    }
    page(&name(user, org), Some(user), Some(org), &body)
}

/// What owners see: who wrote what, and a button that removes all of it.
pub(crate) fn owner(org: &str, user: &User, notices: &[Notice]) -> RawHtml<String> {
    let body = format!(
        "<h1>For owners of {}</h1>\n{}<form method=\"post\" action=\"{}\">\n\
         <button>Remove all notices</button>\n</form>\n<p><a href=\"{}\">Back to the board</a></p>",
        name(user, org),
        list(notices, |notice| format!("{}: {}", escaped(&notice.by), escaped(&notice.text))),
        uri!(crate::clear(org)),
        uri!(crate::board(org)),
    );
    page(&format!("For owners of {}", name(user, org)), Some(user), Some(org), &body)
}

fn list(notices: &[Notice], shown: impl Fn(&Notice) -> String) -> String {
    let items = notices.iter().map(|notice| format!("<li>{}</li>\n", shown(notice)));
    match notices.is_empty() {
        true => "<p>There are no notices.</p>\n".into(),
        false => format!("<ul class=\"card\">\n{}</ul>\n", items.collect::<String>()),
    }
}

/// What went wrong, in words. It does not ask who is signed in: that may be what failed.
pub(crate) fn failure(status: Status) -> RawHtml<String> {
    let explanation = match status.code {
        401 => "You are not signed in.",
        403 => "You are not in this organization, or your role there does not permit this.",
        404 => "There is no such page.",
        422 => "The notice is empty or too long.",
        503 => "Logto does not answer. Nothing is lost: please try again shortly.",
        _ => "Something went wrong. The log says more.",
    };
    let title = status.reason_lossy();
    let body = format!(
        "<h1>{title}</h1>\n<p>{explanation}</p>\n\
         <p><a class=\"button\" href=\"/orgs\">Your organizations</a></p>"
    );
    page(title, None, None, &body)
}

/// The ids of the user's organizations.
fn ids(user: &User) -> Vec<&str> {
    user.organizations().unwrap_or_default()
}

/// The name of an organization if the user info has it, else its id. HTML.
fn name(user: &User, org: &str) -> String {
    let data = user.organization_data().unwrap_or_default();
    let name = data.iter().find(|data| data.id() == org).and_then(|data| data.name().value());
    escaped(name.unwrap_or(org))
}

/// The user's roles in an organization. HTML.
fn roles(user: &User, org: &str) -> String {
    let all = user.organization_roles().unwrap_or_default();
    let here = all.iter().filter(|role| role.organization == org).map(|role| role.role);
    let here: Vec<_> = here.collect();
    if here.is_empty() { "none".into() } else { escaped(&here.join(", ")) }
}

fn link(user: &User, org: &str, current: &str) -> String {
    format!("<a href=\"{}\"{current}>{}</a>", uri!(crate::board(org)), name(user, org))
}

/// The user's organizations, and a way out.
fn header(user: &User, current: Option<&str>) -> String {
    let mark = |org| if current == Some(org) { " aria-current=\"true\"" } else { "" };
    let item = |org| format!("<li>{}</li>\n", link(user, org, mark(org)));
    // Without user info there are no names to show.
    let items: String = match user.organization_data().value() {
        Some(_) => ids(user).into_iter().map(item).collect(),
        None => String::new(),
    };
    let switcher = match items.is_empty() {
        true => String::new(),
        false => format!("<nav aria-label=\"Organizations\"><ul>\n{items}</ul></nav>\n"),
    };
    format!(
        "{switcher}<form method=\"post\" action=\"/sign-out\">{} <button>Sign out</button></form>",
        escaped(user.display_name())
    )
}

/// The frame of every page. Title and body are HTML.
fn page(title: &str, user: Option<&User>, current: Option<&str>, body: &str) -> RawHtml<String> {
    let header = user.map(|user| header(user, current)).unwrap_or_default();
    RawHtml(format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Notice boards</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a class="home" href="/">Notice boards</a>
{header}</header>
<main>
{body}
</main>
</body>
</html>
"#
    ))
}

/// As text, or as the value of an attribute: a name or a notice is never markup.
fn escaped(text: &str) -> String {
    RawStr::new(text).html_escape().into_owned()
}
