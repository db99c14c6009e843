//! Internal functions with fixed settings, for the fuzz targets and benchmarks. Not for
//! direct use.

mod sealed_session;

use std::fmt;

use openidconnect::{AccessToken, Nonce};
use rocket::figment::Figment;
use rocket::http::{Cookie, CookieJar};
use zeroize::Zeroizing;

pub use self::sealed_session::SealedSession;
use crate::auth_info::AuthInfo;
use crate::claims::{AccessTokenClaims, IdTokenClaims};
use crate::client::{Client, Expected, granted};
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, ConfigError, Environment, check};
use crate::discovery::{Endpoints, ProviderMetadata};
use crate::error::Result;
use crate::http::Reply;
use crate::jwks::KeySet;
use crate::jwt::{self, Whom};
use crate::location::{ReturnPath, Site};
use crate::logto::Logto;
use crate::seal::{self, Cookies, Kind, Sealer};
use crate::session::cookie;
use crate::session::record::Record;
use crate::sign_in;
use crate::transaction::{Transaction, Transactions};

/// Return paths of the site at a base URL.
pub struct Addresses(Site);

impl Addresses {
    /// The site at `base`.
    pub fn new(base: &str) -> Self {
        Self(Site::new(base.parse().expect("a URL")))
    }

    /// The `Location` of a path read from a cookie.
    pub fn page(&self, path: &str) -> Option<String> {
        ReturnPath::parse(path).map(|path| self.0.page(&path))
    }

    /// The `Location` of the sign-in route that returns to a path.
    pub fn page_returning(&self, path: &str) -> Option<String> {
        ReturnPath::parse(path).map(|path| self.0.page_returning("/sign-in", Some(&path)))
    }

    /// The `Location` that a path or address in a query or from a hook leads to.
    pub fn return_path(&self, given: &str) -> Option<String> {
        self.0.return_path(given).map(|path| self.0.page(&path))
    }
}

fn secret() -> [Zeroizing<Vec<u8>>; 1] {
    [seal::random::<32>().to_vec().into()]
}

fn names() -> Cookies {
    Cookies::new("app", "https://app.example", true)
}

/// The session's cookies, sealed with a secret of this process.
pub struct SessionCookies {
    names: Cookies,
    sealer: Sealer,
}

impl Default for SessionCookies {
    fn default() -> Self {
        let sealer = Sealer::new(&secret(), "issuer", "app", Kind::Session);
        Self { names: names(), sealer }
    }
}

impl SessionCookies {
    /// The name of the first cookie.
    pub fn name(&self) -> &str {
        self.names.session()
    }

    /// The cookies that carry `plain`.
    ///
    /// # Errors
    ///
    /// It is too large.
    pub fn write(&self, jar: &CookieJar<'_>, plain: &[u8]) -> Result<Vec<Cookie<'static>>> {
        let value = self.sealer.seal_text(self.name(), plain);
        cookie::write(&self.names, jar, &value, Some(60))
    }

    /// What was sealed in the jar's cookies.
    pub fn read(&self, jar: &CookieJar<'_>) -> Option<Vec<u8>> {
        self.sealer
            .open_text(self.name(), &cookie::read(jar, self.name())?)
            .map(|plain| plain.to_vec())
    }
}

/// Reads what is inside a sealed session, and writes it again.
pub fn session_record(plain: &[u8]) -> Option<Vec<u8>> {
    let record = Record::decode(plain)?;
    let _ = (record.id_token_claims(), record.subject());
    Some(record.encode().to_vec())
}

/// The sign-ins in progress in a browser.
pub struct SignInCookies(Transactions);

impl Default for SignInCookies {
    fn default() -> Self {
        let sealer = Sealer::new(&secret(), "issuer", "app", Kind::Transaction);
        Self(Transactions { cookies: names(), sealer })
    }
}

impl SignInCookies {
    /// Begins one: returns its `state`, and the cookies that are written and removed.
    pub fn begin(&self, jar: &CookieJar<'_>, path: &str) -> (String, Vec<Cookie<'static>>) {
        let path = ReturnPath::parse(path).unwrap_or_else(ReturnPath::root);
        let transaction = Transaction::begin(&path, Timestamp::now());
        let cookies = self.0.add(jar, &transaction);
        (transaction.state, cookies)
    }

    /// Where the sign-in of `state` returns to.
    pub fn find(&self, jar: &CookieJar<'_>, state: &str) -> Option<String> {
        self.0.find(jar, state).map(|found| found.return_path().as_str().into())
    }
}

/// The code in a callback's query that is an answer from `issuer`.
///
/// # Errors
///
/// It is not a valid answer.
pub fn callback_code(query: &str, issuer: &str) -> Result<String> {
    sign_in::callback_code(query, issuer)
}

/// Metadata of `issuer`, with every endpoint.
pub fn metadata(json: &[u8], issuer: &str) -> Option<ProviderMetadata> {
    serde_json::from_slice::<ProviderMetadata>(json).ok()?.checked(&Endpoints::of(issuer)).ok()
}

/// How many of the keys in a set can be used.
pub fn key_count(json: &[u8]) -> Option<usize> {
    Some(KeySet::parse(json).ok()?.keys().len())
}

/// Verifies ID tokens of one provider for one application.
pub struct IdTokens {
    client: Client,
    metadata: ProviderMetadata,
    nonce: Nonce,
}

impl IdTokens {
    /// Tokens of `https://foo.logto.app/oidc` for `app`, with this nonce.
    pub fn new(metadata: &[u8], nonce: &str) -> Self {
        let mut config = Config::new("https://foo.logto.app", "app");
        config.base_url = Some("https://app.example.com".into());
        config.cookie_secret = ["a secret of at least 32 random bytes"].into();
        let checked = check(&config, &Figment::new()).expect("a configuration");
        let client = Client::new(&checked, Clock::default()).expect("a client");
        let metadata = serde_json::from_slice(metadata).expect("metadata");
        Self { client, metadata, nonce: Nonce::new(nonce.into()) }
    }

