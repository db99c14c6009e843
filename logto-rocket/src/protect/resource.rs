//! The API resource of a route, which the policy may give by its name in the configuration.

use std::sync::OnceLock;

use crate::error::Result;
use crate::logto::Logto;

/// The policy's text, and the indicator that it resolves to, looked up once.
pub(super) struct Resource {
    given: &'static str,
    indicator: OnceLock<String>,
}

impl Resource {
    pub(super) fn new(given: &'static str) -> Self {
        Self { given, indicator: OnceLock::new() }
    }

    /// # Errors
    ///
    /// The configuration does not have the name.
    pub(super) fn indicator(&self, logto: &Logto) -> Result<&str> {
        if let Some(indicator) = self.indicator.get() {
            return Ok(indicator);
        }
        let indicator = logto.config().resources.indicator(self.given)?.to_owned();
        Ok(self.indicator.get_or_init(|| indicator))
    }
}

/// A copy may be mounted with a different configuration.
impl Clone for Resource {
    fn clone(&self) -> Self {
        Self::new(self.given)
    }
}
