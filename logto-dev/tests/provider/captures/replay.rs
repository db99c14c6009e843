//! One recording, and the providers that are compared with it.

use std::collections::BTreeSet;

use logto_dev::{ApiResource, Builder, Generation, MachineApp, Provider, Role};
use serde_json::{Value, json};
use url::Url;

use super::compare::differences;
use crate::listener::Request;
use crate::support::{ACME, Answer, App, Captures, GLOBEX, decode, text};

/// The headers that an application reads.
const HEADERS: [&str; 4] = ["cache-control", "content-type", "location", "www-authenticate"];
const MANAGEMENT_API: &str = "https://default.logto.app/api";

pub(crate) struct Replay {
    pub(crate) captures: Captures,
    pub(crate) generation: Generation,
    compared: BTreeSet<String>,
}

impl Replay {
    pub(crate) fn of(generation: Generation) -> Self {
        let captures = match generation {
            Generation::V1_37 => Captures::v1_37(),
            _ => Captures::v1_42(),
        };
        Self { captures, generation, compared: BTreeSet::new() }
    }

    pub(crate) async fn start(&self) -> App {
        self.start_with(|builder| builder).await
    }

    /// Starts a provider that is set up like the recorded one: with the same identifiers of
    /// applications and users.
    pub(crate) async fn start_with(&self, change: impl FnOnce(Builder) -> Builder) -> App {
        let alice = &self.captures.of("code.success.id_token")["claims"];
        let bob = &self.captures.of("bob.id_token")["claims"];
        let machine = text(&self.captures.of("m2m.at")["claims"], "sub");
        let machine = MachineApp::new(machine, "machine's secret").role("items-reader");
        let machine = machine.role("manager").organization(ACME, ["editor"]);
        let builder = Provider::builder()
            .generation(self.generation)
            .app(text(alice, "aud"), "secret")
            .machine_app(machine)
            .role(Role::new("manager").resource(MANAGEMENT_API, ["all"]))
            .resource(ApiResource::new(MANAGEMENT_API));
        let app = App::with(change(builder)).await;
        for (username, claims) in [("alice", alice), ("bob", bob)] {
            let user = app.provider.user(username).expect("a user").id(text(claims, "sub"));
            app.provider.add(match claims["picture"].as_str() {
                Some(picture) => user.picture(picture),
                None => user,
            });
        }
        app
    }

    /// Compares an answer with the recorded one.
    pub(crate) fn same(&mut self, name: &str, app: &App, answer: &Answer) {
        let captured = self.take(name);
        self.same_answer(name, &captured, app, answer);
    }

    /// Compares the answers to a sequence of requests.
    pub(crate) fn same_sequence(&mut self, name: &str, app: &App, answers: &[&Answer]) {
        let captured = self.take(name);
        let recorded = captured.as_array().expect("a sequence");
        assert_eq!(recorded.len(), answers.len(), "{name}");
        for (captured, answer) in recorded.iter().zip(answers) {
            self.same_answer(name, captured, app, answer);
        }
    }

    /// Compares the header and the claims of a token.
    pub(crate) fn same_token(&mut self, name: &str, app: &App, token: &str) {
        let (header, claims) = decode(token);
        self.same_value(name, app, &json!({ "header": header, "claims": claims }));
    }

    /// Compares whatever was recorded.
    pub(crate) fn same_value(&mut self, name: &str, app: &App, found: &Value) {
        let captured = self.take(name);
        self.assert_same(name, &captured, app, found);
    }

    /// Compares the page that a browser is sent to, the beginning of which was
    /// recorded.
    pub(crate) fn same_page(&mut self, name: &str, app: &App, answer: &Answer) {
        let captured = self.take(name);
        let recorded = captured.as_str().or(captured[0].as_str()).expect("an address");
        let recorded = recorded.split('&').next().expect("a beginning");
        let recorded = Url::parse(recorded).expect("a page of Logto's");
        let recorded = format!("{}?{}", recorded.path(), recorded.query().unwrap_or_default());
        let location = answer.header("location").unwrap_or_else(|| panic!("{name}: {answer:?}"));
        assert!(location.starts_with(&recorded), "{name}: {location} instead of {recorded}");
        assert!(location.contains(app.provider.app_id()), "{name}: {location}");
    }

    /// Compares an answer that has no body.
    pub(crate) fn same_without_body(&mut self, name: &str, app: &App, answer: &Answer) {
        let captured = self.take(name);
        assert_eq!(captured[0], answer.status.as_u16(), "{name}: {answer:?}");
        self.same_headers(name, &captured[1], app, answer);
    }

    /// Compares one of the provider's own requests, whose body was recorded without
    /// its end.
    pub(crate) fn same_request(&mut self, name: &str, request: &Request) {
        let captured = self.take(name)[0].clone();
        assert_eq!(captured[0], request.path, "{name}");
        assert_eq!(captured[1]["content-type"], request.content_type, "{name}");
        let beginning = captured[2].as_str().and_then(|body| body.split("eyJ").next());
        assert!(request.body.starts_with(beginning.expect("a form")), "{name}");
    }

