//! A session in and out of its cookie, for the benchmarks.

use openidconnect::{AccessToken, RefreshToken};

use crate::claims::IdTokenClaims;
use crate::clock::Timestamp;
use crate::seal::{Kind, Sealer};
use crate::session::record::Record;
use crate::session::store::SessionId;
use crate::token::Token;

const NAME: &str = "logto_bench";

/// One session and the key it is sealed with.
pub struct SealedSession {
    sealer: Sealer,
    record: Record,
}

impl SealedSession {
    /// A session with these claims.
    pub fn new(claims: &str) -> Self {
        let claims: IdTokenClaims = serde_json::from_str(claims).expect("claims");
        let now = Timestamp::now();
        let token = AccessToken::new("a".repeat(43));
        let lifetime = std::time::Duration::from_secs(3600);
        let record = Record {
            id: SessionId::random(),
            generation: 0,
            created: now,
            issued_at: now.seconds(),
            last_used: now,
            verified_at: now,
            epoch: Default::default(),
            sid: None,
            nonce_hash: [0; 32],
            refresh_token: Some(RefreshToken::new("r".repeat(43)).into()),
            user_info_token: Token::new(
                token,
                Some("openid offline_access profile email".into()),
                now,
                lifetime,
            ),
            claims: (&claims).into(),
            user_agent: None,
        };
        let secret = [b"a secret of at least 32 random bytes".to_vec().into()];
        Self { sealer: Sealer::new(&secret, "issuer", "app", Kind::Session), record }
    }

    /// The value of its cookie.
    pub fn seal(&self) -> String {
        self.sealer.seal_text(NAME, &self.record.encode())
    }

    /// The bytes of the scopes in a cookie's value.
    pub fn open(&self, value: &str) -> usize {
        let bytes = self.sealer.open_text(NAME, value).expect("its own value");
        Record::decode(&bytes).expect("its own format").user_info_token.scope().len()
    }

    /// Like [`open()`](Self::open), also reading the claims.
    pub fn open_claims(&self, value: &str) -> usize {
        let bytes = self.sealer.open_text(NAME, value).expect("its own value");
        let record = Record::decode(&bytes).expect("its own format");
        record.id_token_claims().expect("its own claims").names().count()
    }
}
