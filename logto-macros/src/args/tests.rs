use quote::quote;

use super::{Args, EXPECTED, Organization, Redirect};

/// The messages of all errors, in order.
fn errors(args: proc_macro2::TokenStream) -> Vec<String> {
    let error = syn::parse2::<Args>(args).err().expect("an error");
    error.into_iter().map(|error| error.to_string()).collect()
}

fn redirect(args: proc_macro2::TokenStream) -> Option<String> {
    match syn::parse2::<Args>(args).expect("valid arguments").redirect {
        Redirect::No => None,
        Redirect::SignIn => Some("sign-in".into()),
        Redirect::To(path) => Some(path.value()),
    }
}

#[test]
fn all_flags_are_off_by_default() {
    let args = syn::parse2::<Args>(quote!()).expect("valid arguments");
    assert!(matches!(args.redirect, Redirect::No));
    assert!(!args.fetch_user_info && !args.allow_cross_origin);
    assert_eq!(args.private().to_string(), quote!(::logto_rocket::__private).to_string());
}

#[test]
fn arguments_come_in_any_order() {
    for args in [
        quote!(redirect, fetch_user_info, allow_cross_origin, crate = crate::auth),
        quote!(
            allow_cross_origin = true,
            crate = crate::auth,
            fetch_user_info = true,
            redirect = true,
        ),
    ] {
        let args = syn::parse2::<Args>(args).expect("valid arguments");
        assert!(matches!(args.redirect, Redirect::SignIn));
        assert!(args.fetch_user_info && args.allow_cross_origin);
        assert_eq!(args.private().to_string(), quote!(crate::auth::__private).to_string());
    }
}

