//! State that the instances of an application share, if their store supports it.

mod lease;
mod outage;

use std::time::Duration;

use zeroize::Zeroizing;

pub(crate) use self::lease::Lease;
use self::outage::Outage;
use crate::error::{Error, ErrorKind, Result};
use crate::seal::{Named, Pseudonyms, Sealer};
use crate::session::store::{AnyStore, SessionKey, Shared, SharedKey};

/// How often to retry a change that conflicts with others.
const ATTEMPTS: usize = 20;

/// All instances of one application: the same issuer, id and store.
pub(crate) struct Instances {
    store: Option<AnyStore>,
    sealer: Sealer,
    pseudonyms: Pseudonyms,
    application: [String; 2],
    outage: Outage,
}

/// The subject of a shared value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item<'a> {
    /// Which instance refreshes the tokens of a session.
    Turn(SessionKey),
    /// The tokens of a session.
    Tokens(SessionKey),
    /// The newest generation of a session in a cookie.
    Newest(SessionKey),
    /// That a session in a cookie was ended.
    Ended(SessionKey),
    /// The end of sessions of a user, or of a session at Logto, by its name.
    Mark(&'a str),
    /// Since when nothing was lost.
    Epoch,
    /// That a sign-in was completed, by the hash of its `state`.
    UsedState([u8; 32]),
    /// That a logout token was processed, by the hash of its `jti`.
    LogoutToken([u8; 32]),
}

/// A value as it is shared.
pub(crate) struct SealedValue(Vec<u8>);

impl Instances {
    /// The instances that use `store`; without a store, or if it holds only sessions, each
    /// is alone.
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

    /// Whether anything can be shared.
    pub(crate) fn share(&self) -> bool {
        self.store.is_some()
    }

    /// Passes on the store's answer, and remembers whether it failed.
    pub(crate) fn observed<T>(&self, answer: Result<T>) -> Result<T> {
        self.outage.observe(answer.as_ref().err());
        answer
    }

    /// The name under which a user's or a session's mark is written.
    pub(crate) fn name(&self, kind: Named, id: &str) -> String {
        self.pseudonyms.newest(kind, id)
    }

    /// All names under which its mark may have been written.
    pub(crate) fn names(&self, kind: Named, id: &str) -> Vec<String> {
        self.pseudonyms.all(kind, id)
    }

    /// Puts a value if there is none, for all instances; returns whether there was none. An
    /// instance that is alone shares nothing: its callers must remember their own actions.
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

    /// The content of a value; `None` if it was not written by an instance of this
    /// application with one of the same secrets.
    pub(crate) fn open(&self, item: Item<'_>, value: SealedValue) -> Option<Zeroizing<Vec<u8>>> {
        self.sealer.open(&self.key(item).to_text(), value.0)
    }

    /// Like [`open()`](Self::open), for values that must not be missed.
    ///
    /// # Errors
    ///
    /// It does not open.
    pub(crate) fn read(&self, item: Item<'_>, value: SealedValue) -> Result<Zeroizing<Vec<u8>>> {
        let detail = "a shared value cannot be read; do all instances have the same secrets?";
        self.open(item, value).ok_or_else(|| Error::new(ErrorKind::Store, detail))
    }

    /// Atomically replaces a value with what `change` returns, for the time that says; if it
    /// is `None`, nothing changes. An unreadable value counts as none. Returns whether it was
    /// replaced.
    ///
    /// # Errors
    ///
    /// The store failed, or others kept changing the value.
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
        Err(Error::new(ErrorKind::Store, "a shared value kept changing"))
    }

    /// Removes a value.
    ///
    /// # Errors
    ///
    /// Same as [`update()`](Self::update).
    pub(crate) async fn remove(&self, item: Item<'_>) -> Result<()> {
        let Some(shared) = self.shared() else { return Ok(()) };
        let key = self.key(item);
        for _ in 0..ATTEMPTS {
            let Some(old) = shared.get(&[key]).await?.pop().flatten() else { return Ok(()) };
            if shared.delete_if(&key, &old).await? {
                return Ok(());
            }
        }
        Err(Error::new(ErrorKind::Store, "a shared value kept changing"))
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
