//! Useless sign-ins in a row: each was completed, but the browser came back without its
//! session.

use rocket::http::{Cookie, CookieJar};

use super::Transactions;

/// Useless sign-ins after which the next one stops. Browsers give up after 20 redirects,
/// and a sign-in takes up to six of them.
const MAX_TURNS: u8 = 3;

/// Seconds for which a sign-in counts. A loop is faster than that.
const LIFETIME: i64 = 60;

impl Transactions {
    /// The cookie that counts a completed sign-in. Earlier ones were useless if this one
    /// `came_as_stranger`. It is as small as the cookie of a sign-in in progress, so a
    /// browser that completes sign-ins keeps it.
    pub(crate) fn count_turn(
        &self,
        jar: &CookieJar<'_>,
        came_as_stranger: bool,
    ) -> Cookie<'static> {
        let before = if came_as_stranger { self.turns(jar) } else { 0 };
        self.cookies.set(self.count(), before.saturating_add(1).to_string(), LIFETIME)
    }

    /// Whether a stranger with these cookies is in a loop.
    pub(crate) fn is_loop(&self, jar: &CookieJar<'_>) -> bool {
        self.turns(jar) >= MAX_TURNS
    }

    /// The removal of the count, if there is one.
    pub(crate) fn stop_counting(&self, jar: &CookieJar<'_>) -> Option<Cookie<'static>> {
        jar.get(&self.count()).map(|_| self.cookies.remove(self.count()))
    }

    /// Not sealed: a forged number only shows its sender a page.
    fn turns(&self, jar: &CookieJar<'_>) -> u8 {
        jar.get(&self.count()).and_then(|cookie| cookie.value().parse().ok()).unwrap_or(0)
    }

    fn count(&self) -> String {
        format!("{}_n", self.cookies.session())
    }
}
