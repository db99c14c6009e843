//! The protocol: requests to the provider and how its answers are read. It knows neither
//! Rocket nor sessions.

#[cfg(test)]
mod captures;
mod grants;
mod id_token;

use std::sync::Arc;
use std::time::Duration;

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreJsonWebKeySet};
use openidconnect::{
    AccessToken, AuthUrl, ClientId, CsrfToken, EndpointSet, IssuerUrl, Nonce, PkceCodeChallenge,
    RedirectUrl, RefreshToken, Scope,
};
use url::Url;

#[cfg(feature = "__internal")]
pub(crate) use self::grants::granted;
pub(crate) use self::id_token::Expected;
use crate::claims::UserInfo;
use crate::clock::Clock;
use crate::config::{AppSecret, Checked, MachineConfig};
use crate::discovery::{Discovery, Endpoints, ProviderMetadata};
use crate::error::{Error, ErrorKind, Result};
use crate::flight::within;
use crate::http::Http;
#[cfg(feature = "testing")]
use crate::http::StandIn;
use crate::jwks::Jwks;
use crate::options::SignInOptions;
use crate::scope::{requested_resources, requested_scopes};
use crate::signed::Signatures;
use crate::transaction::Transaction;

type AuthorizationRequests = CoreClient<EndpointSet>;

/// A client of one provider, as one application.
pub(crate) struct Client {
    http: Http,
    discovery: Arc<Discovery>,
    pub(crate) signatures: Arc<Signatures>,
    app_id: String,
    app_secret: Option<AppSecret>,
    machine: Option<MachineConfig>,
    redirect_uri: String,
    post_sign_out_uri: String,
    include_reserved_scopes: bool,
    clock_skew: Duration,
    /// The time limit of a whole operation, however many calls to Logto it needs.
    patience: Duration,
    clock: Clock,
}

impl Client {
    pub(crate) fn new(checked: &Checked, clock: Clock) -> Result<Self> {
        let config = &checked.config;
        let http = Http::new(checked.timeout())?;
        // Internally there is no proxy in between, and plain http may be allowed.
        let http = if checked.internal_endpoint.is_some() { http.without_proxies() } else { http };
        let discovery =
            Arc::new(Discovery::new(http.clone(), Endpoints::new(checked), clock.clone()));
        let jwks = Jwks::new(http.clone(), clock.clone());
        Ok(Self {
            signatures: Arc::new(Signatures::new(Arc::clone(&discovery), jwks)),
            discovery,
            http,
            app_id: checked.app_id.clone(),
            app_secret: config.app_secret.clone(),
            machine: config.machine.clone(),
            redirect_uri: checked.redirect_uri(),
            post_sign_out_uri: checked.post_sign_out_uri(),
            include_reserved_scopes: config.include_reserved_scopes,
            clock_skew: checked.clock_skew(),
            // An abandoned call counts as failed.
            patience: checked.timeout() + Duration::from_secs(1),
            clock,
        })
    }

    /// Gives up an operation that takes too long. Anything in its own task keeps running.
    pub(crate) async fn within_patience<T>(
        &self,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        within(self.patience, work).await
    }

    #[cfg(feature = "testing")]
    pub(crate) fn stand_in(&self) -> &StandIn {
        self.http.stand_in()
    }

    pub(crate) async fn metadata(&self) -> Result<Arc<ProviderMetadata>> {
        self.discovery.metadata().await
    }

