use logto_rocket::authenticated;

#[authenticated]
#[rocket::get("/profile/<_id>")]
fn profile(_id: u8) -> String;

trait Pages {
    #[authenticated]
    #[rocket::get("/page")]
    async fn page() -> &'static str;
}

fn main() {}
