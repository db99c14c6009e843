//! `examples/docker`, as far as it goes without Docker: the sample with the variables of
//! `compose.yaml`, and nginx with its `nginx.conf`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use logto_tests::{Hostile, random};
use yaml_rust2::{Yaml, YamlLoader};

use crate::process::Program;
use crate::quickstart::{Quickstart, free_port};
use crate::server::Nginx;
use crate::visitor::{Visitor, Way};

const APP: &str = "http://app.localhost:8080";
const LOGTO: &str = "http://auth.localhost:8080";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/docker")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).expect("a file of the example")
}

fn compose() -> Yaml {
    let mut documents = YamlLoader::load_from_str(&read("compose.yaml")).expect("YAML");
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn names(table: &Yaml) -> Vec<&str> {
    let table = table.as_hash().expect("a table");
    table.keys().map(|name| name.as_str().expect("a name")).collect()
}

/// The variables of a service.
fn variables(compose: &Yaml, service: &str) -> BTreeMap<String, String> {
    let table = &compose["services"][service]["environment"];
    let text = |name: &str| table[name].as_str().expect("text, quoted where it is a number");
    names(table).into_iter().map(|name| (name.to_owned(), text(name).to_owned())).collect()
}

#[test]
fn the_services_know_each_other() {
    let compose = compose();
    let services = names(&compose["services"]);
    assert_eq!(services, ["app", "logto", "postgres", "nginx"]);
    for service in &services {
        let needed = match &compose["services"][*service]["depends_on"] {
            Yaml::Array(list) => list.iter().filter_map(Yaml::as_str).collect(),
            Yaml::BadValue => Vec::new(),
            table => names(table),
        };
        assert!(needed.iter().all(|name| services.contains(name)), "{service}: {needed:?}");
    }
    let logto = variables(&compose, "logto");
    let app = variables(&compose, "app");
    assert_eq!((&*logto["ENDPOINT"], &*app["LOGTO_ENDPOINT"]), (LOGTO, LOGTO));
    assert!(logto["DB_URL"].contains("@postgres:"));
    assert_eq!(app["LOGTO_INTERNAL_ENDPOINT"], "http://logto:3001");
    assert_eq!(app["LOGTO_BASE_URL"], APP);
    for address in ["proxy_pass http://app:8000;", "proxy_pass http://logto:3001;"] {
        assert!(read("nginx.conf").contains(address), "{address}");
    }
    let secrets = names(&compose["secrets"]);
    for (name, value) in &app {
        if name.ends_with("_FILE") {
            let secret = value.strip_prefix("/run/secrets/").expect("where Docker has them");
            assert!(secrets.contains(&secret), "{name}");
        }
    }
}

#[test]
fn the_image_is_built_from_what_is_there() {
    let compose = compose();
    let build = &compose["services"]["app"]["build"];
    let context = folder().join(build["context"].as_str().expect("a folder"));
    let dockerfile = build["dockerfile"].as_str().expect("a file");
    let dockerfile = fs::read_to_string(context.join(dockerfile)).expect("it is there");
    assert!(context.join("Cargo.lock").is_file() && context.join("examples/quickstart").is_dir());
    assert!(dockerfile.contains("cargo build --release --locked --package quickstart"));
}

/// Files for the secrets, removed with the value.
struct Secrets(PathBuf);

impl Secrets {
    fn new(app_secret: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("logto-docker-{}", &random()[..8]));
        fs::create_dir(&folder).expect("a folder of the test");
        fs::write(folder.join("app_secret"), format!("{app_secret}\n")).expect("a file");
        fs::write(folder.join("cookie_secret"), format!("{}\n", random())).expect("a file");
        Self(folder)
    }
}

impl Drop for Secrets {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Starts the sample with the variables of `compose.yaml`; what only Docker has is replaced.
fn start(op: &Hostile, secrets: &Secrets) -> (u16, Program) {
    let configured = |key: &str| op.figment().extract_inner::<String>(key).expect("text");
    let port = free_port();
    let mut settings = variables(&compose(), "app");
    for (name, value) in &mut settings {
        let replaced = match &**name {
            "ROCKET_PORT" => port.to_string(),
            "ROCKET_ADDRESS" => "127.0.0.1".to_owned(),
            "LOGTO_APP_ID" => {
                assert!(value.starts_with("${LOGTO_APP_ID:?"), "{value}");
                configured("logto.app_id")
            }
            "LOGTO_INTERNAL_ENDPOINT" => op.address(),
            _ => value.replace("/run/secrets", &secrets.0.to_string_lossy()),
        };
        *value = replaced;
    }
    let settings: Vec<_> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    let program = Quickstart::launch(port, &settings);
    while !program.line().expect("it launches").contains("Rocket has launched from") {}
    (port, program)
}

#[rocket::async_test]
async fn a_user_signs_in_as_in_docker() {
    let op = Hostile::start().await;
    op.rename(LOGTO);
    let secret: String = op.figment().extract_inner("logto.app_secret").expect("text");
    let secrets = Secrets::new(&secret);
    let (port, program) = start(&op, &secrets);
    let configuration = read("nginx.conf")
        .replace("http://app:8000", &format!("http://127.0.0.1:{port}"))
        .replace("http://logto:3001", &op.address());
    let Some(nginx) = Nginx::start(&configuration).await else { return };

    let mut logto = Visitor::by(Way::Through(&nginx), LOGTO);
    let metadata = logto.visit("/oidc/.well-known/openid-configuration").await;
    assert!(metadata.text.contains("\"issuer\":\"http://auth.localhost:8080/oidc\""));

    let mut visitor = Visitor::by(Way::Through(&nginx), APP);
    let started = visitor.visit("/sign-in?return_to=/protected").await;
    assert!(started.location().starts_with("http://auth.localhost:8080/oidc/auth?"));
    let answer = visitor.sign_in(&op, "/protected").await;
    assert_eq!(answer.location(), "/protected");
    let page = visitor.visit("/protected").await;
    assert!(page.status == 200 && page.text.contains("Alice"), "{}", page.text);
    let unknown = "unknown environment variables";
    assert!(!program.output().contains(unknown), "{}", program.output());
    let answer = visitor.visit("/sign-out").await;
    assert!(answer.location().starts_with("http://auth.localhost:8080/oidc/session/end?"));
}
