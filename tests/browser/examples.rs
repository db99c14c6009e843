//! Examples that need more than a port, as programs of their own.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, process};

use logto_dev::Provider;
use rocket::tokio::runtime::Runtime;

use crate::Application;
use crate::process::Program;
use crate::quickstart::{Quickstart, built, free_port, target_folder, unconfigured};

/// Users in a database, which has a lock file of its own.
pub(crate) struct Database {
    application: Quickstart,
    file: PathBuf,
}

impl Database {
    pub(crate) fn start() -> Self {
        // `.ci/run` builds its other parts there.
        let target = target_folder().join("examples");
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/database/Cargo.toml");
        let build = ["build", "--quiet", "--locked", "--manifest-path", manifest, "--target-dir"];
        let status = Command::new(env!("CARGO")).args(build).arg(&target).status();
        assert!(status.is_ok_and(|status| status.success()), "database does not build");
        let binary = target.join("debug/database").with_extension(env::consts::EXE_EXTENSION);
        let file = env::temp_dir().join(format!("browser-{}.db", process::id()));
        let setting = ("ROCKET_DATABASE", file.to_str().expect("its name is UTF-8"));
        let application = Quickstart::start_binary("database", &binary, &[setting]);
        Self { application, file }
    }
}

impl Application for Database {
    fn url(&self) -> String {
        self.application.url("")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for beside in ["", "-shm", "-wal"] {
            let _ = fs::remove_file(format!("{}{beside}", self.file.display()));
        }
    }
}

/// One of the instances that share sessions, here without Redis.
pub(crate) struct Instances {
    application: Quickstart,
    _provider: Provider,
    _runtime: Runtime,
}

impl Instances {
    pub(crate) fn start() -> Self {
        let port = free_port();
        let base = format!("http://localhost:{port}");
        let runtime = Runtime::new().expect("a runtime");
        let provider = runtime.block_on(Provider::builder().base_url(&base).start());
        let settings = [
            ("ROCKET_PORT", &*port.to_string()),
            ("LOGTO_BASE_URL", &base),
            ("LOGTO_SESSION_STORE", "memory"),
            ("LOGTO_ENDPOINT", provider.endpoint()),
            ("LOGTO_APP_ID", provider.app_id()),
            ("LOGTO_APP_SECRET", provider.app_secret()),
        ];
        let mut application = Quickstart::start_example("instances", &settings);
        application.base_url = base;
        Self { application, _provider: provider, _runtime: runtime }
    }
}

impl Application for Instances {
    fn url(&self) -> String {
        self.application.url("")
    }
}

/// A front end in JavaScript, with its API.
pub(crate) struct Spa {
    _program: Program,
    port: u16,
}

impl Spa {
    pub(crate) fn start() -> Self {
        let (port, api_port) = (free_port(), free_port());
        let mut command = unconfigured(&built("spa"));
        let own = [("ROCKET_PROFILE", "debug".to_owned()), ("ROCKET_PORT", port.to_string())];
        let api = [
            ("ROCKET_API_PORT", api_port.to_string()),
            ("ROCKET_API_URL", format!("http://127.0.0.1:{api_port}")),
        ];
        let program = Program::start("spa", command.envs(own).envs(api));
        // The site and the API.
        let launched = |line: &String| line.contains("Rocket has launched from");
        let lines = std::iter::from_fn(|| program.line());
        assert_eq!(lines.filter(launched).take(2).count(), 2, "{}", program.output());
        Self { _program: program, port }
    }
}

impl Application for Spa {
    fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }
}

/// Pages from templates, and the same with providers that fail.
pub(crate) struct Templates {
    application: Quickstart,
    failing: [Quickstart; 2],
}

impl Templates {
    pub(crate) fn start() -> Self {
        let application = Quickstart::start_example("templates", &[]);
        // Nobody listens at the first address, and no provider does at the second.
        let failing = ["http://127.0.0.1:9", &application.url("")].map(|endpoint| {
            let settings = [("LOGTO_ENDPOINT", endpoint), ("LOGTO_APP_ID", "app")];
            Quickstart::start_example("templates", &settings)
        });
        Self { application, failing }
    }
}

impl Application for Templates {
    fn url(&self) -> String {
        self.application.url("")
    }

    fn failing(&self) -> Vec<String> {
        self.failing.iter().map(|application| application.url("")).collect()
    }
}
