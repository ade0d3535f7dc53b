//! What the heads' scopes make of the rows, and of rows that belong to no label.

use std::collections::BTreeMap;
use std::path::Path;

use super::JudgeError;
use super::answers::Of;
use crate::learn::corpus::{Corpus, Words};
use crate::learn::metrics::MetricError;
use crate::learn::recipe::Source;
use crate::learn::report::{ScopeReport, ScopedRow};
use crate::model::{Model, Reading};

/// Reads the texts of a file whose rows belong to no label; labels that they have are not looked at.
pub(super) fn outside(model: &Model, path: &Path, source: &Source) -> Result<Vec<Reading>, JudgeError> {
    let mut corpus = Corpus::default();
    let source = Source { labels: BTreeMap::new(), aspects: false, ..source.clone() };
    corpus.add(path, &source, Some(&BTreeMap::new()))?;
    let inputs: Vec<_> = corpus.words.iter().map(Words::input).collect();
    Ok(model.read_blocking(&inputs)?)
}

impl Of<'_> {
    /// A report for each task whose head has a scope.
    pub(super) fn scopes(
        &self,
        outside: Option<&[Reading]>,
    ) -> Result<BTreeMap<String, ScopeReport>, MetricError> {
        let mut reports = BTreeMap::new();
        for task in &self.corpus.tasks {
            let Some(head) = self.model.head(&task.name) else { continue };
            let score = |reading: &Reading| {
                let (score, from) = head.scope_score(&reading.features)?;
                Some((score, score >= from))
            };
            let rows: Option<Vec<ScopedRow>> = task
                .rows
                .iter()
                .map(|&(text, label)| {
                    let reading = &self.readings[text];
                    let (score, inside) = score(reading)?;
                    let right =
                        head.distribution(&reading.features, &reading.terms).top().0 == task.labels[label];
                    Some(ScopedRow { score, inside, right })
                })
                .collect();
            let Some(rows) = rows.filter(|rows| !rows.is_empty()) else { continue };
            let outside: Option<Vec<(f32, bool)>> =
                outside.map(|readings| readings.iter().filter_map(score).collect());
            reports.insert(task.name.clone(), ScopeReport::new(&rows, outside.as_deref())?);
        }
        Ok(reports)
    }
}
