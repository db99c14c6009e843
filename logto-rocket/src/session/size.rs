//! The size of a session's cookies, and what happens if it is too large.

use super::Sessions;
use super::cookie;
use super::record::Record;
use crate::error::{Error, ErrorKind, Result};
use crate::seal;

impl Sessions {
    /// Checks that a new session is within `session.max_cookie_bytes`.
    ///
    /// # Errors
    ///
    /// It is not.
    pub(crate) fn check_size(&self, record: &Record) -> Result<()> {
        let bytes = self.cookie_bytes(record);
        if bytes <= self.max_bytes() {
            return Ok(());
        }
        let mut detail = format!(
            "{bytes} bytes of cookies, but `session.max_cookie_bytes` is {}; ",
            self.config.max_cookie_bytes
        );
        let growing = record.id_token_claims()?.growing();
        let largest = growing.iter().take(3).map(|(name, bytes)| format!("`{name}` ({bytes})"));
        let largest = largest.collect::<Vec<_>>().join(", ");
        if !largest.is_empty() {
            detail += &format!("leave out the scopes of {largest}, or ");
        }
        detail += "set `session.store`: sessions in a store have no such limit";
        Err(Error::new(ErrorKind::SessionTooLarge, detail))
    }

    /// The record of a session that has grown, made to fit into cookies: without the claims
    /// that grow with the user, if need be. Keeping old ones instead would show roles that
    /// were taken away.
    pub(crate) fn fit(&self, record: Record) -> Record {
        let bytes = self.cookie_bytes(&record);
        if bytes <= self.max_bytes() {
            return record;
        }
        let Ok(claims) = record.id_token_claims() else { return record };
        let names: Vec<_> = claims.growing().into_iter().map(|(name, _)| name).collect();
        if names.is_empty() {
            return record;
        }
        if self.dropped.is_due(self.clock.now()) {
            log::warn!(
                "logto: a session has grown to {bytes} bytes of cookies, but \
                 `session.max_cookie_bytes` is {}: it continues without `{}`; leave out their \
                 scopes, or set `session.store`",
                self.config.max_cookie_bytes,
                names.join("`, `")
            );
        }
        Record { claims: (&claims.without_growing()).into(), ..record }
    }

    /// The bytes of the session's cookies in a request, including the count of sign-ins.
    /// For a stored session that is its id.
    fn cookie_bytes(&self, record: &Record) -> usize {
        let name = self.cookies.session();
        let count = name.len() + "_n=1; ".len();
        match self.storage.cookie_sealer() {
            Some(_) => count + cookie::weight(name, seal::sealed_text_len(record.encode().len())),
            None => 0,
        }
    }

    fn max_bytes(&self) -> usize {
        usize::try_from(self.config.max_cookie_bytes).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::cookie;
    use super::super::record::tests::record;
    use crate::claims::IdTokenClaims;
    use crate::clock::Timestamp;
    use crate::seal;
    use crate::session::record::Record;
    use crate::session::tests::in_cookies;

    const NAME: &str = "__Host-logto_abcdef";

    /// A session of an ordinary user in so many organizations, with two roles in each.
    fn member(organizations: usize) -> Record {
        let ids = || (0..organizations).map(|n| format!("{:012x}", (n + 1) * 0x9e37_79b9_7f4b));
        let ids = || ids().map(|id| id[id.len() - 12..].to_owned());
        let roles = ids().flat_map(|id| [format!("{id}:admin"), format!("{id}:member")]);
        let mut claims = json!({
            "iss": "https://foo.logto.app/oidc", "sub": "extwr7ziy1s8",
            "aud": "guf9ga2720vn080xqht0o", "exp": 1_795_323_492, "iat": 1_795_319_892,
            "name": "Alice Lidell", "username": "alice", "email": "alice@example.com",
            "picture": "https://example.com/alice.png", "email_verified": true,
            "created_at": 1_795_319_767_963_u64, "updated_at": 1_795_319_767_963_u64,
            "nonce": "Nq6bGC4nVXQ1NkxJ0DkC2v4pGkV3h1Tn2cH1o0cJ3Y4",
        });
        if organizations > 0 {
            claims["organizations"] = ids().collect();
            claims["organization_roles"] = roles.collect();
        }
        let claims: IdTokenClaims = serde_json::from_value(claims).expect("claims");
        let token = |letter: &str| letter.repeat(43);
        let now = Timestamp::now();
        Record {
            refresh_token: Some(openidconnect::RefreshToken::new(token("r")).into()),
            user_info_token: crate::token::Token::new(
                openidconnect::AccessToken::new(token("a")),
                Some("openid offline_access profile email urn:logto:scope:organizations".into()),
                now,
                std::time::Duration::from_secs(3600),
            ),
            claims: (&claims).into(),
            ..record(now)
        }
    }

    /// S32: the sizes given in BENCHMARKS.
    #[test]
    fn fifty_organizations_with_two_roles_each_take_three_kilobytes_and_a_half_at_most() {
        let mut taken = Vec::new();
        for organizations in [0, 10, 50, 200] {
            let sealed = seal::sealed_text_len(member(organizations).encode().len());
            taken.push(cookie::weight(NAME, sealed));
            println!("{organizations} organizations: {} bytes", taken[taken.len() - 1]);
        }
        assert!(taken[0] <= 1000 && taken[1] <= 1500 && taken[2] <= 3500, "{taken:?}");
    }

    /// S32: the stated sizes are right.
    #[rocket::async_test]
    async fn the_bytes_of_a_session_are_known_before_it_is_written() {
        let sessions = in_cookies();
        for organizations in [0, 10, 100, 500] {
            let record = member(organizations);
            let expected = sessions.cookie_bytes(&record);
            let session = sessions.begin(record).await.expect("begun");
            let cookies = super::super::tests::cookies(&sessions, &session).await;
            let count = sessions.cookies.session().len() + "_n=1; ".len();
            let pairs = cookies.iter().map(|c| format!("{}={}; ", c.name(), c.value()).len());
            assert_eq!(pairs.sum::<usize>() + count, expected, "{organizations}");
        }
    }
}
