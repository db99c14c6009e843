//! A sign-in in progress: the state that the browser keeps until it returns.

mod turns;

use std::fmt;
use std::time::Duration;

use openidconnect::{Nonce, PkceCodeVerifier};
use rocket::http::{Cookie, CookieJar};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::location::ReturnPath;
use crate::seal::{self, Cookies, Sealer};
use crate::wiped::Wiped;

/// How long a user may take on Logto's pages.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// How long the browser keeps the cookie: a user who took too long learns so, and can
/// sign in again to the same page.
const COOKIE_LIFETIME: Duration = Duration::from_secs(3 * 60 * 60);

/// The most sign-ins in progress in one browser, so that cookies of abandoned ones do not
/// fill the header.
const MAX_COUNT: usize = 7;

/// The most bytes that their cookies may take together.
const MAX_BYTES: usize = 4096;

/// The most sign-in cookies that one request opens, and removes. Otherwise anyone who can
/// set cookies with our names could have us open thousands, and set as many with the
/// answer.
const MAX_OPENED: usize = 32;

/// The first byte of the binary form.
const FORMAT: u8 = 2;

/// One sign-in in progress.
#[derive(Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub(crate) state: String,
    pub(crate) nonce: Wiped<Nonce>,
    pub(crate) pkce_verifier: Wiped<PkceCodeVerifier>,
    pub(crate) return_to: String,
    /// SHA-256 of the user's id, if the sign-in must not change the user.
    pub(crate) subject_hash: Option<[u8; 32]>,
    created: Timestamp,
}

impl Transaction {
    /// A sign-in with fresh `state`, `nonce` and verifier of 256 random bits each.
    pub(crate) fn begin(return_to: &ReturnPath, now: Timestamp) -> Self {
        Self {
            state: seal::random_text(),
            nonce: Nonce::new(seal::random_text()).into(),
            pkce_verifier: PkceCodeVerifier::new(seal::random_text()).into(),
            return_to: return_to.as_str().into(),
            subject_hash: None,
            created: now,
        }
    }

    /// A sign-in that began at the epoch.
    #[cfg(test)]
    pub(crate) fn long_ago(return_to: &ReturnPath) -> Self {
        Self::begin(return_to, Timestamp::default())
    }

    /// Where to return to. The path is checked again: a cookie's contents were out of our
    /// hands.
    pub(crate) fn return_path(&self) -> ReturnPath {
        ReturnPath::parse(&self.return_to).unwrap_or_else(ReturnPath::root)
    }

    /// Whether the user took too long, or the start time is from a wrong clock.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now.distance(self.created) >= LIFETIME
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        // Large enough for everything: a buffer that grows leaves a copy behind.
        let mut out = Vec::with_capacity(256 + self.return_to.len());
        out.push(FORMAT);
        postcard::to_extend(self, out).expect("every field has a binary form").into()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first() {
            Some((&FORMAT, rest)) => postcard::from_bytes(rest).ok(),
            _ => None,
        }
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("return_to", &self.return_to).finish_non_exhaustive()
    }
}

/// Keeps each transaction in its own cookie, one for each `state`.
pub(crate) struct Transactions {
    pub(crate) cookies: Cookies,
    pub(crate) sealer: Sealer,
}

