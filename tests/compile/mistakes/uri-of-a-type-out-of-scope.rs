mod pages {
    use logto_rocket::authenticated;

    pub type Id = u64;

    #[authenticated]
    #[rocket::get("/list/<id>?<page>")]
    pub fn list(id: Id, page: Option<Id>) -> String {
        format!("{id} {page:?}")
    }
}

fn main() {
    let _ = rocket::routes![pages::list];
    let _ = rocket::uri!(pages::list(1, Some(2)));
}