    /// The claims of a token that one of the keys signed.
    ///
    /// # Errors
    ///
    /// It is not an ID token of the provider, or the keys are not valid.
    pub fn verify(&self, keys: &[u8], id_token: &str) -> Option<Result<IdTokenClaims>> {
        Some(self.verify_with(&Keys::parse(keys)?, id_token))
    }

    /// Like [`verify()`](Self::verify), with keys that were already read.
    ///
    /// # Errors
    ///
    /// It is not an ID token of the provider.
    pub fn verify_with(&self, keys: &Keys, id_token: &str) -> Result<IdTokenClaims> {
        let expected = Expected::Nonce(&self.nonce);
        let access_token = AccessToken::new("access".into());
        self.client.verify_at_hand(id_token, &self.metadata, &keys.0, expected, &access_token)
    }
}

/// Published keys.
#[derive(Debug)]
pub struct Keys(KeySet);

impl Keys {
    /// Reads a set of keys, if it is one.
    pub fn parse(keys: &[u8]) -> Option<Self> {
        KeySet::parse(keys).ok().map(Self)
    }
}

/// Verifies logout tokens of one provider for one application.
pub struct LogoutTokens {
    metadata: ProviderMetadata,
    keys: KeySet,
}

impl LogoutTokens {
    /// Tokens for `app` that one of these keys signed.
    pub fn new(metadata: &[u8], keys: &[u8]) -> Self {
        let metadata = serde_json::from_slice(metadata).expect("metadata");
        Self { metadata, keys: KeySet::parse(keys).expect("keys") }
    }

    /// What a token says.
    ///
    /// # Errors
    ///
    /// It is not a valid logout token at `now`, in seconds.
    pub fn verify(&self, token: &str, now: i64) -> Result<LoggedOut> {
        let token = jwt::logout_token_at_hand(token, &self.metadata, &self.keys, "app", now)?;
        let (sub, sid) = match token.whom {
            Whom::Subject(sub) => (Some(sub), None),
            Whom::Sid { sid, subject } => (subject, Some(sid)),
        };
        Ok(LoggedOut { sub, sid, jti: token.jti })
    }
}

/// Verifies access tokens of one provider.
pub struct AccessTokens {
    metadata: ProviderMetadata,
    keys: Keys,
}

impl AccessTokens {
    /// Tokens that one of these keys signed.
    pub fn new(metadata: &[u8], keys: Keys) -> Self {
        let metadata = serde_json::from_slice(metadata).expect("metadata");
        Self { metadata, keys }
    }

    /// What a token received at `now`, in seconds, says.
    ///
    /// # Errors
    ///
    /// It is not an access token of the provider.
    pub fn verify(&self, token: &str, now: i64) -> Result<AuthInfo> {
        let verified = jwt::access_token_at_hand(token, &self.metadata, &self.keys.0, now, 60)?;
        Ok(verified.auth)
    }
}

/// Whether an access token was verified before and is still valid.
pub fn is_known(logto: &Logto, token: &str) -> bool {
    logto.known_access_token(token).is_some()
}

/// The sessions that end: those of a user, or of one session at Logto, with its user.
#[derive(Debug, PartialEq)]
#[allow(missing_docs, reason = "they are claims")]
pub struct LoggedOut {
    pub sub: Option<String>,
    pub sid: Option<String>,
    pub jti: String,
}

/// Claims as a session stores them.
pub fn pack(claims: &IdTokenClaims) -> Vec<u8> {
    claims.pack()
}

/// Reads claims that a session stores.
pub fn unpack(packed: &[u8]) -> Option<IdTokenClaims> {
    IdTokenClaims::unpack(packed)
}

/// The claims of an access token, if it is not opaque.
pub fn access_token_claims(token: &str) -> Option<AccessTokenClaims> {
    AccessTokenClaims::parse(token)
}

/// Reads and checks a configuration, with these variables of the environment
/// (without `LOGTO_`).
///
/// # Errors
///
/// It cannot be used.
pub fn config(figment: Figment, variables: Vec<(String, String)>) -> Result<(), ConfigError> {
    Config::from_figment(&figment.merge(Environment(variables))).map(drop)
}

/// The access, refresh and ID token in an answer of the token endpoint.
///
/// # Errors
///
/// There are no tokens in it.
pub fn token_answer(status: u16, body: &[u8]) -> Result<[Option<String>; 3]> {
    let grant = granted(&Reply::of(status, body), Timestamp::now())?;
    let access = grant.token.secret().secret().clone();
    let refresh = grant.refresh_token.map(|token| token.secret().clone());
    Ok([Some(access), refresh, grant.id_token])
}

/// The message about a refusal.
pub fn refusal(status: u16, body: &[u8]) -> String {
    Reply::of(status, body).refusal().to_string()
}

macro_rules! opaque {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

opaque!(AccessTokens Addresses IdTokens LogoutTokens SealedSession SessionCookies SignInCookies);
