//! Reading the configuration from figment and the environment.

use rocket::figment::value::{Dict, Map, Value};
use rocket::figment::{self, Figment, Metadata, Profile, Provider};

use super::keys::{Form, KEYS, is_secret};
use super::problem::Problem;

pub(super) const PREFIX: &str = "LOGTO_";

/// The source name for the values of our variables.
pub(super) const ENVIRONMENT: &str = "environment variable";

/// What variables begin with that Rocket reads as one key each.
const ROCKET_PREFIX: &str = "ROCKET_LOGTO_";

/// The suffix of a variable that names a file with a secret.
const FILE: &str = "_FILE";

/// Those that `logto-dev` reads.
const DEVELOPMENT: [&str; 3] = ["DEV_ADDRESS", "DEV_PORT", "DEV_ENDPOINT"];

/// The source name for the settings of a `logto_dev::Provider` that a test started. No
/// file or variable can have this name.
const TEST: &str = "logto-dev, started by a test";

/// What stands for a value that cannot be read, so that the search for problems can continue.
/// Nobody writes it.
pub(super) const STAND_IN: &str = "\u{fffc}";

/// Adds the variables of the environment, and names the files of secrets that cannot be read.
pub(super) fn with_environment(figment: &Figment) -> (Figment, Vec<Problem>) {
    let variables = std::env::vars_os().filter_map(pair);
    let variables = variables.filter(|(name, _)| !is_of_test(figment, name));
    let mut environment = Environment(variables.collect());
    let problems = environment.read_files();
    (figment.clone().merge(environment), problems)
}

/// Whether a test set the key of this variable: it must not sign in at the Logto from the
/// developer's environment.
fn is_of_test(figment: &Figment, variable: &str) -> bool {
    let name = variable.strip_suffix(FILE).unwrap_or(variable);
    let known = KEYS.iter().find(|(known, _, _)| *known == name);
    let source = known.and_then(|(_, key, _)| figment.find_metadata(&format!("logto.{key}")));
    source.is_some_and(|source| source.name == TEST)
}

/// The endpoint that a test set.
pub(crate) fn endpoint_of_test(figment: &Figment) -> Option<String> {
    let is_of_test = is_of_test(figment, "ENDPOINT");
    is_of_test.then(|| figment.extract_inner("logto.endpoint").ok()).flatten()
}

fn pair((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
    Some((name.strip_prefix(PREFIX)?.to_owned(), value))
}

/// The variables that look like ours but are not in [`KEYS`], each with the likely
/// intended name. Rocket reads `ROCKET_LOGTO_ENDPOINT` as its own key `logto_endpoint`, which
/// nothing uses.
pub(crate) fn unknown_variables() -> Vec<String> {
    let names = |prefix: &str| {
        let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let names = variables.filter_map(|name| Some(name.strip_prefix(prefix)?.to_owned()));
        names.collect::<Vec<_>>()
    };
    let files = KEYS.iter().filter(|(_, key, _)| is_secret(key));
    let files: Vec<String> = files.map(|(name, _, _)| format!("{name}{FILE}")).collect();
    let known = KEYS.iter().map(|(known, _, _)| *known);
    let known = known.chain(DEVELOPMENT).chain(files.iter().map(String::as_str));
    let known: Vec<&str> = known.collect();
    let described = |name: String| match nearest(&name, &known) {
        Some(known) => format!("{PREFIX}{name} (did you mean {PREFIX}{known}?)"),
        None => format!("{PREFIX}{name}"),
    };
    let is_known = |name: &String| known.contains(&name.as_str());
    let unknown = names(PREFIX).into_iter().filter(|name| !is_known(name)).map(described);
    let of_rocket = names(ROCKET_PREFIX).into_iter().filter(is_known);
    let of_rocket =
        of_rocket.map(|name| format!("{ROCKET_PREFIX}{name} (did you mean {PREFIX}{name}?)"));
    unknown.chain(of_rocket).collect()
}

/// The variables `LOGTO_*` without their prefix.
pub(crate) struct Environment(pub(crate) Vec<(String, String)>);

impl Environment {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, text)| text.as_str())
    }

    fn set(&mut self, name: &str, text: &str) {
        self.0.retain(|(given, _)| given != name);
        self.0.push((name.to_owned(), text.to_owned()));
    }

    /// Reads the secrets that are in files, as is usual with Docker and Kubernetes.
    fn read_files(&mut self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, key, _) in KEYS.iter().filter(|(_, key, _)| is_secret(key)) {
            let file = format!("{name}{FILE}");
            let Some(path) = self.get(&file).map(str::to_owned) else { continue };
            let is_twice = self.get(name).is_some();
            let (message, fix) = match (is_twice, std::fs::read_to_string(&path)) {
                (false, Ok(text)) => {
                    // An editor or `echo` adds a newline at the end.
                    self.set(name, text.trim());
                    continue;
                }
                (false, Err(error)) => (
                    // Not the path: it may be the secret itself.
                    format!("names a file that cannot be read: {error}"),
                    "mount the file, and let this process read it",
                ),
                (true, _) => ("is set twice".to_owned(), "unset one of them"),
            };
            let place = match is_twice {
                true => format!("environment variables {PREFIX}{name} and {PREFIX}{file}"),
                false => format!("environment variable {PREFIX}{file}"),
            };
            let (key, fix) = ((*key).to_owned(), fix.to_owned());
            problems.push(Problem { key, value: None, place, message, fix });
            self.set(name, STAND_IN);
        }
        problems
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named(ENVIRONMENT)
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let mut table = Dict::new();
        for (name, key, form) in KEYS {
            if let Some(text) = self.get(name) {
                insert(&mut table, key, value(text, *form));
            }
        }
        // Global values win over those of every profile.
        Ok(Map::from([(Profile::Global, Dict::from([("logto".into(), table.into())]))]))
    }
}

fn insert(table: &mut Dict, key: &str, value: Value) {
    let (key, value) = match key.split_once('.') {
        None => (key, value),
        Some((outer, inner)) => {
            let known = table.remove(outer).and_then(Value::into_dict);
            let mut nested = known.unwrap_or_default();
            insert(&mut nested, inner, value);
            (outer, nested.into())
        }
    };
    table.insert(key.into(), value);
}

fn value(text: &str, form: Form) -> Value {
    match form {
        Form::List if text.trim_start().starts_with('[') => literal(text),
        Form::List | Form::Text => Value::from(text),
        Form::Texts => text.split_whitespace().map(String::from).collect::<Vec<_>>().into(),
        Form::Literal => literal(text),
    }
}

fn literal(text: &str) -> Value {
    text.parse().unwrap_or_else(|_| Value::from(text))
}

/// The closest of `known` to what was given.
pub(super) fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(given, known);
    let nearest = known.iter().copied().min_by_key(distance)?;
    (distance(&nearest) <= 1 + given.len() / 5).then_some(nearest)
}
