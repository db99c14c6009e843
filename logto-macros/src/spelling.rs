//! "did you mean".

/// Whether `name` is a misspelling of `known`, or its camel case.
pub(crate) fn is_close(name: &str, known: &str) -> bool {
    let plain = |s: &str| s.replace('_', "").to_lowercase();
    let (name, known) = (plain(name), plain(known));
    name.contains(&known) || distance(&name, &known) <= known.len() / 4
}

/// The number of characters to insert, delete or replace (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::is_close;

    #[test]
    fn misspellings_and_other_styles_are_close() {
        for name in ["redirct", "rediret", "redirects", "Redirect", "shouldRedirect", "redirect_to"]
        {
            assert!(is_close(name, "redirect"), "{name}");
        }
        for name in ["fetchUserInfo", "fetch_userinfo", "fetch_user_inf", "fetch_user_infos"] {
            assert!(is_close(name, "fetch_user_info"), "{name}");
        }
    }

    #[test]
    fn other_words_are_not_close() {
        for name in ["scopes", "direct_to_x", "user", "r", "red"] {
            assert!(!is_close(name, "redirect"), "{name}");
            assert!(!is_close(name, "fetch_user_info"), "{name}");
            assert!(!is_close(name, "crate"), "{name}");
        }
    }
}
