use std::error::Error;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::Claim;

/// Why a user's custom data does not fit the application's type.
///
/// It says where, which type is there and what is missing, but never a value: it may be
/// logged.
///
/// # Example
///
/// ```rust
/// use logto_rocket::UserInfo;
/// use serde::Deserialize;
///
/// #[derive(Debug, Deserialize)]
/// struct CustomData {
///     seats: u32,
/// }
///
/// let info: UserInfo =
///     serde_json::from_str(r#"{ "sub": "u1", "custom_data": { "seats": "three" } }"#)?;
///
/// let error = info.custom_data_as::<CustomData>().unwrap_err();
/// assert_eq!(error.path(), "custom_data.seats");
/// assert_eq!(error.to_string(), "`custom_data.seats` is a string, which does not fit");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomDataError {
    path: String,
    problem: Mismatch,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mismatch {
    Missing,
    Unfit(&'static str),
}

impl CustomDataError {
    /// The path of the field, starting at `custom_data`: `custom_data.plans[0].name`.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn new(data: &Value, error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let mut path = String::from("custom_data");
        let mut at = Some(data);
        for segment in error.path() {
            match segment {
                Segment::Seq { index } => path.push_str(&format!("[{index}]")),
                other => path.push_str(&format!(".{other}")),
            }
            at = at.and_then(|value| member(value, segment));
        }
        if let Some(name) = missing_field(error.inner()) {
            return Self { path: format!("{path}.{name}"), problem: Mismatch::Missing };
        }
        Self { path, problem: Mismatch::Unfit(at.map_or("a value", kind)) }
    }
}

impl fmt::Display for CustomDataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problem {
            Mismatch::Missing => write!(f, "`{}` is missing", self.path),
            Mismatch::Unfit(kind) => write!(f, "`{}` is {kind}, which does not fit", self.path),
        }
    }
}

// The error of serde_json is not the source: it quotes values.
impl Error for CustomDataError {}

pub(super) fn read<T: DeserializeOwned>(data: Claim<&Value>) -> Result<Claim<T>, CustomDataError> {
    Ok(match data {
        Claim::Absent => Claim::Absent,
        Claim::Null => Claim::Null,
        Claim::Value(data) => Claim::Value(
            serde_path_to_error::deserialize(data)
                .map_err(|error| CustomDataError::new(data, &error))?,
        ),
    })
}

fn member<'a>(value: &'a Value, segment: &Segment) -> Option<&'a Value> {
    match segment {
        Segment::Seq { index } => value.get(index),
        Segment::Map { key } => value.get(key),
        Segment::Enum { variant } => value.get(variant),
        Segment::Unknown => None,
    }
}

/// The field that serde found missing: its name is the type's, not the data's.
fn missing_field(error: &serde_json::Error) -> Option<String> {
    let message = error.to_string();
    let name = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    Some(name.to_owned())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Data {
        plan: Plan,
        #[serde(default)]
        seats: Vec<Seat>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Plan {
        Gold,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Seat {
        row: u8,
    }

    fn data(value: &Value) -> Result<Claim<Data>, CustomDataError> {
        read(Claim::found(Some(value)))
    }

    #[test]
    fn custom_data_becomes_the_type_of_the_application() {
        let sent = json!({"plan": "gold", "seats": [{"row": 3}], "more": true});
        let expected = Data { plan: Plan::Gold, seats: vec![Seat { row: 3 }] };
        assert_eq!(data(&sent), Ok(Claim::Value(expected)));
        assert_eq!(data(&Value::Null), Ok(Claim::Null));
        assert_eq!(read::<Data>(Claim::Absent), Ok(Claim::Absent));
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_path_and_never_by_its_value() {
        for (sent, path, message) in [
            (json!({"plan": "sesame"}), "custom_data.plan", "is a string"),
            (json!({"plan": 77310}), "custom_data.plan", "is a number"),
            (json!({"plan": null}), "custom_data.plan", "is null"),
            (json!({}), "custom_data.plan", "is missing"),
            (json!("sesame"), "custom_data", "is a string"),
            (json!({"plan": "gold", "seats": "sesame"}), "custom_data.seats", "is a string"),
            (
                json!({"plan": "gold", "seats": [{"row": 1}, {"row": 77310}]}),
                "custom_data.seats[1].row",
                "is a number",
            ),
            (json!({"plan": "gold", "seats": [{}]}), "custom_data.seats[0].row", "is missing"),
        ] {
            let error = data(&sent).expect_err(path);
            assert_eq!(error.path(), path);
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(message), "{shown}");
            assert!(!shown.contains("sesame") && !shown.contains("77310"), "{shown}");
            assert!(error.source().is_none());
        }
    }

    #[test]
    fn an_unknown_field_is_an_error_where_the_type_says_so() {
        let sent = json!({"plan": "gold", "seats": [{"row": 1, "aisle": "sesame"}]});
        let error = data(&sent).expect_err("an unknown field");
        assert!(error.path().starts_with("custom_data.seats[0]"), "{error}");
        assert!(!error.to_string().contains("sesame"), "{error}");
    }
}
