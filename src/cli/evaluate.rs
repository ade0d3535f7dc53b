//! `deskhand evaluate`: how good a bundle or the search is, on labelled rows.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use super::{Common, Data, Outcome, answered, labelled};
use crate::knowledge::JudgedQuery;
use crate::learn::folds::Fold;
use crate::learn::judge::{JudgeOptions, judge};
use crate::learn::report::{EvaluationReport, Group};
use crate::triage::Triage;

/// Flags of `deskhand evaluate`.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  deskhand evaluate --input samples/tickets.jsonl\n  deskhand evaluate --input models/recipes/default/tickets-dev.jsonl \\\n    --baseline models/recipes/default/tickets-train.jsonl \\\n    --group plain=a-,b-,c-,d- --group inferred=n-,g-,h-,i-,j-,k- \\\n    --format html --output evaluation.html\n  deskhand evaluate --input queries.jsonl --gap unanswered.jsonl --data kb\n  deskhand evaluate --reasons --input tickets.jsonl"
)]
pub(super) struct Evaluate {
    /// Labelled rows, .jsonl or .csv; or, with --data, tickets with the ids of the articles that answer
    /// them in `relevant`
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Train a TF-IDF + logistic regression on this file and show it beside
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Field that holds a task's labels, where it is not called like the task; may be given several times
    #[arg(long, value_name = "TASK=FIELD")]
    label_field: Vec<String>,
    /// Measure the search over the articles in this data folder instead of the heads
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Tickets that no article answers, to measure how well that is noticed
    #[arg(long, value_name = "FILE", requires = "data")]
    gap: Option<PathBuf>,
    /// Check the reasons for the predictions instead: whether deleting the words given costs more
    /// confidence than deleting others
    #[arg(long, conflicts_with_all = ["data", "baseline", "ids", "group", "out_of_scope", "subjects"])]
    reasons: bool,
    /// Judge only rows whose id begins with one of these, separated by commas
    #[arg(long, value_name = "PREFIX,…", value_delimiter = ',', conflicts_with = "data")]
    ids: Vec<String>,
    /// Judge only the rows that `deskhand train --fold` left out, and the baseline without them
    #[arg(long, value_name = "N/OF", conflicts_with_all = ["data", "reasons"])]
    fold: Option<Fold>,
    /// Give the key figures of rows whose ids begin so, apart from the rest; may be given several times
    #[arg(long, value_name = "NAME=PREFIX,…", value_parser = group, conflicts_with = "data")]
    group: Vec<Group>,
    /// Rows that belong to no label, to measure how well that is noticed
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    out_of_scope: Option<PathBuf>,
    /// Name single rows with their subject too, not with id and line alone
    #[arg(long, conflicts_with = "data")]
    subjects: bool,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write here instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Html,
}

impl Evaluate {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = self.common.settings()?;
        let model = self.common.model(&settings, self.data.as_deref()).await?;
        let text = match &self.data {
            None if self.reasons => {
                let triage = Triage::for_batches(model, settings.triage, None);
                let report = super::reasons::check(&triage, &self.input).await?;
                match self.format {
                    Format::Text => report.text(),
                    Format::Json => serde_json::to_string_pretty(&report)?,
                    Format::Html => bail!("the check of reasons comes as text or json; give --format text"),
                }
            }
            Some(data) => {
                let (store, knowledge) =
                    Data { data: data.clone(), store: None }.open(&model, &settings).await?;
                let triage = Triage::for_batches(model, settings.triage, None);
                let mut queries = judged(&triage, &self.input).await?;
                if let Some(gap) = &self.gap {
                    queries.extend(judged(&triage, gap).await?);
                }
                let report = knowledge.judge(&queries).await?;
                store.close().await?;
                match self.format {
                    Format::Text => report.text(),
                    Format::Json => serde_json::to_string_pretty(&report)?,
                    Format::Html => bail!("the search report comes as text or json; give --format text"),
                }
            }
            None => {
                let heads = model.heads().iter().map(|head| head.spec());
                let source = labelled::source(&self.input, &self.label_field, heads)?;
                let triage = settings.triage;
                let (input, baseline) = (self.input.clone(), self.baseline.clone());
                let outside = self.out_of_scope.clone();
                let (ids, groups, subjects) = (self.ids.clone(), self.group.clone(), self.subjects);
                let fold = self.fold;
                let report = tokio::task::spawn_blocking(move || {
                    let options = JudgeOptions {
                        baseline: baseline.as_deref(),
                        ids,
                        fold,
                        groups,
                        out_of_scope: outside.as_deref(),
                        subjects,
                        triage,
                    };
                    judge(&model, &input, &source, &options)
                });
                render(&report.await??, self.format)?
            }
        };
        write(self.output.as_deref(), &text)?;
        Ok(Outcome::Clean)
    }
}

/// A group as it is written on the command line.
fn group(text: &str) -> Result<Group, String> {
    let parts = text.split_once('=').filter(|(name, prefixes)| !name.is_empty() && !prefixes.is_empty());
    let (name, prefixes) =
        parts.ok_or("it is not of the form NAME=PREFIX,PREFIX, for instance plain=a-,b-")?;
    Ok(Group { name: name.to_owned(), prefixes: prefixes.split(',').map(str::to_owned).collect() })
}

async fn judged(triage: &Triage, path: &Path) -> anyhow::Result<Vec<JudgedQuery>> {
    let mut queries = Vec::new();
    for answered in answered::read(path)? {
        let (words, reading) = triage.read(&answered.ticket).await?;
        let (text, embedding) = (words.text, reading.embedding());
        queries.push(JudgedQuery { text, embedding, relevant: answered.articles });
    }
    Ok(queries)
}

fn render(report: &EvaluationReport, format: Format) -> anyhow::Result<String> {
    Ok(match format {
        Format::Text => report.text(),
        Format::Json => report.json()?,
        Format::Html => report.html()?,
    })
}

fn write(path: Option<&Path>, text: &str) -> anyhow::Result<()> {
    match path {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
        }
        None => writeln!(std::io::stdout(), "{}", text.trim_end()).context("the report cannot be written"),
    }
}
