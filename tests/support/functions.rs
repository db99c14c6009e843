//! The functions that are tests.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Expr, Lit, Meta};

/// A function under a test attribute.
#[derive(Debug)]
pub struct TestFunction {
    /// The modules of its file that it is in.
    pub modules: Vec<String>,
    /// Its name.
    pub name: String,
    /// Its documentation, line by line.
    pub documentation: String,
}

/// The tests of a source, including those in the arguments of a macro, such as `proptest!`.
/// `None` if it is not Rust.
pub fn test_functions(text: &str) -> Option<Vec<TestFunction>> {
    let mut found = Vec::new();
    read(text.parse().ok()?, &[], &mut found);
    Some(found)
}

fn read(tokens: TokenStream, modules: &[String], found: &mut Vec<TestFunction>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let (mut documentation, mut is_test) = (String::new(), false);
    let mut rest = &tokens[..];
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (TokenTree::Punct(sign), [TokenTree::Group(group), after @ ..])
                if sign.as_char() == '#' && group.delimiter() == Delimiter::Bracket =>
            {
                let attribute = syn::parse2(group.stream()).ok();
                is_test |= attribute.as_ref().is_some_and(makes_a_test);
                documentation.extend(attribute.as_ref().and_then(line));
                rest = after;
            }
            (TokenTree::Ident(word), [TokenTree::Ident(name), after @ ..]) if word == "fn" => {
                if is_test {
                    let (modules, name) = (modules.to_vec(), name.to_string());
                    found.push(TestFunction { modules, name, documentation });
                }
                (documentation, is_test) = (String::new(), false);
                rest = after;
            }
            (
                TokenTree::Ident(word),
                [TokenTree::Ident(name), TokenTree::Group(body), after @ ..],
            ) if word == "mod" => {
                read(body.stream(), &[modules, &[name.to_string()]].concat(), found);
                (documentation, is_test) = (String::new(), false);
                rest = after;
            }
            (TokenTree::Ident(word), _) if ["pub", "async", "const"].iter().any(|w| word == w) => {}
            (TokenTree::Group(group), _) => read(group.stream(), modules, found),
            _ => (documentation, is_test) = (String::new(), false),
        }
    }
}

/// `#[test]`, `#[rocket::async_test]`, `#[tokio::test(…)]`.
fn makes_a_test(attribute: &Meta) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "test" || last.ident == "async_test")
}

/// A line of documentation.
fn line(attribute: &Meta) -> Option<String> {
    let Meta::NameValue(doc) = attribute else { return None };
    match &doc.value {
        Expr::Lit(text) if doc.path.is_ident("doc") => match &text.lit {
            Lit::Str(text) => Some(text.value() + "\n"),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let tests = test_functions(text).expect("Rust").into_iter();
        tests.map(|test| [test.modules, vec![test.name]].concat().join("::")).collect()
    }

    #[test]
    fn a_test_is_found_in_modules_and_in_the_arguments_of_macros() {
        let text = "
            #[test] fn one() {}
            #[cfg(test)]
            pub(crate) mod inner {
                #[should_panic] #[rocket::async_test] pub(crate) async fn two() {}
                proptest! {
                    #![proptest_config(Config::with_cases(9))]
                    #[test] fn three(a in any::<u8>()) {}
                }
            }
            #[test] fn four() {}
        ";
        assert_eq!(names(text), ["one", "inner::two", "inner::three", "four"]);
    }

    #[test]
    fn a_function_that_is_not_a_test_is_not_found() {
        for text in [
            "#[cfg(test)] fn one() {}",
            "#[test] const ONE: u8 = 1; fn one() {}",
            "// #[test]\nfn one() {}",
            "const ONE: &str = \"#[test] fn one() {}\"; fn two() {}",
            "macro_rules! m { ($name:ident) => { #[test] fn $name() {} } }",
        ] {
            assert!(names(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_documentation_is_that_of_the_test_only() {
        let text = "/// A.\nfn one() {}\n/// B\n/// and C.\n#[test]\n/// D.\nfn two() {}";
        let found = test_functions(text).expect("Rust");
        assert_eq!(found[0].documentation, " B\n and C.\n D.\n");
        assert!(test_functions("fn one( {").is_none());
    }
}
