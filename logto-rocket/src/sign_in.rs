//! Sign-in: starting it, and processing Logto's callback.

mod callback;
mod completion;
mod repeated;

use std::sync::Arc;

use openidconnect::Nonce;

use self::callback::Callback;
#[cfg(feature = "__internal")]
pub(crate) use self::callback::callback_code;
use self::completion::{Admission, Completion, Completions, StateHash, USED_TTL};
use crate::claims::IdTokenClaims;
use crate::client::Client;
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{AfterSignIn, Hooks};
use crate::instances::Item;
use crate::location::{ReturnPath, Site};
use crate::options::SignInOptions;
use crate::request::Visit;
use crate::seal;
use crate::session::record::{Epoch, Record};
use crate::session::store::SessionId;
use crate::session::{Session, Sessions};
use crate::token::Grant;
use crate::transaction::{Transaction, Transactions};
use crate::warning;

/// The sign-ins of one application, in progress and completed.
pub(crate) struct SignIns {
    /// Those of the configuration.
    options: SignInOptions,
    site: Site,
    client: Arc<Client>,
    sessions: Arc<Sessions>,
    hooks: Arc<dyn Hooks>,
    clock: Clock,
    transactions: Transactions,
    completions: Completions,
}

/// A callback that signed the user in, or a repetition of one.
pub(crate) struct Completed {
    pub(crate) return_to: ReturnPath,
}

/// A callback that did not, and where a new sign-in would return to.
#[derive(Debug)]
pub(crate) struct FailedCallback {
    pub(crate) error: Error,
    pub(crate) return_to: ReturnPath,
}

impl SignIns {
    pub(crate) fn new(
        (options, site): (SignInOptions, Site),
        client: Arc<Client>,
        sessions: Arc<Sessions>,
        hooks: Arc<dyn Hooks>,
        clock: Clock,
        transactions: Transactions,
    ) -> Self {
        let completions = Completions::new();
        Self { options, site, client, sessions, hooks, clock, transactions, completions }
    }

    /// Begins a sign-in: returns the address to send the browser to. Its cookie is sent with
    /// the answer. A browser that uses another host name of this site is first sent to the
    /// right one.
    ///
    /// # Errors
    ///
    /// The user did not ask for it, the options contradict the protocol, Logto could not
    /// be reached, or the browser is in a loop; nothing has begun then.
    pub(crate) async fn begin(&self, visit: Visit<'_>, options: &SignInOptions) -> Result<String> {
        // The answer to a prefetch must not be reused for the click.
        visit.state.depend_on_cookies();
        visit.request.check_sign_in(visit.state.is_head())?;
        if let Some(location) = visit.request.moved(&self.site) {
            return Ok(location);
        }
        let return_to = self.return_path(options)?;
        self.check_loop(visit).await?;
        let options = self.options.clone().with(options);
        let mut transaction = Transaction::begin(&return_to, self.clock.now());
        if options.is_silent()
            && let Some(session) = visit.session(&self.sessions).await?
        {
            let user = session.user()?;
            transaction.subject_hash = Some(seal::sha256(user.subject().as_bytes()));
        }
        let url = self
            .client
            .within_patience(self.client.authorization_url(&transaction, &options))
            .await?;
        self.client.signatures.prefetch();
        visit.state.add_transactions(self.transactions.add(visit.jar, &transaction));
        Ok(url.into())
    }

    /// Where the user goes after a sign-in with these options of a call.
    ///
    /// # Errors
    ///
    /// The application's path is not on this site.
    fn return_path(&self, call: &SignInOptions) -> Result<ReturnPath> {
        let of_site = |path: &Option<String>| self.site.return_path(path.as_deref()?);
        let own = of_site(&call.post_redirect_path);
        if own.is_none() && call.post_redirect_path.is_some() {
            let detail = "`post_redirect_path` is not a path on this site";
            return Err(Error::new(ErrorKind::InvalidOptions, detail));
        }
        let configured = || of_site(&self.options.post_redirect_path);
        let asked = of_site(&call.return_to).or(own).or_else(configured);
        Ok(asked.unwrap_or_else(ReturnPath::root))
    }

    /// Stops a browser that signs in repeatedly and comes back a stranger each time. A
    /// retry by the user is not part of the loop.
    async fn check_loop(&self, visit: Visit<'_>) -> Result<()> {
        let is_stranger = async || matches!(visit.session(&self.sessions).await, Ok(None));
        if !self.transactions.is_loop(visit.jar) || !is_stranger().await {
            return Ok(());
        }
        self.stop_counting(visit);
        let detail = "does the browser get and keep the session's cookie, and do all processes \
                      share `cookie_secret` and the store, with clocks in sync?";
        Err(Error::new(ErrorKind::SignInLoop, detail))
    }

    pub(crate) fn transactions(&self) -> &Transactions {
        &self.transactions
    }

