//! Tables that look like ours, and that nothing reads.

use rocket::figment::value::Dict;
use rocket::figment::{Figment, Provider};
use strsim::damerau_levenshtein;

/// Ours, and that of `logto-dev`.
const OURS: [&str; 2] = ["logto", "logto_dev"];

/// The tables that look like ours and are not, each with the likely intended name.
pub(crate) fn unknown_tables(figment: &Figment) -> Vec<String> {
    let Ok(profiles) = figment.data() else { return Vec::new() };
    let mut found = Vec::new();
    for (profile, tables) in &profiles {
        // The first name of a table is a profile's.
        if profile != figment.profile()
            && let Some(meant) = meant(profile.as_str().as_str(), tables)
        {
            found.push(format!("`[{profile}]` (did you mean `[default.{meant}]`?)"));
        }
        for (name, value) in tables.iter().filter(|(name, _)| !OURS.contains(&name.as_str())) {
            if let Some(meant) = value.as_dict().and_then(|table| meant(name, table)) {
                found.push(format!("`[{profile}.{name}]` (did you mean `[{profile}.{meant}]`?)"));
            }
        }
    }
    found
}

/// Which of our tables was likely meant. Another crate's may be called `logo`: what is only
/// similar to our short name must have both of our required keys.
fn meant(name: &str, table: &Dict) -> Option<&'static str> {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let letters: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    let is_near = |ours| damerau_levenshtein(&letters, ours) <= 1;
    let has_our_keys = || ["endpoint", "app_id"].iter().all(|key| table.contains_key(*key));
    if is_near("logtodev") {
        return Some("logto_dev");
    }
    let is_ours =
        letters == "logto" || is_near("logtorocket") || is_near("logto") && has_our_keys();
    is_ours.then_some("logto")
}
