//! What the Console of Logto does with users.

use super::Tenant;
use crate::user::User;

/// Each returns `None` where there is no such user.
impl Tenant {
    /// Changes a user as they are now.
    pub(crate) fn change_user<T>(
        &self,
        username: &str,
        change: impl FnOnce(&mut User) -> T,
    ) -> Option<T> {
        self.write_users(|users| users.get_mut(username).map(change))
    }

    /// Suspends a user, and ends their sessions and tokens.
    pub(crate) fn suspend(&self, username: &str) -> Option<()> {
        self.change_user(username, |user| user.suspended = true)?;
        self.revoke(username)
    }

    pub(crate) fn reinstate(&self, username: &str) -> Option<()> {
        self.change_user(username, |user| user.suspended = false)
    }

    pub(crate) fn delete(&self, username: &str) -> Option<()> {
        let user = self.write_users(|users| users.remove(username))?;
        let mut grants = self.grants();
        grants.revoke_user(&user.id);
        grants.subjects.forget(&user.id);
        Some(())
    }

    /// Ends the sessions and tokens of a user.
    pub(crate) fn revoke(&self, username: &str) -> Option<()> {
        let user = self.user(username)?;
        self.grants().revoke_user(&user.id);
        Some(())
    }
}
