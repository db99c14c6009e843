//! The token endpoint and all grants requested there.

use std::time::Duration;

use openidconnect::{Nonce, PkceCodeVerifier, RefreshToken};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::{Client, Expected};
use crate::claims::IdTokenClaims;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::http::Reply;
use crate::token::{Audience, Grant, Token, TokenExchange};
use crate::warning;
use crate::wiped::Wiped;

/// A token's lifetime if the provider does not say (RFC 6749 section 5.1 leaves it to
/// us): Logto's own default.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);

impl Client {
    /// Redeems an authorization code. It is never tried twice: if a code is used again,
    /// Logto revokes everything issued for it.
    pub(crate) async fn redeem(
        &self,
        code: &str,
        verifier: &PkceCodeVerifier,
        nonce: &Nonce,
    ) -> Result<(Grant, IdTokenClaims)> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_verifier", verifier.secret().as_str()),
        ];
        let metadata = self.metadata().await?;
        let answer = self.http.post_form(&metadata.token_endpoint, self.app(), &fields).await?;
        let grant = granted(&answer, self.clock.now())?;
        let Some(id_token) = &grant.id_token else {
            return Err(Error::new(ErrorKind::InvalidAnswer, "there is no ID token"));
        };
        let verified = self.verify(id_token, Expected::Nonce(nonce), grant.token.secret()).await;
        let claims = verified.map_err(|failure| failure.into_error(ErrorKind::InvalidIdToken))?;
        Ok((grant, claims))
    }

    /// Asks for new tokens. The ID token that comes with them, if any, must be of the
    /// same user and sign-in (OpenID Connect Core, section 12.2). While it cannot be
    /// verified, for lack of a key or because the clocks differ, the first one stays in
    /// force: the new tokens must not be lost with it.
    pub(crate) async fn refresh(
        &self,
        refresh_token: &RefreshToken,
        audience: &Audience,
        first: Expected<'_>,
    ) -> Result<(Grant, Option<IdTokenClaims>)> {
        let mut fields = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.secret().as_str()),
        ];
        fields.extend(audience.fields());
        let grant = self.request_token(self.app(), &fields).await?;
        let Some(id_token) = &grant.id_token else { return Ok((grant, None)) };
        match self.verify(id_token, first, grant.token.secret()).await {
            Ok(claims) => Ok((grant, Some(claims))),
            Err(failure) => {
                let is_for_now = failure.is_for_now();
                let error = failure.into_error(ErrorKind::InvalidIdToken);
                if !is_for_now {
                    return Err(error);
                }
                warning::warn("could not verify new claims; keeping the current ones", &error);
                // The application never gets an unverified ID token.
                Ok((Grant { id_token: None, ..grant }, None))
            }
        }
    }

    /// A token for the machine-to-machine application itself (RFC 6749 section
    /// 4.4). Logto grants only scopes that are asked for here.
    pub(crate) async fn client_credentials(
        &self,
        audience: &Audience,
        scope: &str,
    ) -> Result<Grant> {
        let mut fields = vec![("grant_type", "client_credentials")];
        fields.extend(audience.fields());
        fields.extend(scope_field(scope));
        let granted = self.request_token(self.machine(), &fields).await;
        granted.map_err(|error| blames_no_user(error, audience))
    }

    /// Exchanges a token for another (RFC 8693 section 2.1).
    pub(crate) async fn exchange(&self, exchange: &TokenExchange) -> Result<Grant> {
        let mut fields = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", exchange.subject_token()),
            ("subject_token_type", exchange.subject_token_type()),
        ];
        if let Some(actor) = exchange.actor() {
            let of_type = "urn:ietf:params:oauth:token-type:access_token";
            fields.extend([("actor_token", actor), ("actor_token_type", of_type)]);
        }
        let scope = exchange.requested_scope();
        fields.extend(exchange.requested_audience().fields());
        fields.extend(scope_field(&scope));
        let app = if exchange.is_by_machine() { self.machine() } else { self.app() };
        self.request_token(app, &fields).await.map_err(|error| match error.oauth_error() {
            Some("invalid_grant") => error
                .reread(ErrorKind::InvalidSubjectToken, "it is unknown, expired or already used"),
            Some("invalid_request" | "unauthorized_client" | "unsupported_grant_type") => error
                .reread(
                    ErrorKind::Refused,
                    "turn on \"Allow token exchange\" for the application in the Logto Console",
                ),
            Some("invalid_target") => {
                error.reread(ErrorKind::Refused, "Logto has no API resource with this indicator")
            }
            _ => error,
        })
    }

    /// One request to the token endpoint. Not through openidconnect, which parses an
    /// answer entirely or not at all: a malformed ID token must not pass for a failed
    /// refresh.
    async fn request_token(
        &self,
        app: (&str, Option<&str>),
        fields: &[(&str, &str)],
    ) -> Result<Grant> {
        let metadata = self.metadata().await?;
        let answer = self.http.post_form_again(&metadata.token_endpoint, app, fields).await?;
        granted(&answer, self.clock.now())
    }
}

