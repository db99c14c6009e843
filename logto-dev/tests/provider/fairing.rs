use logto_dev::{Generation, Provider};
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use rocket::figment::Figment;
use rocket::figment::providers::{Format, Toml};
use rocket::local::asynchronous::Client;
use rocket::{Config, async_test};
use serde_json::Value;

use crate::support::{ACME, decode, encode, query, text};

fn figment(profile: &str) -> Figment {
    let config =
        if profile == "debug" { Config::debug_default() } else { Config::release_default() };
    Figment::from(config).merge(("log_level", "off")).merge(("port", 4321))
}

async fn ignite(figment: Figment) -> Client {
    let rocket = rocket::custom(figment).attach(Provider::fairing());
    Client::untracked(rocket).await.expect("the application ignites")
}

fn setting(client: &Client, key: &str) -> Option<String> {
    client.rocket().figment().extract_inner(key).ok()
}

/// The URL of a sign-in with what the figment says.
fn sign_in_url(client: &Client, redirect_uri: &str) -> String {
    let endpoint = setting(client, "logto.endpoint").expect("an endpoint");
    let id = setting(client, "logto.app_id").expect("an app");
    format!(
        "{endpoint}/oidc/auth?client_id={id}&response_type=code&scope=openid&prompt=none\
         &redirect_uri={redirect_uri}"
    )
}

/// Where a page redirects to, or what it says instead.
async fn open(url: &str) -> Result<String, String> {
    answer(http().get(url)).await
}

async fn post(url: &str, form: &[(&str, &str)]) -> Result<String, String> {
    let request = http().post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    answer(request.body(encode(form.iter()))).await
}

fn http() -> reqwest::Client {
    let policy = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(policy).build().expect("a client")
}

async fn answer(request: RequestBuilder) -> Result<String, String> {
    let response = request.send().await.map_err(|error| error.to_string())?;
    match response.headers().get("location") {
        Some(location) => Ok(location.to_str().expect("text").to_string()),
        None => Err(response.text().await.expect("a body")),
    }
}

/// Posts to the token endpoint, as the configured application unless the form
/// names another.
async fn token(client: &Client, form: &[(&str, &str)]) -> Value {
    let [endpoint, id, secret] = ["endpoint", "app_id", "app_secret"]
        .map(|key| setting(client, &format!("logto.{key}")).expect(key));
    let app = [("client_id", id.as_str()), ("client_secret", &secret)];
    let other = form.iter().any(|(name, _)| *name == "client_id");
    let app = if other { &[][..] } else { &app };
    let answer = post(&format!("{endpoint}/oidc/token"), &[app, form].concat()).await;
    serde_json::from_str(&answer.expect_err("no redirect")).expect("JSON")
}

/// Signs in on the page and returns the tokens.
async fn sign_in(client: &Client, username: &str, asked: &[(&str, &str)]) -> Value {
    let [endpoint, id] =
        ["endpoint", "app_id"].map(|key| setting(client, &format!("logto.{key}")).expect(key));
    let redirect_uri = ("redirect_uri", "http://localhost:4321/callback");
    let own = [redirect_uri, ("client_id", &id), ("response_type", "code"), ("prompt", "consent")];
    let query_string = encode([&own, asked].concat().iter());
    let page = open(&format!("{endpoint}/oidc/auth?{query_string}")).await.expect("a page");
    let interaction = query(&format!("{endpoint}{page}"), "interaction").expect("an interaction");
    let form = [("interaction", interaction.as_str()), ("username", username)];
    let callback = post(&format!("{endpoint}/sign-in"), &form).await.expect("a callback");
    let code = query(&callback, "code").expect("a code");
    token(client, &[("grant_type", "authorization_code"), ("code", &code), redirect_uri]).await
}

#[async_test]
async fn without_an_endpoint_the_configuration_is_filled_in() {
    let client = ignite(figment("debug")).await;
    let endpoint = setting(&client, "logto.endpoint").expect("an endpoint");
    assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");
    assert!(setting(&client, "logto.app_secret").is_some_and(|secret| secret.len() > 32));
    let location = open(&sign_in_url(&client, "http://localhost:4321/callback")).await;
    let error = query(&location.expect("a redirect"), "error");
    assert_eq!(error.as_deref(), Some("login_required"));
}

