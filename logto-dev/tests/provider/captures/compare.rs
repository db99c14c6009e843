//! How a recorded answer and a new one are compared.

use std::collections::BTreeSet;

use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::support::decode;

/// Members whose values are random; only their length counts.
const RANDOM: [&str; 4] = ["jti", "sid", "kid", "at_hash"];
/// Members that are points in time; only their unit counts.
const TIMES: [&str; 4] = ["iat", "auth_time", "created_at", "updated_at"];

/// What is different, in words. `names` are what the recorded server calls
/// things, and what the other one does.
pub(crate) fn differences(captured: &Value, found: &Value, names: &[(&str, &str)]) -> Vec<String> {
    let mut comparison = Comparison { names, path: Vec::new(), found: Vec::new() };
    comparison.value(captured, found);
    comparison.found
}

struct Comparison<'a> {
    names: &'a [(&'a str, &'a str)],
    path: Vec<String>,
    found: Vec<String>,
}

impl Comparison<'_> {
    fn value(&mut self, captured: &Value, found: &Value) {
        match (captured, found) {
            (Value::Object(_), Value::Object(_)) => self.object(captured, found),
            (Value::String(theirs), Value::String(ours)) => self.text(theirs, ours),
            (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
                theirs.iter().zip(ours).for_each(|(captured, found)| self.value(captured, found));
            }
            _ => self.expect(captured == found, captured, found),
        }
    }

    fn object(&mut self, captured: &Value, found: &Value) {
        let (theirs, ours) = (names(captured), names(found));
        self.expect(theirs == ours, &theirs, &ours);
        for name in theirs.intersection(&ours) {
            self.path.push((*name).to_string());
            let (theirs, ours) = (&captured[*name], &found[*name]);
            if *name == "exp" {
                let life =
                    |of: &Value| of["exp"].as_u64().zip(of["iat"].as_u64()).map(|(e, i)| e - i);
                self.expect(life(captured) == life(found), theirs, ours);
            } else if TIMES.contains(name) {
                let digits = |time: &Value| time.as_u64().map(|time| time.to_string().len());
                self.expect(digits(theirs) == digits(ours), theirs, ours);
            } else {
                self.value(theirs, ours);
            }
            self.path.pop();
        }
    }

    fn text(&mut self, theirs: &str, ours: &str) {
        let name = self.path.last().map_or("", String::as_str);
        if RANDOM.contains(&name) {
            self.expect(theirs.len() == ours.len(), &theirs, &ours);
        } else if name.ends_with("_token") {
            self.token(theirs, ours);
        } else if theirs.starts_with("http") && theirs.contains("state=") {
            self.url(theirs, ours);
        } else {
            self.expect(self.renamed(theirs) == ours, &theirs, &ours);
        }
    }

    /// A token as it was issued: its parts, or its length if it is opaque. Some
    /// were recorded without their end.
    fn token(&mut self, theirs: &str, ours: &str) {
        let is_jwt = |token: &str| token.starts_with("eyJ");
        if theirs.ends_with("...") || is_jwt(theirs) != is_jwt(ours) {
            return self.expect(is_jwt(theirs) == is_jwt(ours), &theirs, &ours);
        }
        if !is_jwt(theirs) {
            return self.expect(theirs.len() == ours.len(), &theirs, &ours);
        }
        let ((their_header, their_claims), (our_header, our_claims)) =
            (decode(theirs), decode(ours));
        self.value(&their_header, &our_header);
        self.value(&their_claims, &our_claims);
    }

    /// An address that a browser is sent to. A code in it is random.
    fn url(&mut self, theirs: &str, ours: &str) {
        let parts = |url: &str| {
            let mut url = Url::parse(url).expect("a URL");
            // A fragment that carries the answer is read like a query.
            let carried = url.fragment().or(url.query()).unwrap_or_default().to_string();
            let form = if url.fragment().is_some() { '#' } else { '?' };
            url.set_fragment(None);
            url.set_query(None);
            let pairs = form_urlencoded::parse(carried.as_bytes()).map(|(name, value)| {
                let value = if name == "code" { value.len().to_string() } else { value.into() };
                (name.into_owned(), self.renamed(&value))
            });
            (url.to_string(), form, pairs.collect::<Vec<_>>())
        };
        let same = parts(theirs) == parts(ours);
        self.expect(same, &theirs, &ours);
    }

    /// A recorded text, as the other server would put it.
    fn renamed(&self, theirs: &str) -> String {
        let renamed = |text: String, (theirs, ours): &(&str, &str)| text.replace(theirs, ours);
        self.names.iter().fold(theirs.to_string(), renamed)
    }

    fn expect(&mut self, same: bool, theirs: &dyn std::fmt::Debug, ours: &dyn std::fmt::Debug) {
        if !same {
            let path = self.path.join(".");
            self.found.push(format!("`{path}`: recorded {theirs:?}, found {ours:?}"));
        }
    }
}

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}
