use logto_dev::{Provider, User};
use reqwest::header::ORIGIN;
use rocket::async_test;

use crate::support::{ACME, API, Answer, App, GLOBEX, decode, text};

/// Posts a form as a page of this origin would.
async fn post(app: &App, action: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
    let request = app.form(&format!("/user/{action}"), form);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Answer::of(request.send().await.expect("an answer")).await
}

async fn change(app: &App, action: &str, form: &[(&str, &str)]) -> Answer {
    let origin = app.provider.endpoint().to_string();
    post(app, action, form, &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin")]).await
}

#[async_test]
async fn roles_and_memberships_are_changed_on_a_page() {
    let app = App::start().await;
    let page = app.get("/user?username=alice").await.body;
    let checked = |name: &str, value: &str| {
        page.contains(&format!("name=\"{name}\" value=\"{value}\" checked>"))
    };
    assert!(checked("role", "items-admin") && !checked("role", "items-reader"), "{page}");
    assert!(checked("organization", GLOBEX) && checked(&format!("role in {ACME}"), "editor"));

    let in_acme = format!("role in {ACME}");
    let form = [("username", "alice"), ("role", "items-reader"), ("organization", ACME)];
    let form = [&form[..], &[(in_acme.as_str(), "admin")]].concat();
    let answer = change(&app, "roles", &form).await;
    assert_eq!(answer.header("location"), Some("/user?username=alice"));
    let (_, claims) = decode(&text(&app.sign_in("alice", &[]).await, "id_token"));
    assert_eq!(claims["roles"], serde_json::json!(["items-reader"]));
    assert_eq!(claims["organization_roles"], serde_json::json!([format!("{ACME}:admin")]));
}

/// The part of a user's page with this title.
fn group<'p>(page: &'p str, title: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("<legend>{title}</legend>")).expect(title);
    rest.split("</fieldset>").next().unwrap_or_default()
}

#[async_test]
async fn roles_of_an_organization_are_offered_to_its_members_only() {
    let app = App::start().await;
    let offers = |part: &str, role: &str| part.contains(&format!("value=\"{role}\""));
    let page = app.get("/user?username=bob").await.body;
    let own = group(&page, "Roles");
    assert!(offers(own, "items-admin") && offers(own, "items-reader"), "{own}");
    assert!(!offers(own, "admin") && !offers(own, "editor"), "{own}");
    for organization in ["acme", "globex"] {
        let part = group(&page, organization);
        assert_eq!(part.matches("<input").count(), 1, "{part}");
        assert!(part.contains("> Member</label>"), "{part}");
    }

    change(&app, "roles", &[("username", "bob"), ("organization", ACME)]).await;
    let page = app.get("/user?username=bob").await.body;
    let (acme, globex) = (group(&page, "acme"), group(&page, "globex"));
    assert!(offers(acme, "admin") && offers(acme, "editor"), "{acme}");
    assert!(!offers(globex, "admin"), "{globex}");
    // Whatever somebody has can be taken away.
    app.provider.set_roles("bob", ["admin"]);
    let page = app.get("/user?username=bob").await.body;
    assert!(group(&page, "Roles").contains("value=\"admin\" checked"), "{page}");
    // And given to others, as one that is only in the application's configuration.
    let page = app.get("/user?username=alice").await.body;
    assert!(offers(group(&page, "Roles"), "admin"), "{page}");
}

/// The page's policy allows no script that asks.
#[async_test]
async fn a_user_is_deleted_only_after_a_page_has_asked() {
    let app = App::start().await;
    let page = app.get("/user?username=alice").await.body;
    let forms: Vec<_> = page.split("<form ").skip(1).collect();
    let form = forms.iter().find(|form| form.contains(">Delete</button>")).expect("a button");
    assert!(form.starts_with("method=\"get\" action=\"/user/delete\""), "{form}");
    let asked = app.get("/user/delete?username=alice").await;
    assert!(asked.body.contains("<h1>Delete Alice Lidell?</h1>"), "{}", asked.body);
    assert!(
        asked.body.contains("<form method=\"post\" action=\"/user/delete\">"),
        "{}",
        asked.body
    );
    assert!(
        asked.body.contains("<a href=\"/user?username=alice\">Keep them</a>"),
        "{}",
        asked.body
    );
    assert!(!asked.body.contains("<script"), "{}", asked.body);
    assert!(app.provider.user("alice").is_some());
    assert_eq!(app.get("/user/delete?username=mallory").await.status, 404);
    change(&app, "delete", &[("username", "alice")]).await;
    assert_eq!(app.provider.user("alice"), None);
}

