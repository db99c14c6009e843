//! How an application under test is configured for the provider.

use rocket::figment::value::{Dict, Empty, Map, Value};
use rocket::figment::{self, Figment, Metadata, Profile};
use rocket::{Build, Config, Rocket};

use super::Provider;

/// The source name of the settings of a test's provider. `logto-rocket` knows it: its
/// `LOGTO_*` variables do not win over them, or a test would sign in at the Logto of an
/// exported `LOGTO_ENDPOINT`.
const SOURCE: &str = "logto-dev, started by a test";

impl Provider {
    /// Returns a configuration for an application under test.
    ///
    /// It is Rocket's default for the `debug` profile with the log off, and what
    /// [`configure()`](Self::configure) sets. It reads no file and no variable. To add to
    /// the application's own configuration, use `configure()`.
    #[must_use]
    pub fn figment(&self) -> Figment {
        Figment::from(Config::debug_default()).merge(("log_level", "off")).merge(Settings(self))
    }

    /// Makes an application under test sign in with this provider.
    ///
    /// It sets `logto.endpoint`, `logto.app_id`, `logto.app_secret`,
    /// `logto.base_url`, `logto.cookie_secret` and, for the machine-to-machine
    /// application, `logto.machine`. It removes `logto.internal_endpoint`. These win over
    /// `Rocket.toml` in every profile, and over the `LOGTO_*` variables. The rest of the
    /// application's configuration stays, such as its database pools and its
    /// `logto.scopes`. An application whose `Logto::fairing()` is configured in code does
    /// not launch, as that would lead to another Logto.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_dev::Provider;
    ///
    /// # rocket::execute(async {
    /// let provider = Provider::start().await;
    /// let rocket = provider.configure(rocket::build());
    /// let endpoint: String = rocket.figment().extract_inner("logto.endpoint").unwrap();
    /// assert_eq!(endpoint, provider.endpoint());
    /// # })
    /// ```
    #[must_use]
    pub fn configure(&self, rocket: Rocket<Build>) -> Rocket<Build> {
        let figment = rocket.figment().clone().merge(Settings(self));
        rocket.configure(figment)
    }
}

/// What an application needs to find a provider.
struct Settings<'p>(&'p Provider);

impl figment::Provider for Settings<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(SOURCE)
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let provider = self.0;
        let machine = Dict::from([
            ("app_id".into(), provider.machine_app_id().into()),
            ("app_secret".into(), provider.machine_app_secret().into()),
        ]);
        let logto = [
            ("endpoint", provider.endpoint()),
            ("app_id", provider.app_id()),
            ("app_secret", provider.app_secret()),
            ("base_url", &provider.base_url),
            ("cookie_secret", &provider.cookie_secret),
        ];
        let logto = logto.map(|(key, value)| (key.to_string(), Value::from(value)));
        // The application's own address would bypass the provider.
        let none = Value::from(Empty::None);
        let others = [("machine".to_string(), machine.into()), ("internal_endpoint".into(), none)];
        let logto: Dict = logto.into_iter().chain(others).collect();
        // Global values win over those of every profile.
        Ok(Map::from([(Profile::Global, Dict::from([("logto".into(), logto.into())]))]))
    }
}
