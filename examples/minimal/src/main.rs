use logto_rocket::{Logto, User, authenticated};
use rocket::{get, launch, routes};

#[get("/")]
fn home(user: Option<&User>) -> String {
    format!("Hello, {}!", user.map_or("stranger", User::subject))
}

#[authenticated(redirect)]
#[get("/profile")]
fn profile(user: &User) -> String {
    format!("Hello, {}!", user.display_name())
}

#[launch]
fn rocket() -> _ {
    rocket::build()
        .attach(logto_dev::Provider::fairing())
        .attach(Logto::fairing())
        .mount("/", routes![home, profile])
}
