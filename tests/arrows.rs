//! The arrows between the modules of `logto-rocket`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The layers; a module imports only from lower ones. A submodule that stands
/// here is a module of its own, all others belong to the one they are in.
const LAYERS: &[&[&str]] = &[
    &["error"],
    &["scope", "resource", "claims", "location", "seal", "flight", "options", "wiped"],
    &["config", "http", "hooks", "token", "session::store"],
    &[
        "discovery",
        "jwks",
        "transaction",
        "session::record",
        "session::cookie",
        "session::memory",
        "contract",
    ],
    &["signed"],
    &["client", "jwt", "session", "revocation"],
    &["state"],
    &["guard", "answer"],
    &["protect", "routes"],
    &["fairing"],
    &["fuzz"],
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The module that a path inside the crate belongs to.
fn module(path: &str) -> String {
    let parts: Vec<_> = path.split("::").collect();
    let two = parts.iter().take(2).copied().collect::<Vec<_>>().join("::");
    if layer(&two).is_some() { two } else { parts[0].to_owned() }
}

/// The source files of the crate by their module's path.
fn sources(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("the folder of the crate") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let full = if prefix.is_empty() { name } else { format!("{prefix}::{name}") };
        if path.is_dir() {
            sources(&path, &full, found);
        } else {
            found.insert(full, fs::read_to_string(&path).expect("a source file"));
        }
    }
}

/// The paths that the `use crate::…` lines of a file name, without its tests.
fn imports(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let uses = code.split("use crate::").skip(1);
    uses.flat_map(|rest| {
        let import = rest.split(';').next().unwrap_or_default();
        match import.strip_prefix('{') {
            None => vec![import.to_owned()],
            Some(list) => list.split(',').map(|item| item.trim().to_owned()).collect(),
        }
    })
    .collect()
}

#[test]
fn every_module_imports_only_from_lower_layers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../logto-rocket/src");
    let mut found = BTreeMap::new();
    sources(&root, "", &mut found);
    assert!(found.len() > 40, "the sources were not found");

    let mut wrong = Vec::new();
    for (path, source) in
        found.iter().filter(|(path, _)| *path != "lib" && !path.ends_with("tests"))
    {
        let from = module(path);
        let Some(upper) = layer(&from) else {
            wrong.push(format!("{from} has no layer"));
            continue;
        };
        for to in imports(source).iter().map(|path| module(path)).filter(|to| *to != from) {
            match layer(&to) {
                Some(lower) if lower < upper => {}
                _ => wrong.push(format!("{from} must not import {to} ({path})")),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
