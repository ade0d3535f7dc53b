//! Reading a file of descriptions: label = what belongs to it, in TOML or JSON.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Description;
use crate::learn::dataset::{MAX_CLASSES, MAX_LABEL_CHARS, fold};

/// Descriptions that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}; check the path and who may read it", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The name ends in neither .toml nor .json.
    #[error(
        "{}: name the file of descriptions .toml (lines of \"Label\" = \"what belongs to it\") or .json (one object)", path.display()
    )]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a table of descriptions.
    #[error("{}: {detail}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        detail: String,
    },
    /// A label cannot be used.
    #[error("{}: the label {label:?} {problem}", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// The label.
        label: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Too few or too many labels.
    #[error(
        "{}: with these descriptions the task {task:?} has {labels} labels; it needs at least 2 and at most {MAX_CLASSES}", path.display()
    )]
    Labels {
        /// The file.
        path: PathBuf,
        /// The task.
        task: String,
        /// How many it has.
        labels: usize,
    },
    /// Descriptions for a task that their file of rows does not train.
    #[error(
        "{}: describes labels of the task {task:?}, but only these are trained beside it: {trained}; name one of them, or add the task under `labels`", path.display()
    )]
    UnknownTask {
        /// The file.
        path: PathBuf,
        /// The task.
        task: String,
        /// The tasks that there are.
        trained: String,
    },
    /// Descriptions for heads that do not ship.
    #[error("an auxiliary [[file]] needs `train` and takes no descriptions")]
    Auxiliary,
    /// Neither rows nor descriptions.
    #[error("the task {task:?} has neither rows nor descriptions; give `train` or `descriptions`")]
    Nothing {
        /// The task.
        task: String,
    },
}

/// The descriptions in a file, in its order.
pub(super) fn read(path: &Path) -> Result<Vec<Description>, DescriptionError> {
    let owned = || path.to_owned();
    let mut described: Vec<Description> = Vec::new();
    for (written, said) in entries(path)? {
        let label = fold(&written);
        let problem = if label.is_empty() {
            "is no name".into()
        } else if label.chars().count() > MAX_LABEL_CHARS {
            format!("is longer than {MAX_LABEL_CHARS} characters; is it a description?")
        } else if described.iter().any(|other| other.label == label) {
            "is described twice; keep one".into()
        } else if said.is_empty() || said.iter().any(|text| !text.contains(char::is_alphanumeric)) {
            "has an empty description; say in a few words what belongs to it".into()
        } else {
            let texts = texts(&label, &said);
            described.push(Description { label, texts });
            continue;
        };
        return Err(DescriptionError::Label { path: owned(), label: written, problem });
    }
    if described.is_empty() {
        let detail = "describes no label; write lines such as \"Label\" = \"what belongs to it\"".into();
        return Err(DescriptionError::Invalid { path: owned(), detail });
    }
    Ok(described)
}

fn entries(path: &Path) -> Result<Vec<(String, Vec<String>)>, DescriptionError> {
    let owned = || path.to_owned();
    let is = |kind: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(kind));
    if !is("toml") && !is("json") {
        return Err(DescriptionError::UnknownKind { path: owned() });
    }
    let text = fs::read_to_string(path).map_err(|source| DescriptionError::File { path: owned(), source })?;
    let text = text.trim_start_matches('\u{FEFF}');
    let read: Result<Entries, String> = if is("toml") {
        toml::from_str(text).map_err(|e| e.to_string())
    } else {
        serde_json::from_str(text).map_err(|e| e.to_string())
    };
    let Entries(entries) = read.map_err(|detail| DescriptionError::Invalid { path: owned(), detail })?;
    Ok(entries.into_iter().map(|(label, Said(said))| (label, said)).collect())
}

/// All entries of a table, also where a name comes twice.
struct Entries(Vec<(String, Said)>);

