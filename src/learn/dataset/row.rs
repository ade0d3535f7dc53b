//! From the fields of one record to a labelled row.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::text::Format;

/// Names under which a subject is looked for, the first with text in it counts.
pub(super) const SUBJECT_NAMES: [&str; 3] = ["subject", "title", "summary"];
/// Names under which a body is looked for. A ticket's description goes before a comment on it.
pub(super) const BODY_NAMES: [&str; 4] = ["body", "text", "description", "comment"];

/// What stands in front of an aspect's name in a label field: `aspect/speed`.
pub const ASPECT_PREFIX: &str = "aspect/";
/// Label of an aspect that a comment does not mention.
pub const ABSENT: &str = "absent";

/// Longest label in characters. A longer one is text from a wrong column, which must not end up in
/// a report as a class.
pub(in crate::learn) const MAX_LABEL_CHARS: usize = 200;

/// One labelled ticket or survey comment.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledRow {
    /// Line of the file on which it begins, from 1.
    pub line: usize,
    /// Its own id, or `line-<n>`.
    pub id: String,
    /// Subject as written; may be empty if `body` is not.
    pub subject: String,
    /// Body or comment as written; may be empty if `subject` is not.
    pub body: String,
    /// How `body` is written.
    pub body_format: Format,
    /// What the survey asked.
    pub question: Option<String>,
    /// What the customer ticked, on the survey's own scale.
    pub rating: Option<f64>,
    /// Label by field, white space trimmed and folded; never empty.
    pub labels: BTreeMap<String, String>,
}

/// Why a row was set aside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message is the documentation")]
pub enum SkipReason {
    #[error("the row is longer than {} MiB; shorten it", super::MAX_ROW_BYTES >> 20)]
    TooLong,
    #[error(
        "a quote is opened here and never closed, so that the rest of the file was not read; \
         close it, or write it twice if it belongs to the text"
    )]
    OpenQuote,
    #[error("not UTF-8; save the file as UTF-8")]
    NotUtf8,
    #[error("not valid JSON at column {column}; write one object per line")]
    NotJson { column: usize },
    #[error("not a JSON object; write one object per line")]
    NotAnObject,
    #[error("{found} columns where the header has {wanted}; quote cells with delimiters in them")]
    ColumnCount { wanted: usize, found: usize },
    #[error("no text; fill subject or body (or text, comment, description)")]
    NoText,
    #[error("field \"{field}\" is not text; write a string")]
    NotText { field: String },
    #[error("body_format is not text, html or markdown")]
    UnknownFormat,
    #[error("no label in field \"{field}\"; fill it, or leave the row out")]
    NoLabel { field: String },
    #[error("the label in field \"{field}\" is a list or an object; write one label")]
    LabelNotScalar { field: String },
    #[error(
        "the label in field \"{field}\" is longer than {MAX_LABEL_CHARS} characters; is it the right field?"
    )]
    LabelTooLong { field: String },
    #[error("no field \"aspects\"; write [] where the comment names none")]
    NoAspects,
    #[error("field \"aspects\" is not a list of {{\"aspect\", \"sentiment\"}} objects")]
    BadAspects,
    #[error("an aspect's sentiment is not positive, negative or neutral")]
    BadAspectSentiment,
    #[error("the same aspect has two different sentiments; keep one")]
    AspectTwice,
}

/// What the caller wants of each row.
pub(super) struct Wanted {
    pub(super) label_fields: Vec<String>,
    pub(super) aspects: Vec<String>,
}

/// What was put right or passed over in one row.
#[derive(Default)]
pub(super) struct Notes {
    /// Label fields whose white space was changed.
    pub(super) tidied: Vec<String>,
    /// Whether a rating was there that is not a number.
    pub(super) rating_ignored: bool,
    /// Aspects that the caller did not ask for.
    pub(super) other_aspects: usize,
}

pub(super) fn read_row(
    line: usize,
    fields: &Map<String, Value>,
    wanted: &Wanted,
) -> Result<(LabelledRow, Notes), SkipReason> {
    let mut notes = Notes::default();
    let subject = first_text(fields, &SUBJECT_NAMES)?;
    let body = first_text(fields, &BODY_NAMES)?;
    if subject.is_none() && body.is_none() {
        return Err(SkipReason::NoText);
    }
    let mut labels = BTreeMap::new();
    for field in &wanted.label_fields {
        labels.insert(field.clone(), read_label(fields, field, &mut notes)?);
    }
    if !wanted.aspects.is_empty() {
        label_aspects(fields, &wanted.aspects, &mut labels, &mut notes)?;
    }
    let rating = read_rating(fields);
    notes.rating_ignored = rating.is_err();
    let row = LabelledRow {
        line,
        id: scalar(field(fields, "id")).map_or_else(|| format!("line-{line}"), |id| fold(&id)),
        subject: subject.unwrap_or_default(),
        body: body.unwrap_or_default(),
        body_format: read_format(fields)?,
        question: first_text(fields, &["question"])?,
        rating: rating.unwrap_or(None),
        labels,
    };
    Ok((row, notes))
}

