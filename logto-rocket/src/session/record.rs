//! The contents of a session, and their compact binary form.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openidconnect::RefreshToken;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::store::{SessionId, SessionKey};
use crate::claims::IdTokenClaims;
use crate::clock::Timestamp;
use crate::config::SessionConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::seal::{Named, Pseudonyms};
use crate::token::Token;
use crate::wiped::Wiped;

/// The first byte of the binary form. A value with another one was written by
/// another version of this crate and is not read.
const FORMAT: u8 = 6;

/// Since when instances have lost none of their shared marks of ended sessions. Zeros if
/// they share nothing.
pub(crate) type Epoch = [u8; 8];

/// One session. A refresh makes a new record of the next generation; older ones are
/// superseded wherever they appear.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    #[serde(with = "id")]
    pub(crate) id: SessionId,
    pub(crate) generation: u32,
    pub(crate) created: Timestamp,
    /// When Logto issued the ID token of the sign-in, in seconds by Logto's clock. A
    /// refreshed ID token is newer, and does not say when the user signed in.
    pub(crate) issued_at: i64,
    pub(crate) last_used: Timestamp,
    /// When Logto last confirmed the session.
    pub(crate) verified_at: Timestamp,
    /// The epoch of that moment.
    pub(crate) epoch: Epoch,
    pub(crate) sid: Option<String>,
    /// SHA-256 of the sign-in's nonce: a refreshed ID token repeats it, if any.
    #[serde(with = "serde_bytes")]
    pub(crate) nonce_hash: [u8; 32],
    pub(crate) refresh_token: Option<Wiped<RefreshToken>>,
    /// The token for Logto's own endpoints; its scopes are those of the session.
    pub(crate) user_info_token: Token,
    /// The claims of the ID token.
    pub(crate) claims: PackedClaims,
    /// The `User-Agent` at sign-in. Not in a cookie: that has no room.
    pub(crate) user_agent: Option<Arc<str>>,
}

/// Whose sessions end.
#[derive(Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// Those of a user.
    Subject(&'a str),
    /// Those of one session at Logto, and those of its user, if known, for which Logto
    /// sent no `sid`: they may belong to it.
    Sid { sid: &'a str, subject: Option<&'a str> },
}

/// The id, written nowhere else: a record is sealed, or stays in this process.
mod id {
    use super::{Deserializer, Serializer, SessionId};

    pub(super) fn serialize<S: Serializer>(id: &SessionId, to: S) -> Result<S::Ok, S::Error> {
        serde_bytes::serialize(id.bytes(), to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SessionId, D::Error> {
        serde_bytes::deserialize(from).map(SessionId::new)
    }
}

/// Claims as a session stores them: packed, and read on first use.
#[derive(Clone)]
pub(crate) struct PackedClaims {
    packed: Vec<u8>,
    read: OnceLock<Arc<IdTokenClaims>>,
}

impl PackedClaims {
    fn read(&self) -> Option<&Arc<IdTokenClaims>> {
        if self.read.get().is_none() {
            let _ = self.read.set(Arc::new(IdTokenClaims::unpack(&self.packed)?));
        }
        self.read.get()
    }
}

impl From<&IdTokenClaims> for PackedClaims {
    fn from(claims: &IdTokenClaims) -> Self {
        Self { packed: claims.pack(), read: OnceLock::new() }
    }
}

impl Serialize for PackedClaims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_bytes::serialize(&self.packed, serializer)
    }
}

impl<'de> Deserialize<'de> for PackedClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { packed: serde_bytes::deserialize(deserializer)?, read: OnceLock::new() })
    }
}

