use std::borrow::Cow;
use std::io::Cursor;

use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};

/// A plain page of ours: a title, a message, a way on.
pub(crate) struct Page {
    status: Status,
    title: &'static str,
    message: Cow<'static, str>,
    links: Vec<(String, &'static str)>,
}

/// No scripts, no images, nothing from anywhere: whatever slipped into the page
/// could do nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;\
background:light-dark(#f5f5f7,#18181b);color:light-dark(#1d1d1f,#f4f4f5)}\
main{box-sizing:border-box;width:min(28rem,100vw - 2rem);padding:2rem;border-radius:1rem;\
background:light-dark(#fff,#27272a);box-shadow:0 1px 3px #0003}\
h1{font-size:1.375rem;line-height:1.25;margin:0 0 .5rem}p{margin:0 0 1.5rem}\
p:last-child{margin:0}\
a{display:inline-block;padding:.625rem 1.25rem;border-radius:.5rem;text-decoration:none;\
background:light-dark(#4f3bd1,#a99bff);color:light-dark(#fff,#18181b);font-weight:600}\
a+a{margin-left:.5rem;background:none;color:inherit;box-shadow:inset 0 0 0 1px}\
a:focus-visible{outline:3px solid light-dark(#a99bff,#fff);outline-offset:2px}";

impl Page {
    pub(crate) fn new(
        status: Status,
        title: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, title, message: message.into(), links: Vec::new() }
    }

    /// Adds a way on, the likeliest first: an address of this site and what it does.
    pub(crate) fn link(mut self, location: String, text: &'static str) -> Self {
        self.links.push((location, text));
        self
    }

    fn html(&self) -> String {
        let links: String = self
            .links
            .iter()
            .map(|(location, text)| format!("<a href=\"{}\">{text}</a>", escape(location)))
            .collect();
        let links = if links.is_empty() { links } else { format!("<p>{links}</p>") };
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
             <style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{message}</p>{links}</main>\
             </body></html>",
            title = escape(self.title),
            message = escape(&self.message),
        )
    }
}

impl<'r> Responder<'r, 'static> for Page {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let html = self.html();
        Ok(Response::build()
            .status(self.status)
            .header(ContentType::HTML)
            .header(Header::new("Cache-Control", "private, no-store"))
            .header(Header::new("Content-Security-Policy", POLICY))
            .header(Header::new("Referrer-Policy", "no-referrer"))
            .sized_body(html.len(), Cursor::new(html))
            .finalize())
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H9: nothing on the page can be markup that we did not write.
    #[test]
    fn a_page_escapes_everything_it_shows() {
        let page = Page::new(Status::BadRequest, "Title", "<script>alert(1)</script>")
            .link("/x?\"onclick=\"alert(1)".into(), "on");
        let html = page.html();
        assert!(!html.contains("<script>") && !html.contains("\"onclick"));
        assert!(html.contains("&lt;script&gt;") && html.contains("/x?&quot;onclick"));
    }
}
