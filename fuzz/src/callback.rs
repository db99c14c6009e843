use std::str;

use logto_rocket::internal::callback_code;

const ISSUER: &str = "https://foo.logto.app/oidc";

/// A8, A9, A11, H9: only an answer from the issuer yields a code, and nothing in it is
/// given twice; what is said about all others repeats none of their text.
pub fn callback(data: &[u8]) {
    let Ok(query) = str::from_utf8(data) else { return };
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let given = |wanted: &str| {
        let values = pairs.iter().filter(|(name, _)| name == wanted);
        values.map(|(_, value)| &**value).collect::<Vec<_>>()
    };
    match callback_code(query, ISSUER) {
        Ok(code) => {
            assert!(!code.is_empty());
            assert_eq!(given("code"), [code]);
            assert_eq!(given("iss"), [ISSUER]);
            assert!(given("error").is_empty() && given("state").len() <= 1);
        }
        Err(error) => {
            let said = error.to_string();
            let plain = |b: u8| b.is_ascii_alphanumeric() || b" _.,:;'`-()".contains(&b);
            assert!(said.len() < 200 && said.bytes().all(plain), "{said:?}");
            let code = given("code").join(" ");
            let is_error = given("error").iter().any(|error| error.contains(&code));
            assert!(code.len() < 12 || code.contains(' ') || is_error || !said.contains(&code));
        }
    }
}
