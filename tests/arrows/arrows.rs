//! Which modules of a crate name which others.

use std::collections::{BTreeMap, BTreeSet};

use logto_tests::Source;

use crate::paths::{Named, paths};
use crate::table::Layers;

/// The modules of a crate and what they name.
pub(crate) struct Arrows {
    modules: BTreeSet<String>,
    /// Each path, with the module of its file.
    named: Vec<(String, Named)>,
    /// What a module calls what it imports.
    imports: BTreeMap<(String, String), Vec<String>>,
}

impl Arrows {
    pub(crate) fn of(sources: &[Source]) -> Self {
        let modules = sources.iter().map(|source| source.module.clone()).collect();
        let (mut all, mut imports) = (Vec::new(), BTreeMap::new());
        for source in sources {
            for named in paths(&source.code) {
                if let Some(name) = &named.import {
                    let module = join(&source.module, &named.inside);
                    imports.insert((module, name.clone()), named.path.clone());
                }
                all.push((source.module.clone(), named));
            }
        }
        Self { modules, named: all, imports }
    }

    /// What does not fit the layers, in sentences.
    pub(crate) fn wrong(&self, layers: &Layers) -> Vec<String> {
        // The root of the crate only assembles what the others have.
        let modules = self.modules.iter().filter(|module| !module.is_empty());
        let homeless = modules.filter(|module| layers.module(module).is_none());
        let homeless = homeless.map(|module| format!("{module} has no layer"));
        let missing = layers.modules().filter(|module| !self.modules.contains(*module));
        let missing = missing.map(|module| format!("{module} has no file"));
        let named = self.named.iter().filter(|(file, _)| !file.is_empty());
        let arrows = named.filter_map(|(file, named)| self.wrong_arrow(file, named, layers));
        homeless.chain(missing).chain(arrows).collect()
    }

    fn wrong_arrow(&self, file: &str, named: &Named, layers: &Layers) -> Option<String> {
        let module = join(file, &named.inside);
        let path = self.resolve(&module, &named.path)?;
        let from = layers.module(&module)?;
        if path.is_empty() {
            return Some(format!("{from} must not import the whole crate"));
        }
        let Some(to) = layers.module(&path) else {
            return Some(format!("{module} names {path}, which is in no layer"));
        };
        let written = named.path.join("::");
        let is_right = from == to || layers.allow(from, to);
        (!is_right).then(|| format!("{from} must not import {to} ({written} in {module})"))
    }

    /// A path from the root of the crate; `None` if it leads to another crate.
    fn resolve(&self, module: &str, path: &[String]) -> Option<String> {
        let path = self.absolute(module, path)?;
        // What the root re-exports from a module counts as the module's.
        let first = path.split("::").next().unwrap_or_default();
        match self.imports.get(&(String::new(), first.to_owned())) {
            Some(import) if !self.modules.contains(first) => self.absolute("", import),
            _ => Some(path),
        }
    }

    fn absolute(&self, module: &str, path: &[String]) -> Option<String> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.join("::")),
            "self" if rest.first().is_some_and(|next| next == "super") => {
                self.absolute(module, rest)
            }
            "self" => Some(join(module, rest)),
            "super" => {
                let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
                match rest.first().is_some_and(|next| next == "super") {
                    true => self.absolute(parent, rest),
                    false => Some(join(parent, rest)),
                }
            }
            name if self.modules.contains(&join(module, &[name.to_owned()])) => {
                Some(join(module, path))
            }
            name => {
                let import = self.imports.get(&(module.to_owned(), name.to_owned()))?;
                // `use rocket::rocket` must not lead round in a circle.
                let import = Some(import).filter(|import| import[0] != *name)?;
                self.absolute(module, &[import, rest].concat())
            }
        }
    }
}

fn join(module: &str, path: &[String]) -> String {
    let parts = [module].into_iter().chain(path.iter().map(String::as_str));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("::")
}
