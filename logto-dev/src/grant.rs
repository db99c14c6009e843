//! Grants, and everything that belongs to them: codes, tokens, sessions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::authorization::{Authorization, BrowserSession};
use crate::error::OidcError;
use crate::hash;
use crate::random::random;
use crate::request::AuthorizationRequest;
use crate::subject::SubjectTokens;

const CODE_TTL: Duration = Duration::from_secs(60);
const REFRESH_TOKEN_TTL: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// How long a rotated refresh token still works.
const REUSE_GRACE: Duration = Duration::from_secs(3);

struct Code {
    authorization: Arc<Authorization>,
    redirect_uri: String,
    challenge: Option<String>,
    expires: Duration,
    used: bool,
}

struct RefreshToken {
    authorization: Arc<Authorization>,
    issued: Duration,
    rotated: Option<Duration>,
}

impl RefreshToken {
    fn expires(&self) -> Duration {
        self.issued + REFRESH_TOKEN_TTL
    }

    /// Whether it is old enough that even a confidential application gets a new one.
    fn is_aged(&self, now: Duration) -> bool {
        now >= self.issued + REFRESH_TOKEN_TTL.mul_f64(0.7)
    }
}

/// An opaque access token, the one for user info.
#[derive(Clone)]
pub(crate) struct AccessToken {
    pub(crate) authorization: Arc<Authorization>,
    pub(crate) scopes: Vec<String>,
    pub(crate) issued: Duration,
    pub(crate) expires: Duration,
}

/// What a refresh token allows.
pub(crate) struct Refresh {
    pub(crate) authorization: Arc<Authorization>,
    /// Whether a new refresh token is due.
    pub(crate) is_aged: bool,
}

/// What is known about a token that is not a JWT.
pub(crate) struct Description {
    pub(crate) authorization: Arc<Authorization>,
    pub(crate) scopes: Vec<String>,
    pub(crate) issued: Duration,
    pub(crate) expires: Duration,
    pub(crate) is_access_token: bool,
}

/// A sign-out that waits for the user's confirmation.
pub(crate) struct SignOut {
    pub(crate) redirect_uri: Option<String>,
}

/// All live codes, tokens and sessions.
#[derive(Default)]
pub(crate) struct Grants {
    pub(crate) interactions: HashMap<String, Arc<AuthorizationRequest>>,
    pub(crate) sessions: HashMap<String, BrowserSession>,
    pub(crate) sign_outs: HashMap<String, SignOut>,
    codes: HashMap<String, Code>,
    refresh_tokens: HashMap<String, RefreshToken>,
    access_tokens: HashMap<String, AccessToken>,
    pub(crate) subjects: SubjectTokens,
}

impl Grants {
    pub(crate) fn add_code(
        &mut self,
        authorization: Authorization,
        request: &AuthorizationRequest,
        now: Duration,
    ) -> String {
        let code = Code {
            authorization: Arc::new(authorization),
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            expires: now + CODE_TTL,
            used: false,
        };
        insert(&mut self.codes, code)
    }

    /// Redeems a code. A second attempt revokes the grant; a wrong verifier leaves the
    /// code alone: both as at Logto.
    pub(crate) fn redeem(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
        now: Duration,
    ) -> Result<Arc<Authorization>, OidcError> {
        let found = self.codes.get_mut(code).ok_or_else(OidcError::invalid_grant)?;
        let fits = match (&found.challenge, verifier) {
            (Some(challenge), Some(verifier)) => hash::matches_challenge(verifier, challenge),
            (None, None) => true,
            _ => false,
        };
        if found.expires <= now || found.redirect_uri != redirect_uri || !fits {
            return Err(OidcError::invalid_grant());
        }
        let authorization = Arc::clone(&found.authorization);
        if std::mem::replace(&mut found.used, true) {
            self.revoke(&authorization.grant);
            return Err(OidcError::invalid_grant());
        }
        Ok(authorization)
    }

