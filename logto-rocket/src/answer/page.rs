use std::borrow::Cow;
use std::io::Cursor;

use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};

use crate::logto::Logto;

/// A plain page: the application's name if it is configured, a title, a message, links.
pub(crate) struct Page {
    status: Status,
    title: &'static str,
    message: Cow<'static, str>,
    links: Vec<(String, &'static str)>,
}

/// No scripts, no images, nothing from other hosts: injected markup could do nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark;--ground:light-dark(#f4f4f8,#14141b);--card:light-dark(#fff,#1e1e28);\
--text:light-dark(#1c1c28,#ececf4);--soft:light-dark(#5b5b6e,#a9a9bd);\
--accent:light-dark(#5d34f2,#b8a3ff);--on-accent:light-dark(#fff,#1b1140)}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;\
background:var(--ground);color:var(--text)}\
main{box-sizing:border-box;overflow-wrap:anywhere;width:min(28rem,100vw - 2rem);padding:2rem;border-radius:1rem;\
background:var(--card);box-shadow:0 1px 3px #0003}\
h1{font-size:1.375rem;line-height:1.25;margin:0 0 .5rem}p{margin:0 0 1.5rem}\
p:last-child{margin:0}.app{margin:0 0 .25rem;color:var(--soft)}\
a{display:inline-block;padding:.625rem 1.25rem;border-radius:.5rem;text-decoration:none;\
background:var(--accent);color:var(--on-accent);font-weight:600}\
a+a{margin-left:.5rem;background:none;color:inherit;box-shadow:inset 0 0 0 1px}\
a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}";

impl Page {
    pub(crate) fn new(
        status: Status,
        title: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, title, message: message.into(), links: Vec::new() }
    }

    /// Adds a link, the likeliest first: an address on this site and its text.
    pub(crate) fn link(mut self, location: String, text: &'static str) -> Self {
        self.links.push((location, text));
        self
    }

    fn html(&self, app_name: Option<&str>) -> String {
        let title = escape(self.title);
        let name = app_name.map(escape);
        let (name, tab) = match name {
            Some(name) => (format!("<p class=\"app\">{name}</p>"), format!("{title} · {name}")),
            None => (String::new(), title.clone()),
        };
        let links: String = self
            .links
            .iter()
            .map(|(location, text)| format!("<a href=\"{}\">{text}</a>", escape(location)))
            .collect();
        let links = if links.is_empty() { links } else { format!("<p>{links}</p>") };
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{tab}</title>\
             <style>{STYLE}</style></head><body><main>{name}<h1>{title}</h1><p>{message}</p>{links}</main>\
             </body></html>",
            message = escape(&self.message),
        )
    }
}

impl<'r> Responder<'r, 'static> for Page {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let logto = Logto::of(request);
        let html = self.html(logto.and_then(|logto| logto.config().app_name.as_deref()));
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
    use rocket::figment::Figment;
    use rocket::local::blocking::Client;

    use super::*;

    /// H9: the page has no markup that we did not write.
    #[test]
    fn a_page_escapes_everything_it_shows() {
        let page = Page::new(Status::BadRequest, "Title", "<script>alert(1)</script>")
            .link("/x?\"onclick=\"alert(1)".into(), "on");
        let html = page.html(Some("<b>Shop</b>"));
        assert!(!html.contains("<script>") && !html.contains("\"onclick"));
        assert!(html.contains("&lt;script&gt;") && html.contains("/x?&quot;onclick"));
        assert!(!html.contains("<b>"), "{html}");
        assert_eq!(html.matches("&lt;b&gt;Shop&lt;/b&gt;").count(), 2, "{html}");
    }

    /// The page for an expired callback, and the names in its tab and above its title.
    fn expired(app_name: Option<&str>) -> String {
        let figment = Figment::from(rocket::Config::debug_default())
            .merge(("log_level", "off"))
            .merge(("logto.endpoint", "http://127.0.0.1:9"))
            .merge(("logto.app_id", "app"));
        let figment =
            app_name.into_iter().fold(figment, |f, name| f.merge(("logto.app_name", name)));
        let rocket = rocket::custom(figment).attach(Logto::fairing());
        let client = Client::untracked(rocket).expect("a client");
        let answer = client.get("/callback?code=a&state=b").dispatch();
        answer.into_string().expect("a page")
    }

    #[test]
    fn a_page_has_the_name_of_the_application_if_one_is_configured() {
        let named = expired(Some("Ann's Shop"));
        assert!(named.contains("<title>Sign-in expired · Ann&#39;s Shop</title>"), "{named}");
        assert!(named.contains("<p class=\"app\">Ann&#39;s Shop</p><h1>"), "{named}");
        let plain = expired(None);
        assert!(plain.contains("<title>Sign-in expired</title>"), "{plain}");
        assert!(plain.contains("<main><h1>"), "{plain}");
    }

    #[test]
    fn a_failed_sign_in_can_be_begun_again_or_left() {
        let page = expired(None);
        let links = "<a href=\"/sign-in?return_to=%2F\">Sign in again</a><a href=\"/\">Home</a>";
        assert!(page.contains(links), "{page}");
    }
}
