//! The types that the modules of a crate declare.

use std::collections::BTreeMap;

use logto_tests::Source;
use syn::Item;

/// The names that several types share, each with the files that declare one.
///
/// # Panics
///
/// If a file is not Rust: nothing may go unread.
pub(crate) fn shared(sources: &[Source]) -> BTreeMap<String, Vec<String>> {
    let mut files = BTreeMap::<String, Vec<String>>::new();
    for source in sources {
        let file = syn::parse_file(&source.code).expect("Rust");
        for name in types(&file.items) {
            files.entry(name).or_default().push(source.file.display().to_string());
        }
    }
    files.retain(|_, files| files.len() > 1);
    files
}

/// The types among these items, and in modules among them. Those inside a function are visible
/// to nobody else.
fn types(items: &[Item]) -> Vec<String> {
    let mut found = Vec::new();
    for item in items {
        match item {
            Item::Struct(item) => found.push(item.ident.to_string()),
            Item::Enum(item) => found.push(item.ident.to_string()),
            Item::Union(item) => found.push(item.ident.to_string()),
            Item::Trait(item) => found.push(item.ident.to_string()),
            Item::Type(item) => found.push(item.ident.to_string()),
            Item::Mod(module) => {
                found.extend(module.content.iter().flat_map(|(_, items)| types(items)));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shared_by_types_of_any_kind_in_any_module() {
        let source = |file: &str, code: &str| Source {
            module: String::new(),
            file: file.into(),
            code: code.to_owned(),
        };
        let sources = [
            source(
                "a.rs",
                "struct A; enum B {} trait C {} type D = u8; union E { x: u8 } fn F() {}",
            ),
            source("b.rs", "mod inner { pub struct A; mod more { enum C {} } } type B = u8;"),
            source(
                "c.rs",
                "enum D {} struct E; struct F; fn g() { struct A; struct H; } struct H;",
            ),
        ];
        let found = shared(&sources);
        let found = found.iter().map(|(name, files)| format!("{name} in {}", files.join(", ")));
        let expected = [
            "A in a.rs, b.rs",
            "B in a.rs, b.rs",
            "C in a.rs, b.rs",
            "D in a.rs, c.rs",
            "E in a.rs, c.rs",
        ];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}
