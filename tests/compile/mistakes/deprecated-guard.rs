use logto_rocket::authenticated;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{get, routes};

#[deprecated]
pub struct Old<T> {
    inner: T,
}

#[allow(deprecated)]
#[rocket::async_trait]
impl<'r, T: Default> FromRequest<'r> for Old<T> {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Old { inner: T::default() })
    }
}

#[authenticated]
#[get("/")]
fn handler<'r>(guard: Old<(Option<&'r str>, u8)>) -> &'r str {
    guard.inner.0.map(|text| &text[1..]).unwrap_or_default()
}

fn main() {
    let _ = routes![handler];
}
