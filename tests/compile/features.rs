//! What an application without any feature of logto-rocket has.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The library without features. The one for the tests has `testing`.
fn library() -> PathBuf {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["check", "--package=logto-rocket", "--offline", "--message-format=json", "--quiet"])
        .output()
        .expect("cargo runs");
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let mut messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let ours = |message: &Value| message["target"]["name"] == "logto_rocket";
    let built = messages.find(|message| message["reason"] == "compiler-artifact" && ours(message));
    let built = built.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(built["features"], serde_json::json!([]));
    built["filenames"][0].as_str().expect("a file").into()
}

fn compile(library: &Path, name: &str, code: &str) -> Output {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("features");
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(name);
    fs::write(&file, code).expect("a file is written");
    Command::new(env::var("RUSTC").unwrap_or_else(|_| "rustc".into()))
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata"])
        .arg("--extern")
        .arg(format!("logto_rocket={}", library.display()))
        .arg("-L")
        .arg(library.parent().expect("a folder"))
        .arg(&file)
        .current_dir(&folder)
        .output()
        .expect("rustc runs")
}

/// W19: a deployed application has nothing that presents a token which nobody signed.
#[test]
fn without_the_feature_there_is_no_test_kit() {
    let library = library();
    let used = |what: &str| format!("pub use logto_rocket::{what};\n");
    let public = compile(&library, "public.rs", &used("AuthInfo"));
    assert!(public.status.success(), "{}", String::from_utf8_lossy(&public.stderr));
    for what in ["testing::TestToken", "testing::TestUser", "testing::TestRequest", "internal"] {
        let refused = compile(&library, "refused.rs", &used(what));
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success(), "{what} is there");
        assert!(said.contains("E0432") && said.contains("gated"), "{what}: {said}");
    }
}
