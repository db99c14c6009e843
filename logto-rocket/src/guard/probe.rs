use std::marker::PhantomData;

use super::OrganizationToken;
use crate::claims::UserInfo;
use crate::token::AccessToken;

/// Finds out what the type `G` is, at compile time and through its aliases.
///
/// `Probe::<G>::KIND` is the type's own constant if it has one, otherwise that of the
/// trait [`Unprobed`].
#[derive(Debug)]
pub struct Probe<G>(PhantomData<G>);

/// A guard for something that only the attribute fetches.
#[derive(Clone, Copy, Debug)]
pub enum Probed {
    /// `&UserInfo`.
    UserInfo,
    /// `AccessToken`, without the type of a resource.
    AccessToken,
    /// `OrganizationToken`.
    OrganizationToken,
    /// Any other type.
    Other,
}

/// Types that a [`Probe`] does not know.
pub trait Unprobed {
    /// Nothing that the attribute fetches.
    const KIND: Probed = Probed::Other;
}

impl<G> Unprobed for Probe<G> {}

macro_rules! known {
    ($($type:ty => $kind:ident),*) => { $(
        impl Probe<$type> {
            /// The guard itself.
            pub const KIND: Probed = Probed::$kind;
        }

        impl Probe<Option<$type>> {
            /// In an option.
            pub const KIND: Probed = Probed::$kind;
        }

        impl<E> Probe<Result<$type, E>> {
            /// In a result.
            pub const KIND: Probed = Probed::$kind;
        }
    )* };
}

known!(
    &UserInfo => UserInfo,
    AccessToken => AccessToken,
    OrganizationToken => OrganizationToken
);

impl Probed {
    /// Ends the compilation with the message of the kind, if it has one.
    #[track_caller]
    pub const fn refuse(self, messages: [&str; 3]) {
        let message = match self {
            Self::UserInfo => messages[0],
            Self::AccessToken => messages[1],
            Self::OrganizationToken => messages[2],
            Self::Other => return,
        };
        assert!(message.is_empty(), "{}", message);
    }
}