    /// The address to send the browser to for this sign-in (OpenID Connect Core,
    /// section 3.1.2.1). PKCE is S256 whatever the provider lists (RFC 7636
    /// section 4.4.1).
    pub(crate) async fn authorization_url(
        &self,
        transaction: &Transaction,
        options: &SignInOptions,
    ) -> Result<Url> {
        let extra = options.checked_extra_params()?;
        let metadata = self.metadata().await?;
        let client = self.authorization_requests(&metadata)?;
        let scopes = requested_scopes(self.include_reserved_scopes, &options.scopes);
        let resources = requested_resources(&scopes, &options.resources);
        let prompt = options.prompt.as_deref().unwrap_or_default();
        let prompt = prompt.iter().map(|prompt| prompt.as_str()).collect::<Vec<_>>().join(" ");

        let state = CsrfToken::new(transaction.state.clone());
        let nonce = Nonce::clone(&transaction.nonce);

        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(
                &transaction.pkce_verifier,
            ))
            .add_scopes(scopes.into_iter().map(Scope::new));
        for resource in resources {
            request = request.add_extra_param("resource", resource);
        }
        if !prompt.is_empty() {
            request = request.add_extra_param("prompt", prompt);
        }
        for (name, value) in options.logto_params() {
            request = request.add_extra_param(name, value);
        }
        for (name, value) in extra {
            request = request.add_extra_param(name.clone(), value.clone());
        }
        Ok(request.url().0)
    }

    /// Asks for the user info of `subject` (OpenID Connect Core, section 5.3).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`] when Logto no longer knows the token: 401, or
    /// 400 `invalid_grant` for a suspended user.
    pub(crate) async fn user_info(&self, token: &AccessToken, subject: &str) -> Result<UserInfo> {
        let metadata = self.metadata().await?;
        let answer = self.http.get_with_token(&metadata.userinfo_endpoint, token.secret()).await?;
        answer.check_available()?;
        match answer.status {
            401 => return Err(Error::new(ErrorKind::SessionEnded, "the user info answered 401")),
            400.. => return Err(answer.refusal()),
            _ => {}
        }
        let info: UserInfo = answer.json("the user info").map_err(|error| match error.kind() {
            ErrorKind::InvalidAnswer => Error::new(ErrorKind::InvalidUserInfo, "it is malformed"),
            _ => error,
        })?;
        // Section 5.3.2: user info of another subject must not be used.
        if info.subject() != subject {
            return Err(Error::new(ErrorKind::InvalidUserInfo, "it is of another user"));
        }
        Ok(info)
    }

    /// Revokes a refresh token and with it the whole grant (RFC 7009). With our own
    /// request, as openidconnect refuses http even to this machine.
    pub(crate) async fn revoke(&self, refresh_token: &RefreshToken) -> Result<()> {
        let metadata = self.metadata().await?;
        let Some(endpoint) = &metadata.revocation_endpoint else { return Ok(()) };
        let fields =
            [("token", refresh_token.secret().as_str()), ("token_type_hint", "refresh_token")];
        let answer = self.http.post_form(endpoint, self.app(), &fields).await?;
        answer.check_available()?;
        if answer.status == 200 { Ok(()) } else { Err(answer.refusal()) }
    }

    /// The address that ends the session at the provider (OpenID Connect RP-Initiated Logout,
    /// section 2); `None` if it has none. The application is named by its id: Logto refuses a
    /// hint whose key was rotated out. No `state`: there is no session left that a forged
    /// return could affect, and it would show in the address of the page that the user returns
    /// to.
    pub(crate) async fn end_session_url(&self) -> Result<Option<Url>> {
        let metadata = self.metadata().await?;
        let Some(endpoint) = &metadata.end_session_endpoint else { return Ok(None) };
        let mut url = Url::parse(endpoint).map_err(|_| no_url())?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.app_id)
            .append_pair("post_logout_redirect_uri", &self.post_sign_out_uri);
        Ok(Some(url))
    }

    /// The id and secret that requests of the application carry.
    fn app(&self) -> (&str, Option<&str>) {
        (&self.app_id, self.app_secret.as_ref().map(AppSecret::secret))
    }

    /// Those of the machine-to-machine application, if a separate one is configured.
    fn machine(&self) -> (&str, Option<&str>) {
        match &self.machine {
            Some(machine) => (&machine.app_id, Some(machine.app_secret.secret())),
            None => self.app(),
        }
    }

    fn authorization_requests(&self, metadata: &ProviderMetadata) -> Result<AuthorizationRequests> {
        let issuer = IssuerUrl::new(metadata.issuer.clone()).map_err(|_| no_url())?;
        let auth = AuthUrl::new(metadata.authorization_endpoint.clone()).map_err(|_| no_url())?;
        let redirect = RedirectUrl::new(self.redirect_uri.clone()).map_err(|_| no_url())?;
        let keys = CoreJsonWebKeySet::new(Vec::new());
        let client = CoreClient::new(ClientId::new(self.app_id.clone()), issuer, keys);
        Ok(client.disable_openid_scope().set_auth_uri(auth).set_redirect_uri(redirect))
    }
}

fn no_url() -> Error {
    Error::new(ErrorKind::InvalidAnswer, "an endpoint has no valid URL")
}
