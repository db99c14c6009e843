//! The expansion: the user's function as it is, and a hidden route that calls it.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, Result, Token};

use crate::args::{Args, Redirect};
use crate::checks::check;
use crate::errors::both;
use crate::route::{Route, recovered};
use crate::shim::shim;

pub(crate) fn authenticated(args: TokenStream, item: TokenStream) -> TokenStream {
    if let Ok(Then(tokens)) = syn::parse2(args.clone()) {
        return quote!(#item #tokens);
    }
    match parse(args, &item) {
        Ok((args, route)) => protected(&args, &route),
        Err(error) => {
            // The item stays, so that one mistake does not also break `routes![..]` and the editor.
            let item = recovered(item);
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}

/// `@ ..`, which only our own expansion writes: what to put behind the item.
struct Then(TokenStream);

impl Parse for Then {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        input.parse::<Token![@]>()?;
        input.parse().map(Self)
    }
}

/// Parses both sides, to report the mistakes of both at once.
fn parse(args: TokenStream, item: &TokenStream) -> Result<(Args, Route)> {
    let (args, route) = both(syn::parse2::<Args>(args), syn::parse2::<Route>(item.clone()))?;
    check(&args, &route)?;
    Ok((args, route))
}

// Input:
//     #[get("/orders/<id>")] async fn order(id: u64, user: &User) -> String { .. }
// Output:
//     async fn order(id: u64, user: &User) -> String { .. }
//     #[get("/orders/<id>")] async fn __logto_route_order(.., id: u64, user: &User) -> String
//     struct order {}
//     impl order { pub fn into_route(self) -> Route { .. } }
//     pub use rocket_uri_macro___logto_route_order as rocket_uri_macro_order;
pub(crate) fn protected(args: &Args, route: &Route) -> TokenStream {
    let Route { attrs, function, .. } = route;
    let hidden = hidden_name(&route.sig.ident);
    let (handler, uri_macro) = (handler(args, route, &hidden), uri_macro(route, &hidden));
    let (private, ident) = (args.private(), ours(&route.sig.ident));
    // Rocket asks the type in the gate's brackets at launch, which is the route's own.
    let (gate, needs) = match args.needs_something() {
        _ if args.public => (quote!(#private::Open), None),
        true => (quote!(#private::GateOf<#ident>), Some(needs(args, route))),
        false => (quote!(#private::Gate), None),
    };
    let shim = shim(args, route, &hidden, &gate, &quote!(#handler #needs #uri_macro));
    quote!(#(#attrs)* #function #shim)
}

// Input:
//     #[authenticated(redirect)] #[get("/orders/<id>")] pub fn order(id: u64, user: &User) -> String
// Output:
//     pub struct order {}
//     impl order { pub fn into_route(self) -> Route { .. } }
fn handler(args: &Args, route: &Route, hidden: &Ident) -> TokenStream {
    let Route { deprecated, vis, sig, .. } = route;
    let (private, policy) = (args.private(), policy(args));
    let (ident, name) = (ours(&sig.ident), sig.ident.to_string());
    let allow_deprecated = deprecated.as_ref().map(|_| quote!(#[allow(deprecated)]));
    let marked = match args.public {
        true => quote!(#private::public_route(#hidden {}.into_route(), #name)),
        false => quote! {
            static POLICY: #private::Policy = #policy;
            #private::protect_route(#hidden {}.into_route(), #name, &POLICY)
        },
    };
    quote! {
        #[doc(hidden)]
        #deprecated
        #vis struct #ident {}

        #allow_deprecated
        impl #ident {
            #[doc(hidden)]
            pub fn into_route(self) -> #private::Route {
                #marked
            }
        }
    }
}

// Input:
//     #[authenticated(resource = "https://api.example.com")] #[get("/items")] fn items() -> String
// Output:
//     impl Sentinel for items { fn abort(rocket: &Rocket<Ignite>) -> bool { .. } }
fn needs(args: &Args, route: &Route) -> TokenStream {
    let (private, policy, ident) = (args.private(), policy(args), ours(&route.sig.ident));
    let name = route.sig.ident.to_string();
    let allow_deprecated = route.deprecated.as_ref().map(|_| quote!(#[allow(deprecated)]));
    quote! {
        #allow_deprecated
        impl #private::Sentinel for #ident {
            fn abort(rocket: &#private::Rocket<#private::Ignite>) -> bool {
                #private::abort_route(rocket, #name, #policy.needs())
            }
        }
    }
}

// Input:
//     redirect = "/welcome", fetch_user_info, organization = "<org>"
// Output:
//     Policy::new().redirect_to("/welcome").fetch_user_info().organization("<org>")
fn policy(args: &Args) -> TokenStream {
    let private = args.private();
    let redirect = match &args.redirect {
        Redirect::No => None,
        Redirect::SignIn => Some(quote!(.redirect())),
        Redirect::To(path) => Some(quote!(.redirect_to(#path))),
    };
    let fetch_user_info = args.fetch_user_info.then(|| quote!(.fetch_user_info()));
    let resource = args.resource.iter().map(|indicator| quote!(.resource(#indicator)));
    let organization = args.organization.iter().map(|organization| {
        let literal = organization.literal();
        quote!(.organization(#literal))
    });
    let allow_cross_origin = args.allow_cross_origin.then(|| quote!(.allow_cross_origin()));
    quote! {
        #private::Policy::new() #redirect #fetch_user_info #(#resource)* #(#organization)*
            #allow_cross_origin
    }
}

/// Gives Rocket's `uri!` macro of the hidden route the name of the user's function.
fn uri_macro(route: &Route, hidden: &Ident) -> TokenStream {
    let ident = &route.sig.ident;
    let theirs = format_ident!("rocket_uri_macro_{hidden}");
    let ours = format_ident!("rocket_uri_macro_{}", ident.unraw(), span = ours(ident).span());
    quote! {
        #[doc(hidden)]
        pub use #theirs as #ours;
    }
}

/// The name in its place, but as one that a macro made up: lints on style and use
/// leave it alone. No `allow` would do, because a `forbid` of the application clashes with it.
fn ours(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(ident.span().resolved_at(Span::call_site()));
    ident
}

/// The name of the hidden route.
fn hidden_name(ident: &Ident) -> Ident {
    // Unique by its place, as the name of Rocket's `uri!` macro: of two imports of one name, one
    // in a function and one around it, neither could be used.
    let place = format!("{:?}", ident.span());
    let place: Vec<_> =
        place.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).collect();
    let name = format!("__logto_route_{}_{}", ident.unraw(), place.join("_"));
    Ident::new(&name, ident.span().resolved_at(Span::call_site()))
}