impl Transactions {
    /// The cookies that add `transaction`, and remove the oldest of the others
    /// until all are within bounds.
    pub(crate) fn add(
        &self,
        jar: &CookieJar<'_>,
        transaction: &Transaction,
    ) -> Vec<Cookie<'static>> {
        let cookie = self.cookie(transaction);
        let mut left = MAX_BYTES.saturating_sub(weight(cookie.name(), cookie.value()));
        let mut count = 1;
        let mut changes = vec![cookie];
        for (name, value) in self.newest_first(jar) {
            let bytes = weight(&name, &value);
            if count < MAX_COUNT && bytes <= left {
                count += 1;
                left -= bytes;
            } else {
                changes.push(self.cookies.remove(name));
            }
        }
        changes
    }

    /// The removals of the oldest sign-ins in progress that keep all our cookies within
    /// `max` bytes, given these `changes` by the answer. A sign-in that begins with it
    /// stays: otherwise it could not be completed.
    pub(crate) fn make_room(
        &self,
        jar: &CookieJar<'_>,
        changes: &[Cookie<'static>],
        max: usize,
    ) -> Vec<Cookie<'static>> {
        let bytes = |cookie: &Cookie<'_>| weight(cookie.name(), cookie.value());
        let ours = jar.iter().filter(|cookie| cookie.name().starts_with(self.cookies.session()));
        let replaced = changes.iter().filter_map(|cookie| jar.get(cookie.name()));
        let set = changes.iter().filter(|cookie| !cookie.value().is_empty());
        let after = ours.chain(set).map(bytes).sum::<usize>();
        let mut after = after.saturating_sub(replaced.map(bytes).sum());
        let mut removals = Vec::new();
        if after <= max {
            return removals;
        }
        for (name, value) in self.newest_first(jar).into_iter().rev() {
            if after <= max {
                break;
            }
            if changes.iter().all(|cookie| cookie.name() != name) {
                after = after.saturating_sub(weight(&name, &value));
                removals.push(self.cookies.remove(name));
            }
        }
        removals
    }

    fn cookie(&self, transaction: &Transaction) -> Cookie<'static> {
        let name = self.cookies.transaction(&transaction.state);
        let value = self.sealer.seal_text(&name, &transaction.encode());
        let seconds = i64::try_from(COOKIE_LIFETIME.as_secs()).unwrap_or(i64::MAX);
        self.cookies.set(name, value, seconds)
    }

    /// The other transactions in the jar, newest first; those that do not open come last
    /// and are removed first. If there are very many, only some of them.
    fn newest_first(&self, jar: &CookieJar<'_>) -> Vec<(String, String)> {
        let prefix = self.cookies.transaction_prefix();
        let mut others: Vec<_> = jar
            .iter()
            .filter(|cookie| cookie.name().starts_with(&prefix))
            .take(MAX_OPENED)
            .map(|cookie| {
                let created = self.open(cookie.name(), cookie.value()).map(|t| t.created);
                (created, (cookie.name().to_owned(), cookie.value().to_owned()))
            })
            .collect();
        others.sort_by_key(|(created, _)| std::cmp::Reverse(*created));
        others.into_iter().map(|(_, cookie)| cookie).collect()
    }

    /// The return paths of those in progress, newest first.
    pub(crate) fn under_way(&self, jar: &CookieJar<'_>, now: Timestamp) -> Vec<ReturnPath> {
        let others = self.newest_first(jar).into_iter();
        let opened = others.filter_map(|(name, value)| self.open(&name, &value));
        opened.filter(|it| !it.is_over(now)).map(|it| it.return_path()).collect()
    }

    /// The transaction with this `state`, if this browser began it. It may have expired.
    pub(crate) fn find(&self, jar: &CookieJar<'_>, state: &str) -> Option<Transaction> {
        let name = self.cookies.transaction(state);
        let transaction = self.open(&name, jar.get(&name)?.value())?;
        let same = seal::same_secret(transaction.state.as_bytes(), state.as_bytes());
        same.then_some(transaction)
    }

    pub(crate) fn remove(&self, state: &str) -> Cookie<'static> {
        self.cookies.remove(self.cookies.transaction(state))
    }

    fn open(&self, name: &str, value: &str) -> Option<Transaction> {
        Transaction::decode(&self.sealer.open_text(name, value)?)
    }
}

