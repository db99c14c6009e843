//! The pages a browser sees. They work without JavaScript.

use std::fmt::Write;

use rocket::http::Status;
use url::Url;

use crate::answer::Answer;
use crate::authorize::expired_interaction;
use crate::keys;
use crate::request::AuthorizationRequest;
use crate::tenant::Tenant;
use crate::user::User;

const STYLE: &str = include_str!("pages.css");

/// The page that lists the users.
pub(crate) fn sign_in(interaction: &str, problem: Option<&str>, tenant: &Tenant) -> Answer {
    let Some(request) = tenant.grants().interactions.get(interaction).cloned() else {
        return expired_interaction();
    };
    let hint = request.login_hint.as_deref();
    let users = tenant.read_users(|users| users.values().cloned().collect::<Vec<_>>());
    let buttons: String = users.iter().map(|user| user_button(user, hint)).collect();
    let interaction = escape(interaction);
    let body = format!(
        r#"<h1>Sign in</h1>
{subtitle}{problem}
<form method="post" action="/sign-in">
<input type="hidden" name="interaction" value="{interaction}">
<ul class="users">{buttons}</ul>
</form>
<p class="more">New here? <a href="/register?interaction={interaction}">Sign up</a></p>
{cancel}"#,
        subtitle = subtitle(&request),
        problem = alert(problem),
        cancel = cancel_form(&interaction),
    );
    page(status(problem), "Sign in", &body, None)
}

/// The page where a new user is typed in.
pub(crate) fn sign_up(
    interaction: &str,
    username: &str,
    problem: Option<&str>,
    tenant: &Tenant,
) -> Answer {
    let Some(request) = tenant.grants().interactions.get(interaction).cloned() else {
        return expired_interaction();
    };
    let interaction = escape(interaction);
    let body = format!(
        r#"<h1>Sign up</h1>
{subtitle}{problem}
<form method="post" action="/register">
<input type="hidden" name="interaction" value="{interaction}">
<label for="username">User name</label>
<input id="username" name="username" value="{username}" autocomplete="username"
  autocapitalize="none" spellcheck="false" maxlength="128" required autofocus>
<button class="primary">Sign up</button>
</form>
<p class="more">Known here? <a href="/sign-in?interaction={interaction}">Sign in</a></p>
{cancel}"#,
        subtitle = subtitle(&request),
        problem = alert(problem),
        username = escape(username),
        cancel = cancel_form(&interaction),
    );
    page(status(problem), "Sign up", &body, None)
}

/// The page that confirms a sign-out. Like Logto's, it submits itself.
pub(crate) fn sign_out(xsrf: &str) -> Answer {
    let body = format!(
        r#"<h1>Sign out</h1>
<p class="subtitle">You are about to sign out.</p>
<form method="post" action="/oidc/session/end/confirm">
<input type="hidden" name="xsrf" value="{}">
<input type="hidden" name="logout" value="yes">
<button class="primary">Sign out</button>
</form>"#,
        escape(xsrf)
    );
    page(Status::Ok, "Sign out", &body, Some("document.forms[0].submit()"))
}

/// The page that brings an answer to the application by POST.
pub(crate) fn form_post<'a>(
    action: &str,
    fields: impl Iterator<Item = (&'a str, &'a str)>,
) -> Answer {
    let mut inputs = String::new();
    for (name, value) in fields {
        let (name, value) = (escape(name), escape(value));
        let _ = writeln!(inputs, r#"<input type="hidden" name="{name}" value="{value}">"#);
    }
    let body = format!(
        r#"<h1>Almost there</h1>
<form method="post" action="{}">
{inputs}<button class="primary">Continue</button>
</form>"#,
        escape(action)
    );
    page(Status::Ok, "Continue", &body, Some("document.forms[0].submit()"))
}

/// The page at the provider's address, for whoever opens it.
pub(crate) fn home(tenant: &Tenant) -> Answer {
    let users: Vec<_> = tenant.usernames().iter().map(|name| escape(name)).collect();
    let body = format!(
        r#"<h1>Development provider</h1>
<p class="subtitle">Nothing to do here: open your application and sign in there.</p>
<p>Users: {}.</p>
<p><a href="/oidc/.well-known/openid-configuration">Metadata</a></p>"#,
        users.join(", ")
    );
    page(Status::Ok, "Development provider", &body, None)
}

/// A page that says one thing.
pub(crate) fn notice(status: Status, title: &str, text: &str) -> Answer {
    let body = format!("<h1>{}</h1>\n<p class=\"subtitle\">{}</p>", escape(title), escape(text));
    page(status, title, &body, None)
}

fn user_button(user: &User, hint: Option<&str>) -> String {
    let username = user.username.as_str();
    let name = user.name.as_deref().unwrap_or(username);
    let contact = user.email.as_deref().or(user.phone_number.as_deref());
    // Whoever has no name is called by the user name, which is said once.
    let details: Vec<_> = [Some(username).filter(|username| *username != name), contact]
        .into_iter()
        .flatten()
        .map(escape)
        .collect();
    let detail = match details.is_empty() {
        true => String::new(),
        false => format!("<small>{}</small>", details.join(" · ")),
    };
    let hinted = hint.is_some_and(|hint| {
        [Some(username), user.email.as_deref(), user.phone_number.as_deref()].contains(&Some(hint))
    });
    let focus = if hinted { " autofocus" } else { "" };
    format!(
        r#"
<li><button name="username" value="{username}"{focus}><span class="avatar" aria-hidden="true">{initial}</span><span><b>{name}</b>{detail}</span></button></li>"#,
        username = escape(username),
        initial = initial(user),
        name = escape(name),
    )
}

/// The letter that stands for a user, safe for HTML and SVG.
pub(crate) fn initial(user: &User) -> String {
    let name = user.name.as_deref().unwrap_or(&user.username);
    escape(&name.chars().next().unwrap_or('?').to_uppercase().collect::<String>())
}

/// Which application asks: the origin that the browser returns to.
fn subtitle(request: &AuthorizationRequest) -> String {
    let origin = Url::parse(&request.redirect_uri).map(|url| url.origin().ascii_serialization());
    let origin = origin.unwrap_or_default();
    format!("<p class=\"subtitle\">to continue to <b>{}</b></p>\n", escape(&origin))
}

fn cancel_form(interaction: &str) -> String {
    format!(
        r#"<form method="post" action="/cancel">
<input type="hidden" name="interaction" value="{interaction}">
<button class="quiet">Cancel</button>
</form>"#
    )
}

fn alert(problem: Option<&str>) -> String {
    let alert = |text| format!("<p class=\"problem\" role=\"alert\">{}</p>", escape(text));
    problem.map(alert).unwrap_or_default()
}

fn status(problem: Option<&str>) -> Status {
    if problem.is_some() { Status::UnprocessableEntity } else { Status::Ok }
}

fn page(status: Status, title: &str, body: &str, script: Option<&str>) -> Answer {
    let nonce = keys::random();
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
<p class="banner"><b>Development provider.</b> It stands in for Logto on this machine and asks for no password.</p>
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
fn escape(text: &str) -> String {
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