#[test]
fn redirect_takes_a_path_or_a_bool() {
    assert_eq!(redirect(quote!(redirect = false)), None);
    assert_eq!(redirect(quote!(redirect = true)).as_deref(), Some("sign-in"));
    for path in ["/", "/welcome", "/a/b?c=%20d", "/a//b"] {
        assert_eq!(redirect(quote!(redirect = #path)).as_deref(), Some(path));
    }
}

#[test]
fn a_redirect_to_another_site_is_refused() {
    for path in ["", "welcome", "https://evil.com/", "javascript:alert(1)", " /x", "\\/x"] {
        let message = "expected a path on this site, which begins with `/`";
        assert_eq!(errors(quote!(redirect = #path)), [message], "{path:?}");
    }
    for path in ["//evil.com", "///evil.com", "//"] {
        let message = "a path that begins with `//` names another site; begin it with one `/`";
        assert_eq!(errors(quote!(redirect = #path)), [message], "{path:?}");
    }
    for path in ["/\\evil.com", "/a\\b"] {
        let message = "browsers read `\\` in a path as `/`; write `/` or `%5C`";
        assert_eq!(errors(quote!(redirect = #path)), [message], "{path:?}");
    }
    for path in ["/\t/evil.com", "/a\r\nSet-Cookie: b", "/\0", "/ a", "/\u{fc}", "/\u{7f}"] {
        let message = "spaces, control characters and non-ASCII characters \
                       must be percent-encoded";
        assert_eq!(errors(quote!(redirect = #path)), [message], "{path:?}");
    }
}

#[test]
fn what_must_be_encoded_in_a_redirect_is_named() {
    let message = "a fragment stays in the browser; leave out `#` and what follows";
    assert_eq!(errors(quote!(redirect = "/a#b")), [message]);
    let message = "a path has at most 1024 bytes";
    let [longest, longer] = [1023, 1024].map(|length| format!("/{}", "x".repeat(length)));
    assert_eq!(redirect(quote!(redirect = #longest)).as_deref(), Some(&*longest));
    assert_eq!(errors(quote!(redirect = #longer)), [message]);
    let message = "`\"`, `<` and `>`, and in the path also `^`, `` ` ``, `{`, `|` and `}`, \
                   must be percent-encoded";
    for path in ["/a{b}", "/a?<b>", "/a`?b"] {
        assert_eq!(errors(quote!(redirect = #path)), [message], "{path:?}");
    }
}

/// R1, R2, R5, R9: as in a policy and in the configuration.
#[test]
fn the_attribute_takes_the_paths_and_indicators_of_the_tables() {
    let taken = |args| syn::parse2::<Args>(args).is_ok();
    let paths: &[(&str, bool)] = include!("../../../tests/cases/paths.txt");
    for (path, expected) in paths {
        assert_eq!(taken(quote!(redirect = #path)), *expected, "{path:?}");
    }
    let indicators: &[(&str, bool)] = include!("../../../tests/cases/indicators.txt");
    for (uri, expected) in indicators {
        assert_eq!(taken(quote!(resource = #uri)), *expected, "{uri:?}");
    }
    let names: &[(&str, bool)] = include!("../../../tests/cases/resource_names.txt");
    for (name, expected) in names {
        assert_eq!(taken(quote!(resource = #name)), *expected, "{name:?}");
    }
}

#[test]
fn a_resource_is_an_absolute_uri_without_a_fragment() {
    for uri in ["https://api.example.com", "https://api.example.com/v1?a=b", "urn:example:items"] {
        let args = syn::parse2::<Args>(quote!(resource = #uri)).expect("valid arguments");
        assert_eq!(args.resource.map(|uri| uri.value()).as_deref(), Some(uri));
    }
    let message = "expected the indicator of an API resource, an absolute URI like \
                   \"https://api.example.com\", or its name in the configuration, like \
                   \"items\"";
    for uri in ["", "api.example.com", "/api", "//api.example.com", "https:", "https://", "a b:c"] {
        assert_eq!(errors(quote!(resource = #uri)), [message], "{uri:?}");
    }
    let message = "an indicator cannot have a fragment (RFC 8707); leave out `#` and what follows";
    assert_eq!(errors(quote!(resource = "https://api.example.com#a")), [message]);
}

#[test]
fn an_organization_is_an_id_or_one_parameter() {
    let organization = |value: &str| {
        let args = syn::parse2::<Args>(quote!(organization = #value)).expect("valid arguments");
        match args.organization.expect("an organization") {
            Organization::Id(literal) => literal.value(),
            Organization::Param(name, _) => format!("the parameter {name}"),
        }
    };
    assert_eq!(organization("8wz3nrme4n02"), "8wz3nrme4n02");
    assert_eq!(organization("<org>"), "the parameter org");

    let message =
        "expected an organization's id, or a parameter of the route's path, like \"<org>\"";
    for value in ["", "<>", "<_>", "<org", "org>", "a b", "<a><b>", "\n", "\u{fc}"] {
        assert_eq!(errors(quote!(organization = #value)), [message], "{value:?}");
    }
    let message = "`<org..>` stands for several segments, and an organization's id is one; \
                   write `<org>`";
    assert_eq!(errors(quote!(organization = "<org..>")), [message]);
}

#[test]
fn a_misspelled_argument_is_recognized() {
    let message = "unknown argument `redirct`; did you mean `redirect`?";
    assert_eq!(errors(quote!(redirct)), [message]);
    let message = "unknown argument `fetchUserInfo`; did you mean `fetch_user_info`?";
    assert_eq!(errors(quote!(fetchUserInfo = true)), [message]);
    let message = "unknown argument `allowCrossOrigins`; did you mean `allow_cross_origin`?";
    assert_eq!(errors(quote!(allowCrossOrigins)), [message]);
    let message = "unknown argument `organisation`; did you mean `organization`?";
    assert_eq!(errors(quote!(organisation = "acme")), [message]);
    let message = "unknown argument `resources`; did you mean `resource`?";
    assert_eq!(errors(quote!(resources("https://api.example.com"))), [message]);
}

#[test]
fn an_unknown_argument_is_answered_with_the_known_ones() {
    let message = format!("unknown argument `wheels`; expected {EXPECTED}");
    assert_eq!(errors(quote!(wheels("a"))), [message]);
    let message = format!("expected {EXPECTED}");
    assert_eq!(errors(quote!("https://api.example.com")), [message]);
    let message = "the path is the value of `redirect`; write `redirect = \"/welcome\"`";
    assert_eq!(errors(quote!("/welcome")), [message]);
}

#[test]
fn a_value_of_the_wrong_type_is_refused() {
    let message = "`redirect` takes no value, or a path on this site: `redirect = \"/path\"`";
    for args in [quote!(redirect = 1), quote!(redirect("/x", "/y")), quote!(redirect = f("/x"))] {
        assert_eq!(errors(args), [message]);
    }
    let message = "`fetch_user_info` takes `true`, `false` or no value";
    assert_eq!(errors(quote!(fetch_user_info = "yes")), [message]);
    let message = "`allow_cross_origin` takes `true`, `false` or no value";
    assert_eq!(errors(quote!(allow_cross_origin = "https://admin.example.com")), [message]);
    let message = "`resource` takes the indicator of an API resource: \
                   `resource = \"https://api.example.com\"`";
    for args in [quote!(resource), quote!(resource = true), quote!(resource = 1)] {
        assert_eq!(errors(args), [message]);
    }
    let message = "`organization` takes a parameter of the route's path, or an id: \
                   `organization = \"<org>\"`";
    for args in [quote!(organization), quote!(organization = <org>)] {
        assert_eq!(errors(args), [message]);
    }
    let message = "`crate` takes the path to logto-rocket: `crate = path::to::logto_rocket`";
    for args in [quote!(crate), quote!(crate = "path")] {
        assert_eq!(errors(args), [message]);
    }
}

#[test]
fn a_constant_or_a_list_in_place_of_a_literal_is_explained() {
    for name in [quote!(redirect), quote!(resource), quote!(organization)] {
        let message =
            format!("`{name}` takes a literal: an attribute cannot read the value of `to::HERE`");
        assert_eq!(errors(quote!(#name = to::HERE)), [message]);
        let message = format!("the value of `{name}` goes after `=`; write `{name} = \"/w\"`");
        assert_eq!(errors(quote!(#name("/w"))), [message]);
    }
}

#[test]
fn a_semicolon_is_one_mistake() {
    let message = "arguments are separated by `,`";
    assert_eq!(errors(quote!(redirect; fetch_user_info)), [message]);
    assert_eq!(errors(quote!(redirect; redirct)).len(), 2);
}

#[test]
fn an_argument_given_twice_is_refused() {
    let message = "`redirect` is given twice";
    assert_eq!(errors(quote!(redirect = false, redirect)), [message]);
    let message = "`fetch_user_info` is given twice";
    assert_eq!(errors(quote!(fetch_user_info, fetch_user_info)), [message]);
    let message = "`organization` is given twice";
    assert_eq!(errors(quote!(organization = "a", organization = "<b>")), [message]);
}

#[test]
fn all_bad_arguments_are_reported_at_once() {
    let errors = errors(quote!(redirct, fetch_user_info = 1, , redirect = "//x"));
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert_eq!(errors[2], "expected an argument before this comma");
}

/// The calls that the arguments become.
fn policy(args: proc_macro2::TokenStream) -> String {
    syn::parse2::<Args>(args).expect("valid arguments").access.policy().to_string()
}

#[test]
fn credentials_and_conditions_become_calls_of_the_policy() {
    let given = policy(quote!(bearer, session = false, any_client, roles("admin", "editor")));
    let names = quote!({
        const NAMES: &[&str] = &["admin", "editor"];
        NAMES
    });
    assert_eq!(given, quote!(.bearer().any_client().roles(#names)).to_string());
    let typed = policy(quote!(any_scope(api::Items::Read)));
    assert!(typed.contains("const SCOPE : api :: Items = api :: Items :: Read ;"), "{typed}");
}

#[test]
fn scopes_of_a_type_name_the_resource() {
    let args: Args = syn::parse_quote!(scopes(Items::Read, Items::Write), any_scope("a"));
    assert!(args.has_resource() && args.resource.is_none());
    let other = "this is a scope of another API resource; a token is for one only";
    assert_eq!(errors(quote!(scopes(Items::Read, Orders::Read))), [other]);
    assert_eq!(errors(quote!(scopes(Items::Read), any_scope(Orders::Read))), [other]);
    assert!(errors(quote!(scopes(Read)))[0].contains("a variant with its type"));
}

#[test]
fn lists_that_hold_nothing_or_something_else_are_refused() {
    for args in [quote!(scopes), quote!(scopes()), quote!(scopes = "a"), quote!(scopes(1))] {
        assert!(errors(args.clone())[0].starts_with("`scopes` takes scopes"), "{args}");
    }
    for args in [quote!(roles), quote!(roles()), quote!(roles = "a"), quote!(roles(Admin))] {
        assert!(errors(args.clone())[0].starts_with("`roles` takes names"), "{args}");
    }
    assert!(errors(quote!(scopes("a b")))[0].contains("contain spaces"));
    assert_eq!(errors(quote!(roles(""))), ["a name cannot be empty"]);
    assert_eq!(errors(quote!(roles("a"), roles("b"))), ["`roles` is given twice"]);
    assert_eq!(errors(quote!(bearer, bearer)), ["`bearer` is given twice"]);
    assert_eq!(errors(quote!(bearer = 1)), ["`bearer` takes `true`, `false` or no value"]);
}
