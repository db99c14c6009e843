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
    /// Runs all tests of `targets`, whatever comes out.
    pub(crate) fn of_running(root: &Path, targets: &BTreeSet<Target>) -> Self {
        let mut results = BTreeMap::new();
        for target in targets {
            let output = Command::new(env!("CARGO"))
                .current_dir(root)
                .args(["test", "--package", &target.package])
                .args(target.arguments())
                .stderr(Stdio::inherit())
                .output()
                .expect("cargo runs");
            results.extend(Self::parsed(target, &String::from_utf8_lossy(&output.stdout)).0);
        }
        Self(results)
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
