use logto_rocket::ApiResource;

#[derive(ApiResource)]
#[resource("https://api.example.com/#items", scopes("read:items write:items", "a", "a"), scope)]
struct Items;

fn main() {
    let _ = Items;
}
