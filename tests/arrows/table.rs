//! The layers, as `CONTRIBUTING.md` lists them.

/// The modules of a crate, from the lowest layer up. A module that is not listed here belongs
/// to the one that it is in.
#[derive(Debug)]
pub(crate) struct Layers(Vec<Vec<String>>);

impl Layers {
    /// Reads the table under the heading of a crate: `| 3 | `jwks` `session::record` | … |`.
    ///
    /// # Panics
    ///
    /// If there is no such table, if a layer is missing, or if a module is listed twice.
    pub(crate) fn of(document: &str, name: &str) -> Self {
        let heading = format!("\n### Layers of `{name}`\n");
        let (_, section) = document.split_once(&heading).expect("the layers of the crate");
        let lines = section.lines().take_while(|line| !line.starts_with('#'));
        let rows: Vec<_> = lines.filter_map(row).collect();
        let count = rows.len();
        let numbers = rows.iter().map(|(number, _)| *number);
        assert!(count > 0 && numbers.eq(0..count), "the layers of {name} are not 0, 1, 2 …");
        let layers = Self(rows.into_iter().map(|(_, modules)| modules).collect());
        for module in layers.modules() {
            let places = layers.modules().filter(|other| *other == module).count();
            assert_eq!(places, 1, "`{module}` has more than one place");
        }
        layers
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = &String> {
        self.0.iter().flatten()
    }

    /// The module in the table that a path inside the crate belongs to.
    pub(crate) fn module<'p>(&self, path: &'p str) -> Option<&'p str> {
        let ends = path.match_indices("::").map(|(end, _)| end).chain([path.len()]);
        let starts: Vec<_> = ends.map(|end| &path[..end]).collect();
        starts.into_iter().rev().find(|start| self.layer(start).is_some())
    }

    /// Whether one module in the table may name the other: only lower ones, and its own, which are
    /// not higher.
    pub(crate) fn allow(&self, from: &str, to: &str) -> bool {
        let own = to.strip_prefix(from).is_some_and(|rest| rest.starts_with("::"));
        let (from, to) = (self.layer(from), self.layer(to));
        to < from || own && to == from
    }

    fn layer(&self, module: &str) -> Option<usize> {
        self.0.iter().position(|layer| layer.iter().any(|known| known == module))
    }
}

/// The number of a layer and its modules, if the line has one.
fn row(line: &str) -> Option<(usize, Vec<String>)> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let number = cells.next()?.parse().ok()?;
    let modules = cells.next()?.split('`').skip(1).step_by(2);
    Some((number, modules.map(str::to_owned).collect()))
}

#[test]
fn the_layers_are_the_rows_of_the_table_of_the_crate() {
    let document = "\n### Layers of `one`\n\n| | modules | own |\n|--:|---|---|\n| 0 | `a` `b` | `no` |\n\
                    | 1 | `c::d` | |\n\n### Layers of `two`\n\n| 0 | `e` | |\n";
    let layers = Layers::of(document, "one");
    assert_eq!(layers.0, [vec!["a", "b"], vec!["c::d"]]);
    assert_eq!(Layers::of(document, "two").0, [["e"]]);
    assert_eq!(layers.module("a::x::Y"), Some("a"));
    assert_eq!(layers.module("c::d::E"), Some("c::d"));
    assert_eq!(layers.module("c::x"), None);
}

#[test]
fn a_module_may_name_what_is_lower_and_what_is_its_own() {
    let table = "\n### Layers of `one`\n| 0 | `a` `b` `a::x` |\n| 1 | `c` |\n| 2 | `c::up` |";
    let layers = Layers::of(table, "one");
    assert!(layers.allow("c", "a") && layers.allow("a", "a::x"));
    for (from, to) in [("a", "b"), ("a", "c"), ("a::x", "a"), ("c", "c::up"), ("b", "a::x")] {
        assert!(!layers.allow(from, to), "{from} {to}");
    }
}
