use super::LogtoClient;
use crate::claims::TokenClaims;
use crate::error::Result;
use crate::token::{AccessToken, Audience};

/// Tokens. An access token is kept until shortly before it expires, then replaced using
/// the refresh token: once, however many requests want it.
impl LogtoClient<'_> {
    /// The access token of the signed-in user for an API resource, an API resource
    /// in an organization, or Logto's own endpoints; `None` for a stranger.
    ///
    /// The resource must be in the configuration, and so must the scopes that the token
    /// should have.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`] if the user is not in the organization,
    /// [`ErrorKind::NotGranted`] if the sign-in did not ask for the resource or for
    /// organizations, [`ErrorKind::SessionEnded`] if Logto ended the session, which ends
    /// it here too, [`ErrorKind::NotAuthenticated`] if there is no refresh token,
    /// [`ErrorKind::AnswerBegun`] in a stream that has begun, with the session in a
    /// cookie, [`ErrorKind::Unreachable`], [`ErrorKind::Refused`] and
    /// [`ErrorKind::InvalidAnswer`] if Logto does not answer or its answer cannot be
    /// used, and the last token has expired, [`ErrorKind::Store`] if the session cannot
    /// be read or saved.
    ///
    /// [`ErrorKind::Denied`]: crate::ErrorKind::Denied
    /// [`ErrorKind::NotGranted`]: crate::ErrorKind::NotGranted
    /// [`ErrorKind::SessionEnded`]: crate::ErrorKind::SessionEnded
    /// [`ErrorKind::NotAuthenticated`]: crate::ErrorKind::NotAuthenticated
    /// [`ErrorKind::AnswerBegun`]: crate::ErrorKind::AnswerBegun
    /// [`ErrorKind::Unreachable`]: crate::ErrorKind::Unreachable
    /// [`ErrorKind::Refused`]: crate::ErrorKind::Refused
    /// [`ErrorKind::InvalidAnswer`]: crate::ErrorKind::InvalidAnswer
    /// [`ErrorKind::Store`]: crate::ErrorKind::Store
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::{Audience, Error, LogtoClient};
    /// use rocket::get;
    ///
    /// #[get("/items/<organization>")]
    /// async fn items(organization: &str, logto: LogtoClient<'_>) -> Result<String, Error> {
    ///     let api = Audience::resource("https://api.example.com").in_organization(organization);
    ///     let Some(token) = logto.access_token(api).await? else { return Ok("sign in".into()) };
    ///     Ok(format!("may write: {}", token.has_scope("write:items")))
    /// }
    /// ```
    pub async fn access_token(&self, audience: impl Into<Audience>) -> Result<Option<AccessToken>> {
        let token = self.logto.access_token(self.visit, &audience.into()).await?;
        Ok(token.map(AccessToken::new))
    }

    /// The signed-in user's token for an organization; `None` for a stranger. Its
    /// scopes are the user's permissions in it. Needs the scope
    /// [`UserScope::Organizations`](crate::UserScope::Organizations).
    ///
    /// # Errors
    ///
    /// Same as [`access_token()`](Self::access_token).
    pub async fn organization_token(&self, id: &str) -> Result<Option<AccessToken>> {
        self.access_token(Audience::organization(id)).await
    }

    /// What the user's access token for this audience says; `None` for a stranger.
    ///
    /// # Errors
    ///
    /// Same as [`access_token()`](Self::access_token).
    pub async fn access_token_claims(
        &self,
        audience: impl Into<Audience>,
    ) -> Result<Option<TokenClaims>> {
        Ok(self.access_token(audience).await?.map(|token| token.claims()))
    }

    /// What the user's token for an organization says; `None` for a stranger.
    ///
    /// # Errors
    ///
    /// Same as [`access_token()`](Self::access_token).
    pub async fn organization_token_claims(&self, id: &str) -> Result<Option<TokenClaims>> {
        self.access_token_claims(Audience::organization(id)).await
    }

    /// A new access token from Logto, even if one is kept: after the user's roles have
    /// changed, say. `None` for a stranger.
    ///
    /// # Errors
    ///
    /// Same as [`access_token()`](Self::access_token), even if the last token is still
    /// valid.
    pub async fn refresh_access_token(
        &self,
        audience: impl Into<Audience>,
    ) -> Result<Option<AccessToken>> {
        let token = self.logto.another_access_token(self.visit, &audience.into()).await?;
        Ok(token.map(AccessToken::new))
    }

    /// The refresh token; `None` for a stranger, and without the scope `offline_access`.
    /// Secret. Using it outside this session may end both: Logto treats a second use as
    /// theft.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) if the session cannot be read.
    pub async fn refresh_token(&self) -> Result<Option<String>> {
        let session = self.logto.session(self.visit).await?;
        let token = session.as_ref().and_then(|session| session.record.refresh_token.as_ref());
        Ok(token.map(|token| token.secret().clone()))
    }

    /// The scopes that Logto granted at sign-in, without those of API resources, which
    /// are in their tokens; `None` for a stranger.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) if the session cannot be read.
    pub async fn granted_scopes(&self) -> Result<Option<Vec<String>>> {
        let session = self.logto.session(self.visit).await?;
        let scopes = |scope: &str| scope.split_whitespace().map(String::from).collect();
        Ok(session.map(|session| scopes(session.record.user_info_token.scope())))
    }

    /// Drops the access tokens of the session, so that the next ones come from Logto.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) if the session cannot be read or saved,
    /// [`ErrorKind::AnswerBegun`](crate::ErrorKind::AnswerBegun) in a stream that has begun,
    /// with the session in a cookie, [`ErrorKind::Unreachable`](crate::ErrorKind::Unreachable)
    /// if a refresh of the session is in progress and Logto does not answer it in time.
    pub async fn clear_access_tokens(&self) -> Result<()> {
        self.logto.clear_access_tokens(self.visit).await
    }

    /// Drops all tokens of the session, which ends here. Logto is not notified:
    /// [`sign_out()`](Self::sign_out) does that too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) if the session cannot be ended; it
    /// continues.
    pub async fn clear_all_tokens(&self) -> Result<()> {
        self.logto.clear_all_tokens(self.visit).await
    }
}
