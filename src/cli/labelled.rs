//! Labelled files: which field holds the labels of which task.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

use super::rows::Lines;
use crate::learn::recipe::Source;
use crate::model::{HeadSpec, Reads};

/// What of `heads` can be judged by a file: those whose field the first row has. `label_fields` are of the
/// form TASK=FIELD, for fields that are not called like their task.
pub(super) fn source<'a>(
    input: &Path,
    label_fields: &[String],
    heads: impl Iterator<Item = &'a HeadSpec> + Clone,
) -> anyhow::Result<Source> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for pair in label_fields {
        let (task, field) = pair.split_once('=').with_context(|| {
            format!("--label-field {pair:?} is not of the form TASK=FIELD, for instance category=topic")
        })?;
        fields.insert(task.to_string(), field.to_string());
    }
    let present = first_fields(input)?;
    let survey = present.iter().any(|field| field == "sentiment" || field == "aspects");
    let reads = if survey { Reads::Survey } else { Reads::Ticket };
    let labels: BTreeMap<String, String> = heads
        .clone()
        .filter(|spec| spec.reads == reads)
        .filter_map(|spec| {
            let field = fields.get(&spec.task).unwrap_or(&spec.task);
            present.contains(field).then(|| (spec.task.clone(), field.clone()))
        })
        .collect();
    if labels.is_empty() {
        bail!(
            "{}: no field holds labels of this bundle ({}); name one with --label-field TASK=FIELD",
            input.display(),
            heads.map(|spec| spec.task.as_str()).collect::<Vec<_>>().join(", "),
        );
    }
    let aspects = present.iter().any(|field| field == "aspects");
    Ok(Source {
        reads,
        train: Some(input.to_owned()),
        dev: None,
        labels,
        descriptions: BTreeMap::new(),
        aspects,
        weight: 1.0,
        times: 1.0,
        auxiliary: false,
        counts: None,
        without: None,
    })
}

/// Field names of the first row.
fn first_fields(path: &Path) -> anyhow::Result<Vec<String>> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("jsonl")) {
        let rows = Lines::open(path)?.batch::<Map<String, Value>>(1)?;
        let row = rows.into_iter().next().with_context(|| format!("{} is empty", path.display()))?;
        let row = row.content.map_err(|e| anyhow::anyhow!("{}, line {}: {e}", path.display(), row.line))?;
        return Ok(row.keys().cloned().collect());
    }
    let mut reader =
        csv::Reader::from_path(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(reader.headers()?.iter().map(str::to_string).collect())
}
