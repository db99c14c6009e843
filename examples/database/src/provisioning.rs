//! What happens at sign-in: the user gets a row, or is refused.

use logto_rocket::{AfterSignIn, Error, Hooks, User};
use rocket::{Request, async_trait};
use sqlx::query_scalar;

use crate::database;

/// One statement, so that simultaneous sign-ins of one user make one row. It leaves a suspended
/// user's row alone, and then returns none.
const PROVISION: &str = "
    INSERT INTO users (subject, name, email) VALUES (?, ?, ?)
    ON CONFLICT (subject) DO UPDATE
        SET name = excluded.name, email = excluded.email, sign_ins = sign_ins + 1
        WHERE suspended = 0
    RETURNING sign_ins";

pub(crate) struct Provisioning;

#[async_trait]
impl Hooks for Provisioning {
    /// An error fails the sign-in: 503, and nobody is signed in.
    async fn after_sign_in(
        &self,
        request: &Request<'_>,
        user: &User,
    ) -> Result<AfterSignIn, Error> {
        let provision = query_scalar(PROVISION).bind(user.subject()).bind(user.display_name());
        let sign_ins: Option<i64> = provision
            .bind(user.email().value())
            .fetch_optional(database::pool(request))
            .await
            .map_err(Error::hook)?;
        Ok(match sign_ins {
            None => AfterSignIn::Refuse("Your account is suspended here. Ask us why.".into()),
            Some(1) => AfterSignIn::RedirectTo("/welcome".into()),
            Some(_) => AfterSignIn::Continue,
        })
    }
}
