//! Where the provider listens, and its address for browsers.

use std::net::IpAddr;

use super::Builder;

impl Builder {
    /// Sets the address that the provider listens on. **(default: `127.0.0.1`)**
    ///
    /// `0.0.0.0` means all addresses of this machine, as a container needs; browsers then
    /// use `http://127.0.0.1:<port>` unless [`endpoint()`](Self::endpoint) is set.
    /// Anybody who reaches it signs in as anybody. A release build does not start with an
    /// address that other machines can reach.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.settings.reach.address = address.into();
        self
    }

    /// Sets the port that the provider listens on. **(default: `0`, any free one)**
    pub fn port(mut self, port: u16) -> Self {
        self.settings.reach.port = port;
        self
    }

    /// Sets the provider's address for browsers and the application, such as
    /// `http://192.168.1.5:3001`, if that is not where it listens: in a container, behind
    /// a proxy, or for a phone. **(default: `http://<address>:<port>`)**
    ///
    /// The issuer and all endpoints begin with it. It has no path. A release build does
    /// not start with another machine's address.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.settings.reach.endpoint = Some(endpoint.into());
        self
    }
}
