//! What the API keeps: items of everybody's, and those of organizations.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rocket::serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(crate = "rocket::serde")]
pub(crate) struct Item {
    pub(crate) id: u32,
    pub(crate) name: String,
    /// The subject of the token that it was created with.
    pub(crate) by: String,
    #[serde(skip)]
    organization: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(crate = "rocket::serde")]
pub(crate) struct NewItem {
    pub(crate) name: String,
}

pub(crate) struct Store(Mutex<Vec<Item>>);

impl Store {
    /// An item of everybody's, and one of the organization acme of `logto-dev`.
    pub(crate) fn new() -> Self {
        let item = |id, name: &str, organization: Option<&str>| Item {
            id,
            name: name.to_owned(),
            by: "nobody".to_owned(),
            organization: organization.map(str::to_owned),
        };
        let items = [item(1, "Anvil", None), item(2, "Rocket skates", Some("8wz3nrme4n02"))];
        Self(Mutex::new(items.to_vec()))
    }

    pub(crate) fn all(&self) -> Vec<Item> {
        self.lock().clone()
    }

    /// Those of one organization, or with `None` those of everybody's.
    pub(crate) fn of(&self, organization: Option<&str>) -> Vec<Item> {
        let items = self.lock();
        items.iter().filter(|item| item.organization.as_deref() == organization).cloned().collect()
    }

    /// Adds an item of everybody's.
    pub(crate) fn add(&self, name: String, by: String) -> Item {
        let mut items = self.lock();
        let id = items.iter().map(|item| item.id).max().unwrap_or_default() + 1;
        let item = Item { id, name, by, organization: None };
        items.push(item.clone());
        item
    }

    /// Removes an item of everybody's; `false` if there is none with this id.
    pub(crate) fn remove(&self, id: u32) -> bool {
        let mut items = self.lock();
        let before = items.len();
        items.retain(|item| item.id != id || item.organization.is_some());
        items.len() < before
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Item>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
