//! An authorization request: what it asks for, and what is granted.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use crate::authorization::{Authorization, BrowserSession};
use crate::clock::Clock;
use crate::error::OidcError;
use crate::names::{OIDC_SCOPES, ORGANIZATION_RESOURCE};
use crate::organization::ApiResource;
use crate::params::Params;

/// The API resources that the provider knows, by their indicators.
type Resources = BTreeMap<String, ApiResource>;

/// A request to sign somebody in.
#[derive(Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) login_hint: Option<String>,
    pub(crate) response_mode: String,
    pub(crate) state: Option<String>,
    nonce: Option<String>,
    scopes: Vec<String>,
    resources: Vec<String>,
    prompts: Vec<String>,
    max_age: Option<u64>,
    pub(crate) sign_up: bool,
}

impl AuthorizationRequest {
    pub(crate) fn new(params: &Params, redirect_uri: String) -> Self {
        let text = |name| params.one(name).map(str::to_string);
        let resources = params.all("resource").flat_map(|resource| resource.split(','));
        let first_screen = params.one("first_screen").or(params.one("interaction_mode"));
        Self {
            redirect_uri,
            challenge: text("code_challenge"),
            login_hint: text("login_hint"),
            response_mode: text("response_mode").unwrap_or_else(|| "query".to_string()),
            state: text("state"),
            nonce: text("nonce"),
            scopes: params.words("scope"),
            resources: resources.map(str::to_string).collect(),
            prompts: params.words("prompt"),
            max_age: params.one("max_age").and_then(|age| age.parse().ok()),
            sign_up: matches!(first_screen, Some("register" | "identifier:register" | "signUp")),
        }
    }

    /// Refuses what Logto refuses, in its words.
    pub(crate) fn check(&self, params: &Params, known: &Resources) -> Result<(), OidcError> {
        if let Some(name) = params.repeated() {
            return Err(OidcError::twice(name));
        }
        match params.required("response_type")? {
            "code" => (),
            _ => {
                let description = "unsupported response_type requested";
                return Err(OidcError::new("unsupported_response_type", description));
            }
        }
        if !["query", "fragment", "form_post"].contains(&self.response_mode.as_str()) {
            let description = "unsupported response_mode requested";
            return Err(OidcError::new("unsupported_response_mode", description));
        }
        self.check_prompt(params)?;
        self.check_challenge(params)?;
        self.resources.iter().try_for_each(|resource| check_resource(resource, known))
    }

    fn check_prompt(&self, params: &Params) -> Result<(), OidcError> {
        let known = |prompt: &String| ["none", "login", "consent"].contains(&prompt.as_str());
        if !self.prompts.iter().all(known) {
            return Err(OidcError::invalid_request("unsupported prompt value requested"));
        }
        if self.has_prompt("none") && self.prompts.len() > 1 {
            return Err(OidcError::invalid_request("prompt none must only be used alone"));
        }
        if params.one("max_age").is_some() && self.max_age.is_none() {
            return Err(OidcError::invalid_request("invalid max_age parameter value"));
        }
        Ok(())
    }

    /// PKCE is the application's choice, but it must be S256.
    fn check_challenge(&self, params: &Params) -> Result<(), OidcError> {
        let method = params.one("code_challenge_method");
        match &self.challenge {
            None if method.is_some() => Err(OidcError::invalid_request(
                "code_challenge must be provided with code_challenge_method",
            )),
            Some(_) if method != Some("S256") => {
                Err(OidcError::invalid_request("not supported value of code_challenge_method"))
            }
            Some(challenge) if !(43..=128).contains(&challenge.len()) => Err(
                OidcError::invalid_request("code_challenge must be a string with a length of 43"),
            ),
            _ => Ok(()),
        }
    }

    pub(crate) fn has_prompt(&self, prompt: &str) -> bool {
        self.prompts.iter().any(|given| given == prompt)
    }

    /// Whether a session answers this request without a page.
    pub(crate) fn accepts(&self, session: &BrowserSession, now: Duration) -> Result<(), OidcError> {
        let age = now.saturating_sub(session.authenticated_at).as_secs();
        let too_old = self.max_age.is_some_and(|max_age| max_age == 0 || age > max_age);
        if too_old || self.has_prompt("login") {
            let description = "End-User authentication is required";
            return Err(OidcError::new("login_required", description));
        }
        let new = |scope: &&String| !session.scopes.contains(scope);
        if self.has_prompt("none") && self.granted_scopes().iter().any(|scope| new(&scope)) {
            return Err(OidcError::new("consent_required", "requested scopes not granted"));
        }
        Ok(())
    }

    /// The OIDC scopes this request is granted. Without consent, Logto silently drops
    /// `offline_access`.
    fn granted_scopes(&self) -> Vec<String> {
        let known = self.scopes.iter().filter(|scope| OIDC_SCOPES.contains(&scope.as_str()));
        let consent = self.has_prompt("consent");
        known.filter(|scope| consent || *scope != "offline_access").cloned().collect()
    }

    /// What a session allows this request.
    pub(crate) fn grant(
        &self,
        session: &mut BrowserSession,
        client_id: &str,
        clock: &Clock,
    ) -> Authorization {
        let scopes = self.granted_scopes();
        session.scopes.extend(scopes.iter().cloned());
        Authorization {
            grant: session.grant.clone(),
            client_id: client_id.to_string(),
            sub: session.sub.clone(),
            scopes,
            requested: self.scopes.clone(),
            resources: self.resources.clone(),
            nonce: self.nonce.clone(),
            sid: Some(session.sid.clone()),
            auth_time: self.wants_auth_time().then(|| clock.unix_seconds(session.authenticated_at)),
        }
    }

    /// Whether the ID token has the time of the sign-in.
    fn wants_auth_time(&self) -> bool {
        self.max_age.is_some() || self.has_prompt("login")
    }
}

fn check_resource(resource: &str, known: &Resources) -> Result<(), OidcError> {
    match Url::parse(resource) {
        Ok(url) if url.fragment().is_none() => (),
        Ok(_) => {
            let description = "resource indicator must not contain a fragment component";
            return Err(OidcError::new("invalid_target", description));
        }
        Err(_) => {
            let description = "resource indicator must be an absolute URI";
            return Err(OidcError::new("invalid_target", description));
        }
    }
    let known = resource == ORGANIZATION_RESOURCE || known.contains_key(resource);
    if known { Ok(()) } else { Err(OidcError::invalid_target()) }
}