#[async_test]
async fn a_user_is_suspended_reinstated_and_deleted_on_a_page() {
    let app = App::start().await;
    let bob = [("username", "bob")];
    let tokens = app.sign_in("bob", &[]).await;
    change(&app, "suspend", &bob).await;
    assert!(app.get("/").await.body.contains("bob · suspended"));
    assert!(app.get("/user?username=bob").await.body.contains("Reinstate"));
    assert_eq!(app.refresh(&text(&tokens, "refresh_token"), &[]).await.status, 400);
    change(&app, "reinstate", &bob).await;
    let tokens = app.sign_in("bob", &[]).await;
    change(&app, "revoke", &bob).await;
    assert_eq!(app.user_info(&text(&tokens, "access_token")).await.status, 401);
    app.sign_in("bob", &[]).await;
    assert_eq!(change(&app, "delete", &bob).await.header("location"), Some("/"));
    assert_eq!(app.provider.user("bob"), None);
    assert_eq!(change(&app, "delete", &bob).await.status, 404);
    assert_eq!(app.get("/user?username=bob").await.status, 404);
    assert_eq!(change(&app, "promote", &[("username", "alice")]).await.status, 404);
}

/// No other site changes a user, not even one whose name
/// leads here.
#[async_test]
async fn only_the_provider_s_own_pages_change_a_user() {
    let app = App::start().await;
    let own = app.provider.endpoint().to_string();
    let port = own.rsplit(':').next().expect("a port");
    let rebound = format!("http://evil.example:{port}");
    for headers in [
        vec![],
        vec![("Origin", "null")],
        vec![("Origin", "https://evil.example")],
        vec![("Origin", rebound.as_str()), ("Sec-Fetch-Site", "same-origin")],
        vec![("Origin", "http://127.0.0.1:1")],
        vec![("Origin", own.as_str()), ("Sec-Fetch-Site", "cross-site")],
        vec![("Origin", own.as_str()), ("Sec-Fetch-Site", "same-site")],
        vec![("Sec-Fetch-Site", "same-origin")],
    ] {
        let answer = post(&app, "delete", &[("username", "alice")], &headers).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(app.provider.user("alice").is_some(), "{headers:?}");
    }
    let local = own.replace("127.0.0.1", "localhost");
    for origin in [own, local] {
        let headers = [(ORIGIN.as_str(), origin.as_str())];
        let answer = post(&app, "suspend", &[("username", "alice")], &headers).await;
        assert_eq!(answer.status, 303, "{origin}");
    }
}

#[async_test]
async fn the_pages_escape_names_of_every_kind() {
    let eve = User::new("\"><b>&eve").name("<script>").role("<i>").organization("<u>", ["\"x"]);
    let app = App::with(Provider::builder().user(eve)).await;
    let list = app.get("/").await;
    assert!(!list.body.contains("<script") && !list.body.contains("\"><b>&eve"), "{}", list.body);
    let path = list.body.split("href=\"/user?").find(|link| link.starts_with("username=%22"));
    let path = path.and_then(|link| link.split('"').next()).expect("a link");
    let page = app.get(&format!("/user?{}", path.replace("&amp;", "&"))).await;
    assert_eq!(page.status, 200);
    for tag in ["<script", "<i>", "<u>", "\"\"x"] {
        assert!(!page.body.contains(tag), "{tag} in {}", page.body);
    }
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[async_test]
async fn a_removed_role_gives_nothing_at_the_next_refresh() {
    let app = App::start().await;
    let scope = "openid offline_access urn:logto:scope:organizations read:items write:items";
    let tokens = app.sign_in("alice", &[("scope", scope), ("resource", API)]).await;
    let token = text(&tokens, "refresh_token");
    let refresh = async |form: &[(&str, &str)]| app.refresh(&token, form).await;
    let (resource, organization) = (("resource", API), ("organization_id", ACME));
    assert_eq!(refresh(&[resource]).await.ok()["scope"], "read:items write:items");
    app.provider.set_roles("alice", ["items-reader"]);
    assert_eq!(refresh(&[resource]).await.ok()["scope"], "read:items");
    app.provider.set_roles("alice", [""; 0]);
    assert_eq!(refresh(&[resource]).await.ok()["scope"], "");

    app.provider.set_organization_roles("alice", ACME, ["editor"]);
    assert_eq!(refresh(&[resource, organization]).await.ok()["scope"], "read:items");
    app.provider.leave("alice", ACME);
    assert_eq!(refresh(&[organization]).await.status, 403);
    app.provider.leave("alice", ACME);
}

#[async_test]
#[should_panic(expected = "no user `mallory`")]
async fn changing_an_unknown_user_panics() {
    Provider::start().await.set_roles("mallory", ["admin"]);
}
