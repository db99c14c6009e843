//! The pages of logto-rocket, logto-dev and the examples with a stylesheet: one set of colours, and
//! text that people can read, on light and dark backgrounds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where colours stand.
const FILES: [&str; 12] = [
    "logto-rocket/src/answer/page.rs",
    "logto-dev/src/pages.css",
    "examples/hand-written-routes/src/style.css",
    "examples/organizations/src/style.css",
    "examples/quickstart/src/style.css",
    "examples/templates/static/style.css",
    "examples/account/src/style.css",
    "examples/database/src/style.css",
    "examples/spa/static/style.css",
    "examples/api/src/style.css",
    "examples/devices/src/style.css",
    "examples/redis/src/style.css",
];

/// Text in the first colour on a background of the second.
const TEXTS: [(&str, &str); 7] = [
    ("text", "ground"),
    ("text", "card"),
    ("soft", "ground"),
    ("soft", "card"),
    ("accent", "ground"),
    ("accent", "card"),
    ("on-accent", "accent"),
];

/// Texts and grounds that only some have.
const MORE_TEXTS: [(&str, &str); 5] =
    [("bad", "ground"), ("bad", "card"), ("on-note", "note"), ("accent", "tint"), ("text", "tint")];

/// The least contrast of text (WCAG 2.2, 1.4.3).
const LEAST: f64 = 4.5;

type Colours = BTreeMap<String, String>;

fn source(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    fs::read_to_string(root.join(file)).expect(file)
}

/// A file's light colours and dark ones: in `light-dark()`, or in two blocks.
fn colours(file: &str) -> [Colours; 2] {
    let source = source(file);
    let mut found = [Colours::new(), Colours::new()];
    for declaration in source.split([';', '{', '}']) {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let Some(name) = name.trim_matches(['\\', '\n', ' ']).strip_prefix("--") else { continue };
        let both = value.trim().strip_prefix("light-dark(").and_then(|v| v.strip_suffix(')'));
        let given: Vec<_> = both.unwrap_or(value).split(',').map(str::trim).collect();
        // The first block is the light one.
        let dark = usize::from(found[0].contains_key(name));
        for (colour, place) in given.iter().zip(dark..) {
            let before = found[place].insert(name.to_owned(), (*colour).to_owned());
            assert_eq!(before, None, "{file} has --{name} three times");
        }
    }
    assert_eq!(found[0].len(), found[1].len(), "{file}: {found:?}");
    found
}

/// The relative luminance of `#rgb` or `#rrggbb`.
fn luminance(colour: &str) -> f64 {
    let digits = colour.strip_prefix('#').expect(colour);
    let wide: String = match digits.len() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        _ => digits.to_owned(),
    };
    let part = |at: usize| {
        let value = u8::from_str_radix(&wide[at..at + 2], 16).expect(colour);
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn contrast_is_computed_as_browsers_do() {
    assert!((contrast("#fff", "#000") - 21.0).abs() < 0.001);
    assert!((contrast("#777777", "#fff") - 4.48).abs() < 0.005);
}

#[test]
fn all_pages_have_the_same_colours() {
    let [first, others @ ..] = FILES.map(colours);
    assert!(first[0].contains_key("accent"), "{first:?}");
    for (other, file) in others.iter().zip(&FILES[1..]) {
        for (theirs, ours) in other.iter().zip(&first) {
            for (name, colour) in ours {
                assert_eq!(theirs.get(name), Some(colour), "--{name} in {file}");
            }
        }
    }
    let [light, _] = &first;
    let avatar = source("logto-dev/src/avatar.rs");
    assert!(avatar.contains(&format!("fill=\"{}\"", light["accent"])), "{avatar}");
}

#[test]
fn people_can_read_every_text_on_a_light_ground_and_on_a_dark_one() {
    for file in FILES {
        for colours in colours(file) {
            let is_there = |colour: &str| colours.contains_key(colour);
            let more = MORE_TEXTS.iter().filter(|(text, on)| is_there(text) && is_there(on));
            for (text, on) in TEXTS.iter().chain(more) {
                let (text_colour, on_colour) = (&colours[*text], &colours[*on]);
                let contrast = contrast(text_colour, on_colour);
                assert!(contrast >= LEAST, "{text} on {on} has {contrast:.2} in {file}");
            }
        }
    }
}

/// A colour elsewhere would escape the comparison.
#[test]
fn colours_have_names() {
    for file in FILES {
        let source = source(file);
        let style = match file.ends_with(".rs") {
            true => source.split("const STYLE").nth(1).and_then(|s| s.split("\";").next()),
            false => Some(source.as_str()),
        };
        let unnamed = style.expect("a style").split([';', '{', '}']).filter(|declaration| {
            let declaration = declaration.trim_matches(['\\', '\n', ' ']);
            // A shadow is not a background for text.
            declaration.contains('#')
                && !declaration.starts_with("--")
                && !declaration.starts_with("box-shadow")
        });
        assert_eq!(unnamed.collect::<Vec<_>>(), [""; 0], "{file}");
    }
}
