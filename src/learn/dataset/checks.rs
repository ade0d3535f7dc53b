//! What can be said of the labels only when all rows are seen.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use sha2::{Digest, Sha256};

use super::LabelledRow;
use super::row::ASPECT_PREFIX;

/// A class with fewer examples than this is reported: with one or two, nothing can be learnt and
/// held back at once.
const FEW_EXAMPLES: usize = 3;
/// How many examples a warning names.
const NAMED: usize = 5;

/// Something in the rows that are used which a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// Labels had stray white space, which was trimmed or folded.
    LabelsTidied {
        /// The label field.
        field: String,
        /// Rows it touched.
        rows: usize,
    },
    /// Ratings that are not numbers were left out.
    RatingsIgnored {
        /// Rows it touched.
        rows: usize,
    },
    /// Aspects that were not asked for were passed over.
    OtherAspects {
        /// How often such an aspect was named.
        mentions: usize,
    },
    /// Rows with the same text carry different labels.
    Contradictions {
        /// The label field.
        field: String,
        /// Rows whose label differs from that of the first row with the same text.
        rows: usize,
        /// Lines of the first few pairs.
        lines: Vec<(usize, usize)>,
    },
    /// Two labels differ in nothing but capitals.
    SameButCase {
        /// The label field.
        field: String,
        /// The two labels.
        labels: (String, String),
    },
    /// Classes with fewer than three examples.
    FewExamples {
        /// The label field.
        field: String,
        /// The classes with their number of rows, the rarest first.
        classes: Vec<(String, usize)>,
    },
    /// An aspect has the same label in every row, so that nothing can be learnt of it.
    OneAspectLabel {
        /// The label field, `aspect/<name>`.
        field: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LabelsTidied { field, rows } => {
                write!(f, "labels in field \"{field}\" had stray white space, which was removed: {rows}")
            }
            Self::RatingsIgnored { rows } => {
                write!(f, "ratings that are not numbers and were left out: {rows}")
            }
            Self::OtherAspects { mentions } => write!(
                f,
                "mentions of aspects other than those asked for, which were passed over: {mentions}"
            ),
            Self::Contradictions { field, rows, lines } => {
                let pairs: Vec<_> = lines.iter().map(|(a, b)| format!("{a} and {b}")).collect();
                write!(
                    f,
                    "rows with the text of an earlier row but another label in field \"{field}\": \
                     {rows} (lines {}); decide for one",
                    pairs.join(", ")
                )
            }
            Self::SameButCase { field, labels } => write!(
                f,
                "labels \"{}\" and \"{}\" in field \"{field}\" differ only in capitals and count as \
                 two classes",
                labels.0, labels.1
            ),
            Self::FewExamples { field, classes } => write_few(f, field, classes),
            Self::OneAspectLabel { field } => {
                write!(f, "\"{field}\" has the same label in every row, so that nothing can be learnt of it")
            }
        }
    }
}

fn write_few(f: &mut fmt::Formatter<'_>, field: &str, classes: &[(String, usize)]) -> fmt::Result {
    let named: Vec<_> =
        classes.iter().take(NAMED).map(|(label, rows)| format!("\"{label}\" {rows}")).collect();
    let rest = classes.len().saturating_sub(NAMED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    write!(
        f,
        "classes in field \"{field}\" with fewer than {FEW_EXAMPLES} rows: {} ({}{more}); add rows or \
         join classes",
        classes.len(),
        named.join(", ")
    )
}

/// Collects what the checks need: a digest per row, never a text.
#[derive(Default)]
pub(super) struct LabelChecks {
    fields: BTreeMap<String, FieldChecks>,
}

#[derive(Default)]
struct FieldChecks {
    counts: BTreeMap<String, usize>,
    /// Digest of the row's input to the line and label that were first seen with it.
    first_seen: HashMap<[u8; 16], (usize, String)>,
    contradictions: usize,
    lines: Vec<(usize, usize)>,
}

impl LabelChecks {
    pub(super) fn observe(&mut self, row: &LabelledRow) {
        let digest = input_digest(row);
        for (field, label) in &row.labels {
            let checks = self.fields.entry(field.clone()).or_default();
            *checks.counts.entry(label.clone()).or_default() += 1;
            let (first_line, first_label) =
                checks.first_seen.entry(digest).or_insert_with(|| (row.line, label.clone()));
            if first_label != label {
                checks.contradictions += 1;
                if checks.lines.len() < NAMED {
                    checks.lines.push((*first_line, row.line));
                }
            }
        }
    }

    pub(super) fn finish(self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (field, checks) in self.fields {
            if checks.contradictions > 0 {
                warnings.push(Warning::Contradictions {
                    field: field.clone(),
                    rows: checks.contradictions,
                    lines: checks.lines,
                });
            }
            warnings.extend(same_but_case(&field, &checks.counts));
            if field.starts_with(ASPECT_PREFIX) && checks.counts.len() == 1 {
                warnings.push(Warning::OneAspectLabel { field });
                continue;
            }
            warnings.extend(few_examples(field, &checks.counts));
        }
        warnings
    }
}

fn same_but_case(field: &str, counts: &BTreeMap<String, usize>) -> Vec<Warning> {
    let mut seen: HashMap<String, &String> = HashMap::new();
    let mut warnings = Vec::new();
    for label in counts.keys() {
        if let Some(other) = seen.insert(label.to_lowercase(), label) {
            warnings.push(Warning::SameButCase {
                field: field.to_owned(),
                labels: (other.clone(), label.clone()),
            });
        }
    }
    warnings
}

fn few_examples(field: String, counts: &BTreeMap<String, usize>) -> Option<Warning> {
    let mut classes: Vec<_> = counts
        .iter()
        .filter(|&(_, &rows)| rows < FEW_EXAMPLES)
        .map(|(label, &rows)| (label.clone(), rows))
        .collect();
    classes.sort_by_key(|(_, rows)| *rows);
    (!classes.is_empty()).then_some(Warning::FewExamples { field, classes })
}

/// Digest of all that a model would read of a row, without regard to case and white space. The
/// question and the rating belong to it: "Nothing" means the opposite under another question.
fn input_digest(row: &LabelledRow) -> [u8; 16] {
    let mut hasher = Sha256::new();
    let question = row.question.as_deref().unwrap_or("");
    for text in [row.subject.as_str(), row.body.as_str(), question] {
        for word in text.split_whitespace() {
            hasher.update(word.to_lowercase().as_bytes());
            hasher.update(b" ");
        }
        hasher.update(b"\0");
    }
    if let Some(rating) = row.rating {
        hasher.update(rating.to_le_bytes());
    }
    let mut digest = [0; 16];
    digest.copy_from_slice(&hasher.finalize()[..16]);
    digest
}