/// The bytes that a cookie takes in a request's header.
fn weight(name: &str, value: &str) -> usize {
    name.len() + value.len() + "=; ".len()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::UNIX_EPOCH;

    use rocket::local::blocking::Client;

    use super::*;

    fn transactions() -> Transactions {
        let secret = [b"a secret of at least 32 random bytes".to_vec().into()];
        Transactions {
            cookies: Cookies::new("app", "http://app.example", false),
            sealer: Sealer::new(&secret, "issuer", "app", seal::Kind::Transaction),
        }
    }

    fn begin(path: &str) -> Transaction {
        Transaction::begin(&ReturnPath::parse(path).expect("a path"), Timestamp::now())
    }

    fn with_jar<T>(cookies: &HashMap<String, String>, test: impl FnOnce(&CookieJar<'_>) -> T) -> T {
        let client = Client::untracked(rocket::build()).expect("a client");
        let request = client.get("/").cookies(cookies.clone());
        test(request.inner().cookies())
    }

    fn apply(browser: &mut HashMap<String, String>, changes: Vec<Cookie<'static>>) {
        for change in changes {
            match change.value() {
                "" => browser.remove(change.name()),
                value => browser.insert(change.name().into(), value.into()),
            };
        }
    }

    /// A2: 10,000 sign-ins repeat no state, nonce or verifier.
    #[test]
    fn every_sign_in_has_its_own_state_nonce_and_verifier() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            let transaction = begin("/");
            for text in [
                transaction.state.clone(),
                transaction.nonce.secret().clone(),
                transaction.pkce_verifier.secret().clone(),
            ] {
                assert_eq!(text.len(), 43);
                assert!(seen.insert(text));
            }
        }
    }

    /// A21, A22: at most seven tabs, the oldest goes first, 4 KiB in all.
    #[test]
    fn abandoned_sign_ins_do_not_fill_the_header() {
        let transactions = transactions();
        let mut browser = HashMap::new();
        let mut states = Vec::new();
        for n in 0..200 {
            let mut transaction = begin(&format!("/page/{n}?{}", "x".repeat(n)));
            // Transactions from the same millisecond have no order.
            transaction.created = Timestamp::now().plus(Duration::from_millis(n as u64));
            states.push(transaction.state.clone());
            let changes = with_jar(&browser, |jar| transactions.add(jar, &transaction));
            apply(&mut browser, changes);
            let bytes: usize = browser.iter().map(|(name, value)| weight(name, value)).sum();
            assert!(
                browser.len() <= 7 && bytes <= 4096,
                "{} cookies, {bytes} bytes",
                browser.len()
            );
        }
        let found =
            |state: &String| with_jar(&browser, |jar| transactions.find(jar, state).is_some());
        assert!(found(&states[199]) && found(&states[198]));
        assert!(!found(&states[0]));
    }

    /// S26: a header with 10,400 of them costs no more than one with 32, and has room for one
    /// more.
    #[test]
    fn of_thousands_of_sign_ins_a_few_are_opened_and_removed() {
        let transactions = transactions();
        let prefix = transactions.cookies.transaction_prefix();
        let mut browser: HashMap<_, _> =
            (0..10_400).map(|n| (format!("{prefix}{n:05}"), "x".to_owned())).collect();
        assert_eq!(with_jar(&browser, |jar| transactions.newest_first(jar).len()), MAX_OPENED);
        let transaction = begin("/page");
        let changes = with_jar(&browser, |jar| transactions.add(jar, &transaction));
        assert!((20..=33).contains(&changes.len()), "{} cookies are set", changes.len());
        let count = browser.len() + 2 - changes.len();
        apply(&mut browser, changes);
        assert_eq!(browser.len(), count);
        let found = with_jar(&browser, |jar| transactions.find(jar, &transaction.state));
        assert_eq!(found.expect("it is under way").return_to, "/page");
    }

    /// R10: a return path is short enough for its cookie; a longer one is not accepted.
    #[test]
    fn the_longest_return_path_fits_into_a_cookie_of_two_kib() {
        let transaction = begin(&format!("/{}", "x".repeat(1023)));
        let transactions = Transactions {
            cookies: Cookies::new("app", "https://app.example", true),
            ..transactions()
        };
        let added = with_jar(&HashMap::new(), |jar| transactions.add(jar, &transaction));
        assert!(weight(added[0].name(), added[0].value()) <= 2048, "{}", added[0].value().len());
        assert_eq!(ReturnPath::parse(&format!("/{}", "x".repeat(1024))), None);
    }

    /// S18: what another version of this crate wrote.
    #[test]
    fn a_sign_in_of_another_format_is_discarded() {
        let mut bytes = begin("/x").encode();
        assert!(Transaction::decode(&bytes).is_some());
        bytes[0] = FORMAT + 1;
        assert!(Transaction::decode(&bytes).is_none() && Transaction::decode(&[]).is_none());
    }

    /// A4, A25, S27: another state, and one that is too old, or from the future.
    #[test]
    fn a_transaction_is_found_by_its_own_state_and_is_over_after_ten_minutes() {
        let transactions = transactions();
        let mut transaction = begin("/");
        let mut browser = HashMap::new();
        let changes = with_jar(&browser, |jar| transactions.add(jar, &transaction));
        apply(&mut browser, changes);
        let state = transaction.state.clone();
        let found = |state: &str| with_jar(&browser, |jar| transactions.find(jar, state).is_some());
        assert!(found(&state));
        assert!(!found(&format!("{state}x")) && !found(&state[1..]) && !found(""));

        let ago = |minutes: u64, seconds: u64| {
            let now = Timestamp::now().time();
            let created = now - Duration::from_secs(60 * minutes + seconds);
            Timestamp::default().plus(created.duration_since(UNIX_EPOCH).expect("later"))
        };
        let now = Timestamp::now();
        transaction.created = ago(9, 58);
        assert!(!transaction.is_over(now));
        transaction.created = ago(10, 1);
        assert!(transaction.is_over(now));
        // By a clock that is ahead: it would last until that time.
        transaction.created = now.plus(Duration::from_secs(601));
        assert!(transaction.is_over(now));
    }

    /// H8: no part of it is copied to a larger buffer.
    #[test]
    fn a_sign_in_with_the_longest_path_is_written_in_one_piece() {
        let transaction = begin(&format!("/{}", "x".repeat(1023)));
        let bytes = transaction.encode();
        assert_eq!(bytes.capacity(), 256 + 1024);
    }

    #[test]
    fn the_debug_form_shows_no_secret() {
        let transaction = begin("/x");
        let shown = format!("{transaction:?}");
        assert!(!shown.contains(&transaction.state) && !shown.contains(transaction.nonce.secret()));
    }
}
