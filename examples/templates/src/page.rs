//! What every page knows.

use std::borrow::Cow;

use logto_rocket::{Error, LogtoClient, User};
use rocket::http::Method;
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::serde::Serialize;
use rocket_dyn_templates::{Template, context};

/// A page of this request: take it as a guard, and render a template with it.
///
/// | in templates | is |
/// |---|---|
/// | `user` | the user's claims, such as `user.email`; null for a stranger |
/// | `name` | the name to greet the user by; null for a stranger |
/// | `sign_in` | a link to sign in and come back to this page |
/// | `sign_out` | where the form to sign out is sent |
/// | `page` | what the handler gave |
pub(crate) struct Page<'r> {
    user: Option<&'r User>,
    sign_in: String,
    sign_out: String,
}

impl Page<'_> {
    pub(crate) fn render(
        self,
        template: impl Into<Cow<'static, str>>,
        page: impl Serialize,
    ) -> Template {
        let Self { user, sign_in, sign_out } = self;
        let name = user.map(User::display_name);
        Template::render(template, context! { user, name, sign_in, sign_out, page })
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Page<'r> {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
        let logto = try_outcome!(request.guard::<LogtoClient<'r>>().await);
        // If sessions cannot be read, the error page is one without a user.
        let user = logto.user().await.ok().flatten();
        // A form's target is not a page to come back to.
        let here = request.uri().to_string();
        let return_to = (request.method() == Method::Get).then_some(here.as_str());
        let (sign_in, sign_out) = (logto.sign_in_link(return_to), logto.sign_out_link());
        Outcome::Success(Self { user, sign_in, sign_out })
    }
}
