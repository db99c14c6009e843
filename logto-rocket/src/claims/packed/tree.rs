//! Lists, objects and unusual numbers in claims, written with references to each other: a
//! string is split into words at its colons, and a repeated word is written as its number.
//! So `organization_roles`, whose items are `<organization>:<role>`, add little to
//! `organizations`.

use std::collections::HashMap;
use std::mem;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// The deepest nesting, the same as in `serde_json`.
const MAX_DEPTH: usize = 128;

/// The tag that begins a value. Greater numbers are strings of as many words as they
/// exceed it.
const NULL: u64 = 0;
const FALSE: u64 = 1;
const TRUE: u64 = 2;
const INTEGER: u64 = 3;
const NUMBER: u64 = 4;
const LIST: u64 = 5;
const OBJECT: u64 = 6;
const TEXT: u64 = 6;

/// Writes values, and remembers the words of all earlier ones.
#[derive(Default)]
pub(super) struct Writer<'a> {
    words: HashMap<&'a str, u64>,
    out: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn write(&mut self, value: &'a Value) -> Vec<u8> {
        self.value(value);
        mem::take(&mut self.out)
    }

    fn put(&mut self, part: &(impl Serialize + ?Sized)) {
        let out = mem::take(&mut self.out);
        self.out = postcard::to_extend(part, out).expect("numbers and texts have a binary form");
    }

    fn value(&mut self, value: &'a Value) {
        match value {
            Value::Null => self.put(&NULL),
            Value::Bool(flag) => self.put(if *flag { &TRUE } else { &FALSE }),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => self.put(&(INTEGER, integer)),
                None => self.put(&(NUMBER, number.to_string())),
            },
            Value::String(text) => self.text(text),
            Value::Array(list) => {
                self.put(&(LIST, list.len() as u64));
                list.iter().for_each(|value| self.value(value));
            }
            Value::Object(members) => {
                self.put(&(OBJECT, members.len() as u64));
                for (name, value) in members {
                    self.text(name);
                    self.value(value);
                }
            }
        }
    }

    fn text(&mut self, text: &'a str) {
        self.put(&(TEXT + text.split(':').count() as u64));
        text.split(':').for_each(|word| self.word(word));
    }

    fn word(&mut self, word: &'a str) {
        let next = self.words.len() as u64 + 1;
        match *self.words.entry(word).or_insert(next) {
            number if number == next => self.put(&(0_u64, word)),
            number => self.put(&number),
        }
    }
}

/// Reads the output of a [`Writer`], in the same order.
#[derive(Default)]
pub(super) struct Reader<'a> {
    words: Vec<&'a str>,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn read(&mut self, bytes: &'a [u8]) -> Option<Value> {
        self.rest = bytes;
        let value = self.value(MAX_DEPTH)?;
        self.rest.is_empty().then_some(value)
    }

    fn take<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let (part, rest) = postcard::take_from_bytes(self.rest).ok()?;
        self.rest = rest;
        Some(part)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let inner = depth.checked_sub(1)?;
        Some(match self.take::<u64>()? {
            NULL => Value::Null,
            FALSE => false.into(),
            TRUE => true.into(),
            INTEGER => self.take::<i64>()?.into(),
            NUMBER => serde_json::from_str::<Number>(self.take()?).ok()?.into(),
            // Every item takes at least a byte, so a false count ends soon.
            LIST => {
                let count = self.take::<u64>()?;
                Value::Array((0..count).map(|_| self.value(inner)).collect::<Option<_>>()?)
            }
            OBJECT => {
                let count = self.take::<u64>()?;
                let members = (0..count).map(|_| Some((self.text()?, self.value(inner)?)));
                Value::Object(members.collect::<Option<Map<_, _>>>()?)
            }
            words => self.words(words - TEXT)?.into(),
        })
    }

    fn text(&mut self) -> Option<String> {
        let words = self.take::<u64>()?.checked_sub(TEXT)?;
        self.words(words)
    }

    fn words(&mut self, count: u64) -> Option<String> {
        let mut text = self.word()?.to_owned();
        for _ in 1..count {
            text.push(':');
            text.push_str(self.word()?);
        }
        Some(text)
    }

    fn word(&mut self) -> Option<&'a str> {
        match self.take::<u64>()? {
            0 => {
                let word = self.take()?;
                self.words.push(word);
                Some(word)
            }
            number => self.words.get(usize::try_from(number - 1).ok()?).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_repeated_word_takes_a_byte_or_two() {
        let ids: Vec<_> = (0..10).map(|n| format!("organization{n}")).collect();
        let roles: Vec<_> = ids.iter().map(|id| format!("{id}:admin")).collect();
        let (ids, roles) = (json!(ids), json!(roles));
        let mut writer = Writer::default();
        let (first, second) = (writer.write(&ids), writer.write(&roles));
        assert_eq!((first.len(), second.len()), (2 + 10 * 16, 2 + 10 * 3 + 6));
        let mut reader = Reader::default();
        assert_eq!((reader.read(&first), reader.read(&second)), (Some(ids), Some(roles)));
        assert_eq!(Reader::default().read(&second), None, "without the words before");
        assert_eq!(Reader::default().read(&first[1..]), None);
        assert_eq!(Reader::default().read(&[&first[..], &[0]].concat()), None);
    }

    #[test]
    fn endless_nesting_is_refused_and_the_deepest_json_is_read() {
        let nested = |depth| [[5_u8, 1].repeat(depth), vec![0]].concat();
        assert!(Reader::default().read(&nested(127)).is_some());
        assert_eq!(Reader::default().read(&nested(128)), None);
        assert_eq!(Reader::default().read(&nested(1_000_000)), None);
        assert_eq!(Reader::default().read(&[5, 255, 255, 255, 255, 15, 0]), None);
        let json = format!("{}{}", "[".repeat(127), "]".repeat(127));
        let value: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(Reader::default().read(&Writer::default().write(&value)), Some(value));
    }
}
