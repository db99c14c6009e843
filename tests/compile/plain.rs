//! What a test file would be in plain Rocket.

/// The code without `#[authenticated]`, line by line.
pub(crate) fn without_the_attribute(code: &str) -> String {
    let is_attribute = |line: &str| {
        let line = line.trim();
        line.starts_with("#[") && line.contains("authenticated") && line.ends_with(']')
    };
    let lines = code.lines().map(|line| if is_attribute(line) { "" } else { line });
    lines.flat_map(|line| [line, "\n"]).collect()
}
