//! The arguments that say who is admitted: credentials and conditions.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Path, Result};

use crate::arg::Arg;
use crate::values;

/// The conditions of the attribute.
#[derive(Default)]
pub(crate) struct Access {
    flags: Vec<Flag>,
    lists: Vec<List>,
    /// The type of the scopes that are variants, and so the API resource.
    pub(crate) resource: Option<Path>,
}

struct Flag {
    name: &'static str,
    is_on: bool,
}

struct List {
    name: &'static str,
    items: TokenStream,
}

pub(crate) const FLAGS: [&str; 6] =
    ["session", "bearer", "any_client", "user_only", "machine_only", "any_organization"];

pub(crate) const LISTS: [&str; 7] = [
    "scopes",
    "any_scope",
    "roles",
    "any_role",
    "organization_roles",
    "any_organization_role",
    "clients",
];

/// A scope in a list: a string, or a variant of the type that stands for the resource.
enum Scope {
    Text(LitStr),
    Variant(Path),
}

impl Access {
    /// Takes an argument if it is one of these; `false` if not.
    pub(crate) fn fill(&mut self, arg: &Arg) -> Result<bool> {
        let name = arg.name.to_string();
        let find = |names: &[&'static str]| names.iter().copied().find(|known| *known == name);
        if let Some(name) = find(&FLAGS) {
            self.once(arg, name)?;
            let forms = "`true`, `false` or no value";
            let is_on = arg.flag().ok_or_else(|| arg.wrong_value(forms))?;
            self.flags.push(Flag { name, is_on });
        } else if let Some(name) = find(&LISTS) {
            self.once(arg, name)?;
            let items = if name.contains("scope") { self.scopes(arg)? } else { names(arg)? };
            self.lists.push(List { name, items });
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn once(&self, arg: &Arg, name: &str) -> Result<()> {
        let is_twice = self.flags.iter().any(|flag| flag.name == name)
            || self.lists.iter().any(|list| list.name == name);
        match is_twice {
            true => Err(Error::new_spanned(&arg.name, format!("`{name}` is given twice"))),
            false => Ok(()),
        }
    }

    fn scopes(&mut self, arg: &Arg) -> Result<TokenStream> {
        let forms = "scopes: `scopes(\"read:items\")` or `scopes(Items::Read)`";
        let scopes: Vec<Scope> = arg
            .list()
            .filter(|list: &Vec<_>| !list.is_empty())
            .ok_or_else(|| arg.wrong_value(forms))?;
        let mut items = Vec::new();
        for scope in scopes {
            match scope {
                Scope::Text(text) => {
                    values::scope(&text)?;
                    items.push(quote!(#text));
                }
                Scope::Variant(variant) => {
                    let ty = self.of(&variant)?;
                    items.push(quote!({ const SCOPE: #ty = #variant; SCOPE.scope() }));
                }
            }
        }
        Ok(quote!(#(#items),*))
    }

    /// The type of a variant, which all variants here share.
    fn of(&mut self, variant: &Path) -> Result<Path> {
        let mut ty = variant.clone();
        ty.segments.pop();
        if let Some(last) = ty.segments.pop() {
            ty.segments.push(last.into_value());
        }
        if ty.segments.is_empty() {
            let message = "a scope is a string, or a variant with its type: `Items::Read`";
            return Err(Error::new_spanned(variant, message));
        }
        match &self.resource {
            Some(resource) if !is_same(resource, &ty) => {
                let message = "this is a scope of another API resource; a token is for one only";
                Err(Error::new_spanned(variant, message))
            }
            _ => Ok(self.resource.insert(ty).clone()),
        }
    }

    fn is(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag.name == name && flag.is_on)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.lists.iter().any(|list| list.name == name)
    }

    pub(crate) fn is_bearer(&self) -> bool {
        self.is("bearer")
    }

    /// Whether roles of a session decide; a sign-in has to ask for them.
    pub(crate) fn asks_roles(&self) -> bool {
        LISTS.iter().any(|name| name.contains("role") && self.has(name))
    }

    /// Whether the roles in the organization decide, so that no token is fetched for it.
    pub(crate) fn asks_organization_roles_alone(&self) -> bool {
        let of_organization = ["organization_roles", "any_organization_role"];
        let scopes = ["scopes", "any_scope"];
        of_organization.iter().any(|name| self.has(name))
            && !scopes.iter().any(|name| self.has(name))
    }

    /// The calls of the policy's methods.
    pub(crate) fn policy(&self) -> TokenStream {
        let flags = self.flags.iter().filter(|flag| flag.is_on).map(|flag| {
            let name = Ident::new(flag.name, Span::call_site());
            quote!(.#name())
        });
        let lists = self.lists.iter().map(|List { name, items }| {
            let name = Ident::new(name, Span::call_site());
            // A call of `scope()` is not a constant by itself.
            quote!(.#name({ const NAMES: &[&str] = &[#items]; NAMES }))
        });
        quote!(#(#flags)* #(#lists)*)
    }
}

impl Parse for Scope {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        match input.peek(LitStr) {
            true => input.parse().map(Self::Text),
            false => input.call(Path::parse_mod_style).map(Self::Variant),
        }
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let names = |path: &Path| path.segments.iter().map(|segment| segment.ident.clone()).collect();
    let (one, other): (Vec<Ident>, Vec<Ident>) = (names(one), names(other));
    one == other
}

fn names(arg: &Arg) -> Result<TokenStream> {
    let name = &arg.name;
    let names: Option<Vec<LitStr>> = arg.list();
    let forms = || arg.wrong_value(&format!("names: `{name}(\"..\")`"));
    let names = names.filter(|names| !names.is_empty()).ok_or_else(forms)?;
    match names.iter().find(|name| name.value().is_empty()) {
        Some(empty) => Err(Error::new_spanned(empty, "a name cannot be empty")),
        None => Ok(quote!(#(#names),*)),
    }
}
