//! The routes of the pages that change users.

use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{get, post};

use crate::answer::Answer;
use crate::pages;
use crate::params::{Form, Params, Query};
use crate::tenant::{Shared, Tenant};
use crate::user::User;

/// A request from one of the provider's own pages.
///
/// Any site could have a browser post a form here, and a name that an attacker's
/// server resolves to 127.0.0.1 would even be of the same origin. So the origin must be
/// present, and be this provider's.
pub(crate) struct OwnPage;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for OwnPage {
    type Error = &'static str;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let tenant = request.rocket().state::<std::sync::Arc<Tenant>>();
        let endpoint = tenant.expect("the server manages its tenant").endpoint();
        let headers = request.headers();
        let own = headers.get_one("Origin").is_some_and(|origin| {
            origin == endpoint || origin == endpoint.replace("127.0.0.1", "localhost")
        });
        let same_origin =
            headers.get_one("Sec-Fetch-Site").is_none_or(|site| site == "same-origin");
        match own && same_origin {
            true => Outcome::Success(Self),
            false => Outcome::Error((Status::Forbidden, "the request comes from another site")),
        }
    }
}

#[get("/")]
pub(crate) fn users(tenant: &Shared) -> Answer {
    pages::users(tenant)
}

#[get("/user")]
pub(crate) fn user(query: &Query, tenant: &Shared) -> Answer {
    match tenant.user(query.0.one("username").unwrap_or_default()) {
        Some(user) => pages::user(&user, tenant),
        None => unknown(),
    }
}

#[get("/user/delete")]
pub(crate) fn confirm_delete(query: &Query, tenant: &Shared) -> Answer {
    match tenant.user(query.0.one("username").unwrap_or_default()) {
        Some(user) => pages::delete(&user),
        None => unknown(),
    }
}

#[post("/user/<action>", data = "<form>")]
pub(crate) fn change(_own: OwnPage, action: &str, form: &Form, tenant: &Shared) -> Answer {
    let params = &form.0;
    let username = params.one("username").unwrap_or_default();
    let done = match action {
        "suspend" => tenant.suspend(username),
        "reinstate" => tenant.reinstate(username),
        "revoke" => tenant.revoke(username),
        "delete" => tenant.delete(username),
        "roles" => tenant.change_user(username, |user| set_roles(user, params)),
        _ => return Answer::plain(Status::NotFound, "Not Found"),
    };
    match (done, tenant.user(username)) {
        (None, _) => unknown(),
        (Some(()), None) => Answer::see_other("/".to_string()),
        (Some(()), Some(user)) => Answer::see_other(pages::user_path(&user)),
    }
}

/// Reads the roles and memberships from the form, which has a box for each.
fn set_roles(user: &mut User, params: &Params) {
    let named = |name: &str| params.all(name).map(str::to_string).collect();
    user.roles = named("role");
    let ids = params.all("organization");
    user.organizations = ids.map(|id| (id.to_string(), named(&format!("role in {id}")))).collect();
}

fn unknown() -> Answer {
    pages::notice(Status::NotFound, "No such user", "They may have been deleted.")
}
