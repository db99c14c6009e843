//! Errands that a test's request runs on its way in.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openidconnect::Nonce;
use rocket::futures::future::BoxFuture;
use rocket::http::CookieJar;
use rocket::request::Request;
use rocket::{Orbit, Rocket};

use super::stand_in::InLogtosStead;
use super::user::TestUser;
use crate::error::Result;
use crate::logto::Logto;
use crate::request::{Errand, RequestState, Visit};
use crate::scope::requested_scopes;
use crate::session::record::Record;
use crate::sign_in::new_record;
use crate::token::Grant;

pub(super) enum Deed {
    SignIn(Box<TestUser>),
    SignOut,
    EndSession,
}

pub(super) struct TestErrand {
    logto: Logto,
    deed: Deed,
    result: OnceLock<Result<()>>,
}

pub(super) fn logto(rocket: &Rocket<Orbit>) -> Logto {
    rocket.state::<Logto>().expect("the application attaches `Logto::fairing()`").clone()
}

/// The stand-in for Logto for this instance, from now on.
pub(super) fn stand_in(logto: &Logto) -> Arc<InLogtosStead> {
    let set = || {
        let app_id = logto.app_id().to_owned();
        InLogtosStead::new(logto.issuer().to_owned(), app_id, logto.clock().clone())
    };
    logto.client().stand_in().get_or_set(set)
}

pub(super) fn advance(rocket: &Rocket<Orbit>, by: Duration) {
    let logto = logto(rocket);
    stand_in(&logto);
    logto.clock().advance(by);
}

impl TestErrand {
    /// Gives this errand to a request that was not sent yet.
    pub(super) fn give(request: &Request<'_>, deed: Deed) -> Arc<Self> {
        let logto = logto(request.rocket());
        let errand = Arc::new(Self { logto, deed, result: OnceLock::new() });
        RequestState::of(request).send_on(Arc::<Self>::clone(&errand));
        errand
    }

    /// Panics if it was not run, or had no effect.
    pub(super) fn check(&self, cookies: &CookieJar<'_>) {
        match self.result.get() {
            Some(Ok(())) => {}
            Some(Err(error)) => panic!("{error}"),
            None => panic!("the application answered before its fairings ran"),
        }
        if matches!(self.deed, Deed::SignIn(_)) {
            let keeps = cookies.iter().next().is_some();
            assert!(keeps, "the client keeps no cookies: open it with `Client::tracked()`");
        }
    }

    async fn sign_in(&self, visit: Visit<'_>, user: &TestUser) -> Result<()> {
        let (stand_in, sessions) = (stand_in(&self.logto), self.logto.sessions());
        let user = Arc::new(user.clone().resolved(&self.logto)?);
        let epoch = sessions.marks().epoch().await?;
        let record = Record { epoch, ..self.record(&user, &stand_in) };
        let session = sessions.begin(record).await?;
        let key = session.record.key();
        sessions.check_size(&session.record)?;
        sessions.kept().keep_id_token(key, stand_in.id_token(&user).into()).await;
        for audience in user.audiences() {
            if let Some(token) = stand_in.token(&user, audience) {
                sessions.kept().keep_access_token(key, audience.clone(), Arc::new(token)).await;
            }
        }
        let old = visit.session(sessions).await.unwrap_or(None);
        sessions.remember_as_replaced(visit.jar, &session);
        visit.state.begin(session.clone());
        if let Some(old) = old {
            sessions.end_replaced(&old, &session).await;
        }
        Ok(())
    }

    /// The session of a sign-in as long ago as the user says.
    fn record(&self, user: &Arc<TestUser>, stand_in: &InLogtosStead) -> Record {
        let config = self.logto.config();
        let scopes = config.sign_in_options().scopes;
        let scopes = requested_scopes(config.include_reserved_scopes, &scopes);
        let grant = Grant {
            token: stand_in.own_token(user, &scopes),
            refresh_token: Some(stand_in.refresh_token(user)),
            id_token: None,
        };
        let claims = stand_in.id_token_claims(user);
        let now = self.logto.clock().now();
        let record = new_record(&grant, &claims, &Nonce::new_random(), user.signed_in(now));
        Record { last_used: now, ..record }
    }

    async fn end_session(&self, visit: Visit<'_>) -> Result<()> {
        let sessions = self.logto.sessions();
        let Some(session) = visit.session(sessions).await? else { return Ok(()) };
        sessions.end_and_revoke(&session).await
    }
}

impl Errand for TestErrand {
    fn run<'v>(&'v self, visit: Visit<'v>) -> BoxFuture<'v, ()> {
        Box::pin(async move {
            stand_in(&self.logto);
            let result = match &self.deed {
                Deed::SignIn(user) => self.sign_in(visit, user).await,
                Deed::SignOut => self.logto.clear_all_tokens(visit).await,
                Deed::EndSession => self.end_session(visit).await,
            };
            let _ = self.result.set(result);
        })
    }
}
