//! The arrows between the modules of a crate: which may import which. And their types: no
//! two have the same name.
//!
//! The layers are those of `CONTRIBUTING.md`.

mod arrows;
mod names;
mod paths;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use logto_tests::{Source, TEST};

use crate::arrows::Arrows;
use crate::table::Layers;

fn sources(name: &str) -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
    Source::of_crate(&folder, &[TEST])
}

/// What does not fit in a crate.
fn problems(name: &str) -> Vec<String> {
    let document = include_str!("../../CONTRIBUTING.md");
    Arrows::of(&sources(name)).wrong(&Layers::of(document, name))
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

/// A reader of one would have to know which of the two it is.
#[test]
fn no_two_types_of_logto_rocket_have_one_name() {
    assert_eq!(names::shared(&sources("logto-rocket")), BTreeMap::new());
}
