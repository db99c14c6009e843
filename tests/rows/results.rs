//! What `cargo test` says about the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::sources::{Target, Test};

/// The results, by target and name.
#[derive(Default)]
pub(crate) struct Results(BTreeMap<(Target, String), String>);

impl Results {
    /// Runs all tests of the targets of `tests`, and then, each alone, those of
    /// `tests` that are ignored for the time or the quiet they need.
    pub(crate) fn of_running(root: &Path, tests: &[Test]) -> Self {
        let targets: BTreeSet<_> = tests.iter().map(|test| &test.target).collect();
        let mut results = Self::default();
        for target in targets {
            results.add(root, target, &[]);
        }
        for test in tests {
            if results.of(test).starts_with("ignored") {
                results.add(root, &test.target, &["--", "--ignored", "--exact", &test.name]);
            }
        }
        results
    }

    fn add(&mut self, root: &Path, target: &Target, more: &[&str]) {
        let output = Command::new(env!("CARGO"))
            .current_dir(root)
            // A test that skipped itself for want of a program proves nothing.
            .env("TESTS_REQUIRE_ALL", "1")
            .args(["test", "--package", &target.package])
            .args(target.arguments())
            .args(more)
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo runs");
        self.0.extend(Self::parsed(target, &String::from_utf8_lossy(&output.stdout)).0);
    }

    /// Reads lines such as `test callback::a_sentence ... ok`.
    pub(crate) fn parsed(target: &Target, output: &str) -> Self {
        let lines = output.lines().filter_map(|line| line.strip_prefix("test "));
        let results = lines.filter_map(|line| line.rsplit_once(" ... "));
        let named = |(name, result): (&str, &str)| {
            let name = name.trim_end_matches(" - should panic");
            ((target.clone(), name.to_owned()), result.to_owned())
        };
        Self(results.map(named).collect())
    }

    pub(crate) fn of(&self, test: &Test) -> &str {
        let key = (test.target.clone(), test.name.clone());
        self.0.get(&key).map_or("not run", String::as_str)
    }
}

impl Target {
    fn arguments(&self) -> Vec<&str> {
        match &self.binary {
            Some(binary) => vec!["--test", binary],
            None => vec!["--lib"],
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.binary.as_deref().unwrap_or(&self.package))
    }
}
