//! The table `logto_dev` of `Rocket.toml`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use rocket::figment::Figment;
use rocket::figment::providers::Env;
use serde::Deserialize;

use super::Builder;
use crate::app::MachineApp;
use crate::error::Error;
use crate::organization::{ApiResource, Organization, Role};
use crate::tenant::{AccountCenter, Generation};
use crate::user::User;

/// Fields that are not set keep their defaults.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    address: Option<IpAddr>,
    port: u16,
    endpoint: Option<String>,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    backchannel_logout_uri: Option<String>,
    backchannel_logout_session_required: Option<bool>,
    generation: Generation,
    access_token_ttl: Option<u64>,
    rotate_refresh_tokens: bool,
    always_issue_refresh_token: bool,
    token_exchange: Option<bool>,
    account_center: AccountCenter,
    machine_app: Option<MachineApp>,
    users: BTreeMap<String, User>,
    organizations: BTreeMap<String, Organization>,
    roles: BTreeMap<String, Role>,
    resources: Vec<ApiResource>,
}

impl Builder {
    /// Adds the settings under `logto_dev` in the application's configuration, and those
    /// of the environment, which win.
    pub(crate) fn configured(self, figment: &Figment) -> Result<Self, Error> {
        let variables = Env::prefixed("LOGTO_DEV_").only(&["address", "port", "endpoint"]);
        let table = figment.focus("logto_dev").merge(variables.global()).extract();
        let table: Table = table.map_err(|error| Error::new(error.to_string()))?;
        Ok(self.reached(&table).application(&table).with(table))
    }

    fn reached(mut self, table: &Table) -> Self {
        if let Some(address) = table.address {
            self = self.address(address);
        }
        if let Some(endpoint) = &table.endpoint {
            self = self.endpoint(endpoint);
        }
        self.port(table.port)
    }

    /// What the table says about the applications.
    fn application(mut self, table: &Table) -> Self {
        self.redirect_uris.extend_from_slice(&table.redirect_uris);
        self.post_logout_redirect_uris.extend_from_slice(&table.post_logout_redirect_uris);
        self.backchannel_logout_uri = table.backchannel_logout_uri.clone();
        if let Some(required) = table.backchannel_logout_session_required {
            self.backchannel_logout_session_required = required;
        }
        if let Some(app) = &table.machine_app {
            self.machine_app = app.clone();
        }
        self.settings.generation = table.generation;
        if let Some(seconds) = table.access_token_ttl {
            self.settings.access_token_ttl = Duration::from_secs(seconds);
        }
        self.settings.rotate_refresh_tokens = table.rotate_refresh_tokens;
        self.settings.always_issue_refresh_token = table.always_issue_refresh_token;
        if let Some(allowed) = table.token_exchange {
            self.settings.token_exchange = allowed;
        }
        self.settings.account_center = table.account_center;
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