/// One text or several.
struct Said(Vec<String>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = Entries;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of label and description")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = table.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Table)
    }
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Said;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a description: a text, or a list of texts")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Said, E> {
                Ok(Said(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Said, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Said(texts))
            }
        }
        deserializer.deserialize_any(Texts)
    }
}

/// The name in words, each text that is said, and its sentences and items; none twice.
fn texts(label: &str, said: &[String]) -> Vec<String> {
    let name = label.replace("::", " ").replace(['_', '/', '\\', '>', '|'], " ");
    let whole = said.iter().map(|text| fold(text));
    let parts = said.iter().flat_map(|text| parts(text));
    let mut texts: Vec<String> = Vec::new();
    for text in std::iter::once(fold(&name)).chain(whole).chain(parts) {
        let known = texts.iter().any(|other| other.to_lowercase() == text.to_lowercase());
        if text.contains(char::is_alphanumeric) && !known {
            texts.push(text);
        }
    }
    texts
}

/// The sentences and the items of lists in a text.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        // Not within a number, a version or an address.
        let ends = match c {
            '\n' | ';' | '•' => true,
            ',' | '.' | '!' | '?' => rest.peek().is_none_or(|next| next.is_whitespace()),
            _ => false,
        };
        match parts.last_mut() {
            Some(part) if !ends => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts.iter().map(|part| fold(part.trim_start_matches([' ', '-', '*']))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read_as(name: &str, content: &str) -> Result<Vec<Description>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        read(&path).map_err(|e| e.to_string().replace(path.to_str().unwrap(), "FILE"))
    }

    #[test]
    fn a_label_becomes_its_name_what_is_said_and_the_parts_of_that() {
        let described =
            read_as("d.toml", "\"Hardware::Wi-Fi_box \" = \"Slow Wi-Fi, v1.2 fails. Reset it;\\n- box\"")
                .unwrap();
        assert_eq!(described[0].label, "Hardware::Wi-Fi_box");
        let texts = [
            "Hardware Wi-Fi box",
            "Slow Wi-Fi, v1.2 fails. Reset it; - box",
            "Slow Wi-Fi",
            "v1.2 fails",
            "Reset it",
            "box",
        ];
        assert_eq!(described[0].texts, texts);
        let described =
            read_as("d.JSON", r#"{"card_arrival": ["Card arrival", "where is my card"]}"#).unwrap();
        assert_eq!(described[0].texts, ["card arrival", "where is my card"]);
    }

    #[test]
    fn descriptions_that_say_nothing_are_refused_with_the_label() {
        let refused = |name: &str, content: &str| read_as(name, content).unwrap_err();
        insta::assert_snapshot!(refused("d.toml", "A = \" - \""), @r#"FILE: the label "A" has an empty description; say in a few words what belongs to it"#);
        insta::assert_snapshot!(refused("d.json", r#"{"A": []}"#), @r#"FILE: the label "A" has an empty description; say in a few words what belongs to it"#);
        insta::assert_snapshot!(refused("d.json", r#"{"A": "x", "A ": "y"}"#), @r#"FILE: the label "A " is described twice; keep one"#);
        insta::assert_snapshot!(refused("d.json", r#"{"A": "x", "A": "y"}"#), @r#"FILE: the label "A" is described twice; keep one"#);
        insta::assert_snapshot!(refused("d.json", r#"{" ": "x"}"#), @r#"FILE: the label " " is no name"#);
        insta::assert_snapshot!(refused("d.toml", ""), @r#"FILE: describes no label; write lines such as "Label" = "what belongs to it""#);
        let nested = refused("d.json", r#"{"A": {"b": "c"}}"#);
        assert!(nested.contains("expected a description: a text, or a list of texts at line 1"), "{nested}");
        assert!(refused("d.txt", "").contains("name the file of descriptions .toml"));
        assert!(refused("d.toml", "[queue]\nA = \"x\"").contains("expected a description"));
    }
}
