use proc_macro2::TokenStream;
use quote::quote;

use super::{Route, recovered};

fn errors(item: TokenStream) -> Vec<String> {
    let error = syn::parse2::<Route>(item).err().expect("an error");
    error.into_iter().map(|error| error.to_string()).collect()
}

fn route(item: TokenStream) -> Route {
    syn::parse2(item).expect("a route")
}

#[test]
fn every_route_attribute_is_known_by_any_path() {
    for attr in [
        quote!(get("/")),
        quote!(rocket::post("/", data = "<x>")),
        quote!(::rocket::route(GET, uri = "/")),
    ] {
        let route = route(quote!(#[doc = "d"] #[#attr] #[must_use] fn h() {}));
        assert_eq!(route.attrs.len(), 2);
    }
}

#[test]
fn a_missing_route_attribute_and_one_above_share_a_message() {
    let message = "no route attribute below `#[authenticated]`; write `#[authenticated]` \
                   directly above `#[get(..)]`, `#[post(..)]` or the like, under Rocket's name \
                   and not an alias, as in `use rocket::get as g`";
    assert_eq!(
        errors(quote!(
            #[inline]
            fn h() {}
        )),
        [message]
    );
}

#[test]
fn a_catcher_is_refused() {
    let message = "`#[authenticated]` goes on a route, not on a catcher, \
                   which has to answer strangers too";
    assert_eq!(
        errors(quote!(
            #[catch(404)]
            fn h() {}
        )),
        [message]
    );
}

#[test]
fn a_second_attribute_is_refused() {
    let message = "`#[authenticated]` is given twice; write all arguments in one";
    assert_eq!(
        errors(quote!(
            #[logto_rocket::authenticated]
            #[get("/")]
            fn h() {}
        )),
        [message]
    );
    let message = "a second route attribute; write one function per route";
    assert_eq!(
        errors(quote!(
            #[get("/")]
            #[post("/")]
            fn h() {}
        )),
        [message]
    );
}

#[test]
fn anything_but_a_function_is_refused() {
    let message = "`#[authenticated]` goes on a route, which is a function";
    for item in [
        quote!(
            pub struct S;
        ),
        quote!(impl S { fn f() {} }),
    ] {
        assert_eq!(errors(item), [message]);
    }
}

#[test]
fn a_missing_body_is_refused_and_made_up() {
    let item = quote!(
        #[get("/")]
        pub fn h(id: u8) -> String;
    );
    let message = "the handler has no body; write `{ .. }` in place of `;`";
    assert_eq!(errors(item.clone()), [message]);
    let expected = quote!(
        pub fn h(id: u8) -> String {
            loop {}
        }
    );
    assert_eq!(recovered(item).to_string(), expected.to_string());

    let method = "`#[authenticated]` goes on a route, which is a free function, not a method";
    assert_eq!(
        errors(quote!(
            #[get("/")]
            fn h(&self);
        )),
        [method]
    );
}

#[test]
fn a_method_is_refused() {
    let message = "`#[authenticated]` goes on a route, which is a free function, not a method";
    assert_eq!(
        errors(quote!(
            #[get("/")]
            fn h(&self, id: u8) {}
        )),
        [message]
    );
}

#[test]
fn what_rocket_cannot_call_is_refused() {
    let item = quote!(
        #[get("/")]
        unsafe fn h(_: u8, (a, b): T) {}
    );
    let expected = [
        "a handler cannot be `unsafe`: Rocket calls it from safe code",
        "handler arguments must be named; to name an ignored one, write `_name`",
        "handler arguments must be of the form `ident: Type`",
    ];
    assert_eq!(errors(item.clone()), expected);
    // Rocket would report the same again.
    assert!(!recovered(item).to_string().contains("get"));
}

#[test]
fn beside_an_error_the_item_stays() {
    let item = quote!(
        #[authenticated]
        #[get("/")]
        pub fn h(x: u8) -> u8 {
            x
        }
    );
    assert_eq!(recovered(item.clone()).to_string(), item.to_string());
    let item = quote!(
        #[get("/")]
        #[inline]
        #[post("/")]
        fn h() {}
    );
    let expected = quote!(
        #[inline]
        #[get("/")]
        fn h() {}
    );
    assert_eq!(recovered(item).to_string(), expected.to_string());
}

#[test]
fn a_half_typed_body_is_not_an_error() {
    assert!(syn::parse2::<Route>(quote!(#[get("/")] fn h(user: &User) { user. })).is_ok());
}

#[test]
fn parameters_are_read_from_every_form_of_the_route_attribute() {
    for attr in [
        quote!(get("/a/<org>/b/<id>?<query>")),
        quote!(rocket::post("/<org>/<id>/<rest..>?<q..>", data = "<body>", rank = -1)),
        quote!(route(GET, uri = "/<_>/<org>/<id>", format = "json")),
        quote!(get(uri = "/<org>/<id>")),
    ] {
        let route = route(quote!(#[#attr] fn h() {}));
        assert_eq!(route.uri.expect("a path").segments(), ["org", "id"], "{attr}");
    }
    let none = route(quote!(
        #[get("/a")]
        fn h() {}
    ));
    assert_eq!(none.uri.expect("a path").segments(), [""; 0]);
    let unreadable = route(quote!(
        #[get(concat!("/", "a"))]
        fn h() {}
    ));
    assert!(unreadable.uri.is_none());
}
