//! The sealing of cookie values, and every `Set-Cookie`.

mod pseudonyms;

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, hkdf, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rocket::http::{Cookie, SameSite};
use rocket::time::Duration;
use zeroize::Zeroizing;

pub(crate) use self::pseudonyms::{Named, Pseudonyms};

/// The longest cookie, name and attributes included, that browsers keep
/// (RFC 6265 section 6.1).
pub(crate) const MAX_COOKIE: usize = 4096;

/// The part of [`MAX_COOKIE`] reserved for our attributes.
pub(crate) const ATTRIBUTES: usize = 96;

/// The purpose of a key. A value sealed as one kind does not open as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Session,
    Transaction,
    Stored,
    Shared,
    Pseudonym,
}

impl Kind {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"session",
            Self::Transaction => b"transaction",
            Self::Stored => b"stored session",
            Self::Shared => b"shared",
            Self::Pseudonym => b"pseudonym",
        }
    }
}

/// Derives a separate key for this kind of value, issuer and application from each secret
/// (HKDF, RFC 5869).
fn derive(
    secrets: &[Zeroizing<Vec<u8>>],
    issuer: &str,
    app_id: &str,
    kind: Kind,
) -> Vec<Zeroizing<[u8; 32]>> {
    let info: [&[u8]; 7] = [
        b"logto-rocket 1\0",
        issuer.as_bytes(),
        b"\0",
        app_id.as_bytes(),
        b"\0",
        kind.label(),
        b"\0",
    ];
    let keys = secrets.iter().map(|secret| {
        let mut key = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
            .extract(secret)
            .expand(&info, hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *key))
            .expect("32 bytes are the hash's own length");
        key
    });
    keys.collect()
}

/// Seals and opens values with AES-256-GCM. The newest secret seals, all open.
pub(crate) struct Sealer {
    keys: Vec<RandomizedNonceKey>,
}

impl Sealer {
    pub(crate) fn new(
        secrets: &[Zeroizing<Vec<u8>>],
        issuer: &str,
        app_id: &str,
        kind: Kind,
    ) -> Self {
        let keys = derive(secrets, issuer, app_id, kind);
        let keys = keys.iter().map(|key| {
            RandomizedNonceKey::new(&AES_256_GCM, &**key).expect("the key has 32 bytes")
        });
        Self { keys: keys.collect() }
    }

    /// Seals `plain` under the name it will be stored as: text, tag, nonce. The nonce
    /// comes last, so that a value can be opened in place.
    pub(crate) fn seal(&self, name: &str, plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plain.len() + AES_256_GCM.tag_len() + NONCE_LEN);
        sealed.extend_from_slice(plain);
        let key = self.keys.first().expect("the configuration has a secret");
        let nonce = key
            .seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut sealed)
            .expect("values are far below the limit of AES-GCM");
        sealed.extend_from_slice(nonce.as_ref());
        sealed
    }

    /// Opens the output of [`seal()`](Self::seal) under the same name; `None` for
    /// anything else.
    pub(crate) fn open(&self, name: &str, mut sealed: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
        let nonce: [u8; NONCE_LEN] = *sealed.last_chunk()?;
        sealed.truncate(sealed.len() - NONCE_LEN);
        let (last, others) = self.keys.split_last()?;
        let copy = others.iter().find_map(|key| open_with(key, nonce, name, sealed.clone()));
        copy.or_else(|| open_with(last, nonce, name, sealed))
    }

    /// Like [`seal()`](Self::seal), encoded as a cookie's value.
    pub(crate) fn seal_text(&self, name: &str, plain: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.seal(name, plain))
    }

    /// Opens the output of [`seal_text()`](Self::seal_text).
    pub(crate) fn open_text(&self, name: &str, value: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.open(name, URL_SAFE_NO_PAD.decode(value).ok()?)
    }
}

fn open_with(
    key: &RandomizedNonceKey,
    nonce: [u8; NONCE_LEN],
    name: &str,
    text: Vec<u8>,
) -> Option<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(text);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length = key.open_in_place(nonce, Aad::from(name.as_bytes()), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({} keys)", self.keys.len())
    }
}

/// The length of the text that seals so many bytes.
pub(crate) fn sealed_text_len(plain: usize) -> usize {
    (4 * (plain + AES_256_GCM.tag_len() + NONCE_LEN)).div_ceil(3)
}

/// Returns `N` bytes from the system's cryptographic random source.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system has randomness");
    bytes
}

/// Returns 256 random bits as 43 characters that need no escaping anywhere.
pub(crate) fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

