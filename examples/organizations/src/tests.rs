//! What the README promises, with a provider instead of Logto.

use std::iter;

use logto_dev::{Provider, User};
use rocket::Config;
use rocket::figment::Figment;
use rocket::http::{Accept, ContentType, Header, Status};
use rocket::local::asynchronous::{Client, LocalResponse};

use crate::application;
use crate::notices::MOST;
use crate::tenants::{ACME, GLOBEX};

/// A provider that knows what the sample tells its own.
async fn provider() -> Provider {
    let sample = application(Figment::from(Config::debug_default()));
    Provider::builder().figment(sample.figment()).start().await
}

async fn client(provider: &Provider) -> Client {
    Client::tracked(application(provider.figment())).await.expect("the sample launches")
}

async fn signed_in(provider: &Provider, user: &str) -> Client {
    let client = client(provider).await;
    assert_eq!(provider.sign_in_at(&client, "/orgs", user).await, "/orgs");
    client
}

/// The next user of the same application, with the same notices.
async fn switch(provider: &Provider, client: &Client, user: &str) {
    client.post("/sign-out").dispatch().await;
    assert_eq!(provider.sign_in_at(client, "/orgs", user).await, "/orgs");
}

async fn get<'c>(client: &'c Client, path: &str) -> LocalResponse<'c> {
    client.get(path.to_owned()).header(Accept::HTML).dispatch().await
}

async fn text(client: &Client, path: &str) -> String {
    let response = get(client, path).await;
    assert_eq!(response.status(), Status::Ok, "{path}");
    response.into_string().await.expect("a page")
}

async fn post(client: &Client, org: &str, notice: &str) -> Status {
    let request = client.post(format!("/orgs/{org}/notices")).header(ContentType::Form);
    request.body(format!("text={notice}")).dispatch().await.status()
}

#[rocket::async_test]
async fn a_stranger_is_led_to_sign_in_and_to_the_organization() {
    let provider = provider().await;
    let client = client(&provider).await;
    assert!(text(&client, "/").await.contains("href=\"/sign-in?return_to=/orgs\""));
    let board = format!("/orgs/{ACME}");
    assert_eq!(provider.sign_in_at(&client, &board, "bob").await, board);
    assert!(text(&client, "/").await.contains("href=\"/orgs\">Your organizations"));
}

#[rocket::async_test]
async fn the_switcher_has_the_users_organizations_and_marks_the_current_one() {
    let provider = provider().await;
    let client = signed_in(&provider, "alice").await;
    let page = text(&client, "/orgs").await;
    assert!(page.contains(&format!("<a href=\"/orgs/{ACME}\">acme</a>: owner")), "{page}");
    assert!(page.contains(&format!("<a href=\"/orgs/{GLOBEX}\">globex</a>: editor")), "{page}");
    for (current, other) in
        [((ACME, "acme"), (GLOBEX, "globex")), ((GLOBEX, "globex"), (ACME, "acme"))]
    {
        let page = text(&client, &format!("/orgs/{}", current.0)).await;
        let marked =
            format!("<a href=\"/orgs/{}\" aria-current=\"true\">{}</a>", current.0, current.1);
        let unmarked = format!("<a href=\"/orgs/{}\">{}</a>", other.0, other.1);
        assert!(page.contains(&marked) && page.contains(&unmarked), "{page}");
    }
    let page = text(&signed_in(&provider, "carol").await, "/orgs").await;
    assert!(page.contains("You are not in any organization."), "{page}");
}

#[rocket::async_test]
async fn the_tokens_scopes_decide_what_a_board_offers() {
    let provider = provider().await;
    let client = signed_in(&provider, "alice").await;
    let board = format!("/orgs/{ACME}");
    assert_eq!(post(&client, ACME, "Picnic+on+Friday").await, Status::SeeOther);
    let page = text(&client, &board).await;
    assert!(page.contains("Your token permits: read:notices, post:notices."), "{page}");
    assert!(page.contains("<button>Post</button>") && page.contains("Picnic on Friday"), "{page}");

    switch(&provider, &client, "bob").await;
    let page = text(&client, &board).await;
    assert!(page.contains("Your roles: member. Your token permits: read:notices."), "{page}");
    assert!(!page.contains("<button>Post</button>") && page.contains("Picnic on Friday"), "{page}");
    assert_eq!(post(&client, ACME, "Mine").await, Status::Forbidden);
    assert!(!text(&client, &board).await.contains("Mine"));
}

#[rocket::async_test]
async fn owners_see_and_do_more_than_members_and_editors() {
    let provider = provider().await;
    let client = signed_in(&provider, "alice").await;
    post(&client, ACME, "Picnic").await;
    let (board, owner, clear) =
        (format!("/orgs/{ACME}"), format!("/orgs/{ACME}/owner"), format!("/orgs/{ACME}/clear"));
    assert!(text(&client, &board).await.contains(&format!("href=\"{owner}\"")));
    assert!(text(&client, &owner).await.contains("Alice Lidell: Picnic"));
    // In globex she is an editor, who may post but not remove.
    let page = text(&client, &format!("/orgs/{GLOBEX}")).await;
    assert!(page.contains("<button>Post</button>") && !page.contains("For owners"), "{page}");
    assert_eq!(get(&client, &format!("/orgs/{GLOBEX}/owner")).await.status(), Status::Forbidden);

    switch(&provider, &client, "bob").await;
    let page = text(&client, &board).await;
    assert!(page.contains("<li>Picnic</li>") && !page.contains(&owner), "{page}");
    assert_eq!(get(&client, &owner).await.status(), Status::Forbidden);
    assert_eq!(client.post(clear.clone()).dispatch().await.status(), Status::Forbidden);
    assert!(text(&client, &board).await.contains("<li>Picnic</li>"));

    switch(&provider, &client, "alice").await;
    assert_eq!(client.post(clear).dispatch().await.status(), Status::SeeOther);
    assert!(text(&client, &board).await.contains("There are no notices."));
}

