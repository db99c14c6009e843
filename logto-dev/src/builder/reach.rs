//! Where the provider listens, and what browsers call it.

use std::net::IpAddr;

use super::Builder;

impl Builder {
    /// Sets the address that the provider listens on. **(default: `127.0.0.1`)**
    ///
    /// `0.0.0.0` are all of this machine, as a container needs it; the provider is then
    /// `http://127.0.0.1:<port>` to browsers unless [`endpoint()`](Self::endpoint) says
    /// otherwise. Anybody who reaches it signs in as anybody. A release build does not
    /// start with an address that other machines reach.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.settings.reach.address = address.into();
        self
    }

    /// Sets the port that the provider listens on. **(default: `0`, any that is free)**
    pub fn port(mut self, port: u16) -> Self {
        self.settings.reach.port = port;
        self
    }

    /// Sets what browsers and the application call the provider, as
    /// `http://192.168.1.5:3001`, where that is not its address: in a container, behind a
    /// proxy, or for a phone. **(default: `http://<address>:<port>`)**
    ///
    /// Its issuer and all its endpoints begin with it. It has no path. A release build does
    /// not start with one of another machine.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.settings.reach.endpoint = Some(endpoint.into());
        self
    }
}
