//! Why JSON was not what is read here: serde's words without the values that they quote.

use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::error::{Code, Problem};

/// Longest name of an unknown field that is repeated, in characters: beyond it is hardly a name.
const NAME_CHARS: usize = 64;

/// The problem that an error of serde_json at `path` is.
pub(super) fn problem(path: &Path, error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Data => field(path, &error.to_string()),
        Category::Syntax | Category::Eof | Category::Io => malformed(error),
    }
}

/// Text that is not JSON.
pub(super) fn malformed(error: &serde_json::Error) -> Problem {
    // Of syntax serde_json speaks in fixed phrases ("expected `,` or `}`"); they quote no input.
    let told = error.to_string();
    let told = told.rsplit_once(" at line ").map_or(told.as_str(), |(told, _)| told);
    let place = format!("At line {}, column {}: {told}.", error.line(), error.column());
    Problem::because(Code::MalformedJson, place)
}

fn field(path: &Path, told: &str) -> Problem {
    let told = told.rsplit_once(" at line ").map_or(told, |(told, _)| told);
    let pointer = pointer(path);
    if let Some((name, known)) = quoted(told, "unknown field `", "`, ") {
        let name: String = name.chars().take(NAME_CHARS).collect();
        let known = known.strip_prefix("expected ").unwrap_or(known);
        let place = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        // serde_path_to_error may or may not have stepped into the unknown field.
        let place = if pointer.ends_with(&format!("/{}", escaped(&name))) { place } else { &pointer };
        let message = format!("is not a field that is known here; known are {known}");
        return Problem::field(format!("{place}/{}", escaped(&name)), message);
    }
    if let Some((name, _)) = quoted(told, "missing field `", "`") {
        return Problem::field(format!("{pointer}/{}", escaped(name)), "is missing");
    }
    if let Some((name, _)) = quoted(told, "duplicate field `", "`") {
        return Problem::field(format!("{pointer}/{}", escaped(name)), "is given twice");
    }
    Problem::field(pointer.clone(), message(&pointer, told))
}

/// What may stand in a field that holds something else. The value itself is never repeated.
fn message(pointer: &str, told: &str) -> String {
    if pointer.ends_with("_at") {
        return "is not a time; write it as RFC 3339 does, such as 2026-11-21T09:40:00Z".into();
    }
    if let Some((_, known)) = quoted(told, "unknown variant `", "`, expected ") {
        let known = known.strip_prefix("one of ").unwrap_or(known);
        return format!("is not known; use one of {known}");
    }
    match told.rsplit_once(", expected ") {
        Some((found, expected)) => format!("is {}; it must be {expected}", kind(found)),
        None => "does not have the form that is read here".into(),
    }
}

/// The kind of value that serde met, by the word that it puts before the value.
fn kind(found: &str) -> &'static str {
    const KINDS: [(&str, &str); 9] = [
        ("string", "a string"),
        ("integer", "a whole number"),
        ("floating point", "a number"),
        ("number", "a number"),
        ("boolean", "true or false"),
        ("null", "null"),
        ("unit", "null"),
        ("sequence", "an array"),
        ("map", "an object"),
    ];
    let word = found.split_once(": ").map_or("", |(_, word)| word);
    KINDS.iter().find(|(start, _)| word.starts_with(start)).map_or("something else", |(_, kind)| kind)
}

/// What stands between `before` and the last `behind`, and what follows that. The last one, because
/// the part before it comes from the caller and may hold anything.
fn quoted<'a>(told: &'a str, before: &str, behind: &str) -> Option<(&'a str, &'a str)> {
    let rest = told.strip_prefix(before)?;
    match behind {
        "`, " => rest.rsplit_once("`, expected ").or_else(|| rest.rsplit_once(behind)),
        _ => rest.rsplit_once(behind),
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
