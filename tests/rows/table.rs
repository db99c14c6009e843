//! The table of the rows.

/// A promise.
pub(crate) struct Row {
    pub(crate) id: String,
    /// Why it has no test.
    pub(crate) exception: Option<String>,
}

/// Reads the table: `id | sentence` or `id | sentence | exception`.
///
/// # Panics
///
/// If a line is neither, or an id appears twice.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let parts: Vec<_> = line.split('|').map(str::trim).collect();
        let (id, exception) = match parts[..] {
            [id, sentence] if !sentence.is_empty() => (id, None),
            [id, _, reason] if is_reason(reason) => (id, Some(reason.to_owned())),
            _ => panic!("no row: {line}"),
        };
        assert!(ids(id).eq([id]), "{id:?} has not the form of an id");
        assert!(rows.iter().all(|row| row.id != id), "{id} is there twice");
        rows.push(Row { id: id.to_owned(), exception });
    }
    rows
}

fn is_reason(text: &str) -> bool {
    ["out: ", "later: "].iter().any(|kind| text.len() > kind.len() && text.starts_with(kind))
}

/// Whatever in `text` looks like the id of a row.
pub(crate) fn ids(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.split(move |c| !is_part(c)).filter(|word| is_id(word))
}

fn is_id(word: &str) -> bool {
    let number = |rest: &str| {
        (1..=2).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit())
    };
    let group = ["A", "R", "T", "S", "L", "H", "W", "REL-", "REF-"];
    word.strip_prefix("RP-").is_some_and(|case| !case.is_empty())
        || group.iter().any(|group| word.strip_prefix(group).is_some_and(number))
}

#[test]
fn an_id_is_a_letter_and_a_number_or_a_case_of_the_certification() {
    let found: Vec<_> =
        ids("A1, S12: REL-3 (RP-invalid-iss); P-256 RS256 S256 T1x A123 RP-").collect();
    assert_eq!(found, ["A1", "S12", "REL-3", "RP-invalid-iss"]);
}

#[test]
fn a_row_has_a_sentence_and_an_exception_has_a_reason() {
    let rows = rows("# A\n\nA1 | one\nA2 | two | out: not offered\nL4 | three | later: soon\n");
    assert_eq!(
        rows.iter().map(|row| row.exception.is_some()).collect::<Vec<_>>(),
        [false, true, true]
    );
    assert_eq!(rows[1].exception.as_deref(), Some("out: not offered"));
    for wrong in ["A1", "A1 |", "A1 | a | why", "A1 | a | out: ", "X1 | a", "A1 | a\nA1 | b"] {
        assert!(std::panic::catch_unwind(|| self::rows(wrong)).is_err(), "{wrong}");
    }
}
