//! Where the errors of `#[authenticated]` point; their wording has unit tests in `logto-macros`.
//!
//! Only mistakes: a case that compiles would make trybuild build every dependency again.

#[test]
fn every_mistake_is_underlined() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
