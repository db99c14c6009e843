//! The sample application, as its users run it, with a provider that nobody here wrote: the npm
//! package `oidc-provider`, which Logto's core is a fork of.

mod bearer;
mod failures;
mod keys;
mod node;
mod process;
mod provider;
mod quickstart;
mod refresh;
mod sign_in;
mod sign_out;
mod tokens;
mod visitor;
