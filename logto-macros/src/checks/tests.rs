use proc_macro2::TokenStream;
use quote::quote;

use super::check;

/// The messages of all errors, in order.
fn errors(args: TokenStream, route: TokenStream) -> Vec<String> {
    let args = syn::parse2(args).expect("valid arguments");
    let route = syn::parse2(route).expect("a route");
    match check(&args, &route) {
        Ok(()) => Vec::new(),
        Err(error) => error.into_iter().map(|error| error.to_string()).collect(),
    }
}

fn organization(value: &str, path: &str) -> Vec<String> {
    errors(
        quote!(organization = #value),
        quote!(
            #[get(#path)]
            fn h() {}
        ),
    )
}

#[test]
fn the_parameter_of_the_organization_is_one_of_the_path() {
    for (value, path) in [
        ("<org>", "/<org>"),
        ("<org>", "/orgs/<org>/items/<id>?<org>"),
        ("acme", "/items"),
        ("acme", "/<org>"),
    ] {
        assert_eq!(organization(value, path), [""; 0], "{value} {path}");
    }
    let id = "this is an organization's id; for the path's parameter write `\"<org>\"`";
    for value in ["org", "{org}", ":org"] {
        assert_eq!(organization(value, "/<id>/<org>"), [id], "{value}");
    }
    let none = "`<org>` is not a parameter of the route's path; there is none; add `<org>` to the \
                path";
    for path in ["/org", "/items?<org>", "/<org..>", "/<_>", "/a<org>"] {
        assert_eq!(organization("<org>", path), [none], "{path}");
    }
    let one = "`<org>` is not a parameter of the route's path; did you mean `<id>`?";
    assert_eq!(organization("<org>", "/<id>"), [one]);
    let close = "`<organisation>` is not a parameter of the route's path; \
                 did you mean `<organization>`?";
    assert_eq!(organization("<organisation>", "/<id>/<organization>"), [close]);
    let shorter = "`<org_id>` is not a parameter of the route's path; did you mean `<org>`?";
    assert_eq!(organization("<org_id>", "/<item>/<org>"), [shorter]);
    let several = "`<org>` is not a parameter of the route's path; those are `<a>`, `<b>`";
    assert_eq!(organization("<org>", "/<a>/<b>"), [several]);
}

#[test]
fn what_the_attribute_does_not_fetch_is_refused() {
    let none = quote!();
    let (resource, organization) =
        (quote!(resource = "https://api.example.com"), quote!(organization = "<org>"));
    let access = quote!(
        #[get("/<org>")]
        fn h(org: &str, token: AccessToken) {}
    );
    let of_organization = quote!(
        #[get("/<org>")]
        fn h(org: &str, token: OrganizationToken) {}
    );
    let both = quote!(#resource, #organization);

    assert_eq!(errors(resource.clone(), access.clone()), [""; 0]);
    assert_eq!(errors(both.clone(), access.clone()), [""; 0]);
    assert_eq!(errors(organization.clone(), of_organization.clone()), [""; 0]);

    let message = "`AccessToken` is fetched only with `resource`; add it, as in \
                   `#[authenticated(resource = \"https://api.example.com\")]`, \
                   or name the type of the resource: `AccessToken<Items>`";
    assert_eq!(errors(none.clone(), access.clone()), [message]);
    let message = "`AccessToken` is for an API resource, which the attribute does not name; \
                   add `resource`, or take `OrganizationToken`";
    assert_eq!(errors(organization, access), [message]);
    let message = "`OrganizationToken` is fetched only with `organization`; \
                   add it, as in `#[authenticated(organization = \"<org>\")]`";
    assert_eq!(errors(none, of_organization.clone()), [message]);
    assert_eq!(errors(resource, of_organization.clone()), [message]);
    let message = "with `resource`, the token of `organization` is for the API resource; take \
                   `AccessToken`, or leave out `resource`";
    assert_eq!(errors(both, of_organization), [message]);
}

#[test]
fn all_that_is_not_fetched_is_reported_at_once() {
    let route = quote!(
        #[get("/")]
        fn h(info: &UserInfo, token: Option<AccessToken>, items: AccessToken<Items>) {}
    );
    assert_eq!(errors(quote!(organization = "<org>"), route).len(), 3);
}

#[test]
fn a_token_that_may_not_be_fetched_is_refused() {
    let typed = quote!(
        #[get("/")]
        fn h(token: AccessToken<Items>) {}
    );
    let optional = quote!(
        #[get("/")]
        fn h(token: Option<AccessToken<Items>>, own: other::AccessToken<Items>) {}
    );
    let message = "with `bearer` there may be no session to fetch a token for: take `&AuthInfo`, or \
                   an `Option` of this";
    for args in [quote!(bearer, scopes(Items::Read)), quote!(session, bearer, scopes(Items::Read))]
    {
        assert_eq!(errors(args.clone(), typed.clone()), [message]);
        assert_eq!(errors(args, optional.clone()), [""; 0]);
    }
    assert_eq!(errors(quote!(redirect), typed), [""; 0]);
}

/// A stranger is not a failure for a `Result`: the route would never run with a token.
#[test]
fn a_result_requires_its_identity_and_an_option_does_not() {
    let guard = |ty: TokenStream| {
        quote!(
            #[get("/")]
            fn h(guard: #ty) {}
        )
    };
    let args = || quote!(session, bearer, fetch_user_info, scopes(Items::Read));
    for ty in [
        quote!(&User),
        quote!(Result<&User, Error>),
        quote!(logto_rocket::Result<&IdTokenClaims>),
        quote!((Result<&UserInfo>)),
    ] {
        let found = errors(args(), guard(ty.clone()));
        assert!(found.len() == 1 && found[0].starts_with("with `bearer`"), "{ty}: {found:?}");
    }
    for ty in [quote!(Option<&User>), quote!(Option<Result<&User>>), quote!(Result<User, E>)] {
        let found = errors(args(), guard(ty.clone()));
        assert!(!found.iter().any(|said| said.contains("may be no session")), "{ty}: {found:?}");
    }
    let found = errors(quote!(redirect), guard(quote!(logto_rocket::Result<&AuthInfo>)));
    assert!(found.len() == 1 && found[0].starts_with("`&AuthInfo` comes from"), "{found:?}");
}

#[test]
fn what_a_token_says_is_refused_where_none_is_fetched() {
    let auth = quote!(
        #[get("/<org>")]
        fn h(auth: &AuthInfo) {}
    );
    let roles = quote!(organization = "<org>", organization_roles("owner"));
    let message = "with `organization_roles` no token is fetched; add `scopes(..)`, or take \
                   `&User` (with `bearer`, `Option<&User>`)";
    assert_eq!(errors(roles.clone(), auth.clone()), [message]);
    assert_eq!(errors(quote!(#roles, scopes("read:data")), auth.clone()), [""; 0]);
    assert_eq!(errors(quote!(#roles, resource = "https://api.example.com"), auth.clone()), [""; 0]);
    assert_eq!(errors(quote!(#roles, session, bearer), auth.clone()), [message]);
    assert_eq!(errors(quote!(#roles, session, bearer, scopes("read:data")), auth), [""; 0]);
}
