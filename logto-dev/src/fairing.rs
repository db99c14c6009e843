//! A fairing that starts a provider and fills in the configuration.

use std::sync::OnceLock;

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::figment::Figment;
use rocket::figment::providers::Env;
use rocket::figment::value::Value;
use rocket::{Build, Config, Orbit, Rocket};

use crate::error::Error;
use crate::provider::Provider;
use crate::reach::is_of_this_machine;

/// How an application starts a provider.
impl Provider {
    /// Returns a fairing that gives an application a Logto to develop with.
    ///
    /// It starts a provider and sets `logto.endpoint`, `logto.app_id` and
    /// `logto.app_secret`, so it must be attached _before_ `Logto::fairing()`.
    /// If an endpoint is configured, in `Rocket.toml` or with `LOGTO_ENDPOINT`, it does
    /// nothing, in any profile. Without an endpoint, the application does not launch
    /// outside the `debug` profile. Nor does it if `Logto::fairing()` was attached before
    /// and found no endpoint: the log says what to write. If `Logto::fairing()` was
    /// attached before and is configured in code, it does nothing, and the log says so.
    ///
    /// The table `logto_dev` sets where the provider is: `address`, `port` and
    /// `endpoint`, as do the variables `LOGTO_DEV_ADDRESS`, `LOGTO_DEV_PORT` and
    /// `LOGTO_DEV_ENDPOINT`. It also adds to what the provider knows: `users`,
    /// `organizations`, `roles`, `resources`, `machine_app`, `redirect_uris`,
    /// `post_logout_redirect_uris`, `backchannel_logout_uri`,
    /// `backchannel_logout_session_required`, `generation` (`"1.42"` or `"1.37"`),
    /// `access_token_ttl` (seconds), `rotate_refresh_tokens`,
    /// `always_issue_refresh_token`, `token_exchange` and `account_center` (`"edit"`,
    /// `"read_only"` or `"off"`). `users`, `organizations` and `roles` are
    /// tables by name, and `resources` is a list of tables (`[[default.logto_dev.resources]]`);
    /// the rest is as in the [`Builder`](crate::Builder). See [`User`](crate::User) and
    /// [`MachineApp`](crate::MachineApp) for examples, and
    /// [`Builder::figment()`](crate::Builder::figment) for tests with the same users.
    ///
    /// # Security
    ///
    /// Anybody who can reach the provider can sign in as anybody. It listens on
    /// `127.0.0.1` only, unless configured otherwise. If other machines can reach it, the
    /// log warns of what that means.
    ///
    /// # In a container, or for another machine
    ///
    /// In a container that publishes ports 8000 and 3001, browsers on the host open
    /// `http://localhost:8000`:
    ///
    /// ```sh
    /// ROCKET_ADDRESS=0.0.0.0 LOGTO_DEV_ADDRESS=0.0.0.0 LOGTO_DEV_PORT=3001
    /// ```
    ///
    /// For a phone or another machine, which reaches this one at `192.168.1.5`, also set
    ///
    /// ```sh
    /// LOGTO_BASE_URL=http://192.168.1.5:8000 LOGTO_DEV_ENDPOINT=http://192.168.1.5:3001
    /// ```
    ///
    /// The application itself calls the endpoint, so it must be reachable from there too.
    /// If the endpoint is plain http, `logto.danger_allow_http` is set.
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

/// Starts a provider if no endpoint is configured.
#[derive(Default)]
struct DevelopmentProvider {
    started: OnceLock<Started>,
}

struct Started {
    provider: Provider,
    /// The application's address, if the configuration names one.
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
        if figment.contains(FAILED) {
            say_late();
            return Err(rocket);
        }
        if has_logto(&rocket) {
            log::warn!(
                "the development provider does nothing: `Logto::fairing()` has its endpoint"
            );
            log::warn!(target: INDENTED, "it is configured in code; leave `Provider::fairing()` out");
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
                Err(rocket.configure(pretend(figment)))
            }
        }
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        let Some(Started { provider, base_url }) = self.started.get() else { return };
        let local = format!("http://localhost:{}", rocket.config().port);
        if base_url.is_none() {
            // Port 0 lets the operating system choose.
            provider.tenant().app.register(&local);
        }
        let address = base_url.as_deref().unwrap_or(&local);
        let users = provider.tenant().usernames().join(", ");
        log::warn!("Signing in with the development provider at {}.", provider.endpoint());
        log::warn!(
            target: INDENTED,
            "It stands in for Logto, for development only: it asks for no password, and anybody who \
             reaches it signs in as anybody."
        );
        if let Some(danger) = provider.danger() {
            log::warn!(target: INDENTED, "{danger}");
        }
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

/// Rocket's logger indents lines with such a target.
const INDENTED: &str = "logto_dev::_";

/// Tells `Logto::fairing()` where its configuration comes from.
const PROVIDES: &str = "logto_dev_provides";

/// What `Logto::fairing()` sets when it fails, and how its routes' names begin.
const FAILED: &str = "logto_fairing_failed";
const ROUTES: &str = "logto ";

/// Whether `Logto::fairing()` was attached before, and found an endpoint.
fn has_logto(rocket: &Rocket<Build>) -> bool {
    let mut names = rocket.routes().filter_map(|route| route.name.as_deref());
    names.any(|name| name.starts_with(ROUTES))
}

fn say_late() {
    log::error!("the development provider was attached after `Logto::fairing()`, which needs it");
    log::error!(
        target: INDENTED,
        "write `.attach(Provider::fairing()).attach(Logto::fairing())`, in this order"
    );
}

fn refuse(profile: &str) {
    log::error!("the development provider runs in the `debug` profile only");
    log::error!(target: INDENTED, "this is the `{profile}` profile, and no endpoint is configured");
    log::error!(
        target: INDENTED,
        "set `logto.endpoint` in Rocket.toml, or `LOGTO_ENDPOINT` in the environment"
    );
}

async fn start(figment: &Figment) -> Result<Started, Error> {
    let base_url = setting(figment, "base_url");
    let port = figment.extract_inner::<u16>("port").unwrap_or(8000);
    let local = format!("http://localhost:{port}");
    let mut builder =
        Provider::builder().base_url(base_url.clone().unwrap_or(local)).configured(figment)?;
    // An application that sets its own id keeps it: a variable would win over what is
    // filled in.
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
    // The application refuses plain http to other machines, whose every sign-in can be read
    // and forged. Here anybody signs in as anybody anyway.
    let plain = provider.endpoint().starts_with("http://");
    let figment = match plain && !is_of_this_machine(provider.endpoint()) {
        true => figment.join(("logto.danger_allow_http", true)),
        false => figment,
    };
    figment
        .merge(("logto.endpoint", provider.endpoint()))
        .merge(("logto.app_id", provider.app_id()))
        .merge(("logto.app_secret", provider.app_secret()))
        .join(("logto.machine.app_id", provider.machine_app_id()))
        .join(("logto.machine.app_secret", provider.machine_app_secret()))
        .merge((PROVIDES, true))
}

/// The figment of a launch that fails here, with stand-ins: `Logto::fairing()` still names what is
/// wrong with its own configuration, but does not miss what would have been filled in.
fn pretend(figment: Figment) -> Figment {
    figment
        .merge(("logto.endpoint", "http://localhost"))
        .join(("logto.app_id", "logto-dev-app"))
        .merge((PROVIDES, true))
}

/// A setting of the application: the environment first, then the figment.
fn setting(figment: &Figment, key: &str) -> Option<String> {
    let variable = Env::var(&format!("LOGTO_{key}"));
    variable.or_else(|| figment.find_value(&format!("logto.{key}")).ok().map(text))
}

/// A value as text. Figment takes an unquoted `0123` for a number.
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
