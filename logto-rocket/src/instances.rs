//! What the instances of an application share, where their store can hold it.

mod lease;
mod outage;

use std::time::Duration;

use zeroize::Zeroizing;

pub(crate) use self::lease::Lease;
use self::outage::Outage;
use crate::error::{Error, ErrorKind, Result};
use crate::seal::{Named, Pseudonyms, Sealer};
use crate::session::store::{AnyStore, SessionKey, Shared, SharedKey};

/// How often a value is changed that others change at the same time.
const ATTEMPTS: usize = 20;

/// All instances of one application: those with the same issuer, id and store.
pub(crate) struct Instances {
    store: Option<AnyStore>,
    sealer: Sealer,
    pseudonyms: Pseudonyms,
    application: [String; 2],
    outage: Outage,
}

/// What a shared value is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item<'a> {
    /// Which instance refreshes the tokens of a session.
    Turn(SessionKey),
    /// The tokens of a session.
    Tokens(SessionKey),
    /// The newest generation of a session that lives in a cookie.
    Newest(SessionKey),
    /// That a session that lives in a cookie was ended.
    Ended(SessionKey),
    /// What has ended of a user, or of a session at Logto, by its name.
    Mark(&'a str),
    /// Since when nothing was lost.
    Epoch,
    /// That a sign-in was completed, by the hash of its `state`.
    UsedState([u8; 32]),
    /// That a logout token did its work, by the hash of its `jti`.
    LogoutToken([u8; 32]),
}

/// A value as it is shared.
pub(crate) struct SealedValue(Vec<u8>);

impl Instances {
    /// The instances that use `store`; without one, or with one that holds nothing else than
    /// sessions, each is alone.
    pub(crate) fn new(
        store: Option<AnyStore>,
        sealer: Sealer,
        pseudonyms: Pseudonyms,
        application: [String; 2],
    ) -> Self {
        let store = store.filter(|store| store.shared().is_some());
        Self { store, sealer, pseudonyms, application, outage: Outage::default() }
    }

    #[cfg(test)]
    pub(crate) fn alone(secrets: &[Zeroizing<Vec<u8>>]) -> Self {
        let sealer = Sealer::new(secrets, "issuer", "app", crate::seal::Kind::Shared);
        Self::new(None, sealer, Pseudonyms::new(secrets, "issuer", "app"), Default::default())
    }

    fn shared(&self) -> Option<&dyn Shared> {
        self.store.as_ref()?.shared()
    }

    /// Whether others may be told anything.
    pub(crate) fn share(&self) -> bool {
        self.store.is_some()
    }

    /// Passes on what the store answered to a request, and remembers whether it failed.
    pub(crate) fn observed<T>(&self, answer: Result<T>) -> Result<T> {
        self.outage.observe(answer.as_ref().err());
        answer
    }

    /// The name that a user's or a session's mark has when it is written.
    pub(crate) fn name(&self, kind: Named, id: &str) -> String {
        self.pseudonyms.newest(kind, id)
    }

    /// All names that its mark may have been written with.
    pub(crate) fn names(&self, kind: Named, id: &str) -> Vec<String> {
        self.pseudonyms.all(kind, id)
    }

    /// Puts a value where there is none, for all instances; whether there was none. One that
    /// is alone has told nobody: it is up to the caller to know what it did itself.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn put_new(
        &self,
        item: Item<'_>,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool> {
        let Some(shared) = self.shared() else { return Ok(true) };
        let key = self.key(item);
        shared.put_new(&key, &self.seal(&key, value), ttl).await
    }

    /// The values of these items, in their order: in one round trip.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn get(&self, items: &[Item<'_>]) -> Result<Vec<Option<SealedValue>>> {
        let Some(shared) = self.shared() else {
            return Ok(items.iter().map(|_| None).collect());
        };
        let keys: Vec<_> = items.iter().map(|item| self.key(*item)).collect();
        let values = shared.get(&keys).await?;
        if values.len() != items.len() {
            return Err(Error::new(ErrorKind::Store, "`Shared::get()` lost values"));
        }
        Ok(values.into_iter().map(|value| value.map(SealedValue)).collect())
    }

    /// What a value says; `None` if it was not written by an instance of this application
    /// with one of the same secrets.
    pub(crate) fn open(&self, item: Item<'_>, value: SealedValue) -> Option<Zeroizing<Vec<u8>>> {
        self.sealer.open(&self.key(item).to_text(), value.0)
    }

    /// As [`open()`](Self::open), for values that must not be missed.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub(crate) fn read(&self, item: Item<'_>, value: SealedValue) -> Result<Zeroizing<Vec<u8>>> {
        let detail = "a shared value cannot be read; do all instances have the same secrets?";
        self.open(item, value).ok_or_else(|| Error::new(ErrorKind::Store, detail))
    }

    /// Replaces a value by what `change` makes of it, in one step, for as long as that says;
    /// where it is `None`, nothing changes. One that cannot be read counts as none. Whether it
    /// was replaced.
    ///
    /// # Errors
    ///
    /// The store failed, or others changed the value again and again.
    pub(crate) async fn update(
        &self,
        item: Item<'_>,
        change: impl Fn(Option<&[u8]>) -> Option<(Vec<u8>, Duration)> + Send,
    ) -> Result<bool> {
        let Some(shared) = self.shared() else { return Ok(false) };
        let key = self.key(item);
        for _ in 0..ATTEMPTS {
            let old = shared.get(&[key]).await?.pop().flatten();
            let read = old.clone().and_then(|old| self.sealer.open(&key.to_text(), old));
            let Some((new, ttl)) = change(read.as_ref().map(|read| &***read)) else {
                return Ok(false);
            };
            let new = self.seal(&key, &Zeroizing::new(new));
            let is_done = match &old {
                Some(old) => shared.replace_if(&key, old, &new, ttl).await?,
                None => shared.put_new(&key, &new, ttl).await?,
            };
            if is_done {
                return Ok(true);
            }
        }
        Err(Error::new(ErrorKind::Store, "a shared value changed again and again"))
    }

    /// Removes a value.
    ///
    /// # Errors
    ///
    /// As [`update()`](Self::update).
    pub(crate) async fn remove(&self, item: Item<'_>) -> Result<()> {
        let Some(shared) = self.shared() else { return Ok(()) };
        let key = self.key(item);
        for _ in 0..ATTEMPTS {
            let Some(old) = shared.get(&[key]).await?.pop().flatten() else { return Ok(()) };
            if shared.delete_if(&key, &old).await? {
                return Ok(());
            }
        }
        Err(Error::new(ErrorKind::Store, "a shared value changed again and again"))
    }

    fn seal(&self, key: &SharedKey, value: &[u8]) -> Vec<u8> {
        self.sealer.seal(&key.to_text(), value)
    }

    fn key(&self, item: Item<'_>) -> SharedKey {
        let [issuer, app_id] = &self.application;
        let of = |label: &[u8], name: &[u8]| {
            SharedKey::of(&[issuer.as_bytes(), app_id.as_bytes(), label, name])
        };
        match item {
            Item::Turn(session) => of(b"turn", session.bytes()),
            Item::Tokens(session) => of(b"tokens", session.bytes()),
            Item::Newest(session) => of(b"newest", session.bytes()),
            Item::Ended(session) => of(b"ended", session.bytes()),
            Item::Mark(name) => of(b"mark", name.as_bytes()),
            Item::Epoch => of(b"epoch", b""),
            Item::UsedState(hash) => of(b"used state", &hash),
            Item::LogoutToken(hash) => of(b"logout token", &hash),
        }
    }
}

#[cfg(test)]
mod tests;
