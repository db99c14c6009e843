//! The crates that were passed to the compiler.

/// Whether some were passed, but not `name`.
///
/// A macro cannot find out whether a path resolves, and the compiler's message about one
/// that does not would not help: "could not find `logto_rocket`". If the arguments are
/// not available, as in an editor, nothing is unknown.
pub(crate) fn is_unknown(name: &str, mut args: impl Iterator<Item = String>) -> bool {
    let mut any = false;
    while let Some(arg) = args.next() {
        let value = match arg.strip_prefix("--extern") {
            Some("") => args.next(),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        let Some(value) = value else { continue };
        // `name=path`, `name`, or either behind `priv:` and the like.
        let known = value.split('=').next().and_then(|name| name.rsplit(':').next());
        if known == Some(name) {
            return false;
        }
        any = true;
    }
    any
}

#[cfg(test)]
mod tests {
    use super::is_unknown;

    #[test]
    fn a_crate_is_unknown_where_others_are_known() {
        let is_unknown = |line: &str| is_unknown("auth", line.split(' ').map(str::to_owned));
        for line in ["--extern rocket=/a.rlib", "--extern=rocket=/auth.rlib", "--extern priv:authy"]
        {
            assert!(is_unknown(line), "{line}");
        }
        for line in [
            "rustc",
            "@arguments",
            "--extern rocket=/a.rlib --extern auth=/b.rlib",
            "--extern=auth=/b.rlib --extern rocket=/a.rlib",
            "--extern priv,noprelude:auth=/b.rlib",
            "--extern auth",
        ] {
            assert!(!is_unknown(line), "{line}");
        }
    }
}