/// Returns the SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// Returns the first characters of a hash of `text`, for the names of cookies.
pub(crate) fn short_hash(text: &str, length: usize) -> String {
    let mut hash = URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()));
    hash.truncate(length);
    hash
}

/// Compares in constant time, so that a secret cannot be guessed byte by byte.
pub(crate) fn same_secret(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// How this application's cookies are written.
#[derive(Clone, Debug)]
pub(crate) struct Cookies {
    prefix: String,
    secure: bool,
}

impl Cookies {
    /// A short hash of `app_id` and `base_url` keeps applications on one host apart, and
    /// deployments of one application, as cookies ignore ports and ours apply to every
    /// path. `__Host-` keeps other hosts of the domain from writing our cookies; browsers
    /// accept it over https only.
    pub(crate) fn new(app_id: &str, base_url: &str, secure: bool) -> Self {
        let host = if base_url.starts_with("https:") { "__Host-" } else { "" };
        let hash = short_hash(&format!("{app_id}\0{base_url}"), 6);
        Self { prefix: format!("{host}logto_{hash}"), secure }
    }

    /// The name of the session's cookie; its further parts are `name.1`, `name.2`.
    pub(crate) fn session(&self) -> &str {
        &self.prefix
    }

    /// The name of the cookie of the sign-in with this `state`.
    pub(crate) fn transaction(&self, state: &str) -> String {
        format!("{}{}", self.transaction_prefix(), short_hash(state, 10))
    }

    pub(crate) fn transaction_prefix(&self) -> String {
        format!("{}_t_", self.prefix)
    }

    /// A cookie that lives `seconds`.
    pub(crate) fn set(&self, name: String, value: String, seconds: i64) -> Cookie<'static> {
        let mut cookie = self.set_until_closed(name, value);
        cookie.set_max_age(Duration::seconds(seconds));
        cookie
    }

    /// A cookie that ends with the browser. Lax, because the browser must send it when it
    /// returns from Logto, which is another site.
    pub(crate) fn set_until_closed(&self, name: String, value: String) -> Cookie<'static> {
        Cookie::build((name, value))
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .path("/")
            .build()
    }

    /// The removal of a cookie, with the same attributes as when it was set.
    pub(crate) fn remove(&self, name: String) -> Cookie<'static> {
        self.set(name, String::new(), 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    fn sealer(secrets: &[&[u8]], app_id: &str, kind: Kind) -> Sealer {
        let secrets: Vec<_> = secrets.iter().map(|secret| secret.to_vec().into()).collect();
        Sealer::new(&secrets, "https://foo.logto.app/oidc", app_id, kind)
    }

    const NEW: &[u8] = b"a new secret of at least 32 bytes";
    const OLD: &[u8] = b"an old secret of at least 32 bytes";

    /// S4: each bit of each byte counts.
    #[test]
    fn a_value_opens_only_whole() {
        let sealer = sealer(&[NEW], "app", Kind::Session);
        let sealed = sealer.seal("n", b"hello");
        assert_eq!(sealer.open("n", sealed.clone()), Some(b"hello".to_vec().into()));
        for at in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[at] ^= 1;
            assert_eq!(sealer.open("n", forged), None, "byte {at}");
            assert_eq!(sealer.open("n", sealed[..at].to_vec()), None, "cut at {at}");
        }
    }

    proptest! {
        /// S4: any change, in any number of places.
        #[test]
        fn no_other_text_opens(
            plain in vec(any::<u8>(), 0..200),
            edits in vec((any::<Index>(), "[A-Za-z0-9_=.-]{0,2}", 0..3_usize), 1..4),
        ) {
            let sealer = sealer(&[NEW, OLD], "app", Kind::Session);
            let text = sealer.seal_text("n", &plain);
            let mut forged = text.clone();
            for (at, put, cut) in edits {
                let at = at.index(forged.len() + 1);
                let end = (at + cut).min(forged.len());
                forged.replace_range(at..end, &put);
            }
            let expected = (forged == text).then_some(plain);
            prop_assert_eq!(sealer.open_text("n", &forged), expected.map(Zeroizing::new));
        }
    }

    /// H8: opened values are wiped when dropped.
    #[cfg(target_os = "linux")]
    #[test]
    fn nothing_of_an_opened_value_stays_in_memory() {
        use crate::wiped::tests::Place;

        let sealer = sealer(&[NEW], "app", Kind::Session);
        let plain: Vec<_> = (0..=255).collect();
        let opened = sealer.open("n", sealer.seal("n", &plain)).expect("its own");
        let place = Place::of(&opened);
        assert!(place.remembers(&plain));
        drop(opened);
        assert!(!place.remembers(&plain));
    }

    /// S11: a thousand values under both secrets, and values that only the new one opens.
    #[test]
    fn values_of_the_old_secret_and_of_the_new_one_open() {
        let (old, new) =
            (sealer(&[OLD], "app", Kind::Session), sealer(&[NEW], "app", Kind::Session));
        let both = sealer(&[NEW, OLD], "app", Kind::Session);
        for number in 0..500_u32 {
            let plain = number.to_le_bytes();
            for (sealer, is_new) in [(&old, false), (&new, true)] {
                let sealed = sealer.seal("n", &plain);
                assert_eq!(both.open("n", sealed.clone()), Some(plain.to_vec().into()));
                assert_eq!(new.open("n", sealed).is_some(), is_new);
            }
        }
    }

    /// S5: another kind, name, application or secret.
    #[test]
    fn a_value_does_not_open_as_anything_else() {
        let sealed = sealer(&[NEW], "app", Kind::Session).seal("n", b"hello");
        let opens =
            |secrets, app, kind, name| sealer(secrets, app, kind).open(name, sealed.clone());
        assert!(opens(&[NEW], "app", Kind::Session, "n").is_some());
        assert_eq!(opens(&[NEW], "app", Kind::Transaction, "n"), None);
        assert_eq!(opens(&[NEW], "app", Kind::Stored, "n"), None);
        assert_eq!(opens(&[NEW], "other", Kind::Session, "n"), None);
        assert_eq!(opens(&[NEW], "app", Kind::Session, "m"), None);
        assert_eq!(opens(&[OLD], "app", Kind::Session, "n"), None);
    }

    /// S13: the nonce is 96 random bits, and the text differs with it.
    #[test]
    fn no_nonce_repeats_in_a_million_values() {
        let sealer = sealer(&[NEW], "app", Kind::Session);
        let mut seen = std::collections::HashSet::with_capacity(1_000_000);
        for _ in 0..1_000_000 {
            let sealed = sealer.seal("n", &[0]);
            let nonce: [u8; NONCE_LEN] = *sealed.last_chunk().expect("a nonce");
            assert!(seen.insert(nonce));
        }
    }

    #[test]
    fn no_key_is_in_the_debug_form() {
        assert_eq!(format!("{:?}", sealer(&[NEW, OLD], "app", Kind::Session)), "Sealer(2 keys)");
    }

    /// S11: the old secret opens values while it is configured.
    #[test]
    fn an_old_secret_still_opens_and_the_new_one_seals() {
        let old = sealer(&[OLD], "app", Kind::Session);
        let both = sealer(&[NEW, OLD], "app", Kind::Session);
        let new = sealer(&[NEW], "app", Kind::Session);
        assert!(both.open("n", old.seal("n", &[1])).is_some());
        assert!(new.open("n", both.seal("n", &[1])).is_some());
    }

    /// S23: two applications, or two deployments of one, have different names.
    #[test]
    fn the_names_of_cookies_depend_on_the_application_and_its_whole_address() {
        let name = |app_id, base_url| Cookies::new(app_id, base_url, false).session().to_owned();
        let ours = name("app", "http://localhost:8000/one");
        assert_eq!(ours, name("app", "http://localhost:8000/one"));
        for (app_id, base_url) in [
            ("apq", "http://localhost:8000/one"),
            ("app", "http://localhost:8001/one"),
            ("app", "http://localhost:8000/two"),
            ("app", "http://localhost:8000"),
            ("apphttp://localhost:8000", "/one"),
        ] {
            assert_ne!(ours, name(app_id, base_url), "{app_id} {base_url}");
        }
    }

    /// S1: the attributes, the same on removal.
    #[test]
    fn cookies_are_http_only_and_lax_and_removed_with_the_same_attributes() {
        let cookies = Cookies::new("app", "https://app.example", true);
        let set = cookies.set(cookies.session().into(), "v".into(), 60).to_string();
        let removed = cookies.remove(cookies.session().into()).to_string();
        assert!(set.starts_with("__Host-logto_"), "{set}");
        assert_eq!(set.replace("=v;", "=;").replace("Max-Age=60", "Max-Age=0"), removed);
        for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(set.contains(attribute), "{set}");
        }
        assert!(!set.contains("Domain"));
        assert!(set.len() - cookies.session().len() - 2 <= ATTRIBUTES, "{set}");
        assert!(
            !Cookies::new("app", "http://app.example", false)
                .set("n".into(), "v".into(), 1)
                .secure()
                .unwrap_or(false)
        );
    }
}
