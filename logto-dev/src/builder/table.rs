//! The table `logto_dev` of `Rocket.toml`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use rocket::figment::Figment;
use rocket::figment::providers::Env;
use serde::Deserialize;

use super::Builder;
use super::unreadable::{described, no_table};
use crate::app::MachineApp;
use crate::error::Error;
use crate::organization::{ApiResource, Organization, Role};
use crate::tenant::{AccountCenter, Generation};
use crate::user::User;

/// What is not set stays as it is.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    address: Option<IpAddr>,
    port: Option<u16>,
    endpoint: Option<String>,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    backchannel_logout_uri: Option<String>,
    backchannel_logout_session_required: Option<bool>,
    generation: Option<Generation>,
    access_token_ttl: Option<u64>,
    rotate_refresh_tokens: Option<bool>,
    always_issue_refresh_token: Option<bool>,
    token_exchange: Option<bool>,
    account_center: Option<AccountCenter>,
    machine_app: Option<MachineApp>,
    users: BTreeMap<String, User>,
    organizations: BTreeMap<String, Organization>,
    roles: BTreeMap<String, Role>,
    resources: Vec<ApiResource>,
}

impl Table {
    /// Reads `table`, which is that of `figment` and what comes from elsewhere: focusing leaves
    /// out whatever is not a table.
    fn read(figment: &Figment, table: &Figment) -> Result<Self, Error> {
        match no_table(figment) {
            Some(error) => Err(error),
            None => table.extract().map_err(|error| described(&error)),
        }
    }
}

impl Builder {
    /// Adds what the table `logto_dev` of an application's configuration says, so that a test's
    /// provider knows the same users, organizations and roles as the one that
    /// [`Provider::fairing()`](crate::Provider::fairing) starts.
    ///
    /// Where the provider is, is left out: `address`, `port` and `endpoint`, and the variables
    /// `LOGTO_DEV_*`. Tests that run at once would all want one port.
    ///
    /// # Panics
    ///
    /// Panics if the table cannot be read.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_dev::Provider;
    ///
    /// fn rocket() -> rocket::Rocket<rocket::Build> {
    ///     rocket::build() // .attach(Provider::fairing()).attach(Logto::fairing())
    /// }
    ///
    /// # rocket::execute(async {
    /// let rocket = rocket();
    /// let provider = Provider::builder().figment(rocket.figment()).start().await;
    /// let rocket = provider.configure(rocket);
    /// # let _ = rocket;
    /// # })
    /// ```
    pub fn figment(self, figment: &Figment) -> Self {
        match Table::read(figment, &figment.focus("logto_dev")) {
            Ok(table) => self.application(&table).with(table),
            Err(error) => panic!("the table `logto_dev` cannot be read: {error}"),
        }
    }

    /// As [`figment()`](Self::figment), with the provider's address, for which the
    /// environment wins.
    pub(crate) fn configured(self, figment: &Figment) -> Result<Self, Error> {
        let variables = Env::prefixed("LOGTO_DEV_").only(&["address", "port", "endpoint"]);
        let table = figment.focus("logto_dev").merge(variables.global());
        let table = Table::read(figment, &table)?;
        Ok(self.reached(&table).application(&table).with(table))
    }

    fn reached(mut self, table: &Table) -> Self {
        if let Some(address) = table.address {
            self = self.address(address);
        }
        if let Some(endpoint) = &table.endpoint {
            self = self.endpoint(endpoint);
        }
        match table.port {
            Some(port) => self.port(port),
            None => self,
        }
    }

    /// What the table says about the applications.
    fn application(mut self, table: &Table) -> Self {
        self.redirect_uris.extend_from_slice(&table.redirect_uris);
        self.post_logout_redirect_uris.extend_from_slice(&table.post_logout_redirect_uris);
        if let Some(uri) = &table.backchannel_logout_uri {
            self.backchannel_logout_uri = Some(uri.clone());
        }
        if let Some(required) = table.backchannel_logout_session_required {
            self.backchannel_logout_session_required = required;
        }
        if let Some(app) = &table.machine_app {
            self.machine_app = app.clone();
        }
        if let Some(generation) = table.generation {
            self.settings.generation = generation;
        }
        if let Some(seconds) = table.access_token_ttl {
            self.settings.access_token_ttl = Duration::from_secs(seconds);
        }
        if let Some(rotate) = table.rotate_refresh_tokens {
            self.settings.rotate_refresh_tokens = rotate;
        }
        if let Some(always) = table.always_issue_refresh_token {
            self.settings.always_issue_refresh_token = always;
        }
        if let Some(allowed) = table.token_exchange {
            self.settings.token_exchange = allowed;
        }
        if let Some(center) = table.account_center {
            self.settings.account_center = center;
        }
        self
    }

    /// The users, and what they can do.
    fn with(mut self, table: Table) -> Self {
        for (name, user) in table.users {
            self = self.user(user.named(name));
        }
        for (id, organization) in table.organizations {
            self = self.organization(Organization { id, ..organization });
        }
        for (name, role) in table.roles {
            self = self.role(Role { name, ..role });
        }
        table.resources.into_iter().fold(self, Self::resource)
    }
}
