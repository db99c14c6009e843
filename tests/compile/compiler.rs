//! `rustc`, against the libraries that the running test was built with.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// An edition of Rust.
#[derive(Clone, Copy)]
pub(crate) struct Edition(pub(crate) &'static str);

/// Where those libraries are.
pub(crate) struct Compiler {
    /// `name=path` of each.
    pub(crate) externs: Vec<String>,
    dependencies: PathBuf,
    output: PathBuf,
}

impl Compiler {
    pub(crate) fn of_test(name: &str) -> Self {
        // Everything is built, at least with `-p logto-tests`: cargo only says where it is.
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let output = Command::new(cargo)
            .args(["test", "--no-run", "--offline", "--message-format=json", "--quiet"])
            .args(["--package", env!("CARGO_PKG_NAME"), "--test", name])
            .output()
            .expect("cargo runs");
        let libraries: Vec<_> = messages(&output.stdout).filter_map(|m| library(&m)).collect();
        assert_eq!(libraries.len(), 2, "{}", String::from_utf8_lossy(&output.stderr));
        let externs = libraries.iter().map(|(name, path)| format!("{name}={}", path.display()));
        let dependencies = libraries[0].1.parent().expect("a folder").to_owned();
        let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        Self { externs: externs.collect(), dependencies, output }
    }

    /// Where a file of a variant is.
    pub(crate) fn path(&self, variant: &str, file: &str) -> PathBuf {
        self.output.join(variant).join(file)
    }

    /// Writes `code` to a file, and returns the command that compiles it there. The variants of a
    /// file have the same name, each in its own folder.
    pub(crate) fn rustc(&self, edition: Edition, variant: &str, file: &str, code: &str) -> Command {
        let folder = self.path(variant, "");
        fs::create_dir_all(&folder).expect("a folder for the output");
        fs::write(folder.join(file), code).expect("a file is written");
        let mut command = Command::new(env::var("RUSTC").unwrap_or_else(|_| "rustc".into()));
        let externs = self.externs.iter().flat_map(|value| ["--extern", value]);
        command.arg(format!("--edition={}", edition.0)).arg(file).args(externs);
        command.arg("-L").arg(&self.dependencies).current_dir(folder);
        command
    }
}

/// The messages that cargo or rustc wrote as JSON, one a line.
pub(crate) fn messages(lines: &[u8]) -> impl Iterator<Item = Value> {
    lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

/// The name and the path of a library that handlers use.
fn library(message: &Value) -> Option<(String, PathBuf)> {
    let name = message["target"]["name"].as_str()?;
    if message["reason"] != "compiler-artifact" || !["rocket", "logto_rocket"].contains(&name) {
        return None;
    }
    let files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
    let path =
        files.map(PathBuf::from).find(|path| path.extension() == Some(OsStr::new("rlib")))?;
    Some((name.to_owned(), path))
}
