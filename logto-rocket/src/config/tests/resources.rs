//! The resources of APIs, and their metadata.

use figment::Figment;

use super::{debug, refused, usable};
use crate::config::check::check;
use crate::config::{Config, Resources};

/// W15: a list, or a table of names, which one deployment can fill in for another.
#[test]
fn resources_are_a_list_or_a_table_of_names() {
    let api = "https://api.example.com";
    let named = |name: &str| Resources::default().named(name, api);
    for (written, expected) in [
        ("resources = [\"https://api.example.com\"]", Resources::from([api])),
        ("resources = { items = \"https://api.example.com\" }", named("items")),
        ("resources = { Items-2_b = \"https://api.example.com\" }", named("Items-2_b")),
        ("resources = [\"items=https://api.example.com\"]", named("items")),
        ("resources = {}", Resources::default()),
    ] {
        usable(&debug(written), &[], |checked| assert_eq!(checked.config.resources, expected));
    }
    let toml = "[default.logto]\nendpoint = \"https://foo.logto.app\"\napp_id = \"app-id\"\n\
                [default.logto.resources]\nitems = \"https://api.example.com\"\nb = \"urn:b\"\n\
                [debug.logto.resources]\nitems = \"https://staging.example.com\"";
    let staging = "https://staging.example.com";
    usable(toml, &[], |checked| {
        let both = Resources::default().named("b", "urn:b").named("items", staging);
        assert_eq!(checked.config.resources, both);
        assert_eq!(checked.config.sign_in_options().resources, ["urn:b", staging]);
    });
    let list = "urn:c?a=b, items=https://api.example.com?a=b";
    usable(toml, &[("LOGTO_RESOURCES", list)], |checked| {
        let resources = checked.config.resources;
        assert_eq!(resources[..], ["urn:c?a=b", "https://api.example.com?a=b"]);
        assert_eq!(resources.indicator("items").ok(), Some("https://api.example.com?a=b"));
        assert!(resources.indicator("b").is_err(), "the variable replaces the table");
    });
}

/// W15: invalid names, invalid URIs, and a name with two.
#[test]
fn resources_whose_names_mean_nothing_are_refused() {
    for (written, parts) in [
        ("{ items = \"api\" }", ["`logto.resources` = \"api\"", "is not an absolute URI"]),
        ("{ items = 5 }", ["`logto.resources.items` = \"5\"", "write a string"]),
        ("{ \"the items\" = \"urn:a\" }", ["= \"the items\"", "ASCII letters, digits"]),
        ("{ \"\" = \"urn:a\" }", ["= \"\"", "is not a name for a resource"]),
        ("[\"items=urn:a\", \"items=urn:b\"]", ["`logto.resources`", "is given twice"]),
        ("[\"items=urn:a\", \"items\"]", ["= \"items\"", "is not an absolute URI"]),
        ("5", ["is a number", "write a list of URIs, or a table of names and URIs"]),
    ] {
        refused(&debug(&format!("resources = {written}")), &[], &parts);
    }
    let names: &[(&str, bool)] = include!("../../../../tests/cases/resource_names.txt");
    for (name, expected) in names {
        let mut config = Config::new("https://foo.logto.app", "app");
        config.resources = Resources::default().named(*name, "urn:a");
        let checked = check(&config, &Figment::new().select("debug"));
        assert_eq!(checked.is_ok(), *expected, "{name:?}");
    }
}

/// W18: only if configured, and never two at one address.
#[test]
fn metadata_of_resources_need_an_address_of_their_own() {
    let metadata = |on: bool, resources: &str| {
        debug(&format!("resource_metadata = {on}\nresources = {resources}"))
    };
    for (resources, parts) in [
        ("[\"urn:items\"]", &["`logto.resources` = \"urn:items\"", "http or https URL"][..]),
        ("{ items = \"file:///a\" }", &["= \"file:///a\"", "give the API an https URL"]),
        ("[\"https://[a]\"]", &["= \"https://[a]\"", "http or https URL"]),
        (
            "[\"https://a.example/x\", \"https://b.example/x\"]",
            &["= \"https://b.example/x\"", "has the path of `https://a.example/x`"],
        ),
        ("[\"https://a.example\", \"http://a.example/\"]", &["has the path of `https://a"]),
        ("[\"https://a.example/x\", \"https://a.example//x/\"]", &["has the path of"]),
        ("[\"https://a.example/x?a\", \"https://a.example/x?b\"]", &["has the path of"]),
        ("[\"https://a.example/~x\", \"https://a.example/%7Ex\"]", &["has the path of"]),
    ] {
        refused(&metadata(true, resources), &[], parts);
        usable(&metadata(false, resources), &[], |checked| {
            assert!(checked.resource_metadata.is_empty());
        });
    }
    refused(&metadata(true, "[]"), &[], &["`logto.resource_metadata` = \"true\"", "`resources`"]);
    refused(&debug("resources_metadata = true"), &[], &["did you mean `resource_metadata`?"]);
    refused(&debug("resource_metadata = 1"), &[], &["`logto.resource_metadata`", "a boolean"]);
    let two =
        "{ a = \"https://a.example/x\", b = \"https://a.example/x\", c = \"https://a.example\" }";
    usable(&metadata(true, two), &[], |checked| assert_eq!(checked.resource_metadata.len(), 2));
}