#[rocket::async_test]
async fn non_members_get_403_and_no_organization_sees_anothers_notices() {
    let provider = provider().await;
    let client = signed_in(&provider, "alice").await;
    post(&client, ACME, "Picnic").await;
    assert!(!text(&client, &format!("/orgs/{GLOBEX}")).await.contains("Picnic"));
    for (user, org) in [("bob", GLOBEX), ("carol", ACME), ("alice", "nowhere")] {
        switch(&provider, &client, user).await;
        let refused = get(&client, &format!("/orgs/{org}")).await;
        assert_eq!(refused.status(), Status::Forbidden, "{user} in {org}");
        let page = refused.into_string().await.expect("a page");
        assert!(page.contains("You are not in this organization"), "{page}");
        assert!(page.contains("href=\"/orgs\"") && !page.contains("Picnic"), "{page}");
        assert_eq!(post(&client, org, "Hello").await, Status::Forbidden, "{user} in {org}");
    }
}

#[rocket::async_test]
async fn a_new_role_counts_at_the_next_sign_in() {
    let provider = provider().await;
    let bob = signed_in(&provider, "bob").await;
    let owner = format!("/orgs/{ACME}/owner");
    assert_eq!(get(&bob, &owner).await.status(), Status::Forbidden);
    provider.set_organization_roles("bob", ACME, ["owner"]);
    bob.post("/sign-out").dispatch().await;
    assert_eq!(provider.sign_in_at(&bob, &owner, "bob").await, owner);
    assert_eq!(post(&bob, ACME, "Mine").await, Status::SeeOther);
    assert!(text(&bob, &owner).await.contains("Bob Moran: Mine"));
}

#[rocket::async_test]
async fn a_former_member_reads_on_until_the_next_sign_in() {
    let provider = provider().await;
    let client = signed_in(&provider, "bob").await;
    let board = format!("/orgs/{ACME}");
    assert_eq!(get(&client, &board).await.status(), Status::Ok);
    provider.leave("bob", ACME);
    assert_eq!(get(&client, &board).await.status(), Status::Ok);
    switch(&provider, &client, "bob").await;
    assert_eq!(get(&client, &board).await.status(), Status::Forbidden);
}

#[rocket::async_test]
async fn another_site_posts_and_removes_nothing() {
    let provider = provider().await;
    let alice = signed_in(&provider, "alice").await;
    post(&alice, ACME, "Picnic").await;
    for path in [format!("/orgs/{ACME}/notices"), format!("/orgs/{ACME}/clear")] {
        let forged = alice.post(path.clone()).header(ContentType::Form).body("text=Forged");
        let forged = forged.header(Header::new("Origin", "https://evil.example"));
        assert_eq!(forged.dispatch().await.status(), Status::Forbidden, "{path}");
    }
    let page = text(&alice, &format!("/orgs/{ACME}")).await;
    assert!(page.contains("Picnic") && !page.contains("Forged"), "{page}");
}

#[rocket::async_test]
async fn names_and_notices_are_never_markup() {
    let provider = provider().await;
    provider.add(User::new("eve").name("<script>\"").organization(ACME, ["owner"]));
    let eve = signed_in(&provider, "eve").await;
    post(&eve, ACME, "<script>alert(1)</script>").await;
    for path in ["/orgs".to_owned(), format!("/orgs/{ACME}"), format!("/orgs/{ACME}/owner")] {
        let page = text(&eve, &path).await;
        assert!(page.contains("&lt;script&gt;&quot;") && !page.contains("<script"), "{page}");
    }
}

#[rocket::async_test]
async fn a_board_keeps_fifty_notices_that_are_not_too_long() {
    let provider = provider().await;
    let alice = signed_in(&provider, "alice").await;
    let long: String = iter::repeat_n('a', 601).collect();
    for notice in ["", &long] {
        assert_eq!(post(&alice, ACME, notice).await, Status::UnprocessableEntity);
    }
    for number in 0..=MOST {
        post(&alice, ACME, &format!("number-{number}.")).await;
    }
    let page = text(&alice, &format!("/orgs/{ACME}")).await;
    assert!(!page.contains("number-0.") && page.contains(&format!("number-{MOST}.")), "{page}");
}

#[rocket::async_test]
async fn without_an_endpoint_the_sample_brings_its_own_provider() {
    let figment = Figment::from(Config::debug_default()).merge(("log_level", "off"));
    let client = Client::tracked(application(figment)).await.expect("the sample launches");
    let begun = client.get("/sign-in").dispatch().await;
    let location = begun.headers().get_one("Location").expect("303 has a location");
    assert!(location.starts_with("http://127.0.0.1:"), "{location}");
}
