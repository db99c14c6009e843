//! Where the provider listens, its address for browsers, and who can reach it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use crate::error::Error;

/// Where the provider listens, and its address for browsers.
pub(crate) struct Reach {
    pub(crate) address: IpAddr,
    /// 0 means any free one.
    pub(crate) port: u16,
    /// The address for browsers and the application, if another one.
    pub(crate) endpoint: Option<String>,
}

impl Default for Reach {
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST.into(), port: 0, endpoint: None }
    }
}

impl Reach {
    /// Checks that the provider may be reached like this, and writes the endpoint as an
    /// origin. In a release build, only this machine may reach it.
    pub(crate) fn checked(mut self, release: bool) -> Result<Self, Error> {
        if let Some(given) = &self.endpoint {
            let origin = origin(given).ok_or_else(|| {
                Error::new(format!(
                    "the endpoint `{given}` is not an http or https address without a path; write one, \
                     such as `http://192.168.1.5:3001`"
                ))
            })?;
            self.endpoint = Some(origin);
        }
        if release && self.is_open() {
            return Err(Error::new(
                "a release build does not let other machines reach it: anybody who did would sign \
                 in as anybody",
            ));
        }
        Ok(self)
    }

    /// Whether other machines can reach the provider, or are meant to.
    fn is_open(&self) -> bool {
        !self.address.is_loopback()
            || self.endpoint.as_ref().is_some_and(|endpoint| !is_of_this_machine(endpoint))
    }

    /// The address at which this machine reaches the provider.
    pub(crate) fn local(&self, port: u16) -> String {
        let address = match self.address {
            IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            address => address,
        };
        format!("http://{}", SocketAddr::new(address, port))
    }

    /// The warning about a provider that others can reach.
    pub(crate) fn danger(&self, port: u16) -> Option<String> {
        let listens = SocketAddr::new(self.address, port);
        let called = match &self.endpoint {
            Some(endpoint) => format!("{listens} and is called {endpoint}"),
            None => listens.to_string(),
        };
        let danger = || {
            format!(
                "DANGER: it listens on {called}, so other machines may reach it, and anybody who \
                 does signs in as anybody and changes anybody. Keep anything that matters out \
                 of this application."
            )
        };
        self.is_open().then(danger)
    }
}

/// Whether only this machine can reach this endpoint.
pub(crate) fn is_of_this_machine(endpoint: &str) -> bool {
    let url = Url::parse(endpoint).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The origin, if the address has nothing else.
fn origin(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let origin = url.origin().ascii_serialization();
    let plain = matches!(url.scheme(), "http" | "https") && url.as_str() == format!("{origin}/");
    plain.then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(address: &str, endpoint: Option<&str>) -> Reach {
        let endpoint = endpoint.map(str::to_string);
        Reach { address: address.parse().expect("an address"), port: 3001, endpoint }
    }

    #[test]
    fn a_release_build_lets_no_other_machine_reach_it() {
        for (address, endpoint, open) in [
            ("127.0.0.1", None, false),
            ("127.0.0.2", Some("http://logto.localhost:3001"), false),
            ("::1", Some("http://[::1]:3001"), false),
            ("0.0.0.0", None, true),
            ("::", None, true),
            ("192.168.1.5", None, true),
            ("127.0.0.1", Some("https://login.example.com"), true),
            ("0.0.0.0", Some("http://localhost:3001"), true),
        ] {
            assert!(reach(address, endpoint).checked(false).is_ok(), "{address}");
            let refused = reach(address, endpoint).checked(true).err();
            let refused = refused.map(|error| error.to_string());
            assert_eq!(refused.is_some(), open, "{address} {endpoint:?}: {refused:?}");
            let danger = reach(address, endpoint).danger(3001);
            assert_eq!(danger.is_some(), open, "{address} {endpoint:?}: {danger:?}");
        }
    }

    #[test]
    fn an_endpoint_is_an_address_without_a_path() {
        for (given, taken) in [
            ("http://192.168.1.5:3001", Some("http://192.168.1.5:3001")),
            ("HTTPS://Login.Example.com:443/", Some("https://login.example.com")),
            ("https://example.com/logto", None),
            ("https://example.com/?a=b", None),
            ("https://example.com/#a", None),
            ("https://alice@example.com", None),
            ("ftp://example.com", None),
            ("192.168.1.5:3001", None),
            ("", None),
        ] {
            let checked = reach("127.0.0.1", Some(given)).checked(false);
            assert_eq!(checked.ok().and_then(|reach| reach.endpoint).as_deref(), taken, "{given}");
        }
    }
}