    /// Compares the lengths of random values.
    pub(crate) fn same_lengths(&mut self, name: &str, found: &[impl AsRef<str>]) {
        let captured = self.take(name);
        let recorded = captured.as_array().cloned().unwrap_or_else(|| vec![captured]);
        let recorded = recorded.iter().map(|value| value.as_str().expect("text").len());
        let found = found.iter().map(|value| value.as_ref().len());
        assert_eq!(recorded.collect::<Vec<_>>(), found.collect::<Vec<_>>(), "{name}");
    }

    /// Fails for every name that was neither compared nor left out.
    pub(crate) fn assert_complete(&self, left_out: &[&str]) {
        let recorded: BTreeSet<_> = self.captures.names().collect();
        let compared: BTreeSet<_> = self.compared.iter().map(String::as_str).collect();
        let left_out: BTreeSet<_> = left_out.iter().copied().collect();
        let both: Vec<_> = compared.intersection(&left_out).collect();
        assert!(both.is_empty(), "compared, and yet left out: {both:?}");
        let unknown: Vec<_> = left_out.difference(&recorded).collect();
        assert!(unknown.is_empty(), "left out, but never recorded: {unknown:?}");
        let neither = recorded.iter().filter(|name| !compared.contains(*name));
        let neither: Vec<_> = neither.filter(|name| !left_out.contains(*name)).collect();
        assert!(neither.is_empty(), "recorded, but neither compared nor left out: {neither:?}");
    }

    fn take(&mut self, name: &str) -> Value {
        self.compared.insert(name.to_string());
        self.captures.of(name).clone()
    }

    /// An answer was recorded as its status, as status and body with or without
    /// headers and address, or as its body.
    fn same_answer(&self, name: &str, captured: &Value, app: &App, answer: &Answer) {
        let Some(parts) = captured.as_array() else {
            return match captured {
                Value::Number(_) => assert_eq!(*captured, answer.status.as_u16(), "{name}"),
                body => self.same_body(name, body, app, answer),
            };
        };
        assert_eq!(parts[0], answer.status.as_u16(), "{name}: {answer:?}");
        if let Some(headers @ Value::Object(_)) = parts.get(1).filter(|_| parts.len() > 2) {
            self.same_headers(name, headers, app, answer);
        }
        match parts.last() {
            Some(Value::String(text)) if text.starts_with("Redirecting") => (),
            Some(body) => self.same_body(name, body, app, answer),
            None => (),
        }
    }

    fn same_headers(&self, name: &str, captured: &Value, app: &App, answer: &Answer) {
        let of = |value: Option<&str>| value.map_or(Value::Null, Value::from);
        for header in HEADERS {
            let found = json!({ header: of(answer.header(header)) });
            let recorded = json!({ header: captured[header] });
            self.assert_same(&format!("{name}, {header}"), &recorded, app, &found);
        }
    }

    fn same_body(&self, name: &str, captured: &Value, app: &App, answer: &Answer) {
        match captured {
            // Names of members.
            Value::Array(names) => {
                let body = answer.json();
                let found = body.as_object().into_iter().flatten().map(|(name, _)| json!(name));
                assert_eq!(found.collect::<Vec<_>>(), *names, "{name}");
            }
            Value::Object(_) => self.same_members(name, captured, app, answer),
            Value::String(text) => match serde_json::from_str::<Value>(text) {
                Ok(body) => self.same_members(name, &body, app, answer),
                // The beginning of a document that is compared elsewhere.
                Err(_) if text.starts_with('{') => assert!(answer.json().is_object(), "{name}"),
                Err(_) if text.starts_with('<') => assert!(answer.body.contains("<form"), "{name}"),
                Err(_) => assert_eq!(answer.body, *text, "{name}"),
            },
            other => panic!("{name}: how is this a body? {other}"),
        }
    }

    fn same_members(&self, name: &str, captured: &Value, app: &App, answer: &Answer) {
        let mut found = answer.json();
        if captured["access_token"].is_object() {
            // Recorded in parts, and without the other tokens.
            let (header, claims) = decode(&text(&found, "access_token"));
            found["access_token"] = json!({ "header": header, "claims": claims });
            let members = found.as_object_mut().expect("an object");
            members.retain(|name, _| !["id_token", "refresh_token"].contains(&name.as_str()));
        }
        self.assert_same(name, captured, app, &found);
    }

    fn assert_same(&self, name: &str, captured: &Value, app: &App, found: &Value) {
        let ours = app.provider.endpoint();
        // The older recording was made at two ports. The inside of its tokens was left
        // as it was.
        let names = [
            ("http://localhost:3001", ours),
            ("http://localhost:3101", ours),
            ("8vr224jw20oc", ACME),
            ("ln2bszog8i4a", GLOBEX),
        ];
        let differences = differences(captured, found, &names);
        assert!(differences.is_empty(), "{name}: {differences:#?}");
    }
}
