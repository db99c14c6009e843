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
        self.take_in(session, generation).await;
        self.here.get(session)?.id_token.clone()
    }

    /// Replaces the access tokens here with those that the instances share: another instance
    /// may have dropped one, or Logto denied it there. Every change to them also changes the
    /// session's generation, so tokens of this one need no check. Tokens that cannot be read
    /// may be such a change, and are fetched again.
    pub(crate) async fn take_in(&self, session: &SessionKey, generation: u32) {
        if !self.instances.share() || self.generation(session) >= Some(generation) {
            return;
        }
        match self.shared(session).await {
            Ok(shared) => self.put_in_place(*session, generation, shared.unwrap_or_default()),
            Err(error) => {
                warning::warn("other instances' tokens are not available", &error);
                self.change_kept(session, |kept| kept.access_tokens.clear());
            }
        }
    }

    fn put_in_place(&self, session: SessionKey, generation: u32, shared: Kept) {
        self.change(session, |kept| {
            // Another request has read them since; those of this one may be outdated.
            if kept.generation >= Some(generation) {
                return;
            }
            kept.id_token = shared.id_token.or(kept.id_token.take());
            kept.access_tokens = shared.access_tokens;
            kept.generation = Some(generation);
        });
    }

    fn generation(&self, session: &SessionKey) -> Option<u32> {
        self.here.get(session)?.generation
    }

    /// Records that this instance made this generation. Its tokens are still the shared ones
    /// if they were in the generation before; otherwise another instance came in between.
    pub(crate) fn are_of(&self, session: &SessionKey, generation: u32) {
        self.change_kept(session, |kept| {
            if kept.generation.is_some_and(|known| known + 1 == generation) {
                kept.generation = Some(generation);
            }
        });
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::memory::MemoryStore;
    use super::super::super::store::{AnyStore, SessionId};
    use super::*;
    use crate::clock::Timestamp;
    use crate::instances::Instances;
    use crate::seal::{Kind, Pseudonyms, Sealer};

    /// Those of two instances.
    fn pair() -> [KeptTokens; 2] {
        let store: AnyStore = Arc::new(MemoryStore::new(10));
        let secrets = [b"a secret of at least 32 random bytes".to_vec().into()];
        [(); 2].map(|()| {
            let sealer = Sealer::new(&secrets, "issuer", "app", Kind::Shared);
            let pseudonyms = Pseudonyms::new(&secrets, "issuer", "app");
            let shared = Some(Arc::clone(&store));
            let instances = Instances::new(shared, sealer, pseudonyms, Default::default());
            KeptTokens::new(Arc::new(instances))
        })
    }

    fn token() -> Arc<Token> {
        let secret = openidconnect::AccessToken::new("secret".into());
        Arc::new(Token::new(secret, None, Timestamp::now(), Duration::from_secs(60)))
    }

    /// REF-4: a look that took its time brings nothing back that was forgotten meanwhile, nor
    /// counts as newer by what is fetched after it.
    #[rocket::async_test]
    async fn a_late_answer_of_an_older_generation_is_ignored() {
        let ([one, other], key) = (pair(), SessionId::random().key());
        let [api, another]: [Audience; 2] = ["https://a.example.com".into(), "urn:b".into()];
        one.keep_access_token(key, api.clone(), token()).await;
        let late = other.shared(&key).await.expect("read").expect("shared");
        one.forget_access_tokens(&key).await;

        other.take_in(&key, 2).await;
        other.put_in_place(key, 1, late);
        other.keep_access_token(key, another.clone(), token()).await;
        other.are_of(&key, 3);
        other.take_in(&key, 3).await;
        assert!(other.access_token(&key, &another).is_some());
        assert!(other.access_token(&key, &api).is_none(), "it is back");
    }

    /// REF-4: that another instance has saved the session in between is no reason to miss what
    /// it did to the tokens.
    #[rocket::async_test]
    async fn tokens_are_of_a_new_generation_where_they_were_of_the_one_before() {
        let ([one, other], key) = (pair(), SessionId::random().key());
        let api: Audience = "https://a.example.com".into();
        one.keep_access_token(key, api.clone(), token()).await;
        other.take_in(&key, 1).await;
        one.forget_access_tokens(&key).await;
        other.are_of(&key, 3);
        other.take_in(&key, 3).await;
        assert!(other.access_token(&key, &api).is_none());
    }

    /// REF-4: one that another instance got in a refresh takes the place of an older one.
    #[rocket::async_test]
    async fn the_id_token_is_that_of_the_newest_generation() {
        let ([one, other], key) = (pair(), SessionId::random().key());
        one.keep_id_token(key, "old".into()).await;
        assert_eq!(other.id_token(&key, 0).await.as_deref(), Some("old"));
        other.keep_id_token(key, "new".into()).await;
        assert_eq!(one.id_token(&key, 1).await.as_deref(), Some("new"));
    }
}
