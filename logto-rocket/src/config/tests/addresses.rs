//! The addresses of Logto and of this application, and paths on it.

use super::{debug, refused, usable};

#[test]
fn trailing_slashes_and_paths_are_fine_and_the_port_is_rockets() {
    let toml = "[default]\nport = 9000\n[default.logto]\napp_id = \"app-id\"\n\
                endpoint = \"https://example.com/logto//\"";
    usable(toml, &[], |checked| {
        assert_eq!(checked.issuer, "https://example.com/logto/oidc");
        assert_eq!(checked.redirect_uri(), "http://localhost:9000/callback");
    });
    usable(&debug("base_url = \"https://example.com/app/\""), &[], |checked| {
        assert_eq!(checked.redirect_uri(), "https://example.com/app/callback");
        assert!(checked.secure_cookies);
    });
}

/// R14: a route, or a base, that is written differently than browsers send it is never
/// reached.
#[test]
fn a_path_that_browsers_send_otherwise_ends_the_launch_and_the_plain_one_is_named() {
    let all = ["base", "sign_in", "sign_up", "callback", "sign_out", "backchannel_logout"];
    for (given, write) in [
        ("/x//y", "write `/x/y`"),
        ("/%61uth", "write `/auth`"),
        ("/a/../b", "write `/b`"),
        ("/a/./b", "write `/a/b`"),
        ("/a/%2e%2E/b", "write `/b`"),
        ("/..", "write `/`"),
        ("/x//", "write `/x/`"),
        ("/%41%7e%", "without `%`"),
        ("/caf%C3%A9", "without `%`"),
        ("/a%2Fb", "without `%`"),
    ] {
        for route in all {
            let shown = format!("`logto.routes.{route}` = {given:?}");
            refused(&debug(&format!("routes = {{ {route} = {given:?} }}")), &[], &[&shown, write]);
        }
        let own = format!("routes = {{ callback = {{ path = {given:?}, mount = false }} }}");
        refused(&debug(&own), &[], &["`logto.routes.callback`", write]);
    }
    let twice = "routes = { sign_in = \"/in\", sign_up = \"/in/\" }";
    refused(&debug(twice), &[], &["`logto.routes.sign_up` = \"/in/\"", "another route"]);
    for base in ["/", "/auth", "/auth/", "/a.b/..c/.d", "/a-b_c~d"] {
        usable(&debug(&format!("routes = {{ base = {base:?} }}")), &[], |checked| {
            let path = format!("{}/callback", base.trim_end_matches('/'));
            assert_eq!(checked.redirect_uri(), format!("http://localhost:8000{path}"));
        });
    }
}

/// R14: the same for the path that a proxy strips.
#[test]
fn a_base_url_that_browsers_send_otherwise_ends_the_launch_and_the_plain_one_is_named() {
    for (given, write) in [
        ("/x//y", "write `https://app.example.com/x/y`"),
        ("/%61pp", "write `https://app.example.com/app`"),
        ("/a/../b/", "write `https://app.example.com/b`"),
        ("/a/%2E./b", "write `https://app.example.com/b`"),
        ("/app//", "write `https://app.example.com/app`"),
        ("//", "write `https://app.example.com`"),
        ("/a/..", "write `https://app.example.com`"),
        ("/caf\u{e9}", "write `https://app.example.com/caf%C3%A9`"),
        // What the Console has for it, pasted.
        ("/callback", "write `https://app.example.com`"),
        ("/app/callback/", "write `https://app.example.com/app`"),
    ] {
        let given = format!("https://app.example.com{given}");
        let shown = format!("`logto.base_url` = {given:?}");
        refused(&debug(&format!("base_url = {given:?}")), &[], &[&shown, write]);
    }
    for path in ["", "/", "/app", "/app/", "/caf%C3%A9", "/a%2fb"] {
        let base = format!("base_url = \"https://app.example.com{path}\"");
        usable(&debug(&base), &[], |checked| {
            let callback = format!("{}/callback", path.trim_end_matches('/'));
            assert_eq!(checked.redirect_uri(), format!("https://app.example.com{callback}"));
        });
    }
}

