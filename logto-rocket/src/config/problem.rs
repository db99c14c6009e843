use std::fmt;

/// Why the configuration cannot be used: every problem with its key, its value unless
/// secret, where it is set and what to do.
///
/// [`guide::troubleshooting`](crate::guide::troubleshooting) has the causes of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(Vec<Problem>);

/// One problem with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) key: String,
    pub(super) value: Option<String>,
    pub(super) place: String,
    pub(super) message: String,
    pub(super) fix: String,
}

impl ConfigError {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration of logto-rocket cannot be used")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  * {problem}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "`logto`")?,
            key => write!(f, "`logto.{key}`")?,
        }
        if let Some(value) = &self.value {
            write!(f, " = {value:?}")?;
        }
        write!(f, " ({}): {}; {}", self.place, self.message, self.fix)
    }
}

impl std::error::Error for ConfigError {}
