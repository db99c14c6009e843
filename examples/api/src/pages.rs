//! The pages. They work without JavaScript.

use std::borrow::Cow;

use logto_rocket::{AuthInfo, User};
use rocket::http::RawStr;
use rocket::response::content::RawHtml;
use rocket::serde::json::Value;

use crate::items::Item;

pub(crate) fn home(auth: &AuthInfo, items: &[Item]) -> RawHtml<String> {
    let permissions = format!("You are {}, and may {}.", auth.sub, auth.scopes.join(", "));
    let links = "<a href=\"/admin\">For admins</a> · <a href=\"/docs\">The API</a> · \
                 <a href=\"/sign-out\">Sign out</a>";
    page("Items", &list(&permissions, items), links)
}

pub(crate) fn admin(user: &User, items: &[Item]) -> RawHtml<String> {
    let greeting = format!("Hello, {}. These are all items.", user.display_name());
    page("All items", &list(&greeting, items), "<a href=\"/\">Home</a>")
}

/// The operations of an OpenAPI document.
pub(crate) fn docs(document: &Value) -> RawHtml<String> {
    let operations = entries(&document["paths"]).flat_map(|(path, operations)| {
        entries(operations).map(move |(method, operation)| section(method, path, operation))
    });
    page("The API", &operations.collect::<String>(), "<a href=\"/openapi.json\">As OpenAPI</a>")
}

fn section(method: &str, path: &str, operation: &Value) -> String {
    let schemes = operation["security"].as_array().into_iter().flatten().flat_map(entries);
    let scopes = schemes.flat_map(|(_, scopes)| scopes.as_array().into_iter().flatten());
    let scopes: Vec<_> = scopes.filter_map(Value::as_str).collect();
    let answer = |(status, answer): (&String, &Value)| {
        format!("<li>{}: {}</li>\n", escaped(status), text_of(&answer["description"]))
    };
    let answers: String = entries(&operation["responses"]).map(answer).collect();
    format!(
        "<h2>{} {}</h2>\n<p>{}. {}</p>\n<p class=\"hint\">Scopes: {}</p>\n<ul>\n{answers}</ul>\n",
        escaped(&method.to_uppercase()),
        escaped(path),
        text_of(&operation["summary"]),
        text_of(&operation["description"]),
        escaped(&scopes.join(", ")),
    )
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(said: &str, items: &[Item]) -> String {
    let row = |item: &Item| format!("<li>{}, by {}</li>\n", escaped(&item.name), escaped(&item.by));
    let rows: String = items.iter().map(row).collect();
    format!("<p>{}</p>\n<ul>\n{rows}</ul>\n", escaped(said))
}

/// All three are HTML.
fn page(title: &str, content: &str, links: &str) -> RawHtml<String> {
    RawHtml(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · api</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n\
         <main>\n<h1>{title}</h1>\n{content}<p>{links}</p>\n</main>\n</html>\n"
    ))
}

fn text_of(value: &Value) -> Cow<'_, str> {
    escaped(value.as_str().unwrap_or_default())
}

/// As text, or as the value of an attribute.
fn escaped(text: &str) -> Cow<'_, str> {
    RawStr::new(text).html_escape()
}