/// A refused token without a user is a matter of the configuration: says what to change.
fn blames_no_user(error: Error, audience: &Audience) -> Error {
    let meaning = match error.oauth_error() {
        Some("invalid_target") if audience.is_logto() => "name an API resource or an organization",
        Some("invalid_target") => "Logto has no API resource with this indicator",
        Some("invalid_scope" | "insufficient_scope") => {
            "give the machine-to-machine application a role with these permissions in the Logto \
             Console"
        }
        Some("access_denied") => {
            "add the machine-to-machine application to the organization in the Logto Console"
        }
        Some("invalid_request" | "unauthorized_client" | "unsupported_grant_type") => {
            "only a machine-to-machine application gets such tokens; set `machine.app_id` and \
             `machine.app_secret`"
        }
        Some("invalid_grant") => "Logto no longer knows the machine-to-machine application",
        _ => return error,
    };
    error.reread(ErrorKind::Refused, &format!("{meaning} ({})", audience.named()))
}

fn scope_field(scope: &str) -> Option<(&'static str, &str)> {
    (!scope.is_empty()).then_some(("scope", scope))
}

pub(crate) fn granted(answer: &Reply, now: Timestamp) -> Result<Grant> {
    answer.check_available()?;
    match answer.status {
        400.. => Err(answer.refusal()),
        _ => answer.json::<TokenAnswer>("the token answer")?.granted(now),
    }
}

/// The answer of the token endpoint (RFC 6749 section 5.1).
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    access_token: Wiped<openidconnect::AccessToken>,
    token_type: String,
    #[serde(default, deserialize_with = "seconds")]
    pub(super) expires_in: Option<u64>,
    refresh_token: Option<Wiped<RefreshToken>>,
    id_token: Option<String>,
    scope: Option<String>,
}

/// A number, as RFC 6749 section 5.1 has it, or a string with one, as some providers send
/// it.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    let read = |value: &Value| match value {
        Value::String(text) => text.parse().ok(),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "to seconds")]
        value => value.as_u64().or_else(|| {
            value.as_f64().filter(|seconds| *seconds >= 0.0).map(|seconds| seconds as u64)
        }),
    };
    value.map(|value| read(&value).ok_or_else(|| D::Error::custom("no seconds"))).transpose()
}

impl TokenAnswer {
    pub(super) fn granted(self, now: Timestamp) -> Result<Grant> {
        // Section 7.1: a token of a type that is not understood must not be used.
        if !self.token_type.eq_ignore_ascii_case("bearer") {
            return Err(Error::new(ErrorKind::InvalidAnswer, "the token is not a bearer token"));
        }
        let lifetime = self.expires_in.map_or(DEFAULT_LIFETIME, Duration::from_secs);
        Ok(Grant {
            token: Token::new(self.access_token, self.scope, now, lifetime),
            refresh_token: self.refresh_token,
            id_token: self.id_token,
        })
    }
}
