use logto_rocket::authenticated;

#[authenticated]
pub struct Profile {
    name: String,
}

fn main() {
    let _ = Profile { name: String::new() };
}
