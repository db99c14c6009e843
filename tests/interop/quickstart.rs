//! The sample application, as a program of its own.

use std::env;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::process::Program;

/// Another process may take a free port before the application does.
const ATTEMPTS: usize = 5;

/// A running sample application.
pub(crate) struct Quickstart {
    program: Program,
    pub(crate) base_url: String,
}

impl Quickstart {
    /// Starts the application with `settings` as its environment. In a value, `{port}` stands
    /// for the application's port.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self::started(|port| Self::launch(port, settings))
    }

    /// The same for another example.
    #[allow(dead_code, reason = "the browser tests use it")]
    pub(crate) fn start_example(name: &'static str, settings: &[(&str, &str)]) -> Self {
        Self::start_binary(name, &built(name), settings)
    }

    /// The same of an example that is built already.
    #[allow(dead_code, reason = "the browser tests use it")]
    pub(crate) fn start_binary(
        name: &'static str,
        binary: &Path,
        settings: &[(&str, &str)],
    ) -> Self {
        Self::started(|port| {
            let mut command = unconfigured(binary);
            command.env("ROCKET_PROFILE", "debug").env("ROCKET_PORT", port.to_string());
            // One has a port of its own choice for its provider.
            command.env("ROCKET_CLI_COLORS", "0").env("LOGTO_DEV_PORT", "0");
            Program::start(name, command.envs(settings.iter().copied()))
        })
    }

    fn started(launch: impl Fn(u16) -> Program) -> Self {
        for _ in 0..ATTEMPTS {
            let port = free_port();
            let program = launch(port);
            while let Some(line) = program.line() {
                if line.contains("Rocket has launched from") {
                    return Self { program, base_url: format!("http://localhost:{port}") };
                }
            }
            program.output_with("in use");
        }
        panic!("no port is free");
    }

    /// Starts the application without waiting for its launch.
    pub(crate) fn launch(port: u16, settings: &[(&str, &str)]) -> Program {
        let port = port.to_string();
        static BINARY: OnceLock<PathBuf> = OnceLock::new();
        let mut command = unconfigured(BINARY.get_or_init(|| built("quickstart")));
        let settings = settings.iter().map(|(name, value)| (name, value.replace("{port}", &port)));
        let usual = [("ROCKET_PROFILE", "debug"), ("ROCKET_PORT", &port)];
        command.envs(usual).env("ROCKET_CLI_COLORS", "0").envs(settings);
        Program::start("quickstart", &mut command)
    }

    /// The address of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// The log, once `text` is in it.
    pub(crate) fn log_with(&self, text: &str) -> String {
        self.program.output_with(text)
    }
}

/// Returns a port that nobody is using now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are free ports");
    listener.local_addr().expect("it is bound").port()
}

/// Where cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    profile_folder().parent().expect("profiles have a parent").to_owned()
}

/// Where the binaries of this test's profile are.
fn profile_folder() -> PathBuf {
    // target/<profile>/deps/<this test>
    let test = env::current_exe().expect("it runs");
    test.ancestors().nth(2).expect("cargo put it there").to_owned()
}

/// A command that nothing in the tests' own environment configures.
pub(crate) fn unconfigured(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    // It must not find the Rocket.toml in its own folder.
    command.current_dir(env::temp_dir());
    for (name, _) in env::vars_os() {
        let inherited = name.to_string_lossy();
        if inherited.starts_with("LOGTO_") || inherited.starts_with("ROCKET_") {
            command.env_remove(name);
        }
    }
    command
}

/// The binary of an example, built in the profile of these tests.
pub(crate) fn built(example: &str) -> PathBuf {
    let folder = profile_folder();
    let profile = folder.file_name().expect("it is a profile's").to_string_lossy();
    let profile = if profile == "debug" { "dev" } else { &profile };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "-p", example, "--profile", profile, "--target-dir"])
        .arg(target_folder())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{example} does not build");
    folder.join(format!("{example}{}", env::consts::EXE_SUFFIX))
}
