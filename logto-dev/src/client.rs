//! Client authentication: Basic or in the form, and only one of the two.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rocket::request::{FromRequest, Outcome, Request};
use url::form_urlencoded;

use crate::error::OidcError;
use crate::params::Params;
use crate::tenant::Tenant;

/// The `Authorization` header of a request.
#[derive(Clone, Copy)]
pub(crate) struct Authorization<'r>(pub(crate) Option<&'r str>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Authorization<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Self(request.headers().get_one("Authorization")))
    }
}

/// An authenticated application.
pub(crate) struct Client<'t> {
    pub(crate) id: &'t str,
    secret: &'t str,
    /// Whether it is the machine-to-machine application.
    pub(crate) is_machine: bool,
}

/// Finds out which application is asking.
pub(crate) fn authenticate<'t>(
    header: Authorization<'_>,
    params: &Params,
    tenant: &'t Tenant,
) -> Result<Client<'t>, OidcError> {
    match header.0 {
        Some(header) => authenticate_basic(header, params, tenant),
        None => authenticate_post(params, tenant),
    }
}

fn authenticate_basic<'t>(
    header: &str,
    params: &Params,
    tenant: &'t Tenant,
) -> Result<Client<'t>, OidcError> {
    let (id, secret) = basic_credentials(header)?;
    if params.one("client_secret").is_some() {
        let description = "client authentication must only be provided using one mechanism";
        return Err(OidcError::invalid_request(description));
    }
    if params.one("client_id").is_some_and(|other| other != id) {
        return Err(OidcError::invalid_request("mismatch in body and authorization client ids"));
    }
    find(&id, tenant)?.check(&secret).map_err(|error| {
        let description = error.description();
        let challenge = format!(
            r#"Basic realm="{}", error="invalid_client", error_description="{description}""#,
            tenant.issuer()
        );
        error.challenge(challenge)
    })
}

fn authenticate_post<'t>(params: &Params, tenant: &'t Tenant) -> Result<Client<'t>, OidcError> {
    let mut ids = params.all("client_id");
    let (Some(id), None) = (ids.next(), ids.next()) else {
        let description = "no client authentication mechanism provided";
        return Err(OidcError::invalid_request(description));
    };
    find(id, tenant)?.check(params.one("client_secret").unwrap_or_default())
}

fn find<'t>(id: &str, tenant: &'t Tenant) -> Result<Client<'t>, OidcError> {
    let (app, machine) = (&tenant.app, &tenant.machine_app);
    if id == app.id {
        Ok(Client { id: &app.id, secret: &app.secret, is_machine: false })
    } else if id == machine.id {
        Ok(Client { id: &machine.id, secret: &machine.secret, is_machine: true })
    } else {
        Err(OidcError::unknown_client(id))
    }
}

impl Client<'_> {
    fn check(self, secret: &str) -> Result<Self, OidcError> {
        // Not in constant time: the secret guards nothing but a development server.
        match secret == self.secret {
            true => Ok(self),
            false => Err(OidcError::client_authentication()),
        }
    }
}

/// The identifier and the secret, each percent-decoded as RFC 6749 requires.
fn basic_credentials(header: &str) -> Result<(String, String), OidcError> {
    let malformed = || OidcError::invalid_request("invalid authorization header value format");
    let (scheme, encoded) = header.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
    let text = String::from_utf8(decoded).map_err(|_| malformed())?;
    let (id, secret) = text.split_once(':').ok_or_else(malformed)?;
    match (decode(id), decode(secret)) {
        (Some(id), Some(secret)) => Ok((id, secret)),
        _ => Err(OidcError::invalid_request(
            "client_id and client_secret in the authorization header are not properly encoded",
        )),
    }
}

fn decode(text: &str) -> Option<String> {
    // A stray `%` gives away a raw secret.
    let hex = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !text.split('%').skip(1).all(hex) {
        return None;
    }
    let pair = format!("v={}", text.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
}
