//! Why Logto could not be reached.

use std::env;
use std::error::Error as _;

use reqwest::Url;

use crate::error::{Error, ErrorKind};
use crate::location::is_loopback;

/// Whether the connection broke before there was any answer.
pub(super) fn is_broken(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout()
}

/// What failed, at which address, with the error of the connection, TLS or the resolver as
/// its source.
pub(super) fn unreachable(error: reqwest::Error) -> Error {
    let at = error.url().map(address).unwrap_or_default();
    let what = match (error.is_connect(), error.is_timeout()) {
        (true, false) => format!("no connection to {at}"),
        (true, true) => format!("no connection to {at} in time"),
        (false, true) => format!("no answer from {at} in time"),
        (false, false) => format!("the connection to {at} broke"),
    };
    let proxy = error.url().filter(|_| error.is_connect()).and_then(proxy);
    let proxy = proxy.map(|name| format!("; the variable {name} names a proxy"));
    // The URL is already in the message.
    let error = error.without_url();
    let trust = mistrusts(&error).then_some(
        "; the authority that issued its certificate is not trusted here: SSL_CERT_FILE can name \
         a file with it",
    );
    let detail = format!("{what}{}{}", proxy.unwrap_or_default(), trust.unwrap_or_default());
    Error::caused(ErrorKind::Unreachable, detail, error)
}

/// The address of a request, without the query.
fn address(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// The variable that names a proxy for this address.
fn proxy(url: &Url) -> Option<&'static str> {
    let names: &[&'static str] = match url.scheme() {
        _ if is_loopback(url) => &[],
        "https" => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        _ => &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    };
    names.iter().copied().find(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Whether the other side's certificate is from an authority unknown here.
fn mistrusts(error: &reqwest::Error) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        if cause.to_string().contains("UnknownIssuer") {
            return true;
        }
        next = cause.source();
    }
    false
}