    pub(crate) fn add_refresh_token(
        &mut self,
        authorization: &Arc<Authorization>,
        now: Duration,
    ) -> String {
        let authorization = Arc::clone(authorization);
        let token = RefreshToken { authorization, issued: now, rotated: None };
        insert(&mut self.refresh_tokens, token)
    }

    pub(crate) fn add_access_token(&mut self, token: AccessToken) -> String {
        insert(&mut self.access_tokens, token)
    }

    /// What a refresh token allows. A rotated one works a little longer; after that it
    /// counts as stolen, and the grant is revoked.
    pub(crate) fn refresh(&mut self, token: &str, now: Duration) -> Result<Refresh, OidcError> {
        let found = self.refresh_tokens.get(token).ok_or_else(OidcError::invalid_grant)?;
        if found.expires() <= now {
            return Err(OidcError::invalid_grant());
        }
        let (authorization, is_aged) = (Arc::clone(&found.authorization), found.is_aged(now));
        if found.rotated.is_some_and(|rotated| now > rotated + REUSE_GRACE) {
            self.revoke(&authorization.grant);
            return Err(OidcError::invalid_grant());
        }
        Ok(Refresh { authorization, is_aged })
    }

    /// Replaces a refresh token with a new one.
    pub(crate) fn rotate(&mut self, token: &str, now: Duration) -> Option<String> {
        let old = self.refresh_tokens.get_mut(token)?;
        old.rotated.get_or_insert(now);
        let authorization = Arc::clone(&old.authorization);
        Some(self.add_refresh_token(&authorization, now))
    }

    /// An opaque access token that has not expired.
    pub(crate) fn access(&self, token: &str, now: Duration) -> Option<&AccessToken> {
        self.access_tokens.get(token).filter(|token| now < token.expires)
    }

    /// What is known about a working access or refresh token.
    pub(crate) fn describe(&self, token: &str, now: Duration) -> Option<Description> {
        if let Some(AccessToken { authorization, scopes, issued, expires }) =
            self.access(token, now).cloned()
        {
            let is_access_token = true;
            return Some(Description { authorization, scopes, issued, expires, is_access_token });
        }
        let token = self.refresh_tokens.get(token);
        let token = token.filter(|token| now < token.expires() && token.rotated.is_none())?;
        Some(Description {
            authorization: Arc::clone(&token.authorization),
            scopes: token.authorization.scopes.clone(),
            issued: token.issued,
            expires: token.expires(),
            is_access_token: false,
        })
    }

    /// The grant of a refresh token.
    pub(crate) fn grant_of_refresh_token(&self, token: &str) -> Option<String> {
        self.refresh_tokens.get(token).map(|token| token.authorization.grant.clone())
    }

    /// Removes an access token and returns its grant.
    pub(crate) fn remove_access_token(&mut self, token: &str) -> Option<String> {
        self.access_tokens.remove(token).map(|token| token.authorization.grant.clone())
    }

    /// Revokes a grant and everything that belongs to it.
    pub(crate) fn revoke(&mut self, grant: &str) {
        self.keep(|authorization| authorization.grant != grant);
    }

    /// Revokes everything of a user: grants and browser sessions.
    pub(crate) fn revoke_user(&mut self, sub: &str) {
        self.keep(|authorization| authorization.sub != sub);
        self.sessions.retain(|_, session| session.sub != sub);
    }

    /// Ends a browser session, and returns it. Offline grants outlive it.
    pub(crate) fn end_session(&mut self, id: &str) -> Option<BrowserSession> {
        let session = self.sessions.remove(id)?;
        self.keep(|a| a.sid.as_ref() != Some(&session.sid) || a.has_scope("offline_access"));
        Some(session)
    }

    fn keep(&mut self, keep: impl Fn(&Authorization) -> bool) {
        self.codes.retain(|_, code| keep(&code.authorization));
        self.refresh_tokens.retain(|_, token| keep(&token.authorization));
        self.access_tokens.retain(|_, token| keep(&token.authorization));
    }
}

fn insert<T>(table: &mut HashMap<String, T>, value: T) -> String {
    let key = random();
    table.insert(key.clone(), value);
    key
}
