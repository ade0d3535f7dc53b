//! The streaming reader: a file in, one labelled row after the other out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::fields::FieldsReader;
use super::row::{self, BODY_NAMES, SUBJECT_NAMES, Wanted};
use super::{DatasetError, LabelledRow, MAX_SKIPPED_KEPT, SkipReason, Skipped, Warning};

/// Reads labelled rows one by one; memory does not grow with the file.
///
/// As an iterator it gives the rows that can be used, and an error only where the file itself
/// breaks off; rows that cannot be used are kept in [`DatasetReader::skipped`]. Blank lines are
/// passed over.
///
/// Field names are matched exactly first, then without regard to case. The subject is the first of
/// `subject`, `title`, `summary` with text in it, the body the first of `body`, `text`,
/// `description`, `comment`. A row without `id` is called `line-<n>`.
pub struct DatasetReader {
    fields: FieldsReader,
    wanted: Wanted,
    skipped: Vec<Skipped>,
    skipped_count: usize,
    tidied: BTreeMap<String, usize>,
    ratings_ignored: usize,
    other_aspects: usize,
}

impl DatasetReader {
    /// Opens a `.jsonl` (or `.ndjson`) or `.csv` file whose rows must carry all of `label_fields`.
    /// Of a CSV file the header is read: the delimiter is the one of `,` `;` and tab that it uses
    /// most.
    ///
    /// # Errors
    /// A file that cannot be opened, is of another kind or in UTF-16, or a CSV header without a
    /// label field or without any text column.
    pub fn open(path: &Path, label_fields: &[String]) -> Result<Self, DatasetError> {
        let reader = Self {
            fields: FieldsReader::open(path)?,
            wanted: Wanted { label_fields: label_fields.to_vec(), aspects: Vec::new() },
            skipped: Vec::new(),
            skipped_count: 0,
            tidied: BTreeMap::new(),
            ratings_ignored: 0,
            other_aspects: 0,
        };
        for field in label_fields {
            reader.require_column(&[field])?;
        }
        let text_names: Vec<&str> = SUBJECT_NAMES.into_iter().chain(BODY_NAMES).collect();
        reader.require_column(&text_names)?;
        Ok(reader)
    }

    /// Turns the field `aspects` (a list of `{"aspect", "sentiment"}`, in CSV the same as JSON in
    /// one cell) into labels `aspect/<name>` for each of `names`: positive, negative, neutral, or
    /// [`super::ABSENT`] where the row does not mention it. A row must then carry the field, `[]`
    /// where it mentions none; aspects other than `names` are passed over and counted.
    ///
    /// # Errors
    /// A CSV file without the column `aspects`.
    pub fn with_aspects(mut self, names: &[String]) -> Result<Self, DatasetError> {
        self.require_column(&["aspects"])?;
        self.wanted.aspects = names.to_vec();
        Ok(self)
    }

    /// Goes through a file once and gives the names of all aspects in it, in alphabetical order.
    ///
    /// # Errors
    /// As [`DatasetReader::open`], and a file that breaks off.
    pub fn aspect_names(path: &Path) -> Result<Vec<String>, DatasetError> {
        let mut reader = Self::open(path, &[])?;
        let mut names = BTreeSet::new();
        while let Some((_, fields)) = reader.fields.next_fields()? {
            // A row that cannot be read counts nothing here; whoever reads the rows hears of it.
            let read = fields.and_then(|fields| row::read_aspects(&fields));
            names.extend(read.into_iter().flatten().map(|(aspect, _)| aspect));
        }
        Ok(names.into_iter().collect())
    }

    /// The first [`MAX_SKIPPED_KEPT`] rows that were set aside so far.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// How many rows were set aside so far.
    #[must_use]
    pub fn skipped_count(&self) -> usize {
        self.skipped_count
    }

    /// What was put right or passed over in the rows given so far.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = self
            .tidied
            .iter()
            .map(|(field, &rows)| Warning::LabelsTidied { field: field.clone(), rows })
            .collect();
        if self.ratings_ignored > 0 {
            warnings.push(Warning::RatingsIgnored { rows: self.ratings_ignored });
        }
        if self.other_aspects > 0 {
            warnings.push(Warning::OtherAspects { mentions: self.other_aspects });
        }
        warnings
    }

    /// Names of the fields of the first row that could be read, for messages.
    pub(super) fn first_fields(&self) -> &[String] {
        self.fields.first_fields()
    }

    /// A CSV file must have one of these columns.
    fn require_column(&self, names: &[&str]) -> Result<(), DatasetError> {
        let Some(columns) = self.fields.columns() else {
            return Ok(());
        };
        let is_there = |name: &&str| columns.iter().any(|c| c.eq_ignore_ascii_case(name));
        if names.iter().any(is_there) {
            return Ok(());
        }
        Err(DatasetError::MissingColumn {
            path: self.fields.path().to_owned(),
            wanted: names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" or "),
            found: columns.join(", "),
        })
    }

    fn skip(&mut self, line: usize, reason: SkipReason) {
        self.skipped_count += 1;
        if self.skipped.len() < MAX_SKIPPED_KEPT {
            self.skipped.push(Skipped { line, reason });
        }
    }
}

impl Iterator for DatasetReader {
    type Item = Result<LabelledRow, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, fields) = match self.fields.next_fields() {
                Ok(next) => next?,
                Err(error) => return Some(Err(error)),
            };
            match fields.and_then(|fields| row::read_row(line, &fields, &self.wanted)) {
                Ok((row, notes)) => {
                    for field in notes.tidied {
                        *self.tidied.entry(field).or_default() += 1;
                    }
                    self.ratings_ignored += usize::from(notes.rating_ignored);
                    self.other_aspects += notes.other_aspects;
                    return Some(Ok(row));
                }
                Err(reason) => self.skip(line, reason),
            }
        }
    }
}
