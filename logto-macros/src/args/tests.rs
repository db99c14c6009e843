use quote::quote;

use super::{Args, Redirect};

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
fn both_flags_are_off_by_default() {
    let args = syn::parse2::<Args>(quote!()).expect("valid arguments");
    assert!(matches!(args.redirect, Redirect::No));
    assert!(!args.fetch_user_info);
    assert_eq!(args.private().to_string(), quote!(::logto_rocket::__private).to_string());
}

#[test]
fn arguments_come_in_any_order() {
    for args in [
        quote!(redirect, fetch_user_info, crate = crate::auth),
        quote!(crate = crate::auth, fetch_user_info = true, redirect = true,),
    ] {
        let args = syn::parse2::<Args>(args).expect("valid arguments");
        assert!(matches!(args.redirect, Redirect::SignIn));
        assert!(args.fetch_user_info);
        assert_eq!(args.private().to_string(), quote!(crate::auth::__private).to_string());
    }
}

#[test]
fn redirect_takes_a_path_or_a_bool() {
    assert_eq!(redirect(quote!(redirect = false)), None);
    assert_eq!(redirect(quote!(redirect = true)).as_deref(), Some("sign-in"));
    for path in ["/", "/welcome", "/a/b?c=%20d#e", "/a//b"] {
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
fn a_misspelled_argument_is_recognized() {
    let message = "unknown argument `redirct`; did you mean `redirect`?";
    assert_eq!(errors(quote!(redirct)), [message]);
    let message = "unknown argument `fetchUserInfo`; did you mean `fetch_user_info`?";
    assert_eq!(errors(quote!(fetchUserInfo = true)), [message]);
}

#[test]
fn an_unknown_argument_is_answered_with_the_known_ones() {
    let message = "unknown argument `scopes`; expected `redirect`, `redirect = \"/path\"`, \
                   `fetch_user_info` or `crate = path`";
    assert_eq!(errors(quote!(scopes("a"))), [message]);
    let message = "expected `redirect`, `redirect = \"/path\"`, `fetch_user_info` \
                   or `crate = path`";
    assert_eq!(errors(quote!("/welcome")), [message]);
}

#[test]
fn a_value_of_the_wrong_type_is_refused() {
    let message = "`redirect` takes no value, or a path on this site: `redirect = \"/path\"`";
    for args in [quote!(redirect = 1), quote!(redirect("/x")), quote!(redirect = WELCOME)] {
        assert_eq!(errors(args), [message]);
    }
    let message = "`fetch_user_info` takes no value, `true` or `false`";
    assert_eq!(errors(quote!(fetch_user_info = "yes")), [message]);
    let message = "`crate` takes the path to logto-rocket: `crate = path::to::logto_rocket`";
    for args in [quote!(crate), quote!(crate = "path")] {
        assert_eq!(errors(args), [message]);
    }
}

#[test]
fn an_argument_given_twice_is_refused() {
    let message = "`redirect` is given twice";
    assert_eq!(errors(quote!(redirect = false, redirect)), [message]);
    let message = "`fetch_user_info` is given twice";
    assert_eq!(errors(quote!(fetch_user_info, fetch_user_info)), [message]);
}

#[test]
fn all_bad_arguments_are_reported_at_once() {
    let errors = errors(quote!(redirct, fetch_user_info = 1, , redirect = "//x"));
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert_eq!(errors[2], "expected an argument before this comma");
}
