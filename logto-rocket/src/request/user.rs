//! What a request knows about its users.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::OnceCell;

use crate::claims::{IdTokenClaims, User, UserInfo};
use crate::error::Result;
use crate::session::store::SessionKey;
use crate::token::{Audience, Token};

/// The user of each session that the request has had: the one it came with, and those
/// that began in it. Nothing about one user is shown to another.
#[derive(Default)]
pub(super) struct RequestUsers {
    /// The session of the first one; unset until it is asked for.
    session: OnceLock<SessionKey>,
    first: RequestUser,
    others: OnceLock<Box<Self>>,
}

impl RequestUsers {
    pub(super) fn of(&self, session: SessionKey) -> &RequestUser {
        let mut users = self;
        while *users.session.get_or_init(|| session) != session {
            users = users.others.get_or_init(Box::default);
        }
        &users.first
    }
}

/// What is known about the user of a session; handlers hold references to it.
#[derive(Default)]
pub(crate) struct RequestUser {
    pub(crate) claims: OnceLock<Arc<IdTokenClaims>>,
    pub(crate) user: OnceLock<User>,
    pub(crate) user_with_info: OnceLock<User>,
    pub(crate) info: OnceCell<Result<UserInfo>>,
    /// Access tokens received in this request. They are used without asking again,
    /// however short-lived they are.
    tokens: Mutex<Vec<(Audience, Arc<Token>)>>,
}

impl RequestUser {
    fn tokens(&self) -> MutexGuard<'_, Vec<(Audience, Arc<Token>)>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn token(&self, audience: &Audience) -> Option<Arc<Token>> {
        let tokens = self.tokens();
        tokens.iter().find(|(of, _)| of == audience).map(|(_, token)| Arc::clone(token))
    }

    pub(crate) fn keep_token(&self, audience: &Audience, token: &Arc<Token>) {
        let mut tokens = self.tokens();
        tokens.retain(|(of, _)| of != audience);
        tokens.push((audience.clone(), Arc::clone(token)));
    }

    pub(crate) fn forget_token(&self, audience: &Audience) {
        self.tokens().retain(|(of, _)| of != audience);
    }

    pub(crate) fn forget_tokens(&self) {
        self.tokens().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::store::SessionId;

    /// S21: however many sessions a request has had.
    #[test]
    fn each_session_of_a_request_has_a_user_of_its_own() {
        let users = RequestUsers::default();
        let keys: Vec<_> = (0..5).map(|_| SessionId::random().key()).collect();
        let each: Vec<_> = keys.iter().map(|key| users.of(*key)).collect();
        for (at, key) in keys.iter().enumerate().rev() {
            assert!(std::ptr::eq(users.of(*key), each[at]));
            assert!(each[..at].iter().all(|other| !std::ptr::eq(*other, each[at])));
        }
    }
}
