//! The hostile provider itself: a loopback port and its switches.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rocket::figment::Figment;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

use crate::answers::{answer, now};
use crate::state::{APP_SECRET, ENDPOINTS, State};
use crate::token::Draft;
use crate::wire::Request;
use crate::{Deviation, Key, Pairs, Recorded};

/// An OpenID provider with Logto's paths that does what a test tells it to.
///
/// It lives on its own port of 127.0.0.1 as long as the value does.
#[derive(Debug)]
pub struct Hostile {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    open: Mutex<Door>,
}

/// Whether the port answers.
#[derive(Debug)]
enum Door {
    Open(JoinHandle<()>),
    /// Bound, so that nobody else gets the port, but not listening: connections are refused.
    Shut(TcpSocket),
    Between,
}

impl Hostile {
    /// Starts a provider that behaves.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(Mutex::new(State::new(format!("http://{address}"))));
        let open = Mutex::new(Door::Open(tokio::spawn(serve(listener, state.clone()))));
        Self { state, address, open }
    }

    /// Deviates in this way too from now on.
    pub fn deviate(&self, deviation: Deviation) -> &Self {
        self.state().deviations.push(deviation);
        self
    }

    /// Behaves from now on.
    pub fn behave(&self) {
        self.state().deviations.clear();
    }

    /// Refuses connections, and closes open ones, until [`resume`](Self::resume).
    pub async fn stop(&self) {
        let Door::Open(task) = self.door(Door::Between) else { panic!("it was stopped before") };
        task.abort();
        task.await.expect_err("the task was aborted");
        let socket = TcpSocket::new_v4().expect("there are sockets left");
        socket.set_reuseaddr(true).expect("a new socket can be configured");
        socket.bind(self.address).expect("nobody else took the port");
        self.door(Door::Shut(socket));
    }

    /// Answers again on the same port.
    pub fn resume(&self) {
        let Door::Shut(socket) = self.door(Door::Between) else { panic!("it was not stopped") };
        let listener = socket.listen(64).expect("a bound socket can listen");
        self.door(Door::Open(tokio::spawn(serve(listener, self.state.clone()))));
    }

    /// Returns where this provider is, the `logto.endpoint` of an application.
    pub fn endpoint(&self) -> String {
        self.state().endpoint.clone()
    }

    /// Has this address from now on, like a provider behind a proxy; it still listens where it did.
    pub fn rename(&self, endpoint: &str) {
        endpoint.clone_into(&mut self.state().endpoint);
    }

    /// Knows the application with this id from now on, instead of the one it knew.
    pub fn serve(&self, app_id: &str) {
        app_id.clone_into(&mut self.state().app_id);
    }

    /// Returns where this provider listens, whatever its endpoint is.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the issuer, `<endpoint>/oidc`.
    pub fn issuer(&self) -> String {
        self.state().issuer()
    }

    /// Returns the configuration of an application that uses this provider.
    pub fn figment(&self) -> Figment {
        let app_id = self.state().app_id.clone();
        Figment::from(rocket::Config::debug_default())
            .merge(("log_level", "off"))
            .merge(("logto.endpoint", self.endpoint()))
            .merge(("logto.app_id", app_id))
            .merge(("logto.app_secret", APP_SECRET))
            .merge(("logto.base_url", "http://localhost:8000"))
            .merge(("logto.cookie_secret", "a-secret-of-the-tests-long-enough-for-a-key"))
    }

    /// Makes the user approve what the authorization request at `location` asks.
    ///
    /// Returns the URL to which the browser is sent back.
    pub fn authorize(&self, location: &str) -> String {
        let asked = self.asked(location);
        let mut state = self.state();
        let account = state.account.clone();
        let code = state.grants.code(account, &asked);
        drop(state);
        self.back(&asked, vec![("code".to_owned(), code)])
    }

    /// Makes the user, or the provider, refuse what is asked at `location`.
    pub fn refuse(&self, location: &str, error: &str) -> String {
        let asked = self.asked(location);
        let description = format!("{error} by the hostile provider");
        let told = [("error", error), ("error_description", &description)];
        self.back(&asked, told.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    /// Returns how many requests reached the endpoint with this name.
    ///
    /// # Panics
    ///
    /// If there is no such endpoint.
    pub fn count(&self, endpoint: &str) -> usize {
        self.requests(endpoint).len()
    }

    /// Returns the requests that reached the endpoint with this name, oldest first.
    ///
    /// # Panics
    ///
    /// If there is no such endpoint.
    pub fn requests(&self, endpoint: &str) -> Vec<Recorded> {
        assert!(ENDPOINTS.iter().any(|(name, _)| *name == endpoint), "no endpoint `{endpoint}`");
        let state = self.state();
        state.recorded.iter().filter(|request| request.endpoint == endpoint).cloned().collect()
    }

    /// Returns the parameters of all authorization requests, oldest first.
    pub fn authorizations(&self) -> Vec<Vec<(String, String)>> {
        self.state().authorizations.clone()
    }

    /// Changes who signs in from now on: the claims under `sub`, `name`, `email` and so on.
    pub fn account(&self, account: Value) {
        self.state().account = account;
    }

    /// Changes what the user may do: the scope of every access token for a resource or an
    /// organization from now on, separated by spaces. At first `read:items`.
    pub fn permissions(&self, scope: &str) {
        scope.clone_into(&mut self.state().permissions);
    }

    /// Signs with a new key from now on; the keys published before are gone.
    pub fn rotate(&self) {
        self.state().exchange_keys(Key::es384());
    }

    /// Signs with a new key from now on, and still publishes the one before, as Logto does.
    pub fn rotate_gently(&self) {
        let mut state = self.state();
        state.keys.insert(0, Arc::new(Key::es384()));
        state.keys.truncate(2);
    }

    /// Signs with `key` from now on, and publishes nothing else.
    pub fn sign_with(&self, key: Key) {
        self.state().exchange_keys(key);
    }

    /// Publishes another key, which signs nothing.
    pub fn publish(&self, key: Key) {
        self.state().keys.push(Arc::new(key));
    }

    /// Returns the signing key.
    pub fn key(&self) -> Arc<Key> {
        self.state().keys[0].clone()
    }

    /// Ends every code and token: the next refresh is an `invalid_grant`.
    pub fn end_grants(&self) {
        self.state().grants.end_all();
    }

    /// Returns how many refresh tokens are valid.
    pub fn good_refresh_tokens(&self) -> usize {
        self.state().grants.good_refresh_tokens()
    }

    /// Returns a logout token for this application, as Logto 1.42 posts it.
    pub fn logout_token(&self, sub: &str, sid: Option<&str>) -> String {
        self.wrong_logout_token(sub, sid, &[])
    }

    /// Returns a logout token that deviates in its claims, header, signature or text as ID tokens
    /// do when these are the provider's own deviations.
    pub fn wrong_logout_token(
        &self,
        sub: &str,
        sid: Option<&str>,
        deviations: &[Deviation],
    ) -> String {
        let (iat, app_id) = (now(), self.state().app_id.clone());
        let mut claims = json!({
            "iss": self.issuer(), "sub": sub, "aud": app_id, "iat": iat, "exp": iat + 120,
            "jti": crate::random(),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        if let Some(sid) = sid {
            claims["sid"] = sid.into();
        }
        let (key, app_secret) = (self.key(), APP_SECRET.to_owned());
        let typ = Some("logout+jwt");
        Draft { typ, claims, refreshed: false, key, app_secret }.sign(deviations)
    }

    /// Returns a user's access token for this audience, as Logto 1.42 issues it.
    pub fn access_token(&self, audience: &str, scope: &str) -> String {
        self.wrong_access_token(audience, scope, &[])
    }

    /// Returns an access token that deviates as [`wrong_logout_token`](Self::wrong_logout_token)
    /// does.
    pub fn wrong_access_token(
        &self,
        audience: &str,
        scope: &str,
        deviations: &[Deviation],
    ) -> String {
        let (iat, app_id) = (now(), self.state().app_id.clone());
        let claims = json!({
            "jti": crate::random(), "sub": "u-alice", "iat": iat, "exp": iat + 3600,
            "scope": scope, "client_id": app_id, "iss": self.issuer(), "aud": audience,
        });
        let (key, app_secret) = (self.key(), APP_SECRET.to_owned());
        let typ = Some("at+jwt");
        Draft { typ, claims, refreshed: false, key, app_secret }.sign(deviations)
    }

    fn asked(&self, location: &str) -> Vec<(String, String)> {
        let url = Url::parse(location).expect("an authorization request is an absolute URL");
        let asked: Vec<_> = url.query_pairs().into_owned().collect();
        self.state().authorizations.push(asked.clone());
        asked
    }

    fn back(&self, asked: &[(String, String)], mut told: Vec<(String, String)>) -> String {
        let one = |name: &str| asked.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let redirect_uri = one("redirect_uri").expect("the request has a `redirect_uri`");
        if let Some(state) = one("state") {
            told.push(("state".to_owned(), state.clone()));
        }
        told.push(("iss".to_owned(), self.issuer()));
        for deviation in &self.state().deviations {
            if let Deviation::Callback(pairs) = deviation {
                Pairs::apply(pairs, &mut told);
            }
        }
        let url = Url::parse_with_params(redirect_uri, told);
        url.expect("`redirect_uri` is an absolute URL").into()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn door(&self, new: Door) -> Door {
        std::mem::replace(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner), new)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        if let Door::Open(task) = self.door(Door::Between) {
            task.abort();
        }
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, state.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// One request, one answer. The client has every right to hang up.
async fn converse(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    if let Ok(Some(request)) = Request::read(&mut stream).await {
        let reply = answer(&mut state.lock().unwrap_or_else(PoisonError::into_inner), &request);
        reply.write(&mut stream).await.ok();
    }
}
