//! The hidden route, which Rocket sees in place of the user's function.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{FnArg, Ident, Pat, ReturnType, Signature, Type, parse_quote, parse_quote_spanned};

use crate::args::Args;
use crate::route::Route;

// Input:
//     #[get("/orders/<id>")] async fn order(mut id: u64, user: &User) -> String { .. }
// Output:
//     #[get("/orders/<id>")]
//     async fn __logto_route_order(__logto_gate: Gate, id: u64, user: &User) -> String {
//         let _ = __logto_gate;
//         order(id, user).await
//     }
pub(crate) fn shim(
    args: &Args,
    route: &Route,
    mut sig: Signature,
    gate: &TokenStream,
    then: &TokenStream,
) -> TokenStream {
    let Route { route_attr, .. } = route;
    let krate = &args.krate;
    let name = Ident::new("__logto_gate", Span::call_site());
    let call = call(&route.sig);
    sig.inputs.insert(0, parse_quote!(#name: #gate));
    // Our own attribute again, below Rocket's: should Rocket refuse the route, nothing is left that
    // names it, and its error is the only one. `dead_code` is not allowed, because that would also
    // silence "never used" for a function that nobody mounts.
    quote! {
        #route_attr
        #[#krate::authenticated(@ #then)]
        #[doc(hidden)]
        #[allow(warnings, clippy::all)]
        #[deny(dead_code)]
        #sig {
            let _ = #name;
            #call
        }
    }
}

/// The signature without what concerns the user's function alone.
pub(crate) fn hidden_signature(sig: &Signature, hidden: &Ident) -> Signature {
    let mut sig = sig.clone();
    sig.ident = hidden.clone();
    sig.constness = None;
    sig.abi = None;
    for input in &mut sig.inputs {
        let name = param_name(input).cloned();
        if let FnArg::Typed(arg) = input {
            arg.attrs.clear();
            arg.pat = parse_quote!(#name);
            ungroup(&mut arg.ty);
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
fn call(sig: &Signature) -> TokenStream {
    // A parameter may have the function's name: it is a local variable, which this span cannot see.
    let mut callee = sig.ident.clone();
    callee.set_span(callee.span().resolved_at(Span::mixed_site()));
    let names = sig.inputs.iter().filter_map(param_name);
    let dot_await = sig.asyncness.map(|_| quote!(.await));
    quote!(#callee(#(#names),*) #dot_await)
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

/// Takes a type from `macro_rules` out of its invisible group.
fn ungroup(ty: &mut Type) {
    let Type::Group(_) = ty else { return };
    while let Type::Group(group) = ty {
        *ty = Type::clone(&group.elem);
    }
    // Rocket gives its own variables the span of the type's first token, and a span from where
    // the macro was called would not see them. `$crate` means the crate of its span and keeps it.
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
