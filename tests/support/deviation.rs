//! What a hostile provider can do wrong, as data.

use std::fmt;
use std::sync::Arc;

use crate::{Alter, Fault, Key};

/// One way to deviate. Several hold at once, each until [`Hostile::behave`](crate::Hostile::behave).
#[derive(Clone, Debug)]
pub enum Deviation {
    /// The discovery document is changed.
    Discovery(Alter),
    /// The key set is changed.
    Jwks(Alter),
    /// The parameters that the browser brings back are changed.
    Callback(Pairs),
    /// The claims of every ID token are changed before it is signed.
    Claims(Alter),
    /// The claims of ID tokens from a refresh are changed, but no others.
    RefreshedClaims(Alter),
    /// The header of every ID token is changed before it is signed.
    Header(Alter),
    /// ID tokens are signed in a wrong way.
    Forged(Forgery),
    /// ID tokens carry the right `at_hash`, as Logto's did up to 1.41.
    AtHash,
    /// The text of every ID token is changed after it was signed.
    Token(fn(&str) -> String),
    /// The keys are exchanged just before an ID token is signed.
    RotateBeforeSigning,
    /// Every refresh brings a new refresh token and ends the old one.
    RotateRefreshTokens,
    /// The answer of the token endpoint is changed.
    Tokens(Alter),
    /// The user info is changed.
    UserInfo(Alter),
    /// An endpoint, by the name under which its requests are counted, answers something else.
    Answer(&'static str, Fault),
    /// Like `Answer`, for the next request only.
    AnswerOnce(&'static str, Fault),
}

/// A change to the parameters of a callback, in order.
#[derive(Clone)]
pub struct Pairs(Arc<Change>);

type Change = dyn Fn(&mut Vec<(String, String)>) + Send + Sync;

impl Pairs {
    /// Returns the change that `change` makes.
    pub fn by(change: impl Fn(&mut Vec<(String, String)>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(change))
    }

    /// Returns the change that sets `name` to `value`.
    pub fn set(name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        Self::by(move |pairs| {
            pairs.retain(|(key, _)| key != name);
            pairs.push((name.to_owned(), value.clone()));
        })
    }

    /// Returns the change that adds `name` once more.
    pub fn again(name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        Self::by(move |pairs| pairs.push((name.to_owned(), value.clone())))
    }

    /// Returns the change that removes `name`.
    pub fn without(name: &'static str) -> Self {
        Self::by(move |pairs| pairs.retain(|(key, _)| key != name))
    }

    pub(crate) fn apply(&self, pairs: &mut Vec<(String, String)>) {
        (self.0)(pairs);
    }
}

impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pairs(..)")
    }
}

/// A wrong way to sign an ID token.
#[derive(Clone, Debug)]
pub enum Forgery {
    /// One bit of the signature is flipped.
    Flipped,
    /// The header names this algorithm, and the signature is empty.
    Unsigned(&'static str),
    /// HS256 with the PEM of the provider's public key as the secret.
    HmacWithPem,
    /// HS256 with the JSON of the provider's public key as the secret.
    HmacWithJwk,
    /// HS256 with the application's secret, which is right only if HS256 was agreed.
    HmacWithSecret,
    /// Signed by another key; the header names that key and its algorithm.
    By(Arc<Key>),
    /// Signed by another key under the name and algorithm of the provider's own.
    InTheNameOf(Arc<Key>),
}
