//! YAML front matter, the fields between two `---` lines at the head of an article.

use serde_json::{Map, Value};
use serde_saphyr::DuplicateKeyPolicy;

use super::document::Warning;

/// A document with its front matter taken off.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontMatter<'a> {
    /// The fields, in their order; empty where there is no front matter. Dates are strings.
    pub fields: Map<String, Value>,
    /// The rest, from the line after the front matter on; everything but the byte order mark where
    /// there is none.
    pub body: &'a str,
    /// What was not understood.
    pub warnings: Vec<Warning>,
}

/// Takes the front matter off a document.
///
/// It begins with a line `---` at the very top (a byte order mark before it and white space after
/// it do not matter), goes on at once with a field, as Pandoc has it, and ends with a line `---` or
/// `...`. A document that begins with a thematic break is none of that and stays whole. Backslashes
/// before brackets, underscores and asterisks, with which documentation tools escape Markdown in
/// fields (`\(DEX\)`, `sn\_hr`), are taken out. YAML that is broken is read field by field, so that
/// one bad field costs no other, and leaves a warning.
pub fn split(text: &str) -> FrontMatter<'_> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some((header, body)) = cut(text) else {
        return without(text);
    };
    let (mut fields, warnings) = match parse(header) {
        Ok(fields) => (fields, Vec::new()),
        Err(line) => {
            let (fields, skipped) = field_by_field(header);
            let mut warnings = vec![Warning::BrokenFrontMatter { line }];
            if skipped > 0 {
                warnings.push(Warning::SkippedFrontMatter { count: skipped });
            }
            (fields, warnings)
        }
    };
    fields.values_mut().for_each(unescape);
    FrontMatter { fields, body, warnings }
}

fn without(text: &str) -> FrontMatter<'_> {
    FrontMatter { fields: Map::new(), body: text, warnings: Vec::new() }
}

/// What stands between the two lines, and what follows.
fn cut(text: &str) -> Option<(&str, &str)> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next()?;
    if first.trim_end() != "---" {
        return None;
    }
    let start = first.len();
    let mut end = start;
    let mut has_field = false;
    for line in lines {
        let next = end + line.len();
        if matches!(line.trim_end(), "---" | "...") {
            return Some((text.get(start..end)?, text.get(next..)?));
        }
        // Only the first must be a field: what follows it may be broken in any way.
        if !has_field && !is_comment(line) {
            key_of(line)?;
            has_field = true;
        }
        end = next;
    }
    None
}

fn is_comment(line: &str) -> bool {
    line.starts_with('#')
}

/// The key of a line `key: value`, and the value. Keys have no white space inside, else every
/// `Please note: …` would be a field.
fn key_of(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_end();
    // The colon that counts is followed by white space: `ms:assetid: 'f15a'`.
    let (key, value) = line
        .split_once(": ")
        .or_else(|| line.split_once(":\t"))
        .or_else(|| Some((line.strip_suffix(':')?, "")))?;
    let key = key.trim_matches(['"', '\'']);
    let plain = key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | '@'));
    (plain && !key.is_empty()).then_some((key, value.trim()))
}

/// Reads YAML; gives back the line of the document where it is broken.
fn parse(yaml: &str) -> Result<Map<String, Value>, Option<u64>> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        // `title: No` is no yes-or-no, and a version 007 no 7.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    let fields: Option<Map<String, Value>> = serde_saphyr::from_str_with_options(yaml, options)
        .map_err(|error| error.location().map(|location| location.line() + 1))?;
    Ok(fields.unwrap_or_default())
}

/// Reads each field for itself: as YAML where it can be, else as plain text. Also gives back how
/// many lines belong to no field.
fn field_by_field(header: &str) -> (Map<String, Value>, usize) {
    let mut fields = Map::new();
    let mut skipped = 0;
    let mut field = String::new();
    for line in header.lines() {
        let begins = !line.starts_with([' ', '\t', '-']) && !is_comment(line);
        if begins && key_of(line).is_some() {
            take_in(&mut fields, &std::mem::take(&mut field));
        } else if begins && !line.trim().is_empty() || field.is_empty() {
            skipped += usize::from(!line.trim().is_empty() && !is_comment(line));
            continue;
        }
        field.push_str(line);
        field.push('\n');
    }
    take_in(&mut fields, &field);
    (fields, skipped)
}

fn take_in(fields: &mut Map<String, Value>, field: &str) {
    if let Ok(parsed) = parse(field) {
        fields.extend(parsed);
    } else if let Some((first, more)) = field.split_once('\n')
        && let Some((key, value)) = key_of(first)
    {
        let mut text = value.trim_matches(['"', '\'']).to_owned();
        for line in more.split_whitespace() {
            text.push(' ');
            text.push_str(line);
        }
        fields.insert(key.to_owned(), Value::String(text.trim().to_owned()));
    }
}

