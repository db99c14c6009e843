use std::fmt;
use std::marker::PhantomData;

use rocket::request::{FromRequest, Outcome, Request};

/// The guard `G`, named like `T`, which is taken by reference if it is ours.
///
/// The attribute wraps such a guard in it, so that the compiler says what to take
/// instead. A guard of the application's own works as without it.
#[derive(Debug)]
pub struct ByValue<G, T>(G, PhantomData<T>);

/// Provides a guard.
#[derive(Debug)]
pub struct Giver;

/// Whether it provides `G`.
#[diagnostic::on_unimplemented(
    message = "`{G}` is not a request guard; take `&{T}`",
    label = "take `&{T}`: the request keeps it"
)]
#[rocket::async_trait]
pub trait Gives<'r, G, T> {
    /// Why it did not.
    type Error: fmt::Debug;

    /// Provides it.
    async fn give(request: &'r Request<'_>) -> Outcome<G, Self::Error>;
}

// Otherwise the compiler would list missing Rocket traits, and show the code around our
// guards.
#[diagnostic::do_not_recommend]
#[rocket::async_trait]
impl<'r, G: FromRequest<'r>, T> Gives<'r, G, T> for Giver {
    type Error = G::Error;

    async fn give(request: &'r Request<'_>) -> Outcome<G, G::Error> {
        G::from_request(request).await
    }
}

#[rocket::async_trait]
impl<'r, G, T> FromRequest<'r> for ByValue<G, T>
where
    Giver: Gives<'r, G, T>,
{
    type Error = <Giver as Gives<'r, G, T>>::Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Giver::give(request).await.map(|guard| Self(guard, PhantomData))
    }
}

/// What the handler takes.
pub trait Bare {
    /// Its type.
    type Guard;

    /// Itself.
    fn bare(self) -> Self::Guard;
}

impl<G, T> Bare for ByValue<G, T> {
    type Guard = G;

    fn bare(self) -> G {
        self.0
    }
}

impl<B: Bare> Bare for Option<B> {
    type Guard = Option<B::Guard>;

    fn bare(self) -> Self::Guard {
        self.map(Bare::bare)
    }
}

impl<B: Bare, E> Bare for Result<B, E> {
    type Guard = Result<B::Guard, E>;

    fn bare(self) -> Self::Guard {
        self.map(Bare::bare)
    }
}
