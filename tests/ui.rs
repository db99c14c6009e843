//! Where the errors of `#[authenticated]` point; their wording has unit tests in `logto-macros`.
//!
//! Only mistakes: a case that compiles would make trybuild build every dependency again.

#[rustversion::attr(not(stable(1.95)), ignore = "rustc's part of the messages is that of 1.95")]
#[test]
fn every_mistake_is_underlined() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
