//! Routes that accept access tokens presented by requests (RFC 6750).

use std::sync::Arc;

use rocket::Data;
use rocket::request::Request;
use rocket::route::{BoxFuture, Outcome};

use super::Protected;
use crate::answer;
use crate::auth_info::AuthInfo;
use crate::conditions::{Facts, Missing};
use crate::error::{Error, ErrorKind, Result};
use crate::logto::Logto;
use crate::request::RequestState;
use crate::scope::organization_urn;
use crate::sender::access_token;

/// Why a token does not let a request in.
enum TokenRefusal {
    /// It is not a valid token, or cannot be verified.
    Error(Error),
    /// It is valid, but does not permit this.
    Missing(Missing),
}

impl Protected {
    /// Lets a request in by its token. Without a token, its session may let it in; with an
    /// invalid token it may not: the client would never learn that it has to renew the token.
    pub(super) fn handle_token<'r, 'a, 'b, 'f>(
        &'a self,
        logto: &'a Logto,
        request: &'r Request<'b>,
        data: Data<'r>,
    ) -> BoxFuture<'f, Outcome<'r>>
    where
        'r: 'f,
        'a: 'f,
        'b: 'f,
    {
        let state = RequestState::of(request);
        state.depend_on_token();
        if !logto.resource_metadata().is_empty() {
            state.is_described_at(self.metadata(logto));
        }
        #[cfg(feature = "testing")]
        if let Some(auth) = state.presented() {
            return self.handle_known_token(logto, request, data, auth);
        }
        let token = match access_token(request) {
            Ok(Some(token)) => token,
            Ok(None) => {
                state.challenge("Bearer".to_owned());
                return match self.policy.takes_sessions() {
                    true => Box::pin(self.handle_in_time(logto, request, data)),
                    false => Box::pin(self.refuse_token(logto, request, data, None)),
                };
            }
            Err(error) => {
                state.goes_by_token();
                let refusal = Some(TokenRefusal::Error(error));
                return Box::pin(self.refuse_token(logto, request, data, refusal));
            }
        };
        match logto.known_access_token(token) {
            Some(auth) => self.handle_known_token(logto, request, data, auth),
            None => Box::pin(self.handle_new_token(logto, request, data, token)),
        }
    }

    fn handle_known_token<'r, 'a, 'b, 'f>(
        &'a self,
        logto: &'a Logto,
        request: &'r Request<'b>,
        data: Data<'r>,
        auth: Arc<AuthInfo>,
    ) -> BoxFuture<'f, Outcome<'r>>
    where
        'r: 'f,
        'a: 'f,
        'b: 'f,
    {
        let state = RequestState::of(request);
        state.goes_by_token();
        match self.check_token(logto, request, &auth) {
            Ok(()) => {
                state.admit_token(request.route(), auth);
                self.inner.handle(request, data)
            }
            Err(refusal) => Box::pin(self.refuse_token(logto, request, data, Some(refusal))),
        }
    }

