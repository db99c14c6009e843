//! The arrows between the modules of a crate: which may import which.
//!
//! The layers are those of `CONTRIBUTING.md`.

mod arrows;
mod paths;
mod table;
#[cfg(test)]
mod tests;

use std::path::Path;

use logto_tests::{Source, TEST};

use crate::arrows::Arrows;
use crate::table::Layers;

/// What does not fit in a crate.
fn problems(name: &str) -> Vec<String> {
    let document = include_str!("../../CONTRIBUTING.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
    let arrows = Arrows::of(&Source::of_crate(&folder, &[TEST]));
    arrows.wrong(&Layers::of(document, name))
}

#[test]
fn a_module_of_logto_rocket_imports_only_from_lower_layers() {
    let wrong = problems("logto-rocket");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_module_of_logto_dev_imports_only_from_lower_layers() {
    let wrong = problems("logto-dev");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
