//! The names under which stores know users and their sessions at Logto.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{Kind, derive};

/// Turns Logto's ids into pseudonyms (HMAC-SHA-256), one under each cookie secret. A
/// plain hash would not do: anyone who knows an id could find it in a store.
pub(crate) struct Pseudonyms(Vec<hmac::Key>);

impl Pseudonyms {
    pub(crate) fn new(secrets: &[Zeroizing<Vec<u8>>], issuer: &str, app_id: &str) -> Self {
        let keys = derive(secrets, issuer, app_id, Kind::Pseudonym);
        Self(keys.iter().map(|key| hmac::Key::new(hmac::HMAC_SHA256, &**key)).collect())
    }

    /// The name under the newest secret, which is the one that is stored.
    pub(crate) fn newest(&self, kind: Named, id: &str) -> String {
        name(self.0.first().expect("the configuration has a secret"), kind, id)
    }

    /// The names under all secrets, the newest first: a session may have been stored under
    /// any.
    pub(crate) fn all(&self, kind: Named, id: &str) -> Vec<String> {
        self.0.iter().map(|key| name(key, kind, id)).collect()
    }
}

/// The kinds of names: no name of one kind equals one of another, whatever the ids.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    /// A user.
    Subject,
    /// A user's session at Logto.
    Sid,
    /// A user's sessions for which Logto sent no `sid`.
    WithoutSid,
}

fn name(key: &hmac::Key, kind: Named, id: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    let kind: &[u8] = match kind {
        Named::Subject => b"sub ",
        Named::Sid => b"sid ",
        Named::WithoutSid => b"sub without sid ",
    };
    context.update(kind);
    context.update(id.as_bytes());
    URL_SAFE_NO_PAD.encode(context.sign())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &[u8] = b"a new secret of at least 32 bytes";
    const OLD: &[u8] = b"an old secret of at least 32 bytes";

    fn pseudonyms(secrets: &[&[u8]], issuer: &str, app_id: &str) -> Pseudonyms {
        let secrets: Vec<_> = secrets.iter().map(|secret| secret.to_vec().into()).collect();
        Pseudonyms::new(&secrets, issuer, app_id)
    }

    /// S22: without the secret a name does not reveal its user.
    #[test]
    fn a_name_depends_on_the_id_the_secret_the_issuer_and_the_application() {
        let name = pseudonyms(&[NEW], "issuer", "app").newest(Named::Subject, "alice");
        assert_eq!(name.len(), 43);
        assert_eq!(name, pseudonyms(&[NEW], "issuer", "app").newest(Named::Subject, "alice"));
        let sid = pseudonyms(&[NEW], "issuer", "app").newest(Named::Sid, "alice");
        assert_ne!(name, sid);
        for (secret, issuer, app_id, id) in [
            (NEW, "issuer", "app", "alicf"),
            (OLD, "issuer", "app", "alice"),
            (NEW, "issues", "app", "alice"),
            (NEW, "issuer", "apq", "alice"),
        ] {
            assert_ne!(
                name,
                pseudonyms(&[secret], issuer, app_id).newest(Named::Subject, id),
                "{id}"
            );
        }
    }

    /// S11: sessions stored before the secret was rotated are found.
    #[test]
    fn there_is_a_name_for_each_secret_and_the_newest_is_stored() {
        let [old, new] = [OLD, NEW]
            .map(|secret| pseudonyms(&[secret], "i", "a").newest(Named::Subject, "alice"));
        let both = pseudonyms(&[NEW, OLD], "i", "a");
        assert_eq!(both.newest(Named::Subject, "alice"), new);
        assert_eq!(both.all(Named::Subject, "alice"), [new, old]);
    }
}
