//! The expansion: the user's function as it is, and a hidden route that calls it.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, Path, Result, Token};

use crate::args::{Args, Redirect};
use crate::checks::check;
use crate::errors::both;
use crate::probe;
use crate::route::{Route, recovered};
use crate::shim::{hidden_signature, shim};
use crate::uri::uri_macro;

pub(crate) fn authenticated(args: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2(args.clone()) {
        Ok(Then::Behind(tokens)) => return quote!(#item #tokens),
        Ok(Then::InPlace(tokens)) => return tokens,
        Err(_) => {}
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

/// `@ ..`, which only our own expansion writes: the tokens to put after the item, or with
/// `@ = ..` in its place.
enum Then {
    Behind(TokenStream),
    InPlace(TokenStream),
}

impl Parse for Then {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        input.parse::<Token![@]>()?;
        match input.parse::<Option<Token![=]>>()? {
            None => input.parse().map(Self::Behind),
            Some(_) => input.parse().map(Self::InPlace),
        }
    }
}

/// Parses both sides, to report the mistakes of both at once.
fn parse(args: TokenStream, item: &TokenStream) -> Result<(Args, Route)> {
    let args = syn::parse2::<Args>(args).and_then(Args::with_known_crate);
    let (args, route) = both(args, syn::parse2::<Route>(item.clone()))?;
    check(&args, &route)?;
    Ok((args, route))
}

// Input:
//     #[get("/orders/<id>")] async fn order(id: u64, user: &User) -> String { .. }
// Output:
//     async fn order(id: u64, user: &User) -> String { .. }
//     #[get("/orders/<id>")] async fn __logto_route_order(id: u64, user: &User) -> String
//     struct order {}
//     impl order { pub fn into_route(self) -> Route { .. } }
//     pub use __logto_route_order_uri::rocket_uri_macro_order;
pub(crate) fn protected(args: &Args, route: &Route) -> TokenStream {
    let Route { attrs, function, .. } = route;
    let hidden = hidden_name(&route.sig.ident);
    let sig = hidden_signature(args, route, &hidden);
    let uri_macro = route.uri.as_ref().map(|uri| uri_macro(uri, &route.sig.ident, &sig));
    let (handler, aliases) = (handler(args, route, &hidden), probe::aliases(args, route));
    let shim = shim(args, route, &sig, &quote!(#handler #uri_macro #aliases));
    let place = place(&args.krate(), &route.sig.ident, &shim);
    quote!(#(#attrs)* #function #place)
}

/// Puts items where modules and functions may have them. In an `impl` or a `trait` the
/// compiler then says once, not once per item, that a struct cannot be there; likewise if
/// `krate` is not logto-rocket.
fn place(krate: &Path, at: &Ident, items: &TokenStream) -> TokenStream {
    let at = ours(at);
    let last = krate.segments.last().expect("a path has a segment").ident.span();
    let ours = quote_spanned!(last=> ::authenticated);
    let item = quote_spanned!(at.span()=> struct #at {});
    quote!(#[#krate #ours(@ = #items)] #item)
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
    // What `into_route()` of the hidden route makes a route of, with what Rocket asks at launch.
    let info = quote!(#hidden {}.into_info());
    let marked = match (args.public, args.needs_something()) {
        (true, _) => quote!(#private::public_route(#info, #name)),
        (false, false) => quote! {
            static POLICY: #private::Policy = #policy;
            #private::protect_route(#info, #name, &POLICY)
        },
        (false, true) => quote! {
            static POLICY: #private::Policy = #policy;
            #private::protect_needy(#info, #name, &POLICY, #private::sentry_of::<Self>(|rocket| {
                #private::abort_route(rocket, #name, POLICY.needs())
            }))
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
    let krate = args.krate();
    let resource_type = args.access.resource.iter();
    let resource_type = resource_type.map(|ty| quote!(<#ty as #krate::ApiResource>::INDICATOR));
    let resource = resource.chain(resource_type.map(|uri| quote!(.resource(#uri))));
    let allow_cross_origin = args.allow_cross_origin.then(|| quote!(.allow_cross_origin()));
    let access = args.access.policy();
    quote! {
        #private::Policy::new() #redirect #fetch_user_info #(#resource)* #(#organization)*
            #allow_cross_origin #access.checked()
    }
}

/// The name in its place, but as if a macro had made it up: lints on style and use leave it
/// alone. An `allow` would clash with a `forbid` of the application.
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