    /// Resets the count of sign-ins in a row.
    pub(crate) fn stop_counting(&self, visit: Visit<'_>) {
        visit.state.add_transactions(self.transactions.stop_counting(visit.jar));
    }

    /// Completes the sign-in that the callback `query` belongs to.
    ///
    /// `state` is compared before anything else in the query is trusted, then the issuer,
    /// and only then is the code redeemed.
    pub(crate) async fn complete(
        self: &Arc<Self>,
        visit: Visit<'_>,
        query: &str,
    ) -> Result<Completed, FailedCallback> {
        let lost = |error| FailedCallback { error, return_to: ReturnPath::root() };
        let callback = Callback::parse(query).map_err(lost)?;
        visit.state.depend_on_cookies();
        if callback.is_bare()
            && let Some(left) = self.left(visit)
        {
            return Err(left);
        }
        let state = callback.state();
        let key = seal::sha256(state.as_bytes());
        let Some(transaction) = self.transactions.find(visit.jar, state) else {
            return self.repeated(visit, key, ReturnPath::root()).await;
        };
        let return_to = transaction.return_path();
        if transaction.is_over(self.clock.now()) {
            visit.state.add_transactions([self.transactions.remove(state)]);
            return self.repeated(visit, key, return_to).await;
        }
        // Without metadata nothing has happened yet: a reload may retry.
        let metadata = match self.client.within_patience(self.client.metadata()).await {
            Ok(metadata) => metadata,
            Err(error) => return Err(FailedCallback { error, return_to }),
        };
        visit.state.add_transactions([self.transactions.remove(state)]);
        let code = match callback.code(&metadata.issuer) {
            Ok(code) => code.to_owned(),
            Err(error) => {
                self.completions.use_up(key);
                return Err(FailedCallback { error, return_to });
            }
        };
        let user_agent = self.sessions.description(visit.request.user_agent());
        let redeem = || Arc::clone(self).redeem(key, code.clone(), transaction, user_agent);
        match self.completions.join(key, &code, redeem) {
            Some(completion) => self.finish(visit, key, &completion, return_to).await,
            None => self.repeated(visit, key, return_to).await,
        }
    }

    /// A callback without parameters while sign-ins are in progress: the user left one of
    /// them. Anybody can link to it, so it uses none of them up.
    fn left(&self, visit: Visit<'_>) -> Option<FailedCallback> {
        let mut pages = self.transactions.under_way(visit.jar, self.clock.now()).into_iter();
        let (page, another) = (pages.next()?, pages.next());
        let return_to = if another.is_none() { page } else { ReturnPath::root() };
        Some(FailedCallback { error: Error::new(ErrorKind::Cancelled, ""), return_to })
    }

    async fn redeem(
        self: Arc<Self>,
        state: StateHash,
        code: String,
        transaction: Transaction,
        user_agent: Option<Arc<str>>,
    ) -> Result<Session> {
        let used = repeated::used_by(&transaction);
        if !self.sessions.instances().put_new(Item::UsedState(state), &used, USED_TTL).await? {
            return Err(Error::new(ErrorKind::SignInNotFound, "another instance completed it"));
        }
        // Before Logto is asked: it refuses sessions that ended earlier.
        let epoch = self.sessions.marks().epoch().await?;
        let nonce = transaction.nonce;
        let verifier = transaction.pkce_verifier;
        let (grant, claims) = self.client.redeem(&code, &verifier, &nonce).await?;
        let is_another = |hash: [u8; 32]| hash != seal::sha256(claims.subject().as_bytes());
        if transaction.subject_hash.is_some_and(is_another) {
            let detail = "a different user is signed in at Logto than here";
            return Err(Error::new(ErrorKind::InteractionRequired, detail));
        }
        let begins = self.sessions.marks().earliest_begin(claims.subject()).await?;
        let record = new_record(&grant, &claims, &nonce, begins);
        let record = Record { epoch, user_agent, ..record };
        let key = record.key();
        let session = self.sessions.begin(record).await?;
        if let Some(id_token) = grant.id_token {
            self.sessions.kept().keep_id_token(key, id_token.into()).await;
        }
        Ok(session)
    }

