//! Logout tokens, which Logto sends when a session has ended there.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::compact::{is_present, is_type, some, some_date};
use crate::claims::numeric_date;

/// The event that makes a token a logout token (OpenID Connect Back-Channel Logout
/// 1.0, section 2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// How old a logout token may be, beyond the clocks' difference. Logto sends it at once;
/// up to 1.41 without an expiry.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// The longest id of a user or session: OpenID Connect Core, section 2, allows 255
/// characters for `sub`.
pub(super) const MAX_ID: usize = 255;

/// A logout token that was verified.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LogoutToken {
    pub(crate) whom: Whom,
    /// The token's own id.
    pub(crate) jti: String,
    /// When Logto issued it, in seconds by Logto's clock.
    pub(crate) issued_at: i64,
}

/// Whose sessions have ended.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Those of a user.
    Subject(String),
    /// Those of one session at Logto, and those of its user without a `sid`, if the token
    /// names the user.
    Sid { sid: String, subject: Option<String> },
}

/// The claims of a logout token (section 2.4). None is null.
#[derive(Deserialize)]
struct LogoutClaims {
    iss: String,
    aud: Audiences,
    #[serde(deserialize_with = "numeric_date")]
    iat: i64,
    #[serde(default, deserialize_with = "some_date")]
    exp: Option<i64>,
    jti: String,
    events: Map<String, Value>,
    #[serde(default, deserialize_with = "some")]
    sub: Option<String>,
    #[serde(default, deserialize_with = "some")]
    sid: Option<String>,
    #[serde(default, deserialize_with = "is_present")]
    nonce: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Many(Vec<String>),
}

/// Refuses tokens of another type. A token without a type passes: section 2.4 recommends
/// the type but does not require it. Logto always sends it, and `events` distinguishes a
/// logout token from any other anyway.
pub(super) fn check_type(typ: Option<&str>) -> Result<(), &'static str> {
    let fits = typ.is_none_or(|typ| is_type(typ, "logout+jwt"));
    if fits { Ok(()) } else { Err("`typ` is not the type of a logout token") }
}

impl LogoutToken {
    /// Reads the claims of a token with a valid signature.
    pub(super) fn read(
        payload: &str,
        issuer: &str,
        app_id: &str,
        now: i64,
        skew: i64,
    ) -> Result<Self, &'static str> {
        let claims: LogoutClaims = serde_json::from_str(payload)
            .map_err(|_| "a claim is missing or has the wrong type")?;
        if claims.iss != issuer {
            return Err("`iss` is not this Logto");
        }
        if !claims.aud.is_only(app_id) {
            return Err("`aud` is not this application");
        }
        claims.check_time(now, skew)?;
        if !claims.events.get(EVENT).is_some_and(Value::is_object) {
            return Err("`events` does not contain a logout");
        }
        // An ID token has one and must not pass for a logout token.
        if claims.nonce {
            return Err("it has a `nonce`");
        }
        if claims.jti.is_empty() {
            return Err("`jti` is empty");
        }
        let ids = [&claims.sub, &claims.sid];
        if ids.into_iter().flatten().any(|id| !(1..=MAX_ID).contains(&id.len())) {
            return Err("`sub` or `sid` is empty or too long");
        }
        // A user may have several sessions; if the token names one, it is that. The user
        // still counts: sessions that began before Logto was configured to send `sid`
        // have none, and any of them may be the one.
        let whom = match (claims.sid, claims.sub) {
            (Some(sid), subject) => Whom::Sid { sid, subject },
            (None, Some(subject)) => Whom::Subject(subject),
            (None, None) => return Err("it has neither `sub` nor `sid`"),
        };
        Ok(Self { whom, jti: claims.jti, issued_at: claims.iat })
    }
}

impl LogoutClaims {
    fn check_time(&self, now: i64, skew: i64) -> Result<(), &'static str> {
        let oldest = now - skew - i64::try_from(MAX_AGE.as_secs()).unwrap_or(0);
        if self.iat > now + skew {
            return Err("`iat` is in the future; check this machine's clock");
        }
        if self.iat < oldest {
            return Err("`iat` is too long ago; check this machine's clock");
        }
        if self.exp.is_some_and(|exp| exp <= now - skew) {
            return Err("it has expired; check this machine's clock");
        }
        Ok(())
    }
}

impl Audiences {
    /// As for ID tokens: additional audiences are not trusted.
    fn is_only(&self, app_id: &str) -> bool {
        match self {
            Self::One(audience) => audience == app_id,
            Self::Many(all) => !all.is_empty() && all.iter().all(|audience| audience == app_id),
        }
    }
}

#[cfg(test)]
mod tests;