#[async_test]
async fn the_base_url_of_the_configuration_is_registered() {
    let base_url = ("logto.base_url", "http://app.localhost:9000/shop/");
    let client = ignite(figment("debug").merge(base_url)).await;
    open(&sign_in_url(&client, "http://app.localhost:9000/shop/callback"))
        .await
        .expect("a redirect");
    let error = open(&sign_in_url(&client, "http://localhost:4321/callback")).await;
    assert!(error.expect_err("not registered").contains("invalid_redirect_uri"));
}

#[async_test]
async fn with_an_endpoint_nothing_happens_in_any_profile() {
    for profile in ["debug", "release"] {
        let figment = figment(profile).merge(("logto.endpoint", "https://foo.logto.app"));
        let client = ignite(figment).await;
        assert_eq!(setting(&client, "logto.endpoint").as_deref(), Some("https://foo.logto.app"));
        assert_eq!(setting(&client, "logto.app_id"), None);
    }
}

#[async_test]
async fn an_application_that_names_itself_keeps_its_name() {
    let figment = figment("debug")
        .merge(("logto.app_id", "mine"))
        .merge(Figment::from(("logto.app_secret", "own-secret")).select("debug"));
    let client = ignite(figment).await;
    assert_eq!(setting(&client, "logto.app_id").as_deref(), Some("mine"));
    assert_eq!(setting(&client, "logto.app_secret").as_deref(), Some("own-secret"));
    open(&sign_in_url(&client, "http://localhost:4321/callback")).await.expect("a redirect");
}

#[async_test]
async fn outside_the_debug_profile_the_launch_is_refused() {
    let rocket = rocket::custom(figment("release")).attach(Provider::fairing());
    let error = rocket.ignite().await.expect_err("a refusal");
    assert!(error.to_string().contains("fairing"), "{error}");
}

#[async_test]
async fn users_and_organizations_come_from_the_configuration() {
    let toml = r#"
        [default.logto_dev]
        access_token_ttl = 5
        [default.logto_dev.users.carol]
        name = "Carol"
        organizations = { o1 = ["admin"] }
        [default.logto_dev.organizations.o1]
        name = "one"
    "#;
    let client = ignite(figment("debug").merge(Toml::string(toml).nested())).await;
    let endpoint = setting(&client, "logto.endpoint").expect("an endpoint");
    let home = reqwest::get(&endpoint).await.expect("an answer").text().await.expect("a page");
    for username in ["alice", "bob", "carol"] {
        assert!(home.contains(&format!("/user?username={username}")), "{home}");
    }
}

#[async_test]
async fn roles_and_api_resources_come_from_the_configuration() {
    let toml = r#"
        [default.logto_dev.users.carol]
        roles = ["cook", "items-reader"]
        organizations = { 8wz3nrme4n02 = ["host"] }
        [default.logto_dev.roles.cook]
        resources = { "https://kitchen.example.com" = ["cook:food", "eat:food"] }
        [default.logto_dev.roles.host]
        permissions = ["invite:guest"]
        [[default.logto_dev.resources]]
        indicator = "https://kitchen.example.com"
        access_token_ttl = 30
    "#;
    let client = ignite(figment("debug").merge(Toml::string(toml).nested())).await;
    let asked = [
        ("scope", "openid offline_access urn:logto:scope:organizations cook:food invite:guest"),
        ("resource", "https://kitchen.example.com"),
        ("resource", "urn:logto:resource:organizations"),
    ];
    let refresh_token = text(&sign_in(&client, "carol", &asked).await, "refresh_token");
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.as_str())];

    // Not `eat:food`, which was not asked for.
    for (of, scope, seconds) in [
        (("resource", "https://kitchen.example.com"), "cook:food", 30),
        (("organization_id", ACME), "invite:guest", 3600),
    ] {
        let answer = token(&client, &[grant[0], grant[1], of]).await;
        assert_eq!((&answer["scope"], &answer["expires_in"]), (&scope.into(), &seconds.into()));
    }
}

