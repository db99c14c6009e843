//! The version of a stored session.

use std::fmt;

/// The version of a stored session: another one after every save.
///
/// A store makes it from a number, such as a counter in an SQL column, or from text, such
/// as an ETag.
///
/// ```rust
/// use logto_rocket::Version;
///
/// assert_eq!(Version::from(7).number(), Some(7));
/// assert_eq!(Version::from("\"33a64df5\"").text(), Some("\"33a64df5\""));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Version(Made);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Made {
    Number(i64),
    Text(Box<str>),
}

impl Version {
    /// The number that it was made from; `None` if it was made from text.
    pub fn number(&self) -> Option<i64> {
        match self.0 {
            Made::Number(number) => Some(number),
            Made::Text(_) => None,
        }
    }

    /// The text that it was made from; `None` if it was made from a number.
    pub fn text(&self) -> Option<&str> {
        match &self.0 {
            Made::Number(_) => None,
            Made::Text(text) => Some(text),
        }
    }
}

impl From<i64> for Version {
    fn from(number: i64) -> Self {
        Self(Made::Number(number))
    }
}

impl From<&str> for Version {
    fn from(text: &str) -> Self {
        Self(Made::Text(text.into()))
    }
}

impl From<String> for Version {
    fn from(text: String) -> Self {
        Self(Made::Text(text.into()))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Made::Number(number) => write!(f, "Version({number})"),
            Made::Text(text) => write!(f, "Version({text:?})"),
        }
    }
}
