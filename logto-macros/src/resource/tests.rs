use proc_macro2::TokenStream;
use quote::quote;

use super::{derive, resource};

/// The messages of all errors, in order.
fn errors(item: TokenStream) -> Vec<String> {
    let input = syn::parse2(item).expect("a type");
    let error = resource(&input).err().expect("an error");
    error.into_iter().map(|error| error.to_string()).collect()
}

fn errors_of(args: &TokenStream) -> Vec<String> {
    errors(quote!(
        #[resource(#args)]
        struct Items;
    ))
}

const NO_RESOURCE: &str = "`#[derive(ApiResource)]` needs the indicator that the resource has in \
                           the Logto Console; write `#[resource(\"https://api.example.com\")]`";

#[test]
fn a_type_has_its_indicator_and_scopes() {
    let item = quote!(
        #[resource("https://api.example.com", scopes("read:items", "write:items"))]
        struct Items;
    );
    let expected = quote!(
        impl ::logto_rocket::ApiResource for Items {
            const INDICATOR: &'static str = "https://api.example.com";
            const SCOPES: &'static [&'static str] = &["read:items", "write:items"];
        }
    );
    assert_eq!(derive(item).to_string(), expected.to_string());
}

#[test]
fn a_type_takes_the_indicators_and_names_of_the_tables() {
    let indicators: &[(&str, bool)] = include!("../../../tests/cases/indicators.txt");
    let names: &[(&str, bool)] = include!("../../../tests/cases/resource_names.txt");
    for (uri, expected) in indicators.iter().chain(names) {
        let input = syn::parse2(quote!(
            #[resource(#uri)]
            struct Items;
        ));
        assert_eq!(resource(&input.expect("a type")).is_ok(), *expected, "{uri:?}");
    }
}

#[test]
fn any_type_will_do_and_the_crate_may_have_another_name() {
    let item = quote!(
        #[doc = "Items."]
        #[resource("urn:example:items", crate = crate::auth,)]
        pub enum Items<'a, T: Clone>
        where
            T: Copy,
        {
            One(&'a T),
        }
    );
    let expected = quote!(
        impl<'a, T: Clone> crate::auth::ApiResource for Items<'a, T>
        where
            T: Copy,
        {
            const INDICATOR: &'static str = "urn:example:items";
            const SCOPES: &'static [&'static str] = &[];
        }
    );
    assert_eq!(derive(item).to_string(), expected.to_string());
}

#[test]
fn each_variant_of_an_enum_of_scopes_is_one() {
    let derived = derive(quote!(
        #[resource("urn:example:items")]
        pub enum Items {
            #[scope("read:items")]
            Read,
            #[scope("write:items")]
            Write,
        }
    ));
    let derived = derived.to_string();
    let scopes = quote!(
        const SCOPES: &'static [&'static str] = &["read:items", "write:items"];
    );
    assert!(derived.contains(&scopes.to_string()), "{derived}");
    let read = quote!(Self::Read { .. } => "read:items");
    assert!(derived.contains(&read.to_string()), "{derived}");
}

