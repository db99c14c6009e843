//! What a configuration must satisfy beyond its types, and what follows from it.

mod addresses;
mod cookies;
mod metadata;
mod numbers;
mod paths;
mod placeholders;
mod redis;
mod sign_in;

use std::time::Duration;

use rocket::figment::Figment;

use self::cookies::Secrets;
use super::Config;
use super::extract::extract;
use super::keys::{is_within, list_of, may_show};
use super::place::place;
use super::problem::{ConfigError, Problem};
use super::shape::no_tables;
use super::source::{STAND_IN, with_environment};
use crate::location::Site;
use crate::resource::ResourceMetadata;
use crate::sender::Origins;

/// A valid configuration, with what follows from it.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) config: Config,
    /// Empty in an API without sign-in.
    pub(crate) app_id: String,
    /// Whether users sign in here.
    pub(crate) signs_in: bool,
    /// `{endpoint}/oidc`.
    pub(crate) issuer: String,
    /// The internal endpoint, without a trailing slash.
    pub(crate) internal_endpoint: Option<String>,
    pub(crate) site: Site,
    pub(crate) origins: Origins,
    /// The path of the callback on this site.
    pub(crate) callback: String,
    /// The published metadata of API resources.
    pub(crate) resource_metadata: Vec<ResourceMetadata>,
    pub(crate) secure_cookies: bool,
    pub(crate) secrets: Secrets,
}

impl Checked {
    pub(crate) fn clock_skew(&self) -> Duration {
        Duration::from_secs(self.config.clock_skew)
    }

    /// The time limit of one call to Logto.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.config.timeout)
    }

    pub(crate) fn redirect_uri(&self) -> String {
        self.site.url(&self.callback)
    }

    pub(crate) fn post_sign_out_uri(&self) -> String {
        self.site.url(&self.config.post_sign_out_path)
    }
}

impl Config {
    /// Reads the table `logto` of `figment` and the environment variables `LOGTO_*`,
    /// which win, and checks everything.
    ///
    /// # Errors
    ///
    /// A key is missing, unknown, of the wrong type, a placeholder or in contradiction to
    /// another one. The error names them all, except what is wrong within a value or table that
    /// cannot be read. If `logto` is not a table or a file cannot be read, it names nothing else.
    pub fn from_figment(figment: &Figment) -> Result<Self, ConfigError> {
        read(figment).map(|checked| checked.config)
    }
}

/// Reads and checks the table `logto` of `figment` and the environment.
pub(crate) fn read(figment: &Figment) -> Result<Checked, ConfigError> {
    let mut problems = no_tables(figment);
    if problems.iter().any(|problem| problem.key.is_empty()) {
        return Err(ConfigError::new(problems));
    }
    let (figment, of_files) = with_environment(figment);
    problems.extend(of_files);
    match extract(&figment, &mut problems) {
        Some(config) => Check::new(&figment, problems).run(&config),
        None => Err(ConfigError::new(problems)),
    }
}

/// Checks `config`; `figment` says which profile is selected and what Rocket's own keys are.
pub(crate) fn check(config: &Config, figment: &Figment) -> Result<Checked, ConfigError> {
    Check::new(figment, Vec::new()).run(config)
}

struct Check<'f> {
    figment: &'f Figment,
    debug: bool,
    /// The keys whose values could not be read.
    unread: Vec<String>,
    problems: Vec<Problem>,
}

impl<'f> Check<'f> {
    /// What was found while reading is to be reported with the rest.
    fn new(figment: &'f Figment, problems: Vec<Problem>) -> Self {
        let unread = problems.iter().map(|problem| problem.key.clone()).collect();
        Self { figment, debug: figment.profile() == "debug", unread, problems }
    }

    fn run(mut self, config: &Config) -> Result<Checked, ConfigError> {
        let endpoint = self.endpoint(config);
        let internal_endpoint = self.internal_endpoint(config);
        self.app_id(config);
        let base = self.base_url(config);
        self.trusted_origins(config);
        self.placeholders(config);
        self.scopes(config);
        let resource_metadata = self.metadata(config);
        self.paths(config);
        self.app_name(config);
        self.numbers(config);
        self.redis(config);
        let secrets = self.secrets(config);
        let secure_cookies = base.as_ref().is_some_and(|base| self.secure(config, base));

        match (endpoint, base, secrets) {
            (Some(endpoint), Some(base), Some(secrets)) if self.problems.is_empty() => {
                Ok(Checked {
                    config: config.clone(),
                    app_id: config.app_id.clone().unwrap_or_default(),
                    signs_in: !config.is_api(),
                    callback: config.routes.full(&config.routes.callback),
                    issuer: format!("{endpoint}/oidc"),
                    internal_endpoint,
                    resource_metadata,
                    origins: Origins::new(&base, &config.trusted_origins),
                    site: Site::new(base),
                    secure_cookies,
                    secrets,
                })
            }
            _ => Err(ConfigError::new(self.problems)),
        }
    }
}

impl Check<'_> {
    /// Whether the value of this key is what was written, with all items of a list.
    fn is_read(&self, key: &str) -> bool {
        self.is_given(key) && self.unread.iter().all(|unread| list_of(unread) != Some(key))
    }

    /// Whether neither this key nor a table around it could not be read. Items of a list may
    /// have stand-ins.
    fn is_given(&self, key: &str) -> bool {
        self.unread.iter().all(|unread| !is_within(key, unread))
    }

    /// Adds a problem, unless it is one of what stands for a value that could not be read.
    fn problem(&mut self, key: &str, value: Option<&str>, message: &str, fix: impl Into<String>) {
        let is_real = match value {
            // Of a list, the item.
            Some(value) => !value.contains(STAND_IN) && self.is_given(key),
            None => self.is_read(key),
        };
        if !is_real {
            return;
        }
        self.problems.push(Problem {
            key: key.into(),
            value: value.filter(|value| may_show(key, value)).map(Into::into),
            place: place(self.figment, key),
            message: message.into(),
            fix: fix.into(),
        });
    }
}