/// The aspects of a row with their sentiment, as written but trimmed.
pub(super) fn read_aspects(fields: &Map<String, Value>) -> Result<Vec<(String, String)>, SkipReason> {
    let parsed;
    let list = match field(fields, "aspects") {
        Some(Value::Array(list)) => list,
        // A CSV cell; an empty one says, as an absent field does, that nobody labelled it.
        Some(Value::String(cell)) if !cell.trim().is_empty() => {
            parsed = serde_json::from_str::<Vec<Value>>(cell).map_err(|_| SkipReason::BadAspects)?;
            &parsed
        }
        Some(Value::Null | Value::String(_)) | None => return Err(SkipReason::NoAspects),
        Some(_) => return Err(SkipReason::BadAspects),
    };
    let text = |entry: &Value, name| {
        let text = entry.get(name).and_then(Value::as_str).map(fold);
        text.filter(|text| !text.is_empty() && text.chars().count() <= MAX_LABEL_CHARS)
    };
    list.iter()
        .map(|entry| {
            let aspect = text(entry, "aspect").ok_or(SkipReason::BadAspects)?;
            let sentiment = text(entry, "sentiment").ok_or(SkipReason::BadAspects)?;
            Ok((aspect, sentiment))
        })
        .collect()
}

fn label_aspects(
    fields: &Map<String, Value>,
    names: &[String],
    labels: &mut BTreeMap<String, String>,
    notes: &mut Notes,
) -> Result<(), SkipReason> {
    let mut mentioned: BTreeMap<String, String> = BTreeMap::new();
    for (aspect, sentiment) in read_aspects(fields)? {
        if !matches!(sentiment.as_str(), "positive" | "negative" | "neutral") {
            return Err(SkipReason::BadAspectSentiment);
        }
        let earlier = mentioned.insert(aspect, sentiment.clone());
        if earlier.is_some_and(|earlier| earlier != sentiment) {
            return Err(SkipReason::AspectTwice);
        }
    }
    for name in names {
        let sentiment = mentioned.remove(name);
        let label = sentiment.unwrap_or_else(|| ABSENT.to_owned());
        labels.insert(format!("{ASPECT_PREFIX}{name}"), label);
    }
    notes.other_aspects += mentioned.len();
    Ok(())
}

fn read_label(fields: &Map<String, Value>, name: &str, notes: &mut Notes) -> Result<String, SkipReason> {
    let owned = || name.to_owned();
    let value = field(fields, name);
    if matches!(value, Some(Value::Array(_) | Value::Object(_))) {
        return Err(SkipReason::LabelNotScalar { field: owned() });
    }
    let written = scalar(value).ok_or_else(|| SkipReason::NoLabel { field: owned() })?;
    let label = fold(&written);
    if label.is_empty() {
        return Err(SkipReason::NoLabel { field: owned() });
    }
    if label.chars().count() > MAX_LABEL_CHARS {
        return Err(SkipReason::LabelTooLong { field: owned() });
    }
    if label != written {
        notes.tidied.push(owned());
    }
    Ok(label)
}

/// The first of these fields with text in it, as written.
fn first_text(fields: &Map<String, Value>, names: &[&str]) -> Result<Option<String>, SkipReason> {
    for name in names {
        let value = field(fields, name);
        if matches!(value, Some(Value::Array(_) | Value::Object(_))) {
            return Err(SkipReason::NotText { field: (*name).to_owned() });
        }
        if let Some(text) = scalar(value) {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// `Err` where something is there that is not a finite number.
fn read_rating(fields: &Map<String, Value>) -> Result<Option<f64>, ()> {
    match field(fields, "rating") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_f64().map(Some).ok_or(()),
        Some(Value::String(cell)) if cell.trim().is_empty() => Ok(None),
        Some(Value::String(cell)) => match cell.trim().parse::<f64>() {
            Ok(rating) if rating.is_finite() => Ok(Some(rating)),
            _ => Err(()),
        },
        Some(_) => Err(()),
    }
}

fn read_format(fields: &Map<String, Value>) -> Result<Format, SkipReason> {
    let Some(name) = scalar(field(fields, "body_format")) else {
        return Ok(Format::default());
    };
    match fold(&name).to_lowercase().as_str() {
        "text" => Ok(Format::Text),
        "html" => Ok(Format::Html),
        "markdown" => Ok(Format::Markdown),
        _ => Err(SkipReason::UnknownFormat),
    }
}

/// A field by its exact name, else by its name without regard to case.
fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).or_else(|| {
        let same = |(key, _): &(&String, &Value)| key.eq_ignore_ascii_case(name);
        fields.iter().find(same).map(|(_, value)| value)
    })
}

/// A string, number or truth value as text; `None` where it is blank or something else.
fn scalar(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// Trims, folds runs of white space to one space and drops marks that cannot be seen, so that
/// labels that look the same are the same.
pub(in crate::learn) fn fold(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Zero-width space, word joiner, byte order mark and soft hyphen, as copied from web pages.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}')
}
