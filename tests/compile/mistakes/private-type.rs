use rocket::routes;

mod pages {
    struct Private;

    impl<'r> rocket::request::FromParam<'r> for Private {
        type Error = ();
        fn from_param(_: &'r str) -> Result<Self, ()> {
            Ok(Self)
        }
    }

    #[logto_rocket::authenticated]
    #[rocket::get("/<_id>")]
    pub fn handler(_id: Private) -> &'static str {
        ""
    }
}

fn main() {
    let _ = routes![pages::handler];
}
