//! Routes of a crate in which logto-rocket has another name.

use auth::{AccessToken, ApiResource, Logto, User, UserInfo, authenticated};
use logto_dev::Provider;
use logto_tests::Browser;
use rocket::http::Status;
use rocket::{get, routes, uri};

#[authenticated(crate = auth, redirect)]
#[get("/page/<id>")]
fn page(id: u8, user: &User) -> String {
    format!("{id} {}", user.username().unwrap_or_default())
}

#[auth::authenticated(crate = ::auth)]
#[get("/api")]
async fn api(user: &User) -> &str {
    user.username().unwrap_or_default()
}

#[derive(ApiResource)]
#[resource("https://api.example.com", crate = auth)]
struct Items;

#[authenticated(crate = auth, organization = "<org>")]
#[get("/organization/<org>")]
fn organization(org: &str, _token: auth::OrganizationToken, _items: AccessToken<Items>) -> String {
    org.replace("nyb79mqzrg8c", "alice")
}

mod inner {
    pub(super) mod names {
        pub(in crate::inner) use auth as sign_in;
    }

    #[names::sign_in::authenticated(fetch_user_info, crate = self::names::sign_in)]
    #[rocket::get("/info")]
    pub(super) fn info(info: &super::UserInfo) -> &str {
        info.username().unwrap_or_default()
    }
}

macro_rules! handler {
    ($name:ident, $path:literal, $ty:ty) => {
        #[$crate::reexported::authenticated(crate = $crate::reexported)]
        #[get($path)]
        fn $name(user: $ty) -> &str {
            user.username().unwrap_or_default()
        }
    };
}

// Like a macro of a library whose users do not depend on logto-rocket at all.
pub(crate) use auth as reexported;

handler!(made, "/made", &User);

#[rocket::async_test]
async fn routes_work_where_logto_rocket_has_another_name() {
    let provider = Provider::start().await;
    let routes = routes![page, api, organization, inner::info, made];
    let figment = provider.figment().merge(("logto.resources", ["https://api.example.com"]));
    let figment = figment.merge(("logto.scopes", ["urn:logto:scope:organizations"]));
    let rocket = rocket::custom(figment).attach(Logto::fairing()).mount("/", routes);
    let browser = Browser::open(rocket).await;

    for path in ["/api", "/info", "/made", "/organization/nyb79mqzrg8c"] {
        assert_eq!(browser.visit(path).await.status, Status::Unauthorized, "{path}");
    }
    let location = browser.visit("/page/7").await.location().to_owned();
    assert_eq!(location, "/sign-in?return_to=%2Fpage%2F7");

    assert_eq!(browser.sign_in(&provider, "/page/7").await.body, "7 alice");
    for path in ["/api", "/info", "/made", "/organization/nyb79mqzrg8c"] {
        assert_eq!(browser.visit(path).await.body, "alice", "{path}");
    }
    assert_eq!(uri!(page(7)).to_string(), "/page/7");
}
