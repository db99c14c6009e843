//! The stand-in for Logto in tests.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use reqwest::{Request, Response};

/// Answers requests meant for Logto.
pub(crate) trait InLogtosPlace: Any + Send + Sync {
    fn answer(&self, request: &Request) -> Response;
}

/// The stand-in for Logto, if there is one: none outside of tests. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct StandIn(Arc<OnceLock<Arc<dyn InLogtosPlace>>>);

impl StandIn {
    pub(super) fn answer(&self, request: &Request) -> Option<Response> {
        self.0.get().map(|stand_in| stand_in.answer(request))
    }

    /// The stand-in, which is `first` from now on if there was none.
    pub(crate) fn get_or_set<T: InLogtosPlace>(&self, first: impl FnOnce() -> T) -> Arc<T> {
        let stand_in: Arc<dyn Any + Send + Sync> =
            Arc::<dyn InLogtosPlace>::clone(self.0.get_or_init(|| Arc::new(first())));
        stand_in.downcast().expect("only one kind of thing is ever put in Logto's place")
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StandIn").field(&self.0.get().is_some()).finish()
    }
}
