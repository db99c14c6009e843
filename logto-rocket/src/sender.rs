//! What a request says of who sent it, and what for.

mod navigation;

pub(crate) use self::navigation::Navigation;
