//! Sign-in: begin it, and take in what Logto sends back.

pub(crate) mod completion;

use std::borrow::Cow;
use std::sync::Arc;

use self::completion::{Completion, StateHash, Verdict};
use crate::claims::IdTokenClaims;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::AfterSignIn;
use crate::http::error_code;
use crate::location::ReturnPath;
use crate::logto::{Inner, Logto, user_of, within_patience};
use crate::options::SignInOptions;
use crate::request::Visit;
use crate::seal;
use crate::session::Session;
use crate::session::record::Record;
use crate::session::store::SessionId;
use crate::token::{Grant, Timestamp};
use crate::transaction::Transaction;
use openidconnect::Nonce;

/// A callback that signed the user in, or came again after it had.
pub(crate) struct Completed {
    pub(crate) return_to: ReturnPath,
}

/// A callback that did not, and where a new sign-in would return to.
#[derive(Debug)]
pub(crate) struct FailedCallback {
    pub(crate) error: Error,
    pub(crate) return_to: ReturnPath,
}

impl Logto {
    /// Begins a sign-in: the address to send the browser to. Its cookie goes out
    /// with the answer.
    ///
    /// # Errors
    ///
    /// The options contradict the protocol, Logto was not reached, or the browser is in
    /// a loop; nothing has begun then.
    pub(crate) async fn begin_sign_in(
        &self,
        visit: Visit<'_>,
        options: &SignInOptions,
        return_to: Option<ReturnPath>,
    ) -> Result<String> {
        self.check_loop(visit).await?;
        let options = self.inner.checked.config.sign_in_options().with(options);
        let configured = options.post_redirect_path.as_deref().and_then(ReturnPath::parse);
        let return_to = return_to.or(configured).unwrap_or_else(ReturnPath::root);
        let transaction = Transaction::begin(&return_to);
        let url = self.inner.client.authorization_url(&transaction, &options);
        let url = within_patience(url).await?;
        let cookies = self.inner.transactions.add(visit.jar, &transaction);
        visit.marker.add_transactions(cookies);
        Ok(url.into())
    }

    /// Stops a browser that signs in again and again and comes back a stranger each
    /// time. Another try of the user's own is none of the loop.
    async fn check_loop(&self, visit: Visit<'_>) -> Result<()> {
        visit.marker.consult();
        let transactions = &self.inner.transactions;
        if !transactions.is_loop(visit.jar)
            || !matches!(self.session_as_read(visit).await, Ok(None))
        {
            return Ok(());
        }
        visit.marker.add_transactions(transactions.stop_counting(visit.jar));
        let detail = "does the browser get and keep the session's cookie, and do all processes \
                      share `cookie_secret`, the store and the time?";
        Err(Error::new(ErrorKind::SignInLoop, detail))
    }

    /// Completes the sign-in that the callback `query` belongs to.
    ///
    /// `state` is compared before anything else in the query is believed, then the
    /// issuer, and only then the code is redeemed.
    pub(crate) async fn complete_sign_in(
        &self,
        visit: Visit<'_>,
        query: &str,
    ) -> Result<Completed, FailedCallback> {
        let lost = |error| FailedCallback { error, return_to: ReturnPath::root() };
        let callback = Callback::parse(query).map_err(lost)?;
        let state = callback.state.as_deref().unwrap_or_default();
        let key = seal::sha256(state.as_bytes());
        let marker = visit.marker;
        marker.consult();
        let Some(transaction) = self.inner.transactions.find(visit.jar, state) else {
            return self.repeated(visit, key, ReturnPath::root()).await;
        };
        let return_to = transaction.return_path();
        if transaction.is_over() {
            marker.add_transactions([self.inner.transactions.remove(state)]);
            return self.repeated(visit, key, return_to).await;
        }
        // Without metadata nothing has happened yet: a reload may try again.
        let metadata = match within_patience(self.inner.client.metadata()).await {
            Ok(metadata) => metadata,
            Err(error) => return Err(FailedCallback { error, return_to }),
        };
        marker.add_transactions([self.inner.transactions.remove(state)]);
        let code = match callback.code(&metadata.issuer) {
            Ok(code) => code.to_owned(),
            Err(error) => {
                self.inner.completions.use_up(key);
                return Err(FailedCallback { error, return_to });
            }
        };
        let begin = || Arc::clone(&self.inner).sign_in(code.clone(), transaction);
        match self.inner.completions.join(key, &code, begin) {
            Some(completion) => self.finish(visit, key, &completion, return_to).await,
            None => self.repeated(visit, key, return_to).await,
        }
    }

