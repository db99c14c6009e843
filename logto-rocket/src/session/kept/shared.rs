//! Tokens that all instances share. If the store cannot hold them right now, each instance
//! fetches its own.

use std::sync::Arc;

use super::{Kept, KeptTokens, SessionKey, TTL};
use crate::error::Result;
use crate::instances::Item;
use crate::token::{Audience, Token};
use crate::warning;

impl KeptTokens {
    /// The ID token, if this instance or another one has it.
    pub(crate) async fn id_token(&self, session: &SessionKey, generation: u32) -> Option<Arc<str>> {
        let here = || self.here.get(session)?.id_token.clone();
        if let Some(token) = here() {
            return Some(token);
        }
        self.take_in(session, generation).await;
        here()
    }

    /// Replaces the access tokens here with those that the instances share: another instance
    /// may have dropped one, or Logto denied it there. Every change to them also changes the
    /// session's generation, so tokens of this one need no check. Tokens that cannot be read
    /// may be such a change, and are fetched again.
    pub(crate) async fn take_in(&self, session: &SessionKey, generation: u32) {
        if !self.instances.share() || self.generation(session) >= Some(generation) {
            return;
        }
        let shared = self.shared(session).await.unwrap_or_else(|error| {
            warning::warn("other instances' tokens are not available", &error);
            None
        });
        match shared {
            Some(shared) => self.change(*session, |kept| {
                kept.id_token = shared.id_token.or(kept.id_token.take());
                kept.access_tokens = shared.access_tokens;
                kept.generation = Some(generation);
            }),
            None => self.change_kept(session, |kept| kept.access_tokens.clear()),
        }
    }

    fn generation(&self, session: &SessionKey) -> Option<u32> {
        self.here.get(session)?.generation
    }

    /// The tokens here match what the instances share of this generation, which this
    /// instance created.
    pub(crate) fn are_of(&self, session: &SessionKey, generation: u32) {
        self.change_kept(session, |kept| kept.generation = Some(generation));
    }

    async fn shared(&self, session: &SessionKey) -> Result<Option<Kept>> {
        let item = Item::Tokens(*session);
        let value = self.instances.get(&[item]).await?.pop().flatten();
        // An unreadable one is from another version, or under another secret.
        let opened = value.and_then(|value| self.instances.open(item, value));
        Ok(opened.and_then(|opened| postcard::from_bytes(&opened).ok()))
    }

    pub(crate) async fn keep_id_token(&self, session: SessionKey, token: Arc<str>) {
        self.change(session, |kept| kept.id_token = Some(Arc::clone(&token)));
        self.share(session, |kept| kept.id_token = Some(Arc::clone(&token))).await;
    }

    pub(crate) async fn keep_access_token(
        &self,
        session: SessionKey,
        audience: Audience,
        token: Arc<Token>,
    ) {
        self.change(session, |kept| kept.keep(audience.clone(), Arc::clone(&token)));
        self.share(session, |kept| kept.keep(audience.clone(), Arc::clone(&token))).await;
    }

    pub(crate) async fn forget_access_token(&self, session: &SessionKey, audience: &Audience) {
        self.change_kept(session, |kept| drop(kept.access_tokens.remove(audience)));
        self.share(*session, |kept| drop(kept.access_tokens.remove(audience))).await;
    }

    pub(crate) async fn forget_access_tokens(&self, session: &SessionKey) {
        self.change_kept(session, |kept| kept.access_tokens.clear());
        self.share(*session, |kept| kept.access_tokens.clear()).await;
    }

    /// Drops everything that is kept of a session that has ended.
    pub(crate) async fn forget(&self, session: &SessionKey) {
        self.forget_here(session);
        if let Err(error) = self.instances.remove(Item::Tokens(*session)).await {
            warning::warn("the shared tokens of an ended session stay until they expire", &error);
        }
    }

    async fn share(&self, session: SessionKey, change: impl Fn(&mut Kept) + Send + Sync) {
        let changed = |old: Option<&[u8]>| {
            let mut kept: Kept =
                old.and_then(|old| postcard::from_bytes(old).ok()).unwrap_or_default();
            change(&mut kept);
            postcard::to_stdvec(&kept).ok().map(|kept| (kept, TTL))
        };
        if let Err(error) = self.instances.update(Item::Tokens(session), changed).await {
            warning::warn("other instances do not have a new token", &error);
        }
    }
}
