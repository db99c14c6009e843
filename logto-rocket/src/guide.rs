//! The book: how to do things, a chapter for each subject.
//!
//! In reading order:
//!
//! | chapter | how to |
//! |---|---|
//! | [`start`] | go from `cargo new` to a protected page, without an account |
//! | [`logto`] | sign in with Logto: the Console, secrets, going to release |
//! | [`permissions`] | decide who may use what: roles, scopes, organizations, origins |
//! | [`api`] | protect an API that takes access tokens |
//! | [`sessions`] | choose where sessions live, for how long, and how they end |
//! | [`hooks`] | keep users in your database, refuse a sign-in, render failures |
//! | [`recipes`] | do a small thing: links, templates, error pages, websockets |
//! | [`testing`] | test all of it, without Logto |
//! | [`proxy`] | run behind nginx, Caddy or Traefik, and in Docker; rehearse a release |
//! | [`growing`] | run many instances, with sessions in Redis |
//! | [`troubleshooting`] | find the cause of a message, a page or an error, and the fix |
//! | [`configuration`] | look up a key: variable, default, unit, range |
//! | [`python`] | find what you know from Logto's Python quick start |
//!
//! logto-rocket's tests compile all of its code and read all of its configuration.

#[doc = include_str!("guide/api.md")]
pub mod api {}

#[doc = include_str!("guide/configuration.md")]
pub mod configuration {}

#[doc = include_str!("guide/growing.md")]
pub mod growing {}

#[doc = include_str!("guide/hooks.md")]
pub mod hooks {}

#[doc = include_str!("guide/logto.md")]
pub mod logto {}

#[doc = include_str!("guide/permissions.md")]
pub mod permissions {}

#[doc = include_str!("guide/proxy.md")]
pub mod proxy {}

#[doc = include_str!("guide/python.md")]
pub mod python {}

#[doc = include_str!("guide/recipes.md")]
pub mod recipes {}

#[doc = include_str!("guide/sessions.md")]
pub mod sessions {}

#[doc = include_str!("guide/start.md")]
pub mod start {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/troubleshooting.md")]
pub mod troubleshooting {}

#[cfg(test)]
mod tests;
