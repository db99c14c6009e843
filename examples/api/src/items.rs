//! The API's data: shared items, and items of organizations.

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
    /// A shared item, and one of `logto-dev`'s organization acme.
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

    /// The items of one organization, or with `None` the shared ones.
    pub(crate) fn of(&self, organization: Option<&str>) -> Vec<Item> {
        let items = self.lock();
        items.iter().filter(|item| item.organization.as_deref() == organization).cloned().collect()
    }

    /// Adds a shared item.
    pub(crate) fn add(&self, name: String, by: String) -> Item {
        let mut items = self.lock();
        let id = items.iter().map(|item| item.id).max().unwrap_or_default() + 1;
        let item = Item { id, name, by, organization: None };
        items.push(item.clone());
        item
    }

    /// Removes a shared item; `false` if there is none with this id.
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