impl Record {
    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let refresh_token = self.refresh_token.as_ref().map_or(0, |token| token.secret().len());
        let token = &self.user_info_token;
        let texts = token.secret().secret().len() + token.scope().len() + refresh_token;
        let texts = texts + self.user_agent.as_ref().map_or(0, |text| text.len());
        // Large enough for everything: a buffer that grows leaves a copy behind.
        let mut out = Vec::with_capacity(256 + texts + self.claims.packed.len());
        out.push(FORMAT);
        postcard::to_extend(self, out).expect("every field has a binary form").into()
    }

    /// Reads the output of [`encode()`](Self::encode); `None` for another format.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first() {
            Some((&FORMAT, rest)) => postcard::from_bytes(rest).ok(),
            _ => None,
        }
    }

    /// The claims of the ID token, read once.
    ///
    /// # Errors
    ///
    /// They were not written by this crate.
    pub(crate) fn id_token_claims(&self) -> Result<&Arc<IdTokenClaims>> {
        let error = || Error::new(ErrorKind::InvalidIdToken, "the session's claims");
        self.claims.read().ok_or_else(error)
    }

    /// The user's id; `None` if the claims were not written by this crate.
    pub(crate) fn subject(&self) -> Option<&str> {
        IdTokenClaims::packed_subject(&self.claims.packed)
    }

    pub(crate) fn key(&self) -> SessionKey {
        self.id.key()
    }

    pub(crate) fn is_of(&self, whose: Whose<'_>) -> bool {
        match (whose, &self.sid) {
            (Whose::Subject(subject), _) => self.is_of_user(subject),
            (Whose::Sid { sid, .. }, Some(of)) => of == sid,
            (Whose::Sid { subject, .. }, None) => subject.is_some_and(|of| self.is_of_user(of)),
        }
    }

    /// Claims that cannot be read do not show whose session it is.
    fn is_of_user(&self, subject: &str) -> bool {
        self.subject().is_none_or(|of| of == subject)
    }

    /// The names by which a store finds the session.
    ///
    /// # Errors
    ///
    /// Same as [`id_token_claims()`](Self::id_token_claims).
    pub(crate) fn names(&self, pseudonyms: &Pseudonyms) -> Result<Vec<String>> {
        let subject = pseudonyms.newest(Named::Subject, self.id_token_claims()?.subject());
        let sid = self.sid.as_ref().map(|sid| pseudonyms.newest(Named::Sid, sid));
        Ok([subject].into_iter().chain(sid).collect())
    }

    /// Every name under which it may have been stored.
    pub(crate) fn all_names(&self, pseudonyms: &Pseudonyms) -> Vec<String> {
        let subject = self.subject().map(|subject| pseudonyms.all(Named::Subject, subject));
        let sid = self.sid.as_ref().map(|sid| pseudonyms.all(Named::Sid, sid));
        subject.into_iter().chain(sid).flatten().collect()
    }

    /// How long the session lives if it is not used again; `None` if it has expired. The
    /// expiry is inside the seal: a browser may keep a cookie for longer than asked.
    pub(crate) fn remaining(&self, now: Timestamp, config: &SessionConfig) -> Option<Duration> {
        let idle = Duration::from_secs(config.idle).checked_sub(now.since(self.last_used))?;
        let absolute = Duration::from_secs(config.absolute).checked_sub(now.since(self.created))?;
        Some(idle.min(absolute)).filter(|left| !left.is_zero())
    }

    /// Whether the recorded last use is so old that the new one is worth recording.
    pub(crate) fn is_touch_due(&self, now: Timestamp, config: &SessionConfig) -> bool {
        now.distance(self.last_used) >= Duration::from_secs(config.idle) / 10
    }

    /// Whether Logto confirmed the session too long ago.
    pub(crate) fn is_check_due(&self, now: Timestamp, after: Duration) -> bool {
        now.distance(self.verified_at) >= after
    }

    pub(crate) fn touched(&self, now: Timestamp) -> Self {
        Self { last_used: now, ..self.clone() }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("generation", &self.generation).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use openidconnect::AccessToken;

    use super::*;

    pub(crate) fn record(now: Timestamp) -> Record {
        let token = AccessToken::new("access".into());
        Record {
            id: SessionId::random(),
            generation: 1,
            created: now,
            issued_at: now.seconds(),
            last_used: now,
            verified_at: now,
            epoch: Epoch::default(),
            sid: None,
            nonce_hash: [7; 32],
            refresh_token: Some(RefreshToken::new("refresh".into()).into()),
            user_info_token: Token::new(
                token,
                Some("openid".into()),
                now,
                Duration::from_secs(3600),
            ),
            claims: (&serde_json::from_str::<IdTokenClaims>(
                r#"{"iss":"i","sub":"alice","aud":"a","exp":2,"iat":1}"#,
            )
            .expect("claims"))
                .into(),
            user_agent: None,
        }
    }

    /// H8: no part of it is copied to a larger buffer, however long its strings are.
    #[test]
    fn a_record_is_written_in_one_piece() {
        let long = "t".repeat(3000);
        let token = AccessToken::new(long.clone());
        let record = Record {
            refresh_token: Some(RefreshToken::new(long.clone()).into()),
            user_info_token: Token::new(token, Some(long), Timestamp::now(), Duration::MAX),
            sid: Some("s".repeat(43)),
            ..record(Timestamp::now())
        };
        let bytes = record.encode();
        assert_eq!(bytes.capacity(), 256 + 9000 + record.claims.packed.len());
    }

    /// S18: another format, even a future one, is discarded.
    #[test]
    fn a_record_survives_its_binary_form_and_another_format_is_not_read() {
        let record = record(Timestamp::now());
        let mut bytes = record.encode();
        let read = Record::decode(&bytes).expect("a record");
        assert_eq!(read.id, record.id);
        assert_eq!((read.issued_at, read.subject()), (record.issued_at, Some("alice")));
        assert_eq!(read.claims.packed, record.claims.packed);
        let secret = |record: &Record| {
            let token = record.refresh_token.as_ref();
            token.map(|token| token.secret().clone())
        };
        assert_eq!(secret(&read), secret(&record));

        assert!(Record::decode(&bytes[..bytes.len() - 1]).is_none());
        bytes[0] = FORMAT + 1;
        assert!(Record::decode(&bytes).is_none());
        assert!(Record::decode(&[]).is_none());
    }

    /// S7: idle and absolute expiry, and shortened settings.
    #[test]
    fn a_session_ends_after_idle_and_after_absolute_time() {
        let start = Timestamp::now();
        let record = record(start);
        let config = SessionConfig { idle: 100, absolute: 150, ..SessionConfig::default() };
        let after = |seconds| start.plus(Duration::from_secs(seconds));
        assert!(record.remaining(after(99), &config).is_some());
        assert!(record.remaining(after(100), &config).is_none());
        assert!(record.remaining(after(101), &config).is_none());
        let used = record.touched(after(90));
        assert_eq!(used.remaining(after(91), &config), Some(Duration::from_secs(59)));
        assert!(used.remaining(after(151), &config).is_none());
        let shorter = SessionConfig { idle: 10, ..config };
        assert!(record.remaining(after(11), &shorter).is_none());
    }

    /// S27: times written by a clock far ahead do not postpone anything until then.
    #[test]
    fn a_moment_in_the_future_is_as_far_as_one_in_the_past() {
        let now = Timestamp::now();
        let config = SessionConfig { idle: 100, ..SessionConfig::default() };
        for (seconds, due) in [(0, false), (9, false), (10, true), (1_000_000, true)] {
            let ahead = now.plus(Duration::from_secs(seconds));
            let record = Record { last_used: ahead, verified_at: ahead, ..record(now) };
            assert_eq!(record.is_touch_due(now, &config), due, "{seconds}");
            assert_eq!(record.is_check_due(now, Duration::from_secs(10)), due, "{seconds}");
        }
    }

    #[test]
    fn the_debug_form_shows_no_token() {
        let shown = format!("{:?}", record(Timestamp::now()));
        assert!(
            !shown.contains("refresh") && !shown.contains("access") && !shown.contains("alice")
        );
    }
}
