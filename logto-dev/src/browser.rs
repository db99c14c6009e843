//! The browser's part of a sign-in, played over the provider's real HTTP.

use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use url::{Url, form_urlencoded};

use crate::error::Error;
use crate::tenant::Tenant;

/// What the visitor does on the provider's page.
pub(crate) enum Deed {
    SignIn(String),
    SignUp(String),
    Cancel,
}

/// Opens an authorization URL, does the deed and returns where the browser is sent: the
/// callback's URL.
pub(crate) async fn visit(tenant: Arc<Tenant>, url: String, deed: Deed) -> Result<String, Error> {
    let endpoint = tenant.endpoint();
    let path = url.strip_prefix(endpoint).filter(|path| path.starts_with("/oidc/auth?"));
    let path =
        path.ok_or_else(|| Error::new(format!("no authorization URL of {endpoint}: {url}")))?;
    // The address for browsers may not work from this machine.
    let local = tenant.local();
    let client = client()?;
    let location = redirect(client.get(format!("{local}{path}")).send().await).await?;
    if !location.starts_with('/') {
        // The provider answered at once, most likely with an error.
        return Ok(location);
    }
    let page = Url::parse(&format!("{local}{location}"))
        .map_err(|error| Error::new(format!("the provider redirects to {location}: {error}")))?;
    let (_, interaction) = page
        .query_pairs()
        .find(|(name, _)| name == "interaction")
        .ok_or_else(|| Error::new("the provider's page has no interaction"))?;
    let (path, username) = match &deed {
        Deed::SignIn(username) => ("/sign-in", username.as_str()),
        Deed::SignUp(username) => ("/register", username.as_str()),
        Deed::Cancel => ("/cancel", ""),
    };
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("interaction", &interaction)
        .append_pair("username", username)
        .finish();
    let request = client.post(format!("{local}{path}"));
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    redirect(request.send().await).await
}

pub(crate) fn client() -> Result<Client, Error> {
    let client = Client::builder().tls_certs_only([]).no_proxy().redirect(Policy::none()).build();
    client.map_err(|error| Error::new(format!("cannot build an HTTP client: {error}")))
}

/// Where an answer redirects to. Any other answer is an error that quotes it.
async fn redirect(response: reqwest::Result<Response>) -> Result<String, Error> {
    let unreachable = |error| Error::new(format!("the provider does not answer: {error}"));
    let response = response.map_err(unreachable)?;
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    if let Some(location) = location {
        return Ok(location.to_string());
    }
    let status = response.status();
    let body = response.text().await.map_err(unreachable)?;
    Err(Error::new(format!("the provider answered {status}: {}", gist(&body))))
}

/// The problem that a page shows, or the whole answer if it is not a page.
fn gist(body: &str) -> &str {
    let alert = body.split("role=\"alert\">").nth(1).and_then(|rest| rest.split('<').next());
    let title = || body.split("<h1>").nth(1).and_then(|rest| rest.split('<').next());
    alert.or_else(title).unwrap_or(body)
}
