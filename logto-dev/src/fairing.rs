//! The demo's door: a fairing that fills in the configuration.

use std::sync::OnceLock;

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::figment::Figment;
use rocket::figment::providers::Env;
use rocket::figment::value::Value;
use rocket::{Build, Config, Orbit, Rocket};

use crate::error::Error;
use crate::provider::Provider;

/// How an application starts a provider.
impl Provider {
    /// Returns a fairing that gives an application a Logto to develop with.
    ///
    /// It starts a provider and sets `logto.endpoint`, `logto.app_id` and
    /// `logto.app_secret`, so it must be attached _before_ `Logto::fairing()`.
    /// Where an endpoint is configured, in `Rocket.toml` or by
    /// `LOGTO_ENDPOINT`, it does nothing, in any profile. Without an endpoint,
    /// and outside the `debug` profile, the application does not launch.
    ///
    /// The table `logto_dev` adds to what the provider knows: `users`,
    /// `organizations`, `roles`, `resources`, `machine_app`, `redirect_uris`,
    /// `post_logout_redirect_uris`, `backchannel_logout_uri`,
    /// `backchannel_logout_session_required`, `generation` (`"1.42"` or
    /// `"1.37"`), `access_token_ttl` (seconds), `rotate_refresh_tokens`,
    /// `always_issue_refresh_token` and `token_exchange`. They mean what the
    /// methods of [`Builder`](crate::Builder) of the same names do. See
    /// [`User`](crate::User) and [`MachineApp`](crate::MachineApp) for examples.
    ///
    /// # Security
    ///
    /// Anybody who reaches the provider signs in as anybody. It listens on
    /// `127.0.0.1` only.
    ///
    /// # Example
    ///
    /// ```rust,no_run
    /// use logto_dev::Provider;
    ///
    /// #[rocket::launch]
    /// fn rocket() -> _ {
    ///     rocket::build().attach(Provider::fairing()) // .attach(Logto::fairing())
    /// }
    /// ```
    pub fn fairing() -> impl Fairing {
        DevelopmentProvider::default()
    }
}

/// Starts a provider where no endpoint is configured.
#[derive(Default)]
struct DevelopmentProvider {
    started: OnceLock<Started>,
}

struct Started {
    provider: Provider,
    /// The application's address, where the configuration names one.
    base_url: Option<String>,
}

#[rocket::async_trait]
impl Fairing for DevelopmentProvider {
    fn info(&self) -> Info {
        let kind = Kind::Ignite | Kind::Liftoff | Kind::Shutdown;
        Info { name: "Development provider", kind }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        let figment = rocket.figment().clone();
        if setting(&figment, "endpoint").is_some() {
            return Ok(rocket);
        }
        if figment.profile() != Config::DEBUG_PROFILE {
            refuse(figment.profile().as_str().as_str());
            return Err(rocket);
        }
        match start(&figment).await {
            Ok(started) => {
                let figment = fill_in(figment, &started.provider);
                // A rocket ignites once, so nothing was here before.
                let _ = self.started.set(started);
                Ok(rocket.configure(figment))
            }
            Err(problem) => {
                log::error!("the development provider did not start");
                log::error!(target: INDENTED, "{problem}");
                Err(rocket)
            }
        }
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        let Some(Started { provider, base_url }) = self.started.get() else { return };
        let local = format!("http://localhost:{}", rocket.config().port);
        if base_url.is_none() {
            // The port was the operating system's choice, if it was 0.
            provider.tenant().app.register(&local);
        }
        let address = base_url.as_deref().unwrap_or(&local);
        let users = provider.tenant().usernames().join(", ");
        log::warn!("Signing in with the development provider at {}.", provider.endpoint());
        log::warn!(target: INDENTED, "It stands in for Logto, for development only: it asks for no password.");
        log::warn!(target: INDENTED, "Open {address} and sign in as one of: {users}.");
        log::warn!(target: INDENTED, "To change the users, open {}.", provider.endpoint());
        log::warn!(target: INDENTED, "To use Logto, configure `logto.endpoint`.");
    }

    async fn on_shutdown(&self, _: &Rocket<Orbit>) {
        if let Some(started) = self.started.get() {
            started.provider.stop().await;
        }
    }
}

/// Rocket's logger indents what goes to such a target.
const INDENTED: &str = "logto_dev::_";

fn refuse(profile: &str) {
    log::error!("the development provider runs in the `debug` profile only");
    log::error!(target: INDENTED, "this is the `{profile}` profile, and no endpoint is configured");
    log::error!(
        target: INDENTED,
        "set `logto.endpoint`, `logto.app_id` and `logto.app_secret` in Rocket.toml, or \
         `LOGTO_ENDPOINT`, `LOGTO_APP_ID` and `LOGTO_APP_SECRET` in the environment"
    );
}

async fn start(figment: &Figment) -> Result<Started, Error> {
    let base_url = setting(figment, "base_url");
    let port = figment.extract_inner::<u16>("port").unwrap_or(8000);
    let local = format!("http://localhost:{port}");
    let mut builder =
        Provider::builder().base_url(base_url.clone().unwrap_or(local)).configured(figment)?;
    // An application that names itself keeps its name: a variable would win
    // over what is filled in.
    if let Some(id) = setting(figment, "app_id") {
        builder = builder.app_id(id);
    }
    if let Some(secret) = setting(figment, "app_secret") {
        builder = builder.app_secret(secret);
    }
    let provider = builder.try_start().await?;
    Ok(Started { provider, base_url })
}

/// The figment with what an application needs to find the provider.
fn fill_in(figment: Figment, provider: &Provider) -> Figment {
    figment
        .merge(("logto.endpoint", provider.endpoint()))
        .merge(("logto.app_id", provider.app_id()))
        .merge(("logto.app_secret", provider.app_secret()))
        .join(("logto.machine.app_id", provider.machine_app_id()))
        .join(("logto.machine.app_secret", provider.machine_app_secret()))
}

/// A setting of the application: the environment first, then the figment.
fn setting(figment: &Figment, key: &str) -> Option<String> {
    let variable = Env::var(&format!("LOGTO_{key}"));
    variable.or_else(|| figment.find_value(&format!("logto.{key}")).ok().map(text))
}

/// A value as text. Figment takes `0123` for a number where quotes are missing.
fn text(value: Value) -> String {
    match value {
        Value::String(_, text) => text,
        Value::Num(_, number) => {
            let number = number.to_u128().map(|number| number.to_string());
            number.unwrap_or_default()
        }
        _ => String::new(),
    }
}
