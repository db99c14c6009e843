//! An application for the uploads of users, in this process.

use logto_rocket::{Logto, authenticated};
use logto_tests::Live;
use rocket::figment::Figment;
use rocket::response::content::RawHtml;
use rocket::tokio::runtime::Runtime;
use rocket::{Data, get, post, routes};

use crate::Application;

/// The running application.
pub(crate) struct Uploads {
    live: Live,
    _runtime: Runtime,
}

impl Uploads {
    pub(crate) fn start() -> Self {
        let figment = Figment::from(rocket::Config::debug_default())
            .merge(("log_level", "off"))
            .merge(("logto.endpoint", "http://127.0.0.1:9"))
            .merge(("logto.app_id", "app"));
        let routes = routes![page, signed_out, form, api];
        let rocket = rocket::custom(figment).attach(Logto::fairing()).mount("/", routes);
        let runtime = Runtime::new().expect("a runtime");
        Self { live: runtime.block_on(Live::start(rocket)), _runtime: runtime }
    }
}

impl Application for Uploads {
    fn url(&self) -> String {
        self.live.url()
    }
}

#[get("/")]
fn page() -> RawHtml<&'static str> {
    RawHtml(
        "<form method=post action=/upload enctype=multipart/form-data>\
         <input type=file name=file><button>Upload</button></form>",
    )
}

#[get("/signed-out")]
fn signed_out() -> RawHtml<&'static str> {
    RawHtml("<h1>Please sign in</h1>")
}

#[authenticated(redirect = "/signed-out")]
#[post("/upload", data = "<_data>")]
fn form(_data: Data<'_>) {}

#[authenticated]
#[post("/api/upload", data = "<_data>")]
fn api(_data: Data<'_>) {}