#[async_test]
async fn a_machine_and_the_switches_come_from_the_configuration() {
    let toml = r#"
        [default.logto_dev]
        token_exchange = false
        account_center = "off"
        always_issue_refresh_token = true
        backchannel_logout_session_required = false
        backchannel_logout_uri = "http://localhost:4321/told"
        [default.logto_dev.machine_app]
        id = "robot"
        secret = "its secret"
        roles = ["items-admin"]
    "#;
    let client = ignite(figment("debug").merge(Toml::string(toml).nested())).await;
    let robot = |grant| {
        [
            ("client_id", "robot"),
            ("client_secret", "its secret"),
            ("grant_type", grant),
            ("resource", "https://api.example.com"),
            ("scope", "write:items"),
        ]
    };
    let granted = token(&client, &robot("client_credentials")).await;
    assert_eq!(granted["scope"], "write:items");
    let exchange = robot("urn:ietf:params:oauth:grant-type:token-exchange");
    let description = "requested grant type is not allowed for this client";
    assert_eq!(token(&client, &exchange).await["error_description"], description);
    let tokens = sign_in(&client, "alice", &[("scope", "openid")]).await;
    assert!(tokens["refresh_token"].is_string(), "{tokens}");
    assert_eq!(decode(&text(&tokens, "id_token")).1.get("sid"), None);
    let url = setting(&client, "logto.endpoint").expect("an endpoint") + "/api/my-account";
    let account = answer(http().get(url).bearer_auth(text(&tokens, "access_token"))).await;
    assert!(account.expect_err("no redirect").contains("account_center.not_enabled"));
}

/// The application refuses plain http to other machines unless it is told not to.
#[async_test]
async fn where_the_provider_is_comes_from_the_configuration() {
    let toml = r#"
        [default.logto_dev]
        address = "0.0.0.0"
        endpoint = "http://dev.example.com:3001"
    "#;
    let client = ignite(figment("debug").merge(Toml::string(toml).nested())).await;
    let endpoint = setting(&client, "logto.endpoint");
    assert_eq!(endpoint.as_deref(), Some("http://dev.example.com:3001"));
    let allowed = |client: &Client| {
        client.rocket().figment().extract_inner::<bool>("logto.danger_allow_http").ok()
    };
    assert_eq!(allowed(&client), Some(true));
    for endpoint in ["https://dev.example.com", "http://dev.localhost:3001"] {
        let client = ignite(figment("debug").merge(("logto_dev.endpoint", endpoint))).await;
        assert_eq!(allowed(&client), None, "{endpoint}");
    }
    let own = figment("debug").merge(Toml::string(toml).nested());
    let client = ignite(own.merge(("logto.danger_allow_http", false))).await;
    assert_eq!(allowed(&client), Some(false));
}

#[async_test]
async fn outside_the_debug_profile_no_address_is_opened() {
    for (key, value) in [("address", "0.0.0.0"), ("endpoint", "http://dev.example.com:3001")] {
        let figment = figment("release").merge((format!("logto_dev.{key}"), value));
        let rocket = rocket::custom(figment).attach(Provider::fairing());
        let error = rocket.ignite().await.expect_err("a refusal");
        assert!(error.to_string().contains("fairing"), "{error}");
    }
}

#[async_test]
async fn a_misspelt_setting_is_refused() {
    let figment = figment("debug").merge(("logto_dev.user", "carol"));
    let rocket = rocket::custom(figment).attach(Provider::fairing());
    let error = rocket.ignite().await.expect_err("a refusal");
    assert!(error.to_string().contains("fairing"), "{error}");
}

#[async_test]
async fn the_provider_ends_with_the_application() {
    let client = ignite(figment("debug")).await;
    let endpoint = setting(&client, "logto.endpoint").expect("an endpoint");
    reqwest::get(&endpoint).await.expect("it runs");
    drop(client);
    for _ in 0..100 {
        if reqwest::get(&endpoint).await.is_err() {
            return;
        }
        rocket::tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the provider still answers");
}

#[async_test]
async fn a_tests_provider_takes_the_table_and_leaves_out_where_it_is() {
    let table = r#"
        [default.logto_dev]
        port = 4324
        endpoint = "https://elsewhere.example"
        [default.logto_dev.users.carol]
        name = "Carol Smith"
    "#;
    let figment = figment("debug").merge(Toml::string(table).nested());
    let builder = Provider::builder().generation(Generation::V1_37).figment(&figment);
    assert!(format!("{builder:?}").contains("V1_37"), "what is not set stays: {builder:?}");
    let provider = builder.start().await;
    assert!(provider.user("carol").is_some() && provider.user("alice").is_some());
    let endpoint = provider.endpoint();
    assert!(
        endpoint.starts_with("http://127.0.0.1:") && !endpoint.ends_with(":4324"),
        "{endpoint}"
    );
}

#[test]
#[should_panic(expected = "the table `logto_dev` cannot be read: `logto_dev.user` (in code at ")]
fn a_tests_provider_takes_no_table_with_a_mistake() {
    let figment = figment("debug").merge(("logto_dev.user", "carol"));
    let _ = Provider::builder().figment(&figment);
}