    async fn handle_new_token<'r>(
        &self,
        logto: &Logto,
        request: &'r Request<'_>,
        data: Data<'r>,
        token: &str,
    ) -> Outcome<'r> {
        RequestState::of(request).goes_by_token();
        let verified = logto.verify_access_token(token).await.map_err(TokenRefusal::Error);
        let checked =
            verified.and_then(|auth| self.check_token(logto, request, &auth).map(|()| auth));
        match checked {
            Ok(auth) => {
                RequestState::of(request).admit_token(request.route(), auth);
                self.inner.handle(request, data).await
            }
            Err(refusal) => self.refuse_token(logto, request, data, Some(refusal)).await,
        }
    }

    /// The address of the metadata of the policy's resource, if it is published.
    fn metadata(&self, logto: &Logto) -> Option<Arc<str>> {
        let indicator = self.indicator(logto).ok()??;
        let mut all = logto.resource_metadata().iter();
        let metadata = all.find(|metadata| metadata.indicator() == indicator)?;
        Some(Arc::clone(metadata.address()))
    }

    /// Checks a valid token against the route's audience and conditions.
    fn check_token(
        &self,
        logto: &Logto,
        request: &Request<'_>,
        auth: &AuthInfo,
    ) -> Result<(), TokenRefusal> {
        let organization = self.place.map(|place| place.id(request)).transpose();
        let organization = organization.map_err(TokenRefusal::Error)?;
        let resource = self.indicator(logto).map_err(TokenRefusal::Error)?;
        self.check_audience(auth, resource, organization)?;
        let scopes: Vec<_> = auth.scopes.iter().map(String::as_str).collect();
        let facts = Facts {
            scopes: &scopes,
            roles: &auth.roles(),
            organization_roles: &[],
            client: Some(auth.client_id.as_deref().unwrap_or_default()),
            is_machine: auth.is_machine(),
        };
        self.policy.conditions.check(&facts).map_err(TokenRefusal::Missing)
    }

    /// A token without an organization mixes the permissions of all of its user's
    /// organizations: it says nothing about any one of them. A token for an organization is
    /// for that one only.
    fn check_audience(
        &self,
        auth: &AuthInfo,
        resource: Option<&str>,
        organization: Option<&str>,
    ) -> Result<(), TokenRefusal> {
        let is_for = |audience: &str| auth.audience.iter().any(|of| of == audience);
        if resource.is_some_and(|resource| !is_for(resource)) {
            let detail = "its audience is not the resource of the route";
            return Err(TokenRefusal::Error(Error::new(ErrorKind::InvalidAccessToken, detail)));
        }
        let of = auth.organization_id.as_deref();
        match organization {
            Some(id) if resource.is_none() && !is_for(&organization_urn(id)) => Err(
                TokenRefusal::of_organization("its audience is not the organization of the route"),
            ),
            Some(id) if of != Some(id) => {
                Err(TokenRefusal::of_organization("it is not for the organization of the route"))
            }
            None if of.is_some() && !self.policy.any_organization => Err(
                TokenRefusal::of_organization("it is for an organization, but the route is not"),
            ),
            _ => Ok(()),
        }
    }

    /// Answers a request without a token, or with one that is not sufficient.
    async fn refuse_token<'r>(
        &self,
        logto: &Logto,
        request: &'r Request<'_>,
        data: Data<'r>,
        refusal: Option<TokenRefusal>,
    ) -> Outcome<'r> {
        answer::drain(logto, request, data).await;
        let state = RequestState::of(request);
        let Some(refusal) = refusal else {
            return answer::no_token(request).outcome(request);
        };
        if let Some(challenge) = refusal.challenge() {
            state.challenge(challenge);
        }
        let error = refusal.into_error();
        let answer = answer::failure(request, &error);
        answer::rendered(logto, request, &error, answer).await
    }
}

impl TokenRefusal {
    fn of_organization(detail: &'static str) -> Self {
        Self::Error(Error::new(ErrorKind::NotAllowed, detail))
    }

    /// RFC 6750 section 3. It contains none of the client's own text.
    fn challenge(&self) -> Option<String> {
        let code = |code: &str| Some(format!("Bearer error=\"{code}\""));
        match self {
            Self::Missing(Missing::Scopes(needed)) => {
                let scope = needed.names();
                Some(format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""))
            }
            Self::Missing(_) => code("insufficient_scope"),
            Self::Error(error) => match error.kind() {
                ErrorKind::InvalidRequest => code("invalid_request"),
                ErrorKind::InvalidAccessToken => code("invalid_token"),
                ErrorKind::NotAllowed | ErrorKind::Denied => code("insufficient_scope"),
                _ => None,
            },
        }
    }

    fn into_error(self) -> Error {
        match self {
            Self::Error(error) => error,
            Self::Missing(missing) => missing.into(),
        }
    }
}
