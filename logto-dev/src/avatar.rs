//! A picture of every user: the initial on a disc.

use rocket::get;
use rocket::http::Status;

use crate::answer::Answer;
use crate::pages;
use crate::tenant::Shared;

#[get("/avatars/<file>")]
pub(crate) fn avatar(file: &str, tenant: &Shared) -> Answer {
    let user = file.strip_suffix(".svg").and_then(|username| tenant.user(username));
    let Some(user) = user else { return Answer::plain(Status::NotFound, "Not Found") };
    let initial = pages::initial(&user);
    // The light colours of the pages, legible on any ground.
    Answer::svg(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">
<circle cx="48" cy="48" r="48" fill="#efeaff"/>
<text x="48" y="64" font-family="system-ui, sans-serif" font-size="44" font-weight="700" fill="#5d34f2" text-anchor="middle">{initial}</text>
</svg>
"##
    ))
}
