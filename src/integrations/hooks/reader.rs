//! Fields of a delivery, read leniently: ids come as numbers or texts, what is empty is as if it were not there.

use jiff::Timestamp;
use serde_json::Value;

/// Longest id, status or name that is read, in characters.
const SHORT: usize = 200;

/// A field that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Where it stands: a JSON Pointer.
    pub pointer: String,
    /// What is wrong with it, without its value.
    pub message: String,
}

impl FieldProblem {
    fn new(pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), message: message.into() }
    }
}

/// The body of a delivery.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a Value);

impl Fields<'_> {
    /// A text of any length, or a number as text; `None` where it is missing, null or blank.
    pub(super) fn long(self, pointer: &str) -> Result<Option<String>, FieldProblem> {
        match self.0.pointer(pointer) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.trim().is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(FieldProblem::new(pointer, "must be a text")),
        }
    }

    /// The same of at most 200 characters, without white space around it.
    pub(super) fn text(self, pointer: &str) -> Result<Option<String>, FieldProblem> {
        let text = self.long(pointer)?.map(|text| text.trim().to_owned());
        match text {
            Some(text) if text.chars().count() > SHORT => {
                Err(FieldProblem::new(pointer, format!("has more than {SHORT} characters")))
            }
            text => Ok(text),
        }
    }

    /// The first of several that is there.
    pub(super) fn first(self, pointers: &[&str]) -> Result<Option<String>, FieldProblem> {
        for pointer in pointers {
            if let Some(text) = self.text(pointer)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// A ticket's id, which must be there.
    pub(super) fn id(self, pointer: &str) -> Result<String, FieldProblem> {
        let id = self.text(pointer)?;
        let id = id.ok_or_else(|| FieldProblem::new(pointer, "is missing; it must be the ticket's id"))?;
        if id.chars().any(char::is_control) {
            return Err(FieldProblem::new(pointer, "holds control characters; it must be the ticket's id"));
        }
        Ok(id)
    }

    /// True or false, also as words; `None` where it is missing.
    pub(super) fn flag(self, pointer: &str) -> Result<Option<bool>, FieldProblem> {
        match self.0.pointer(pointer) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(word)) if word.trim().is_empty() => Ok(None),
            Some(Value::String(word)) if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(word)) if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(FieldProblem::new(pointer, "must be true or false")),
        }
    }

    /// A time as RFC 3339, also without seconds as Zendesk's placeholders give it.
    pub(super) fn time(self, pointer: &str) -> Result<Option<Timestamp>, FieldProblem> {
        let Some(text) = self.text(pointer)? else { return Ok(None) };
        let time = text.parse();
        let message = "must be a time as RFC 3339 has it, such as 2026-11-21T09:40:00Z";
        time.map(Some).map_err(|_| FieldProblem::new(pointer, message))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_are_numbers_or_texts_and_blanks_are_nothing() {
        let value = json!({"a": 81, "b": " 81 ", "c": "", "d": null, "e": {}, "f": "x".repeat(201)});
        let fields = Fields(&value);
        assert_eq!(fields.id("/a").unwrap(), "81");
        assert_eq!(fields.id("/b").unwrap(), "81");
        for missing in ["/c", "/d", "/nowhere"] {
            assert!(fields.id(missing).unwrap_err().message.contains("is missing"));
        }
        assert_eq!(fields.text("/e").unwrap_err().pointer, "/e");
        assert!(fields.text("/f").unwrap_err().message.contains("200"));
    }

    #[test]
    fn times_come_with_or_without_seconds() {
        let value = json!({"a": "2026-11-21T09:40:00Z", "b": "2026-11-21T09:40Z", "c": "yesterday"});
        let fields = Fields(&value);
        assert_eq!(fields.time("/a").unwrap(), fields.time("/b").unwrap());
        assert!(fields.time("/c").unwrap_err().message.contains("RFC 3339"));
    }
}