/// H18: an origin written differently would match no page.
#[test]
fn a_trusted_origin_is_written_as_browsers_send_it() {
    let origins = "trusted_origins = [\"https://admin.example.com\", \"http://localhost:3000\"]";
    usable(&debug(origins), &[], |checked| {
        assert_eq!(
            checked.config.trusted_origins,
            ["https://admin.example.com", "http://localhost:3000"]
        );
    });
    for (given, write) in [
        ("https://admin.example.com/", "write `https://admin.example.com`"),
        ("https://admin.example.com/app", "write `https://admin.example.com`"),
        ("https://admin.example.com?a=b", "write `https://admin.example.com`"),
        ("https://admin.example.com#a", "write `https://admin.example.com`"),
        ("https://alice@admin.example.com", "write `https://admin.example.com`"),
        ("https://admin.example.com:443", "write `https://admin.example.com`"),
        ("HTTPS://Admin.Example.com", "write `https://admin.example.com`"),
        ("https:admin.example.com", "write `https://admin.example.com`"),
        ("https://b\u{fc}cher.example", "write `https://xn--bcher-kva.example`"),
        ("admin.example.com", "like `https://admin.example.com`"),
        ("*", "like `https://admin.example.com`"),
        ("null", "like `https://admin.example.com`"),
        ("https://*.example.com", "like `https://admin.example.com`"),
        ("chrome-extension://abc", "like `https://admin.example.com`"),
        ("https://", "like `https://admin.example.com`"),
        ("...", "like `https://admin.example.com`"),
    ] {
        let key = format!("trusted_origins = [{given:?}]");
        let shown = match given.contains('@') {
            true => "`logto.trusted_origins` (".to_owned(),
            false => format!("`logto.trusted_origins` = {given:?}"),
        };
        refused(&debug(&key), &[], &[&shown, "is not an origin", write]);
    }
    refused(&debug("trusted_origins = [\"\"]"), &[], &["`logto.trusted_origins`"]);
}

#[test]
fn the_address_of_the_issuer_or_its_metadata_is_refused_with_that_of_logto() {
    for ending in ["/oidc", "/oidc/", "/oidc/.well-known/openid-configuration"] {
        for base in ["https://foo.logto.app", "https://example.com/logto"] {
            let toml = format!("[debug.logto]\napp_id = \"a\"\nendpoint = \"{base}{ending}\"");
            let fix = format!("is the address of Logto's issuer; write `{base}`");
            refused(&toml, &[], &["`logto.endpoint`", &fix]);
        }
    }
}

/// H20: an internal Logto, as in Docker.
#[test]
fn an_internal_endpoint_has_a_switch_of_its_own_for_plain_http() {
    let internal = "internal_endpoint = \"http://logto:3001/\"";
    refused(
        &debug(internal),
        &[],
        &["`logto.internal_endpoint`", "plain http", "`danger_allow_internal_http = true`"],
    );
    refused(
        &debug(&format!("{internal}\ndanger_allow_http = true")),
        &[],
        &["`danger_allow_internal_http = true`"],
    );
    let allowed = format!("{internal}\ndanger_allow_internal_http = true");
    usable(&debug(&allowed), &[], |checked| {
        assert_eq!(checked.issuer, "https://foo.logto.app/oidc");
        assert_eq!(checked.internal_endpoint.as_deref(), Some("http://logto:3001"));
    });
    let environment = [
        ("LOGTO_INTERNAL_ENDPOINT", "http://10.1.2.3:3001/logto"),
        ("LOGTO_DANGER_ALLOW_INTERNAL_HTTP", "true"),
        ("LOGTO_TIMEOUT", "10"),
    ];
    usable(&debug(""), &environment, |checked| {
        assert_eq!(checked.internal_endpoint.as_deref(), Some("http://10.1.2.3:3001/logto"));
        assert_eq!(checked.timeout().as_secs(), 10);
    });
}

#[test]
fn the_switch_for_the_inside_allows_nothing_outside() {
    let toml = "[debug.logto]\nendpoint = \"http://foo.example\"\napp_id = \"app-id\"\n\
                danger_allow_internal_http = true";
    refused(toml, &[], &["`logto.endpoint`", "plain http", "`danger_allow_http = true`"]);
}

#[test]
fn an_internal_endpoint_is_an_address_of_logto() {
    for (given, fix) in [
        ("logto:3001", "is not an absolute http or https address"),
        ("https://logto:3001/oidc", "write `https://logto:3001`"),
        ("https://user:secret@logto", "is not an absolute http or https address"),
        ("<internal>", "is empty or a placeholder"),
    ] {
        refused(
            &debug(&format!("internal_endpoint = {given:?}")),
            &[],
            &["internal_endpoint", fix],
        );
    }
}