#[test]
fn mistakes_in_an_enum_of_scopes_are_refused() {
    for (item, says) in [
        (
            quote!(
                enum I {
                    #[scope("a")]
                    A,
                    B,
                }
            ),
            "each variant is a scope",
        ),
        (
            quote!(
                enum I {
                    #[scope("a")]
                    A,
                    #[scope]
                    B,
                }
            ),
            "each variant is a scope",
        ),
        (
            quote!(
                enum I {
                    #[scope("a")]
                    A,
                    #[scope("a")]
                    B,
                }
            ),
            "given twice",
        ),
        (
            quote!(
                enum I {
                    #[scope("a b")]
                    A,
                }
            ),
            "contain spaces",
        ),
        (
            quote!(
                enum I {
                    #[scope("a")]
                    A(u8),
                }
            ),
            "cannot have fields",
        ),
    ] {
        let derived = derive(quote!(#[resource("urn:example:items")] #item)).to_string();
        assert!(derived.contains("compile_error") && derived.contains(says), "{derived}");
    }
    let both = derive(quote!(
        #[resource("urn:example:items", scopes("b"))]
        enum I {
            #[scope("a")]
            A,
        }
    ));
    assert!(both.to_string().contains("leave `scopes(..)` out"), "{both}");
}

#[test]
fn the_indicator_must_be_there() {
    for item in [
        quote!(
            struct Items;
        ),
        quote!(
            #[resource]
            struct Items;
        ),
        quote!(
            #[resource = "https://api.example.com"]
            struct Items;
        ),
        quote!(
            #[resource(scopes("read:items"))]
            struct Items;
        ),
    ] {
        assert_eq!(errors(item), [NO_RESOURCE]);
    }
}

#[test]
fn the_indicator_is_an_absolute_uri_without_a_fragment() {
    let message = "expected the indicator of an API resource, an absolute URI like \
                   \"https://api.example.com\", or its name in the configuration, like \
                   \"items\"";
    for uri in
        ["", "api.example.com", "/items", "//api", "https:", "https://", "https://a b", "1a:b"]
    {
        assert_eq!(errors_of(&quote!(#uri)), [message], "{uri:?}");
    }
    let message = "an indicator cannot have a fragment (RFC 8707); leave out `#` and what follows";
    assert_eq!(errors_of(&quote!("https://api.example.com/#items")), [message]);
}

#[test]
fn nothing_is_given_twice() {
    let message = "the indicator is given twice";
    assert_eq!(errors_of(&quote!("https://a.example", "https://b.example")), [message]);
    let message = "`scopes` is given twice";
    assert_eq!(errors_of(&quote!("https://a.example", scopes("a"), scopes("b"))), [message]);
    let message = "the scope `a` is given twice";
    assert_eq!(errors_of(&quote!("https://a.example", scopes("a", "b", "a"))), [message]);
    let message = "`#[resource(..)]` is given twice; write all arguments in one";
    let item = quote!(
        #[resource("https://a.example")]
        #[resource(scopes("a"))]
        struct Items;
    );
    assert_eq!(errors(item), [message]);
}

#[test]
fn an_unknown_argument_is_answered_with_the_known_ones() {
    let message = "unknown argument `scope`; did you mean `scopes`?";
    assert_eq!(errors_of(&quote!("https://a.example", scope("a"))), [message]);
    let message = "unknown argument `name`; expected `\"https://..\"`, `scopes(\"..\")` \
                   or `crate = path`";
    assert_eq!(errors_of(&quote!("https://a.example", name = "a")), [message]);
    let message = "expected `\"https://..\"`, `scopes(\"..\")` or `crate = path`";
    assert_eq!(errors_of(&quote!(7)), [message]);
}

#[test]
fn scopes_are_words() {
    let message = "`scopes` takes strings: `scopes(\"read:items\", \"write:items\")`";
    for args in [quote!(scopes), quote!(scopes = "a"), quote!(scopes(a)), quote!(scopes())] {
        assert_eq!(errors_of(&quote!("https://a.example", #args)), [message], "{args}");
    }
    for (scope, message) in [
        ("", "a scope cannot be empty"),
        (
            "read:items write:items",
            "a scope cannot contain spaces; write each scope as its own string",
        ),
        ("a\tb", "a scope cannot contain control characters, non-ASCII characters, `\"` or `\\`"),
        ("a\"", "a scope cannot contain control characters, non-ASCII characters, `\"` or `\\`"),
    ] {
        assert_eq!(errors_of(&quote!("https://a.example", scopes(#scope))), [message], "{scope:?}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once_and_the_type_still_is_a_resource() {
    let args = quote!("api.example.com", scopes("", "a b"), , name);
    assert_eq!(errors_of(&args).len(), 5);
    let derived = derive(quote!(
        #[resource(#args)]
        struct Items;
    ));
    assert!(derived.to_string().contains("ApiResource for Items"), "{derived}");
}
