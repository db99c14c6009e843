use rocket::futures::future::BoxFuture;

use super::Visit;

/// What a test has one of its requests do before it is routed. Nothing that comes over a
/// network can bring one: it is no header and no cookie, but a value in this process.
pub(crate) trait Errand: Send + Sync {
    fn run<'v>(&'v self, visit: Visit<'v>) -> BoxFuture<'v, ()>;
}
