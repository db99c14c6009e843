//! What a configuration must satisfy beyond its types, and what follows from it.

mod addresses;
mod cookies;
mod metadata;
mod paths;
mod placeholders;
mod redis;

use std::time::Duration;

use rocket::figment::Figment;

use self::cookies::Secrets;
use super::Config;
use super::extract::{extract, missing_fix};
use super::keys::is_secret;
use super::problem::{ConfigError, Problem};
use super::source::{STAND_IN, place, with_environment};
use crate::location::Site;
use crate::resource::ResourceMetadata;
use crate::scope::requested_scopes;
use crate::sender::Origins;
use crate::uri::is_indicator;

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
    /// another one. The error names them all.
    pub fn from_figment(figment: &Figment) -> Result<Self, ConfigError> {
        read(figment).map(|checked| checked.config)
    }
}

/// Reads and checks the table `logto` of `figment` and the environment.
pub(crate) fn read(figment: &Figment) -> Result<Checked, ConfigError> {
    let (figment, mut problems) = with_environment(figment);
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
    /// Whether the value of this key is what was written.
    fn is_read(&self, key: &str) -> bool {
        self.unread.iter().all(|unread| {
            // An item of a list has a number as its key.
            let unread = unread.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
            key.strip_prefix(unread).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('.'))
        })
    }

    /// Adds a problem, unless it is one of what stands for a value that could not be read.
    fn problem(&mut self, key: &str, value: Option<&str>, message: &str, fix: impl Into<String>) {
        if value == Some(STAND_IN) || !self.is_read(key) {
            return;
        }
        self.problems.push(Problem {
            key: key.into(),
            value: value.filter(|_| !is_secret(key)).map(Into::into),
            place: place(self.figment, key),
            message: message.into(),
            fix: fix.into(),
        });
    }

    fn app_id(&mut self, config: &Config) {
        if config.app_id.is_some() || config.is_api() {
            return;
        }
        let mut fix = missing_fix("app_id", self.figment);
        // With a secret and without resources, it is plainly for sign-in.
        fix += match (config.app_secret.is_some(), config.resources.is_empty()) {
            _ if !self.is_read("endpoint") => "",
            (false, _) => "; for an API without sign-in, name it in `resources` instead",
            (true, false) => "; for an API without sign-in, leave `app_secret` out",
            (true, true) => "",
        };
        self.problem("app_id", None, "is missing", fix);
    }

    fn scopes(&mut self, config: &Config) {
        let options = config.sign_in_options();
        let scopes = requested_scopes(config.include_reserved_scopes, &options.scopes);
        if !scopes.iter().any(|scope| scope == "openid") && self.is_read("sign_in.scopes") {
            let fix = "add \"openid\", or leave `include_reserved_scopes` on";
            self.problem("scopes", Some(&scopes.join(" ")), "do not have `openid`", fix);
        }
        for name in config.resources.wrong_names() {
            let fix = "write ASCII letters, digits, `-` and `_`";
            self.problem("resources", Some(name), "is not a name for a resource", fix);
        }
        for resource in &options.resources {
            if !is_indicator(resource.as_bytes()) {
                let fix = "write the API identifier from the Logto Console (RFC 8707)";
                let message = "is not an absolute URI without a fragment";
                self.problem("resources", Some(resource), message, fix);
            }
        }
        if let Err(error) = options.checked_extra_params() {
            self.problem(
                "sign_in.extra_params",
                None,
                "has a parameter that is not allowed there",
                error.to_string(),
            );
        }
    }

    fn app_name(&mut self, config: &Config) {
        if config.app_name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            let fix = "write the name users know the application by, or leave the key out";
            self.problem("app_name", config.app_name.as_deref(), "is empty", fix);
        }
    }

    fn numbers(&mut self, config: &Config) {
        let (session, drain) = (&config.session, &config.drain);
        let limits = [
            ("timeout", config.timeout, 1, 60),
            ("clock_skew", config.clock_skew, 0, 300),
            ("session.idle", session.idle, 1, 400 * 24 * 60 * 60),
            ("session.absolute", session.absolute, 1, 400 * 24 * 60 * 60),
            ("session.revalidate", session.revalidate, 0, 400 * 24 * 60 * 60),
            ("session.max_cookie_bytes", session.max_cookie_bytes, 2000, 39_000),
            ("session.capacity", session.capacity, 1, u64::MAX),
            ("drain.max_bytes", drain.max_bytes, 0, 1024 * 1024 * 1024),
            ("drain.seconds", drain.seconds, 1, 600),
            ("drain.requests", drain.requests, 0, 1_000_000),
        ];
        for (key, value, least, most) in limits {
            if !(least..=most).contains(&value) {
                let fix = format!("write a number from {least} to {most}");
                self.problem(key, Some(&value.to_string()), "is out of range", fix);
            }
        }
    }
}
