//! The provider on Node, as the tests see it.

use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::node;
use crate::process::Program;
use crate::quickstart::Quickstart;

/// A running provider.
pub(crate) struct Provider {
    program: Program,
    pub(crate) endpoint: String,
    app_id: String,
    app_secret: String,
}

impl Provider {
    /// Starts oidc-provider in Logto 1.42's version.
    pub(crate) fn start() -> Option<Self> {
        Self::of("oidc-provider")
    }

    /// Starts a package; if it cannot run, `None` and a line about why.
    pub(crate) fn of(package: &str) -> Option<Self> {
        static INSTALLED: OnceLock<Result<(), String>> = OnceLock::new();
        let folder = node::folder("interop");
        if let Err(reason) = INSTALLED.get_or_init(|| node::install(&folder)) {
            node::skip(reason);
            return None;
        }
        let mut command = Command::new("node");
        command.args(["provider.js", package]).current_dir(folder);
        let program = Program::start("provider", &mut command);
        let ready = parse(&program);
        let text = |value: &Value| value.as_str().expect("it is text").to_owned();
        Some(Self {
            program,
            endpoint: text(&ready["endpoint"]),
            app_id: text(&ready["app"]["id"]),
            app_secret: text(&ready["app"]["secret"]),
        })
    }

    /// The application's, and the machine's too.
    pub(crate) fn app_secret(&self) -> &str {
        &self.app_secret
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}/oidc", self.endpoint)
    }

    /// Starts the application with this provider, and registers it here.
    pub(crate) fn application(&mut self) -> Quickstart {
        self.application_with(&[])
    }

    /// Starts the application with settings that override the usual ones.
    pub(crate) fn application_with(&mut self, settings: &[(&str, &str)]) -> Quickstart {
        let mut all = vec![
            ("LOGTO_ENDPOINT", self.endpoint.as_str()),
            ("LOGTO_APP_ID", self.app_id.as_str()),
            ("LOGTO_APP_SECRET", self.app_secret.as_str()),
            ("LOGTO_BASE_URL", "http://localhost:{port}"),
            ("LOGTO_RESOURCES", "https://api.example.com"),
        ];
        all.extend(settings);
        let application = Quickstart::start(&all);
        self.set(&json!({ "baseUrl": application.base_url }));
        application
    }

    /// Changes settings, and returns the state.
    pub(crate) fn set(&mut self, changes: &Value) -> State {
        self.program.tell(&changes.to_string());
        State(parse(&self.program))
    }

    pub(crate) fn state(&mut self) -> State {
        self.set(&json!({}))
    }
}

fn parse(program: &Program) -> Value {
    let line = program.line().expect("the provider runs");
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("the provider says {line}"))
}

/// What happened at the provider.
#[derive(Debug)]
pub(crate) struct State(Value);

impl State {
    /// How often a path was requested.
    pub(crate) fn requests(&self, path: &str) -> u64 {
        self.0["requests"][path].as_u64().unwrap_or(0)
    }

    /// How often tokens were refreshed.
    pub(crate) fn refreshes(&self) -> u64 {
        self.0["refreshes"].as_u64().expect("it is counted")
    }

    /// How many refresh tokens are still usable.
    pub(crate) fn refresh_tokens(&self) -> u64 {
        self.0["refreshTokens"].as_u64().expect("it is counted")
    }
}
