use rocket::futures::future::BoxFuture;

use super::Visit;

/// Code that a test runs for one of its requests before routing. Nothing from a network
/// can carry one: it is not a header or cookie, but a value in this process.
pub(crate) trait Errand: Send + Sync {
    fn run<'v>(&'v self, visit: Visit<'v>) -> BoxFuture<'v, ()>;
}
