//! A guard for the row of the signed-in user.

use logto_rocket::User;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::{Request, async_trait};
use sqlx::query_as;

use crate::database;

/// The row of the signed-in user.
///
/// `&Member` is a request guard. It forwards with 401 if nobody is signed in, and fails with
/// 403 for a user who was suspended after signing in, with 401 if the row is gone, and with 503
/// if the database does not answer.
#[derive(sqlx::FromRow)]
pub(crate) struct Member {
    pub(crate) subject: String,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    suspended: bool,
}

#[async_trait]
impl<'r> FromRequest<'r> for &'r Member {
    type Error = &'static str;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let user = match request.guard::<&User>().await {
            Outcome::Success(user) => user,
            Outcome::Forward(status) => return Outcome::Forward(status),
            Outcome::Error((status, _)) => return Outcome::Error((status, "no session")),
        };
        // Each request reads the row, as the session outlives its changes. A request's guards
        // share it.
        match request.local_cache_async(read(request, user.subject())).await {
            Ok(member) => Outcome::Success(member),
            Err(status) => Outcome::Error((*status, "no row that may be used")),
        }
    }
}

async fn read(request: &Request<'_>, subject: &str) -> Result<Member, Status> {
    let select = query_as("SELECT subject, name, email, suspended FROM users WHERE subject = ?");
    let select = select.bind(subject).fetch_optional(database::pool(request));
    let member: Option<Member> = select.await.map_err(database::unavailable)?;
    let member = member.ok_or(Status::Unauthorized)?;
    if member.suspended { Err(Status::Forbidden) } else { Ok(member) }
}
