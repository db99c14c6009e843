//! The API resource of a route, which the policy may have by its name in the configuration.

use std::sync::OnceLock;

use crate::error::Result;
use crate::logto::Logto;

/// What a policy says, and the indicator that it comes to, looked up once.
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

/// A copy may be mounted where the configuration is another one.
impl Clone for Resource {
    fn clone(&self) -> Self {
        Self::new(self.given)
    }
}
