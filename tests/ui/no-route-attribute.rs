use logto_rocket::authenticated;

#[authenticated(redirect)]
fn profile() -> &'static str {
    "profile"
}

fn main() {
    profile();
}
