//! Values that were never filled in, or were pasted with something around them.

use super::Check;
use crate::config::{AppSecret, Config};

impl Check<'_> {
    pub(super) fn placeholders(&mut self, config: &Config) {
        let secret = config.app_secret.as_ref().map(AppSecret::secret);
        let machine = config.machine.as_ref();
        let given = [
            ("endpoint", Some(config.endpoint.as_str())),
            ("internal_endpoint", config.internal_endpoint.as_deref()),
            ("app_id", config.app_id.as_deref()),
            ("app_secret", secret),
            ("base_url", config.base_url.as_deref()),
            ("machine.app_id", machine.map(|machine| machine.app_id.as_str())),
            ("machine.app_secret", machine.map(|machine| machine.app_secret.secret())),
        ];
        for (key, value) in given {
            if value.is_some_and(is_placeholder) {
                self.problem(key, value, "is empty or a placeholder", "write the real value");
            } else if value.is_some_and(is_wrapped) {
                let fix = "write it as the Logto Console shows it, without anything around it";
                self.problem(key, value, "has quotes, spaces or line breaks around it", fix);
            }
        }
    }
}

/// Whether a value has extra characters from copying or from a file: Logto's ids and secrets
/// never contain them, and a callback would fail with `invalid_client`.
fn is_wrapped(value: &str) -> bool {
    value.trim().len() < value.len()
        || value.chars().any(char::is_control)
        || ['"', '\'', '`'].iter().any(|quote| value.starts_with(*quote) || value.ends_with(*quote))
}

/// Whether a value is a placeholder from an example. Ids such as `app-id` may be real
/// ones.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let inner = value.trim_start_matches("https://").trim_start_matches("http://");
    inner.is_empty()
        || inner.starts_with("...")
        || inner.starts_with('<') && inner.ends_with('>')
        || inner.starts_with("your-")
        || inner.starts_with("replace-with-")
}
