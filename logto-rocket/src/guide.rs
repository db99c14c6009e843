//! How to do it, a chapter for each subject.

#[doc = include_str!("guide/api.md")]
pub mod api {}

#[doc = include_str!("guide/growing.md")]
pub mod growing {}

#[doc = include_str!("guide/proxy.md")]
pub mod proxy {}

#[cfg(test)]
mod tests;
