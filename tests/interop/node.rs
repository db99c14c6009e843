//! Node and npm, which not every machine has.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest version that the packages run on.
const OLDEST: u32 = 20;

/// Reports that a test is skipped, and why. With `TESTS_REQUIRE_ALL=1` nothing may be missing.
pub(crate) fn skip(reason: &str) {
    let required = env::var_os("TESTS_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!required, "TESTS_REQUIRE_ALL is set, and {reason}");
    let gist: Vec<_> = reason.lines().take(2).collect();
    // Not `eprintln!`, which nobody sees if the test passes.
    let _ = writeln!(io::stderr(), "skipped: {}", gist.join(" "));
}

/// A folder of these tests, by its name.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Makes sure that the packages of `folder` are installed as its lock file says.
///
/// # Errors
///
/// If Node or npm is missing or too old, or if the packages could not be fetched.
pub(crate) fn install(folder: &Path) -> Result<(), String> {
    let version = run("node", &["--version"], folder)?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok());
    if major.is_none_or(|major: u32| major < OLDEST) {
        return Err(format!("Node is {}, older than {OLDEST}", version.trim()));
    }
    // Tests in other processes may want the same.
    let lock = File::create(env::temp_dir().join("logto-tests-npm.lock")).and_then(|file| {
        file.lock()?;
        Ok(file)
    });
    let _lock = lock.map_err(|error| format!("cannot lock the packages: {error}"))?;
    if is_installed(folder) {
        return Ok(());
    }
    run("npm", &["ci"], folder).map(drop)
}

/// npm writes a lock file of its own into `node_modules` when it is done.
fn is_installed(folder: &Path) -> bool {
    let changed = |path: &str| fs::metadata(folder.join(path)).and_then(|file| file.modified());
    match (changed("node_modules/.package-lock.json"), changed("package-lock.json")) {
        (Ok(installed), Ok(wanted)) => installed >= wanted,
        _ => false,
    }
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<String, String> {
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    let output = output.map_err(|error| format!("`{program}` does not start: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{program} {}` failed:\n{}", arguments.join(" "), said.trim()))
}
