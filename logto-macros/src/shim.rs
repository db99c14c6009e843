//! The hidden route, which Rocket sees in place of the user's function.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{FnArg, Ident, Pat, ReturnType, Signature, Type, parse_quote, parse_quote_spanned};

use crate::args::Args;
use crate::guards::{by_value, unwrapped_mut};
use crate::route::Route;

// Input:
//     #[get("/orders/<id>")] async fn order(mut id: u64, user: &User) -> String { .. }
// Output:
//     #[get("/orders/<id>")]
//     async fn __logto_route_order(id: u64, user: &User) -> String {
//         order(id, user).await
//     }
pub(crate) fn shim(args: &Args, route: &Route, sig: &Signature, then: &TokenStream) -> TokenStream {
    let Route { route_attr, .. } = route;
    let krate = args.krate();
    let call = call(args, route);
    // Our own attribute again, below Rocket's: if Rocket refuses the route, nothing is left that
    // names it, and its error is the only one. `dead_code` is not allowed here: that would also
    // silence "never used" for a function that is not mounted.
    quote! {
        #route_attr
        #[#krate::authenticated(@ #then)]
        #[doc(hidden)]
        #[allow(warnings, clippy::all)]
        #[deny(dead_code)]
        #sig {
            #call
        }
    }
}

/// The signature without the parts that concern only the user's function.
pub(crate) fn hidden_signature(args: &Args, route: &Route, hidden: &Ident) -> Signature {
    let mut sig = route.sig.clone();
    sig.ident = hidden.clone();
    sig.constness = None;
    sig.abi = None;
    for input in &mut sig.inputs {
        let (name, is_guard) = (param_name(input).cloned(), route.is_guard(input));
        if let FnArg::Typed(arg) = input {
            arg.attrs.clear();
            arg.pat = parse_quote!(#name);
            ungroup(&mut arg.ty);
            if is_guard {
                explain(&mut arg.ty, args);
            }
        }
    }
    if let ReturnType::Type(_, ty) = &mut sig.output {
        ungroup(ty);
    }
    sig
}

// Input:
//     async fn order(mut id: u64, user: &User) -> String
// Output:
//     order(id, user).await
fn call(args: &Args, route: &Route) -> TokenStream {
    let sig = &route.sig;
    // A parameter may have the function's name: it is a local variable, which this span cannot see.
    let mut callee = sig.ident.clone();
    callee.set_span(callee.span().resolved_at(Span::mixed_site()));
    let private = args.private();
    let arguments = sig.inputs.iter().filter_map(|input| {
        let (FnArg::Typed(arg), name) = (input, param_name(input)?) else { return None };
        Some(match by_value(&arg.ty, &args.krate()) {
            Some(_) if route.is_guard(input) => quote!(#private::Bare::bare(#name)),
            _ => quote!(#name),
        })
    });
    let dot_await = sig.asyncness.map(|_| quote!(.await));
    quote!(#callee(#(#arguments),*) #dot_await)
}

pub(crate) fn param_name(input: &FnArg) -> Option<&Ident> {
    match input {
        FnArg::Typed(arg) => match &*arg.pat {
            Pat::Ident(pat) => Some(&pat.ident),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

// Input:
//     Option<User>
// Output:
//     Option<ByValue<User, User>>
/// Has the compiler say what to take in place of a guard that may be absent. It reports a
/// type once for each span that Rocket takes from it, so there is only one.
fn explain(ty: &mut Type, args: &Args) {
    let Some(path) = by_value(ty, &args.krate()).cloned() else { return };
    let (private, inner) = (args.private(), unwrapped_mut(ty));
    *inner = Type::Verbatim(quote!(#private::ByValue<#inner, #path>));
    let tokens = ty.to_token_stream();
    *ty = Type::Verbatim(underlined(tokens, path.span()));
}

/// The tokens located at `span`, with their own name resolution.
pub(crate) fn underlined(tokens: TokenStream, span: Span) -> TokenStream {
    let underline = |mut token: TokenTree| {
        let place = token.span().located_at(span);
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), underlined(group.stream(), span)).into();
        }
        token.set_span(place);
        token
    };
    tokens.into_iter().map(underline).collect()
}

/// Takes a type from `macro_rules` out of its invisible group.
fn ungroup(ty: &mut Type) {
    let Type::Group(_) = ty else { return };
    while let Type::Group(group) = ty {
        *ty = Type::clone(&group.elem);
    }
    // Rocket gives its own variables the span of the type's first token, and a span from the
    // macro's call site would not see them. `$crate` means the crate of its span and keeps it.
    let local = |span: Span| span.resolved_at(Span::call_site());
    let tokens = ty.to_token_stream();
    *ty = match tokens.to_string().starts_with("$crate") {
        true => parse_quote_spanned!(local(ty.span())=> (#tokens)),
        false => Type::Verbatim(
            tokens
                .into_iter()
                .map(|mut token| {
                    token.set_span(local(token.span()));
                    token
                })
                .collect(),
        ),
    };
}
