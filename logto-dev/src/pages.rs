//! The pages a browser sees. They work without JavaScript.

mod layout;
mod manage;

use std::fmt::Write;

use rocket::http::Status;
use url::Url;

use crate::answer::Answer;
use crate::request::AuthorizationRequest;
use crate::tenant::Tenant;
use crate::user::User;

use layout::{alert, escape, page, status};
pub(crate) use layout::{initial, notice};
pub(crate) use manage::{delete, user, user_path, users};

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

/// The sign-up page.
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
<p class="more">Already have an account? <a href="/sign-in?interaction={interaction}">Sign in</a></p>
{cancel}"#,
        subtitle = subtitle(&request),
        problem = alert(problem),
        username = escape(username),
        cancel = cancel_form(&interaction),
    );
    page(status(problem), "Sign up", &body, None)
}

/// The page for a sign-in that has ended, or never began.
pub(crate) fn expired_interaction() -> Answer {
    notice(
        Status::BadRequest,
        "This sign-in is over",
        "It was already finished or cancelled. Go back to the application and sign in again.",
    )
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

/// The page that posts an answer to the application.
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

fn user_button(user: &User, hint: Option<&str>) -> String {
    let username = user.username.as_str();
    let name = user.name.as_deref().unwrap_or(username);
    let contact = user.email.as_deref().or(user.phone_number.as_deref());
    // Users without a name are shown by their user name, once.
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

/// Which application is asking: the origin that the browser returns to.
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
