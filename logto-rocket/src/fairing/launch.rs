//! What the launch says: what to register, and what looks like a mistake.

use rocket::figment::Figment;
use rocket::{Orbit, Rocket};

use crate::config::{unknown_tables, unknown_variables};
use crate::logto::Logto;
use crate::scope::UserScope;

/// What `logto_dev::Provider::fairing()` sets when it provides the configuration.
const DEVELOPMENT: &str = "logto_dev_provides";

/// Whether `logto-dev` stands in for Logto.
pub(super) fn is_development(figment: &Figment) -> bool {
    figment.contains(DEVELOPMENT)
}

/// Warns of what looks like ours and is not read.
pub(super) fn warn_of_unread(figment: &Figment) {
    let variables = unknown_variables();
    if !variables.is_empty() {
        log::warn!("logto: ignoring unknown environment variables: {}", variables.join(", "));
    }
    let tables = unknown_tables(figment);
    if !tables.is_empty() {
        log::warn!("logto: ignoring unknown tables: {}", tables.join(", "));
    }
}

pub(super) fn say(rocket: &Rocket<Orbit>, logto: &Logto) {
    let config = rocket.config();
    if config.profile == "debug" {
        say_for_development(rocket, logto);
    } else if logto.signs_in() && logto.site().is_plain_http() {
        log::warn!("logto: `base_url` is plain http: others can read the cookies on their way");
    }
    if config.log_level == rocket::config::LogLevel::Debug && config.profile != "debug" {
        log::warn!("logto: the log level `debug` prints whole requests, including their cookies");
    }
}

fn say_for_development(rocket: &Rocket<Orbit>, logto: &Logto) {
    for metadata in logto.resource_metadata() {
        log::info!("logto: resource metadata at {}", metadata.address());
    }
    if !logto.signs_in() {
        log::info!("logto: no `app_id`: an API without sign-in");
        return;
    }
    match is_development(rocket.figment()) {
        true => warn_of_unregistered(rocket, logto),
        false => say_what_to_register(logto),
    }
    warn_of_port(logto, rocket.config().port);
}

/// Only without resources: the permissions of an API can have any name.
pub(super) fn warn_of_scopes(logto: &Logto) {
    let options = logto.config().sign_in_options();
    if !options.resources.is_empty() {
        return;
    }
    for scope in options.scopes {
        if let Some(meant) = UserScope::misspelt(&scope) {
            log::warn!(
                "logto: the scope `{scope}` is not one of Logto's own; did you mean `{meant}`?"
            );
        }
    }
}

/// The addresses that Logto must know, each with its key in the table `logto_dev`, and its path
/// there unless something else is configured.
fn addresses(logto: &Logto) -> [(&'static str, &'static str, String); 3] {
    let (config, site) = (logto.config(), logto.site());
    let backchannel = config.routes.full(&config.routes.backchannel_logout);
    [
        ("redirect_uris", "/callback", site.url(logto.callback())),
        ("post_logout_redirect_uris", "/", site.url(&config.post_sign_out_path)),
        ("backchannel_logout_uri", "/backchannel-logout", site.url(&backchannel)),
    ]
}

/// Logto answers an unregistered address with JSON, and nothing comes back here.
fn say_what_to_register(logto: &Logto) {
    log::info!("logto: register at {}, for {}:", logto.config().endpoint, logto.app_id());
    let [redirect, post_sign_out, backchannel] = addresses(logto).map(|(_, _, address)| address);
    log::info!("logto:   redirect URI {redirect}");
    log::info!("logto:   post sign-out redirect URI {post_sign_out}");
    log::info!("logto:   back-channel logout URI {backchannel}");
}

/// `logto-dev` registers the usual addresses itself.
fn warn_of_unregistered(rocket: &Rocket<Orbit>, logto: &Logto) {
    for (key, usual, address) in addresses(logto) {
        let given = rocket.figment().extract_inner::<Vec<String>>(&format!("logto_dev.{key}"));
        let one = rocket.figment().extract_inner::<String>(&format!("logto_dev.{key}")).ok();
        let mut given = given.into_iter().flatten().chain(one);
        if address != logto.site().url(usual) && given.all(|given| given != address) {
            log::warn!(
                "logto: `logto_dev` does not know {address}; write it as `{key}` under \
                 `[default.logto_dev]` in Rocket.toml"
            );
        }
    }
}

fn warn_of_port(logto: &Logto, port: u16) {
    if let Some(other) = logto.site().local_port().filter(|other| *other != port) {
        log::warn!(
            "logto: `base_url` has port {other}, but Rocket listens on {port}; unless something \
             forwards requests, browsers will not return from Logto"
        );
    }
}
