use logto_rocket::internal::{refusal, token_answer as read};
use serde::Deserialize;
use serde_json::Value;

/// H5: only an answer of 200 with a bearer token yields tokens, as they were sent; and
/// what is said about all others repeats neither token nor text.
///
/// The first two bytes are the status.
pub fn token_answer(data: &[u8]) {
    let Some((status, body)) = data.split_first_chunk::<2>() else { return };
    let status = 100 + u16::from_be_bytes(*status) % 500;
    let sent: Tokens = serde_json::from_slice(body).unwrap_or_default();
    let code: Code = serde_json::from_slice(body).unwrap_or_default();
    match read(status, body) {
        Ok(tokens) => {
            assert_eq!(status, 200);
            assert!(sent.token_type.as_str().is_some_and(|t| t.eq_ignore_ascii_case("bearer")));
            assert_eq!(tokens, sent.tokens().map(|token| token.as_str().map(String::from)));
        }
        Err(error) => check(&error.to_string(), &sent, &code),
    }
    check(&refusal(status, body), &sent, &code);
}

/// What an answer grants, whatever its type. Nobody reads what else it says, and that
/// need not even be text.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Tokens {
    access_token: Value,
    refresh_token: Value,
    id_token: Value,
    token_type: Value,
}

impl Tokens {
    fn tokens(&self) -> [&Value; 3] {
        [&self.access_token, &self.refresh_token, &self.id_token]
    }
}

/// What an answer refuses with.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Code {
    error: Value,
    code: Value,
}

fn check(said: &str, sent: &Tokens, code: &Code) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b" _.,:;'`-()".contains(&b);
    assert!(said.len() < 200 && said.bytes().all(plain), "{said:?}");
    let codes = [&code.error, &code.code].map(|code| code.as_str().unwrap_or_default());
    for token in sent.tokens().map(|token| token.as_str().unwrap_or_default()) {
        // Nothing of the answer, except pieces of the code or of our own words.
        let is_ours = token.len() < 12 || token.contains(' ');
        let is_code = codes.iter().any(|code| code.contains(token));
        assert!(is_ours || is_code || !said.contains(token), "{said:?}");
    }
}
