//! The notices of each organization, in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Clone)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) by: String,
}

/// By the organization's id: every read and write concerns one organization.
#[derive(Default)]
pub(crate) struct Notices(Mutex<HashMap<String, Vec<Notice>>>);

/// The most notices that an organization keeps; the oldest go first.
pub(crate) const MOST: usize = 50;

impl Notices {
    pub(crate) fn of(&self, organization: &str) -> Vec<Notice> {
        self.all().get(organization).cloned().unwrap_or_default()
    }

    pub(crate) fn add(&self, organization: &str, text: &str, by: &str) {
        let mut all = self.all();
        let notices = all.entry(organization.to_owned()).or_default();
        if notices.len() == MOST {
            notices.remove(0);
        }
        notices.push(Notice { text: text.to_owned(), by: by.to_owned() });
    }

    pub(crate) fn clear(&self, organization: &str) {
        self.all().remove(organization);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Vec<Notice>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
