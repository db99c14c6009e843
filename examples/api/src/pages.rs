//! The pages. They work without JavaScript.

use logto_rocket::{AuthInfo, User};
use rocket::response::content::RawHtml;

use crate::items::Item;

pub(crate) fn home(auth: &AuthInfo, items: &[Item]) -> RawHtml<String> {
    let permissions = format!("You are {}, and may {}.", auth.sub, auth.scopes.join(", "));
    let links = "<a href=\"/admin\">For admins</a> · <a href=\"/sign-out\">Sign out</a>";
    page("Items", &permissions, items, links)
}

pub(crate) fn admin(user: &User, items: &[Item]) -> RawHtml<String> {
    let greeting = format!("Hello, {}. These are all items.", user.display_name());
    page("All items", &greeting, items, "<a href=\"/\">Home</a>")
}

/// Title and links are HTML, the rest is text.
fn page(title: &str, said: &str, items: &[Item], links: &str) -> RawHtml<String> {
    let said = text(said);
    let row = |item: &Item| format!("<li>{}, by {}</li>\n", text(&item.name), text(&item.by));
    let rows: String = items.iter().map(row).collect();
    RawHtml(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <h1>{title}</h1>\n<p>{said}</p>\n<ul>\n{rows}</ul>\n<p>{links}</p>\n</html>\n"
    ))
}

/// Text between tags. It is not for attributes: quotes stay as they are.
fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
