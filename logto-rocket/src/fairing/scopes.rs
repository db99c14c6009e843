//! The scopes that routes require, for the metadata of their resources.

use std::collections::BTreeSet;

use rocket::{Orbit, Rocket};

use crate::logto::Logto;
use crate::mark::{Asked, For, RouteMark};

/// Adds the scopes that routes require to the metadata of each resource, however the routes
/// are protected. Only once all are mounted.
pub(super) fn learn(rocket: &Rocket<Orbit>, logto: &Logto) {
    if logto.resource_metadata().is_empty() {
        return;
    }
    let asked = |route| match RouteMark::of(route) {
        Some(For::Clients(asked)) => Some(asked),
        _ => None,
    };
    let asked: Vec<Asked> = rocket.routes().filter_map(asked).collect();
    let resources = &logto.config().resources;
    for metadata in logto.resource_metadata() {
        let is_for_it = |asked: &&Asked| {
            resources.indicator(asked.resource).is_ok_and(|of| of == metadata.indicator())
        };
        let scopes = asked.iter().filter(is_for_it).flat_map(|asked| asked.scopes).flatten();
        let scopes: BTreeSet<&str> = scopes.copied().collect();
        metadata.learn(scopes.into_iter().map(Into::into).collect());
    }
}
