//! Tokens that no sign-in brings, and the keys that sign all of them.

use super::Provider;
use super::users::known;
use crate::backchannel;
use crate::key::SigningKey;

/// Tokens that no sign-in brings, keys, and back-channel logout.
impl Provider {
    /// Returns a user's impersonation token, to exchange for an access token (RFC 8693).
    ///
    /// Its type is `urn:logto:token-type:impersonation_token`. It works once, for 10
    /// minutes. At Logto, the Management API issues them.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    #[must_use]
    pub fn subject_token(&self, username: &str) -> String {
        let sub = known(username, self.user(username)).id;
        let now = self.tenant.clock.now();
        self.tenant.grants().subjects.add_impersonation(sub, now)
    }

    /// Returns a user's personal access token, to exchange for access tokens (RFC 8693).
    ///
    /// Its type is `urn:logto:token-type:personal_access_token`. It works until the user
    /// is deleted. At Logto, the Console issues them.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    #[must_use]
    pub fn personal_access_token(&self, username: &str) -> String {
        let sub = known(username, self.user(username)).id;
        self.tenant.grants().subjects.add_personal(sub)
    }

    /// Returns a logout token for a user, as the provider would post it to the
    /// application (OpenID Connect Back-Channel Logout 1.0).
    ///
    /// `sid` names the session as the ID token does; `None` means all sessions
    /// of the user. The provider's own sessions and tokens stay.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_dev::Provider;
    ///
    /// # rocket::execute(async {
    /// let provider = Provider::start().await;
    /// let token = provider.logout_token("alice", None);
    /// assert_eq!(token.split('.').count(), 3);
    /// # })
    /// ```
    #[must_use]
    pub fn logout_token<'s>(&self, username: &str, sid: impl Into<Option<&'s str>>) -> String {
        let user = known(username, self.user(username));
        backchannel::token(user.sub(), sid.into(), &self.tenant)
    }

    /// Registers where the application takes logout tokens from now on.
    ///
    /// An application under test knows its port only once it runs. An empty URI
    /// registers none; see [`Builder::backchannel_logout_uri()`].
    ///
    /// [`Builder::backchannel_logout_uri()`]: crate::Builder::backchannel_logout_uri
    pub fn backchannel_logout_uri(&self, uri: impl Into<String>) {
        self.tenant.app.set_backchannel_logout_uri(uri.into());
    }

    /// Signs with a new P-384 key from now on.
    ///
    /// The previous key stays in the JWKS until the next rotation, as at Logto: at most
    /// two keys are published.
    pub fn rotate_keys(&self) {
        self.tenant.keys.rotate(SigningKey::ec());
    }

    /// Signs with a new RSA key of 2048 bits, and so with RS256, from now on.
    ///
    /// Tenants older than Logto 1.0 have such keys. As there, the JWK has no `alg`.
    /// Making one takes a noticeable fraction of a second.
    pub fn rotate_keys_to_rsa(&self) {
        self.tenant.keys.rotate(SigningKey::rsa());
    }
}
