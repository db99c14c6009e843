//! Guards that go by other names, which the compiler sees through.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Type;
use syn::spanned::Spanned;

use crate::args::Args;
use crate::checks::{of_token, of_user_info};
use crate::guards::{Token, may_be_alias};
use crate::route::Route;
use crate::shim::underlined;

// Input:
//     #[authenticated] #[get("/")] fn h(token: Tok) -> String
// Output:
//     const _: () = {
//         use ::logto_rocket::__private::{Probe, Unprobed as _};
//         Probe::<Tok>::KIND.refuse(["`&UserInfo` is fetched only with ..", ..]);
//     };
/// Refuses aliases of guards that the route does not serve, as the names are refused.
pub(crate) fn aliases(args: &Args, route: &Route) -> Option<TokenStream> {
    let messages =
        [of_user_info(args), of_token(args, Token::Access), of_token(args, Token::Organization)];
    let guards = route.guards().filter(|ty| may_be_alias(ty, &args.krate()));
    let types: Vec<_> = guards.filter_map(|ty| Some((ty.span(), nameless(ty)?))).collect();
    if types.is_empty() || route.sig.generics.type_params().next().is_some() {
        return None;
    }
    let private = args.private();
    let messages = messages.map(Option::unwrap_or_default);
    let probes = types.into_iter().map(|(span, ty)| {
        // The type keeps its spans: errors in it are reported once.
        let probe = underlined(quote!(#private::Probe::<), span);
        let refuse = underlined(quote!(>::KIND.refuse([#(#messages),*]);), span);
        quote!(#probe #ty #refuse)
    });
    Some(quote! {
        const _: () = {
            use #private::Unprobed as _;
            #(#probes)*
        };
    })
}

/// The type without the names of lifetimes, which a constant does not know; `None` for a
/// type that may have lifetimes or types of its own.
fn nameless(ty: &Type) -> Option<TokenStream> {
    without_lifetimes(ty.to_token_stream())
}

fn without_lifetimes(tokens: TokenStream) -> Option<TokenStream> {
    let mut is_lifetime = false;
    let mut nameless = |token| {
        let was_quote = std::mem::take(&mut is_lifetime);
        Some(match token {
            TokenTree::Ident(name) if was_quote && name != "static" => {
                Ident::new("_", name.span()).into()
            }
            TokenTree::Ident(name) if name == "for" || name == "impl" => return None,
            TokenTree::Group(group) => {
                let inner = without_lifetimes(group.stream())?;
                let mut nameless = Group::new(group.delimiter(), inner);
                nameless.set_span(group.span());
                nameless.into()
            }
            TokenTree::Punct(punct) => {
                is_lifetime = punct.as_char() == '\'';
                punct.into()
            }
            token => token,
        })
    };
    tokens.into_iter().map(&mut nameless).collect()
}

#[cfg(test)]
mod tests {
    use super::nameless;

    #[test]
    fn a_type_loses_the_names_of_its_lifetimes() {
        let nameless = |ty| Some(nameless(&syn::parse_str(ty).expect("a type"))?.to_string());
        assert_eq!(nameless("Info<'r>").as_deref(), Some("Info < '_ >"));
        assert_eq!(nameless("&'r A<'_, T>").as_deref(), Some("& '_ A < '_ , T >"));
        assert_eq!(
            nameless("A<(&'r u8, [&'static B<'s>; 2])>").as_deref(),
            Some("A < (& '_ u8 , [& 'static B < '_ > ; 2]) >")
        );
        assert_eq!(nameless("A<(for<'a> fn(&'a u8),)>"), None);
        assert_eq!(nameless("A<for<'a> fn(&'a u8)>"), None);
    }
}
