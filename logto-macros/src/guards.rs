//! The guards among the types of a handler's parameters, known by their names.

use syn::{GenericArgument, Ident, Path, PathArguments, PathSegment, Type};

/// A guard for a token that only the attribute fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// `AccessToken`, without the type of a resource.
    Access,
    /// `OrganizationToken`.
    Organization,
}

/// A guard that requires one kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// `&User`, `&IdTokenClaims` or `&UserInfo`: of a session.
    Session,
    /// `&AuthInfo`: of an access token.
    Token,
}

/// What `ty` requires; within an `Option`, nothing. Within a `Result` it still requires it:
/// that holds failures, and having no user is not a failure.
pub(crate) fn identity(ty: &Type) -> Option<Identity> {
    let elem = match ty {
        Type::Group(group) => return identity(&group.elem),
        Type::Paren(paren) => return identity(&paren.elem),
        Type::Path(path) => {
            let name = last(&path.path);
            let inner = first_argument(&name.arguments).filter(|_| name.ident == "Result");
            return inner.and_then(identity);
        }
        Type::Reference(reference) => &reference.elem,
        _ => return None,
    };
    let Type::Path(path) = unwrapped(elem) else { return None };
    match last(&path.path).ident.to_string().as_str() {
        "User" | "IdTokenClaims" | "UserInfo" => Some(Identity::Session),
        "AuthInfo" => Some(Identity::Token),
        _ => None,
    }
}

/// Whether `ty` is `&UserInfo`, or an `Option` or `Result` of it. `Json<UserInfo>` is
/// not: it may well be a type of the application.
pub(crate) fn is_user_info(ty: &Type) -> bool {
    match unwrapped(ty) {
        Type::Reference(reference) => match unwrapped(&reference.elem) {
            Type::Path(path) => last(&path.path).ident == "UserInfo",
            _ => false,
        },
        _ => false,
    }
}

/// The token that `ty` takes, itself or in an `Option` or `Result`. A path outside
/// logto-rocket leads to a type of the application.
pub(crate) fn token(ty: &Type, krate: &Path) -> Option<Token> {
    let Type::Path(path) = unwrapped(ty) else { return None };
    let name = last(&path.path);
    if !is_ours(&path.path, krate) || !names_no_resource(name) {
        return None;
    }
    match name.ident.to_string().as_str() {
        "AccessToken" => Some(Token::Access),
        "OrganizationToken" => Some(Token::Organization),
        _ => None,
    }
}

/// Whether `ty` is our `AccessToken<Items>`, and not an `Option` of it.
pub(crate) fn is_of_resource(ty: &Type, krate: &Path) -> bool {
    match ty {
        Type::Group(group) => is_of_resource(&group.elem, krate),
        Type::Paren(paren) => is_of_resource(&paren.elem, krate),
        Type::Path(path) => {
            let name = last(&path.path);
            name.ident == "AccessToken" && is_ours(&path.path, krate) && !names_no_resource(name)
        }
        _ => false,
    }
}

/// The path of `User`, `UserInfo` or `IdTokenClaims` if it is taken by value or mutably,
/// itself or in an `Option` or `Result`: our type, or one of the application.
pub(crate) fn by_value<'t>(ty: &'t Type, krate: &Path) -> Option<&'t Path> {
    let ty = match unwrapped(ty) {
        Type::Reference(reference) if reference.mutability.is_some() => &reference.elem,
        ty => ty,
    };
    let Type::Path(path) = ty else { return None };
    let name = &last(&path.path).ident;
    let is_named = ["User", "UserInfo", "IdTokenClaims"].iter().any(|ours| name == ours);
    (is_named && is_ours(&path.path, krate)).then_some(&path.path)
}

/// Whether `ty` may be another name of a guard that only the attribute serves: a path, or
/// a reference to one, that is not the name of another guard.
pub(crate) fn may_be_alias(ty: &Type, krate: &Path) -> bool {
    let known = ["User", "UserInfo", "IdTokenClaims", "State", "CookieJar"];
    match unwrapped(ty) {
        Type::Reference(reference) => match unwrapped(&reference.elem) {
            Type::Path(path) => !known.iter().any(|name| last(&path.path).ident == name),
            _ => false,
        },
        Type::Path(_) => token(ty, krate).is_none() && by_value(ty, krate).is_none(),
        _ => false,
    }
}

/// `Name`, `logto_rocket::Name`, or `Name` behind the argument `crate`.
fn is_ours(path: &Path, krate: &Path) -> bool {
    let before = path.segments.iter().rev().skip(1).map(|segment| &segment.ident);
    let before: Vec<&Ident> = before.collect();
    let krate = krate.segments.iter().rev().map(|segment| &segment.ident);
    before.is_empty() || before == ["logto_rocket"] || krate.eq(before)
}

