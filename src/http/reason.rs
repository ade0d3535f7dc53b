//! Why JSON was not what is read here: serde's words without the values that they quote.

use serde::de::IgnoredAny;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::error::{Code, Problem};

/// Longest pointer to an unknown field that is repeated, in characters: beyond, it is hardly a name.
const POINTER_CHARS: usize = 100;

/// The problem that an error of serde_json at `path` in `text` is.
pub(super) fn problem(text: &str, path: &Path, error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Data => field(path, &without_place(error)),
        // A number in the place of a word is a syntax error to serde_json, although it is JSON.
        Category::Syntax if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            Problem::field(pointer(path), "is not of the right type; it must be a string")
        }
        Category::Syntax | Category::Eof | Category::Io => malformed(error),
    }
}

/// The problem of a parameter: `told` is its name, a colon, and what serde said of it.
pub(super) fn parameter(told: &str) -> Problem {
    let (name, told) = told.split_once(": ").unwrap_or(("", told));
    let named = |start: &str| told.strip_prefix(start)?.split_once('`').map(|(name, _)| name);
    if told.starts_with("unknown field") {
        let known = expected(told).map_or_else(|| "none".into(), |known| known.replace("one of ", ""));
        return Problem::field(
            shortened(name.to_owned()),
            format!("is not a parameter that is known here; known are {known}"),
        );
    }
    if let Some(name) = named("duplicate field `") {
        return Problem::field(name, "is given twice");
    }
    // Of numbers and truth values the parser of parameters speaks in phrases of its own.
    let message = if told.contains("invalid digit") || told.contains("number too ") {
        "must be a whole number, 0 or more, and not too large".to_owned()
    } else if told.contains("`true` or `false`") {
        "must be true or false".to_owned()
    } else {
        match expected(told) {
            Some(known) if told.starts_with("unknown variant") => format!("is not known; use {known}"),
            Some(wanted) => format!("must be {wanted}"),
            None => "does not have the form that is read here".to_owned(),
        }
    };
    Problem::field(shortened(name.to_owned()), message)
}

/// Text that is not JSON.
pub(super) fn malformed(error: &serde_json::Error) -> Problem {
    // Of syntax serde_json speaks in fixed phrases ("expected `,` or `}`"), which quote no input.
    let told = without_place(error).replace("EOF while parsing", "the body ends within");
    Problem::because(
        Code::MalformedJson,
        format!("At line {}, column {}: {told}.", error.line(), error.column()),
    )
}

/// What serde said, without the line and column at the end.
fn without_place(error: &serde_json::Error) -> String {
    let told = error.to_string();
    told.rsplit_once(" at line ").map_or(told.as_str(), |(told, _)| told).to_string()
}

/// One field at fault. serde's message starts with a fixed phrase, then may quote what the caller sent,
/// which is never repeated, and ends with what was expected, which comes from our own types.
fn field(path: &Path, told: &str) -> Problem {
    let pointer = pointer(path);
    let named = |start: &str| told.strip_prefix(start)?.split_once('`').map(|(name, _)| escaped(name));
    if told.starts_with("unknown field") {
        let known = expected(told).map_or_else(|| "none".into(), |known| known.replace("one of ", ""));
        return Problem::field(
            shortened(pointer),
            format!("is not a field that is known here; known are {known}"),
        );
    }
    if let Some(name) = named("missing field `") {
        return Problem::field(format!("{pointer}/{name}"), "is missing");
    }
    if let Some(name) = named("duplicate field `") {
        return Problem::field(format!("{pointer}/{name}"), "is given twice");
    }
    let message = message(&pointer, told);
    Problem::field(pointer, message)
}

/// What may stand in a field that holds something else.
fn message(pointer: &str, told: &str) -> String {
    if pointer.ends_with("_at") {
        return "is not a time; write it as RFC 3339 does, such as 2026-11-21T09:40:00Z".into();
    }
    match expected(told) {
        Some(known) if told.starts_with("unknown variant") => {
            format!("is not known; use {known}")
        }
        Some(wanted) => format!("is {}; it must be {}", found(told), in_json(wanted)),
        None => "does not have the form that is read here".into(),
    }
}

/// What was expected: the last part, since anything before it may come from the caller.
fn expected(told: &str) -> Option<&str> {
    told.rsplit_once(", expected ").map(|(_, expected)| expected)
}

/// The kind of value that serde met, by the word that it puts before the value.
fn found(told: &str) -> &'static str {
    const KINDS: [(&str, &str); 8] = [
        ("string", "a string"),
        ("integer", "a whole number"),
        ("floating point", "a number"),
        ("number", "a number"),
        ("boolean", "true or false"),
        ("null", "null"),
        ("sequence", "an array"),
        ("map", "an object"),
    ];
    let word = told.split_once(": ").map_or("", |(_, word)| word);
    KINDS.iter().find(|(start, _)| word.starts_with(start)).map_or("something else", |(_, kind)| kind)
}

/// The same for what serde wanted, which it says in the words of Rust.
fn in_json(wanted: &str) -> &str {
    match wanted {
        "usize" | "u64" | "u32" => "a whole number, 0 or more",
        "f64" | "f32" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "a map" => "an object",
        _ if wanted.starts_with("struct ") => "an object",
        // An enumeration, of which every one here is a word.
        _ if wanted.contains("enum") || wanted == "string or map" => "a string",
        wanted => wanted,
    }
}

/// RFC 6901.
fn pointer(path: &Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escaped(key)),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn shortened(pointer: String) -> String {
    match pointer.char_indices().nth(POINTER_CHARS) {
        Some((end, _)) => format!("{}…", &pointer[..end]),
        None => pointer,
    }
}