/// Takes out the backslashes with which Markdown is escaped, in all strings of a value. A backslash
/// before anything else, as in `C:\Users`, stays.
fn unescape(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\\') => {
            let mut out = String::with_capacity(text.len());
            let mut chars = text.chars().peekable();
            while let Some(c) = chars.next() {
                let escapes = c == '\\'
                    && chars.peek().is_some_and(|next| {
                        matches!(next, '(' | ')' | '[' | ']' | '_' | '*' | '<' | '>' | '#' | '|' | '`')
                    });
                if !escapes {
                    out.push(c);
                }
            }
            *text = out;
        }
        Value::Array(values) => values.iter_mut().for_each(unescape),
        // No deeper than the YAML reader allows.
        Value::Object(fields) => fields.values_mut().for_each(unescape),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_and_body_come_apart() {
        let article = "---\ntitle: Digital experience \\(DEX\\)\nlast_updated: \"2026-03-12\"\nminutes: 3\n\
            breadcrumb: [Using sn\\_hr, HR]\n---\n\n# DEX\n\n---\nend";
        let read = split(article);
        assert_eq!(
            Value::from(read.fields),
            json!({"title": "Digital experience (DEX)", "last_updated": "2026-03-12", "minutes": 3,
                "breadcrumb": ["Using sn_hr", "HR"]})
        );
        assert_eq!(read.body, "\n# DEX\n\n---\nend");
        assert_eq!(read.warnings, []);
    }

    #[test]
    fn trailing_spaces_a_byte_order_mark_and_crlf_do_not_matter() {
        let read = split(
            "\u{feff}--- \r\nTOCTitle: AccessChk \r\nms:assetid: 'f15a6468'\r\nms.date: 05/11/2022\r\n---   \r\nBody\r\n",
        );
        assert_eq!(
            Value::from(read.fields),
            json!({"TOCTitle": "AccessChk", "ms:assetid": "f15a6468", "ms.date": "05/11/2022"})
        );
        assert_eq!(read.body, "Body\r\n");
    }

    #[test]
    fn broken_yaml_is_read_field_by_field_with_a_warning() {
        let read = split(
            "---\ntitle: Error: cannot open\ntags:\n- vpn\n- wifi\npath: \"C:\\Users\"\nbad: [a, \nno key here\n\
             summary: two\n  lines\n# comment\nlang: en\n---\nBody",
        );
        assert_eq!(
            Value::from(read.fields),
            json!({"title": "Error: cannot open", "tags": ["vpn", "wifi"], "path": "C:\\Users", "bad": "[a,",
                "summary": "two lines", "lang": "en"})
        );
        assert_eq!(
            read.warnings,
            [Warning::BrokenFrontMatter { line: Some(2) }, Warning::SkippedFrontMatter { count: 1 }]
        );
        assert_eq!(read.body, "Body");
        insta::assert_snapshot!(read.warnings[0], @"the front matter is not valid YAML (line 2): it was read field by field, and broken fields as plain text. Quote values which contain `: ` or begin with a special character");
    }

    #[test]
    fn a_document_that_begins_with_a_thematic_break_stays_whole() {
        for document in [
            "---\n\nNote: this is prose.\n\n---\n\nMore.",
            "---\nPlease note: this is prose.\n---\nMore.",
            "---\ntitle: never closed\n\nMore.",
            "---\n# Heading\nprose\n---\nText: x",
            "----\ntitle: x\n---\n",
            "Text\n---\ntitle: x\n---\n",
            "--- title: x\n---\n",
            "---",
            "",
        ] {
            let read = split(document);
            assert_eq!((read.fields.len(), read.body), (0, document));
        }
    }

    #[test]
    fn words_that_yaml_takes_for_truth_values_or_numbers_stay_words() {
        let read = split("---\ntitle: No\nversion: 007\nbuild: 1_000\nempty:\n---\n");
        assert_eq!(
            Value::from(read.fields),
            json!({"title": "No", "version": "007", "build": "1_000", "empty": null})
        );
    }

    #[test]
    fn an_alias_bomb_costs_nothing() {
        let mut yaml = String::from("---\na: &a [x,x,x,x,x,x,x,x,x]\n");
        for (name, of) in ('b'..='z').zip('a'..) {
            yaml.push_str(&format!("{name}: &{name} [*{of},*{of},*{of},*{of},*{of},*{of},*{of}]\n"));
        }
        yaml.push_str("---\nBody");
        let read = split(&yaml);
        assert_eq!(read.body, "Body");
        assert_eq!(read.warnings.len(), 1);
    }

    proptest! {
        #[test]
        fn the_body_is_always_the_end_of_the_document(text in "(---|\\.\\.\\.|\n|\r|\t| |a|b: |:|'|\"|\\[|\\{|&|\\*|\\\\|#|- |\\PC){0,50}") {
            let document = format!("---\nkey: value\n{text}");
            prop_assert!(document.ends_with(split(&document).body));
            prop_assert!(text.ends_with(split(&text).body));
        }
    }
}