/// No argument, or the default one.
fn names_no_resource(name: &PathSegment) -> bool {
    match first_argument(&name.arguments) {
        None => name.arguments.is_empty(),
        Some(Type::Tuple(tuple)) => tuple.elems.is_empty(),
        Some(_) => false,
    }
}

/// The type within groups, parentheses, `Option` and `Result`.
fn unwrapped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => unwrapped(&group.elem),
        Type::Paren(paren) => unwrapped(&paren.elem),
        Type::Path(path) => {
            let name = last(&path.path);
            match first_argument(&name.arguments) {
                Some(inner) if name.ident == "Option" || name.ident == "Result" => unwrapped(inner),
                _ => ty,
            }
        }
        _ => ty,
    }
}

/// The same, to replace it.
pub(crate) fn unwrapped_mut(ty: &mut Type) -> &mut Type {
    if std::ptr::eq(unwrapped(ty), ty) {
        return ty;
    }
    let arguments = match ty {
        Type::Group(group) => return unwrapped_mut(&mut group.elem),
        Type::Paren(paren) => return unwrapped_mut(&mut paren.elem),
        Type::Path(path) => path.path.segments.iter_mut().map(|name| &mut name.arguments),
        _ => unreachable!("nothing else is unwrapped"),
    };
    let inner = arguments.filter_map(|arguments| match arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments.args.iter_mut()),
        _ => None,
    });
    let inner = inner.flatten().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    unwrapped_mut(inner.expect("an argument"))
}

fn last(path: &Path) -> &PathSegment {
    path.segments.last().expect("a path has a segment")
}

fn first_argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn user_info_is_found_behind_option_and_result() {
        let types: [Type; 5] = [
            parse_quote!(&UserInfo),
            parse_quote!(&'a logto_rocket::UserInfo),
            parse_quote!(Option<&UserInfo>),
            parse_quote!(logto_rocket::Result<&UserInfo>),
            parse_quote!(Result<&UserInfo, Error>),
        ];
        assert!(types.iter().all(is_user_info));
        let others: [Type; 4] = [
            parse_quote!(Json<UserInfo>),
            parse_quote!(UserInfo),
            parse_quote!(&User),
            parse_quote!(Option<User>),
        ];
        assert!(!others.iter().any(is_user_info));
    }

    #[test]
    fn tokens_are_found_behind_option_and_result() {
        let krate = parse_quote!(::crate_of::auth);
        let found = |ty: Type| token(&ty, &krate);
        for ty in [
            parse_quote!(AccessToken),
            parse_quote!(AccessToken<()>),
            parse_quote!((AccessToken)),
            parse_quote!(::logto_rocket::AccessToken),
            parse_quote!(crate_of::auth::AccessToken),
            parse_quote!(Option<AccessToken>),
            parse_quote!(logto_rocket::Result<AccessToken>),
            parse_quote!(Result<AccessToken, Error>),
        ] {
            assert_eq!(found(ty), Some(Token::Access));
        }
        assert_eq!(found(parse_quote!(OrganizationToken)), Some(Token::Organization));
        for ty in [
            parse_quote!(AccessToken<Items>),
            parse_quote!(Option<AccessToken<Items>>),
            parse_quote!(guards::AccessToken),
            parse_quote!(AccessToken<'_>),
            parse_quote!(&AccessToken),
            parse_quote!(Json<AccessToken>),
        ] {
            assert_eq!(found(ty), None);
        }
    }

    #[test]
    fn our_types_by_value_are_found_and_replaced() {
        let krate = parse_quote!(auth);
        for ty in ["User", "auth::UserInfo", "&mut User", "Option<Result<IdTokenClaims, E>>"] {
            let mut ty: Type = syn::parse_str(ty).expect("a type");
            assert!(by_value(&ty, &krate).is_some());
            *unwrapped_mut(&mut ty) = parse_quote!(X);
            assert!(by_value(&ty, &krate).is_none());
        }
        for ty in ["&User", "Option<&User>", "Json<User>", "models::User", "Users"] {
            assert!(by_value(&syn::parse_str(ty).expect("a type"), &krate).is_none(), "{ty}");
        }
    }

    #[test]
    fn an_alias_is_a_name_that_says_nothing() {
        let krate = parse_quote!(auth);
        let may_be_alias = |ty: &str| may_be_alias(&syn::parse_str(ty).expect("a type"), &krate);
        for ty in ["Tok", "Option<Tok>", "Info<'r>", "&Info", "AccessToken<Items>"] {
            assert!(may_be_alias(ty), "{ty}");
        }
        for ty in ["AccessToken", "&User", "Option<&UserInfo>", "&State<Db>", "User", "(A, B)"] {
            assert!(!may_be_alias(ty), "{ty}");
        }
    }
}