    /// Waits for the verdict about a sign-in, or finds it out, and lets this browser have
    /// what it says.
    async fn finish(
        &self,
        visit: Visit<'_>,
        key: StateHash,
        completion: &Arc<Completion>,
        return_to: ReturnPath,
    ) -> Result<Completed, FailedCallback> {
        // The cookie's own session is replaced, so it has to be known first.
        let old = self.session_as_read(visit).await.unwrap_or(None);
        let mut is_first = false;
        let decide = || {
            is_first = true;
            self.decide(visit, completion, &return_to)
        };
        let verdict = completion.verdict(decide).await;
        if is_first {
            self.inner.completions.decided(key, completion);
        }
        let Verdict { session, return_to } = match verdict {
            Ok(verdict) => verdict,
            Err(error) => return Err(FailedCallback { error, return_to }),
        };
        if !is_first {
            // Whoever has only the address of an old callback gets nothing by it.
            let Ok(session) = self.inner.current(&session).await else {
                return self.repeated(visit, key, return_to).await;
            };
            visit.marker.begin(session, true);
        }
        let turn = self.inner.transactions.count_turn(visit.jar, old.is_none());
        visit.marker.add_transactions([turn]);
        self.end_replaced(old, &session).await;
        Ok(Completed { return_to })
    }

    /// Lets the application have its say about a sign-in, while the browser does not
    /// have the session yet. If it is refused, the request has what it had before.
    async fn decide(
        &self,
        visit: Visit<'_>,
        completion: &Completion,
        return_to: &ReturnPath,
    ) -> Result<Verdict> {
        let session = within_patience(completion.session()).await?;
        // A session that cannot be carried is no session: said now, with a way on.
        self.inner.sessions.write(visit.jar, &session)?;
        let user = user_of(&session)?;
        let before = visit.marker.exchange(session.clone());
        let decided = visit.request.after_sign_in(&*self.inner.hooks, &user).await;
        match decided.and_then(|decided| self.destination(decided, return_to)) {
            Ok(return_to) => Ok(Verdict { session, return_to }),
            Err(error) => {
                visit.marker.restore(before);
                if let Err(failure) = self.inner.end(&session, true).await {
                    log::warn!("logto: the session of a refused sign-in was not ended: {failure}");
                }
                self.inner.revoke_in_background(&session);
                Err(error)
            }
        }
    }

    fn destination(&self, decided: AfterSignIn, return_to: &ReturnPath) -> Result<ReturnPath> {
        match decided {
            AfterSignIn::Continue => Ok(return_to.clone()),
            AfterSignIn::RedirectTo(path) => self.site().return_path(&path).ok_or_else(|| {
                let detail = "a hook redirects to something that is no path of this site";
                Error::new(ErrorKind::InvalidOptions, detail)
            }),
            AfterSignIn::Refuse(why) => Err(Error::new(ErrorKind::SignInRefused, why)),
        }
    }

    /// A callback whose sign-in is not under way. The back button brings it to a
    /// user whom it has signed in, who then goes where they were going.
    async fn repeated(
        &self,
        visit: Visit<'_>,
        key: StateHash,
        return_to: ReturnPath,
    ) -> Result<Completed, FailedCallback> {
        if self.inner.completions.is_used(&key) && matches!(self.session(visit).await, Ok(Some(_)))
        {
            return Ok(Completed { return_to });
        }
        let error = Error::new(ErrorKind::SignInNotFound, "");
        Err(FailedCallback { error, return_to })
    }

    /// Ends the session that the browser had before, so that its cookie is worth nothing
    /// any more (session fixation); its refresh token is left alone, as Logto gives both
    /// sessions of one browser the same grant.
    async fn end_replaced(&self, old: Option<Session>, session: &Session) {
        let Some(old) = old.filter(|old| old.record.key() != session.record.key()) else { return };
        self.inner.replaced.insert(old.record.key(), ());
        if let Err(error) = self.inner.end(&old, false).await {
            log::warn!("logto: the replaced session was not ended: {error}");
        }
    }
}

impl Inner {
    async fn sign_in(self: Arc<Self>, code: String, transaction: Transaction) -> Result<Session> {
        let nonce = transaction.nonce;
        let verifier = transaction.pkce_verifier;
        let (grant, claims) = self.client.redeem(&code, &verifier, &nonce).await?;
        let record = new_record(&grant, &claims, &nonce);
        if let Some(id_token) = grant.id_token {
            self.tokens.keep_id_token(record.key(), id_token.into());
        }
        let session = self.sessions.begin(record).await?;
        // Who ended the user's sessions while this one began did not find it.
        if self.revocation.is_ended(&session.record) {
            self.end(&session, false).await?;
            self.revoke_in_background(&session);
            return Err(Error::new(ErrorKind::SessionEnded, "Logto ended it meanwhile"));
        }
        Ok(session)
    }
}

fn new_record(grant: &Grant, claims: &IdTokenClaims, nonce: &Nonce) -> Record {
    let now = Timestamp::now();
    let sid = claims.sid().value().filter(|sid| !sid.is_empty());
    let issued_at = claims.get("iat").value().and_then(|iat| iat.as_i64());
    Record {
        id: SessionId::random(),
        generation: 0,
        created: now,
        issued_at: issued_at.unwrap_or_default(),
        last_used: now,
        verified_at: now,
        sid: sid.map(Into::into),
        nonce_hash: seal::sha256(nonce.secret().as_bytes()),
        refresh_token: grant.refresh_token.clone(),
        user_info_token: grant.token.clone(),
        claims: claims.into(),
    }
}