    /// Waits for the verdict on a sign-in, or reaches it, and applies it to this browser.
    async fn finish(
        &self,
        visit: Visit<'_>,
        key: StateHash,
        completion: &Arc<Completion>,
        return_to: ReturnPath,
    ) -> Result<Completed, FailedCallback> {
        // The cookie's own session is replaced, so it has to be read first.
        let old = visit.session(&self.sessions).await.unwrap_or(None);
        let mut is_first = false;
        let decide = || {
            is_first = true;
            self.decide(visit, completion, &return_to)
        };
        let verdict = completion.verdict(decide).await;
        if is_first {
            self.completions.decided(key, completion);
        }
        let Admission { session, return_to } = match verdict {
            Ok(verdict) => verdict,
            // At another instance.
            Err(error) if error.kind() == ErrorKind::SignInNotFound => {
                return self.repeated(visit, key, return_to).await;
            }
            Err(error) => return Err(FailedCallback { error, return_to }),
        };
        if !is_first {
            // A session that has since ended is not issued again.
            match self.sessions.current(&session).await {
                Ok(session) => visit.state.begin(session),
                Err(error) if error.kind() == ErrorKind::Store => {
                    return Err(FailedCallback { error, return_to });
                }
                Err(_) => return self.repeated(visit, key, return_to).await,
            }
        }
        self.sessions.remember_as_replaced(visit.jar, &session);
        let turn = self.transactions.count_turn(visit.jar, old.is_none());
        visit.state.add_transactions([turn]);
        if let Some(old) = old.filter(|old| old.record.key() != session.record.key()) {
            self.sessions.end_replaced(&old, &session).await;
        }
        Ok(Completed { return_to })
    }

    /// Lets the application decide on a sign-in, while the browser does not have the
    /// session yet. If it is refused, the request gets its previous state back.
    async fn decide(
        &self,
        visit: Visit<'_>,
        completion: &Completion,
        return_to: &ReturnPath,
    ) -> Result<Admission> {
        let session = match self.client.within_patience(completion.session()).await {
            Ok(session) => session,
            Err(error) => {
                self.give_back(completion);
                return Err(error);
            }
        };
        // A session that does not fit into cookies is not a session: reported now, with a
        // link to continue.
        self.sessions.check_size(&session.record)?;
        let user = session.user()?;
        let before = visit.state.exchange(session.clone());
        let decided = visit.request.after_sign_in(&*self.hooks, &user).await;
        match decided.and_then(|decided| self.destination(decided, return_to)) {
            Ok(return_to) => {
                log::info!("logto: {} signed in", self.sessions.named(user.subject()));
                Ok(Admission { session, return_to })
            }
            Err(error) => {
                visit.state.restore(before);
                if let Err(failure) = self.sessions.end_and_revoke(&session).await {
                    warning::warn("the session of a refused sign-in was not ended", &failure);
                }
                Err(error)
            }
        }
    }

    /// Ends the session of a sign-in that completed after its request was answered: no browser
    /// has it. Its refresh token is left alone, as Logto gives the user's next attempt in this
    /// browser the same grant.
    fn give_back(&self, completion: &Completion) {
        let (sessions, late) = (Arc::clone(&self.sessions), completion.session());
        tokio::spawn(async move {
            if let Ok(session) = late.await
                && let Err(error) = sessions.end(&session).await
            {
                warning::warn("the session of a late sign-in was not ended", &error);
            }
        });
    }

    fn destination(&self, decided: AfterSignIn, return_to: &ReturnPath) -> Result<ReturnPath> {
        match decided {
            AfterSignIn::Continue => Ok(return_to.clone()),
            AfterSignIn::RedirectTo(path) => self.site.return_path(&path).ok_or_else(|| {
                let detail = "a hook redirects to something that is not a path on this site";
                Error::new(ErrorKind::InvalidOptions, detail)
            }),
            AfterSignIn::Refuse(why) => Err(Error::new(ErrorKind::SignInRefused, why)),
        }
    }
}

/// The session that a sign-in begins.
pub(crate) fn new_record(
    grant: &Grant,
    claims: &IdTokenClaims,
    nonce: &Nonce,
    now: Timestamp,
) -> Record {
    let sid = claims.sid().value().filter(|sid| !sid.is_empty());
    let issued_at = claims.whole_seconds("iat");
    Record {
        id: SessionId::random(),
        generation: 0,
        created: now,
        issued_at: issued_at.unwrap_or_default(),
        last_used: now,
        verified_at: now,
        epoch: Epoch::default(),
        sid: sid.map(Into::into),
        nonce_hash: seal::sha256(nonce.secret().as_bytes()),
        refresh_token: grant.refresh_token.clone(),
        user_info_token: grant.token.clone(),
        claims: claims.into(),
        user_agent: None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logto::tests::logto;

    /// R1 to R9, for a hook that repeats a visitor's input.
    #[test]
    fn a_hook_redirects_only_to_this_site() {
        let (logto, root) = (logto(), ReturnPath::root());
        let base: url::Url = "https://app.example.com/app/".parse().expect("a URL");
        proptest!(|(begin in "(https?:|https://app[.]example[.]com)?", path in "[/\\\\.@:?#%a\t\n]{0,8}")| {
            let decided = AfterSignIn::RedirectTo(format!("{begin}{path}"));
            match logto.sign_ins().destination(decided, &root) {
                Ok(path) => {
                    let landed = base.join(&logto.site().page(&path)).expect("an address");
                    prop_assert_eq!(landed.origin(), base.origin());
                }
                Err(error) => prop_assert_eq!(error.kind(), ErrorKind::InvalidOptions),
            }
        });
    }
}
