//! The routes of the sign-in and sign-up pages.

use rocket::http::CookieJar;
use rocket::{get, post};

use crate::answer::Answer;
use crate::completion;
use crate::pages;
use crate::params::{Form, Query};
use crate::tenant::Shared;
use crate::user::User;

#[get("/sign-in")]
pub(crate) fn sign_in_page(query: &Query, tenant: &Shared) -> Answer {
    pages::sign_in(query.0.one("interaction").unwrap_or_default(), None, tenant)
}

#[post("/sign-in", data = "<form>")]
pub(crate) fn sign_in(form: &Form, cookies: &CookieJar<'_>, tenant: &Shared) -> Answer {
    let interaction = form.0.one("interaction").unwrap_or_default();
    let username = form.0.one("username").unwrap_or_default();
    completion::sign_in(interaction, username, cookies, tenant)
}

#[get("/register")]
pub(crate) fn sign_up_page(query: &Query, tenant: &Shared) -> Answer {
    pages::sign_up(query.0.one("interaction").unwrap_or_default(), "", None, tenant)
}

#[post("/register", data = "<form>")]
pub(crate) fn sign_up(form: &Form, cookies: &CookieJar<'_>, tenant: &Shared) -> Answer {
    let interaction = form.0.one("interaction").unwrap_or_default();
    let username = form.0.one("username").unwrap_or_default();
    if !tenant.grants().interactions.contains_key(interaction) {
        return pages::expired_interaction();
    }
    if let Err(problem) = add_user(username, tenant) {
        return pages::sign_up(interaction, username, Some(problem), tenant);
    }
    completion::sign_in(interaction, username, cookies, tenant)
}

/// Adds a new user. The rule for names is Logto's.
fn add_user(username: &str, tenant: &Shared) -> Result<(), &'static str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let digit_first = username.starts_with(|c: char| c.is_ascii_digit());
    if username.is_empty() || digit_first || !username.chars().all(word) || username.len() > 128 {
        return Err("A user name has letters, digits and `_`, and does not begin with a digit.");
    }
    tenant.write_users(|users| {
        if users.contains_key(username) {
            return Err("This user name is taken.");
        }
        users.insert(username.to_string(), User::new(username));
        Ok(())
    })
}

#[post("/cancel", data = "<form>")]
pub(crate) fn cancel(form: &Form, tenant: &Shared) -> Answer {
    completion::cancel(form.0.one("interaction").unwrap_or_default(), tenant)
}
