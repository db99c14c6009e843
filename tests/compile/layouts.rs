//! Protected routes in every layout of modules, in every edition, without a warning.
//!
//! Each file of `layouts/` is compiled with all warnings and future-compatibility lints
//! denied. It must also compile without the attribute: otherwise it would say nothing about us.

mod compiler;
mod plain;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, thread};

use crate::compiler::{Compiler, Edition};
use crate::plain::without_the_attribute;

const EDITIONS: [Edition; 3] = [Edition("2018"), Edition("2021"), Edition("2024")];

/// What another layout imports.
const LIBRARY: &str = "library.rs";

#[test]
fn no_layout_of_modules_gives_a_warning() {
    let compiler = Compiler::of_test("layouts");
    let variants = EDITIONS.map(|edition| [(edition, "plain"), (edition, "protected")]);
    let failures = thread::scope(|scope| {
        let compile = |(edition, variant)| {
            let compiler = &compiler;
            scope.spawn(move || compile_all(compiler, edition, variant))
        };
        let running: Vec<_> = variants.into_iter().flatten().map(compile).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("an end")).collect::<Vec<_>>()
    });
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

/// Compiles each layout, the library first; returns what the compiler says.
fn compile_all(compiler: &Compiler, edition: Edition, variant: &str) -> Vec<String> {
    let library = layouts().into_iter().filter(|path| path.ends_with(LIBRARY));
    let others = layouts().into_iter().filter(|path| !path.ends_with(LIBRARY));
    let all: Vec<_> = library.chain(others).collect();
    assert!(all.len() >= 9, "only {} layouts", all.len());
    all.iter().filter_map(|path| compile(compiler, edition, variant, path).err()).collect()
}

fn compile(
    compiler: &Compiler,
    edition: Edition,
    variant: &str,
    path: &Path,
) -> Result<(), String> {
    let file = path.file_name().and_then(OsStr::to_str).expect("a name");
    let protected = fs::read_to_string(path).expect("a file");
    let code = if variant == "plain" { without_the_attribute(&protected) } else { protected };
    let folder = format!("{variant}-{}", edition.0);
    let mut rustc = compiler.rustc(edition, &folder, file, &code);
    if file == LIBRARY {
        rustc.arg("--crate-type=rlib");
    } else if path.ends_with("routes-of-a-library.rs") {
        let library = compiler.path(&folder, "liblibrary.rmeta");
        rustc.arg("--extern").arg(format!("library={}", library.display()));
    }
    if variant == "protected" {
        rustc.args(["-Dwarnings", "-Dfuture-incompatible"]);
    }
    let output = rustc.arg("--emit=metadata").output().expect("rustc runs");
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("== {folder}/{file}\n{}", String::from_utf8_lossy(&output.stderr))),
    }
}

fn layouts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("compile/layouts");
    fs::read_dir(folder).expect("the layouts").map(|file| file.expect("a file").path()).collect()
}