/// The parameters of a callback (OpenID Connect Core, section 3.1.2.5 and .6).
#[derive(Default)]
struct Callback<'q> {
    state: Option<Cow<'q, str>>,
    iss: Option<Cow<'q, str>>,
    code: Option<Cow<'q, str>>,
    error: Option<Cow<'q, str>>,
}

/// The code in a callback's query that is an answer of `issuer`.
#[cfg(feature = "__fuzz")]
pub(crate) fn callback_code(query: &str, issuer: &str) -> Result<String> {
    Callback::parse(query)?.code(issuer).map(Into::into)
}

impl<'q> Callback<'q> {
    /// A parameter that is given twice has no meaning (RFC 6749 section 3.1):
    /// taking the first or the last would be guessing.
    fn parse(query: &'q str) -> Result<Self> {
        let mut callback = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let slot = match &*name {
                "state" => &mut callback.state,
                "iss" => &mut callback.iss,
                "code" => &mut callback.code,
                "error" => &mut callback.error,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                let detail = "a parameter is given twice";
                return Err(Error::new(ErrorKind::InvalidCallback, detail));
            }
        }
        Ok(callback)
    }

    /// The code of a successful answer of this issuer. A wrong or missing `iss`
    /// means that another provider's answer was sent here (RFC 9207 section 2.4).
    fn code(&self, issuer: &str) -> Result<&str> {
        let from_us = self
            .iss
            .as_ref()
            .is_some_and(|iss| seal::same_secret(iss.as_bytes(), issuer.as_bytes()));
        if !from_us {
            return Err(Error::new(ErrorKind::InvalidCallback, "`iss` is not this Logto"));
        }
        match (self.error.as_deref().map(error_code), self.code.as_deref()) {
            (Some(Some("access_denied")), _) => Err(Error::new(ErrorKind::Cancelled, "")),
            (Some(code), _) => {
                let detail = code.unwrap_or("an error without a code").to_owned();
                Err(Error::new(ErrorKind::Refused, detail))
            }
            (None, Some(code)) if !code.is_empty() => Ok(code),
            (None, _) => Err(Error::new(ErrorKind::InvalidCallback, "there is no code")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rocket::figment::Figment;

    use super::*;
    use crate::config::{Config, check};
    use crate::hooks::NoHooks;

    fn logto() -> Logto {
        let mut config = Config::new("https://foo.logto.app", "app");
        config.base_url = Some("https://app.example.com/app".into());
        config.cookie_secret = ["a secret of at least 32 random bytes"].into();
        let checked = check(&config, &Figment::new()).expect("a configuration");
        Logto::new(checked, None, Box::new(NoHooks)).expect("a client")
    }

    /// R1 to R9, for a hook that says again what a visitor said.
    #[test]
    fn a_hook_redirects_to_nowhere_but_this_site() {
        let (logto, root) = (logto(), ReturnPath::root());
        let base: url::Url = "https://app.example.com/app/".parse().expect("a URL");
        proptest!(|(begin in "(https?:|https://app[.]example[.]com)?", path in "[/\\\\.@:?#%a\t\n]{0,8}")| {
            let decided = AfterSignIn::RedirectTo(format!("{begin}{path}"));
            match logto.destination(decided, &root) {
                Ok(path) => {
                    let landed = base.join(&logto.site().page(&path)).expect("an address");
                    prop_assert_eq!(landed.origin(), base.origin());
                }
                Err(error) => prop_assert_eq!(error.kind(), ErrorKind::InvalidOptions),
            }
        });
    }

    fn code(query: &str) -> Result<String> {
        Callback::parse(query)?.code("https://foo/oidc").map(String::from)
    }

    /// A8, A9, A11: another issuer, none, and parameters given twice.
    #[test]
    fn a_callback_of_another_issuer_or_with_a_parameter_twice_is_refused() {
        assert_eq!(code("code=a&state=s&iss=https%3A%2F%2Ffoo%2Foidc").expect("a code"), "a");
        for query in [
            "code=a&state=s",
            "code=a&state=s&iss=https%3A%2F%2Ffoo%2Foidc2",
            "code=a&code=b&iss=https%3A%2F%2Ffoo%2Foidc",
            "error=access_denied&state=s",
            "code=&iss=https%3A%2F%2Ffoo%2Foidc",
            "iss=https%3A%2F%2Ffoo%2Foidc",
            "",
        ] {
            let error = code(query).expect_err(query);
            assert_eq!(error.kind(), ErrorKind::InvalidCallback, "{query}");
        }
    }

    #[test]
    fn an_error_of_the_provider_is_named_only_if_it_is_a_plain_code() {
        let error = |error: &str| {
            code(&format!("error={error}&iss=https%3A%2F%2Ffoo%2Foidc")).expect_err("an error")
        };
        assert_eq!(error("access_denied").kind(), ErrorKind::Cancelled);
        assert_eq!(
            error("login_required").to_string(),
            "Logto refused the request: login_required"
        );
        assert!(!error("%3Cscript%3E").to_string().contains('<'));
    }
}
