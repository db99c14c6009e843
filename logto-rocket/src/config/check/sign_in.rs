//! What a sign-in asks Logto for, and in whose name.

use super::Check;
use crate::config::Config;
use crate::config::message::missing_fix;
use crate::scope::requested_scopes;
use crate::uri::is_indicator;

impl Check<'_> {
    pub(super) fn app_id(&mut self, config: &Config) {
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

    pub(super) fn scopes(&mut self, config: &Config) {
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

    pub(super) fn app_name(&mut self, config: &Config) {
        if config.app_name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            let fix = "write the name users know the application by, or leave the key out";
            self.problem("app_name", config.app_name.as_deref(), "is empty", fix);
        }
    }
}
