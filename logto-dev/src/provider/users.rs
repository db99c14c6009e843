//! The provider's users, changed while it runs.

use super::Provider;
use crate::user::User;

/// Users, changed while the provider runs.
impl Provider {
    /// Returns the user with this name, as they are now.
    #[must_use]
    pub fn user(&self, username: &str) -> Option<User> {
        self.tenant.user(username)
    }

    /// Adds a user, or replaces the one with the same name.
    ///
    /// Tokens stay as they are. The next ID token and the next user info show
    /// the change.
    pub fn add(&self, user: User) {
        self.tenant.write_users(|users| users.insert(user.username.clone(), user));
    }

    /// Suspends a user: their tokens end, and they cannot sign in.
    ///
    /// As at Logto, the application is not told. A refresh fails with
    /// `invalid_grant`, user info with 401.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    pub fn suspend(&self, username: &str) {
        known(username, self.tenant.suspend(username));
    }

    /// Lets a suspended user sign in again. Their tokens do not come back.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    pub fn reinstate(&self, username: &str) {
        known(username, self.tenant.reinstate(username));
    }

    /// Deletes a user, and with them their tokens.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    pub fn delete(&self, username: &str) {
        known(username, self.tenant.delete(username));
    }

    /// Ends every token of a user, who may sign in again at once.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    pub fn revoke(&self, username: &str) {
        known(username, self.tenant.revoke(username));
    }

    /// Gives a user these roles, and removes all others.
    ///
    /// As at Logto, tokens stay as they are. The next refresh brings the new roles'
    /// permissions.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_dev::Provider;
    ///
    /// # rocket::execute(async {
    /// let provider = Provider::start().await;
    /// provider.set_roles("bob", ["items-admin"]);
    /// provider.set_organization_roles("bob", "8wz3nrme4n02", ["editor"]);
    /// provider.leave("alice", "8wz3nrme4n02");
    /// # })
    /// ```
    pub fn set_roles<R: Into<String>>(&self, username: &str, roles: impl IntoIterator<Item = R>) {
        let roles = roles.into_iter().map(Into::into).collect();
        known(username, self.tenant.change_user(username, |user| user.roles = roles));
    }

    /// Makes a user a member of an organization, with exactly these roles in it.
    ///
    /// The organization is named by its identifier. Tokens stay as they are.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    pub fn set_organization_roles<R: Into<String>>(
        &self,
        username: &str,
        organization: &str,
        roles: impl IntoIterator<Item = R>,
    ) {
        let roles = roles.into_iter().map(Into::into).collect();
        let change = |user: &mut User| user.organizations.insert(organization.to_string(), roles);
        known(username, self.tenant.change_user(username, change));
    }

    /// Removes a user from an organization. For a non-member, it does nothing.
    ///
    /// Tokens stay as they are. The next refresh for the organization fails with
    /// `access_denied`.
    ///
    /// # Panics
    ///
    /// Panics if there is no such user.
    pub fn leave(&self, username: &str, organization: &str) {
        let change = |user: &mut User| user.organizations.remove(organization);
        known(username, self.tenant.change_user(username, change));
    }
}

pub(super) fn known<T>(username: &str, found: Option<T>) -> T {
    found.unwrap_or_else(|| panic!("the provider has no user `{username}`"))
}
