use logto_rocket::__fuzz::{refusal, token_answer as read};
use serde_json::Value;

/// H5: tokens come out of an answer of 200 with a bearer token only, as they were
/// sent; and what is said of all others repeats neither token nor text.
///
/// The first two bytes are the status.
pub fn token_answer(data: &[u8]) {
    let Some((status, body)) = data.split_first_chunk::<2>() else { return };
    let status = 100 + u16::from_be_bytes(*status) % 500;
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| sent[name].as_str().map(String::from);
    match read(status, body) {
        Ok(tokens) => {
            assert_eq!(status, 200);
            assert!(sent["token_type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case("bearer")));
            let names = ["access_token", "refresh_token", "id_token"];
            assert_eq!(tokens, names.map(text));
        }
        Err(error) => check(&error.to_string(), &sent),
    }
    check(&refusal(status, body), &sent);
}

fn check(said: &str, sent: &Value) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b" _.,:;'`-()".contains(&b);
    assert!(said.len() < 200 && said.bytes().all(plain), "{said:?}");
    let code = [&sent["error"], &sent["code"]].map(|code| code.as_str().unwrap_or_default());
    for name in ["access_token", "refresh_token", "id_token"] {
        let token = sent[name].as_str().unwrap_or_default();
        let is_code = code.iter().any(|code| code.contains(token));
        assert!(token.len() < 12 || is_code || !said.contains(token), "{said:?}");
    }
}
