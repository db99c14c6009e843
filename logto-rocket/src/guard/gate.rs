use std::any::{TypeId, type_name};

use rocket::sentinel::{Sentry, resolve};
use rocket::{Ignite, Rocket, Sentinel};

use super::{abort_without, abort_without_sign_in};
use crate::resource::Needs;

/// The sentinel of a protected route: it stops a launch without the fairing or without
/// sign-in.
///
/// The wrapper adds it to those that Rocket found in the handler's types. As a guard of the
/// hidden route it took the compiler longer than the rest of the expansion.
#[derive(Debug)]
pub struct Gate(());

impl Gate {
    /// The sentry, the same for all routes that need only sign-in.
    pub(crate) fn sentry() -> Sentry {
        resolve!(Self)
    }
}

impl Sentinel for Gate {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        is_bare(rocket) || abort_without_sign_in(rocket, "a protected route")
    }
}

/// The sentry of the route whose type is `R`, which needs more of the configuration.
pub fn sentry_of<R: 'static>(abort: fn(&Rocket<Ignite>) -> bool) -> Sentry {
    Sentry { type_id: TypeId::of::<R>(), type_name: type_name::<R>(), abort, ..Gate::sentry() }
}

/// Stops a launch without the fairing or without what the route `name` needs.
pub fn abort_route(rocket: &Rocket<Ignite>, name: &str, needs: Needs) -> bool {
    is_bare(rocket) || abort_without(rocket, &format!("the route `{name}`"), needs)
}

/// Whether a hidden route was mounted directly, instead of the one that protects it.
fn is_bare(rocket: &Rocket<Ignite>) -> bool {
    let is_hidden = |name: &str| name.starts_with("__logto_route_");
    let bare = rocket.routes().find(|route| route.name.as_deref().is_some_and(is_hidden));
    if let Some(route) = bare {
        log::error!(
            "logto: `{}` has lost its protection; mount the handler by its name",
            route.uri
        );
    }
    bare.is_some()
}
