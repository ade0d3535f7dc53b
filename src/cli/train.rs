//! `deskhand train`: a bundle from labelled rows.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;

use super::rows::Progress;
use super::{Common, Outcome, train_search};
use crate::knowledge::{SearchBase, SearchRecipe};
use crate::learn::card::{auto_from, unproven};
use crate::learn::folds::Fold;
use crate::learn::recipe::{Recipe, Source, default_precision};
use crate::learn::train::{Event, Start, train};
use crate::learn::tuning::TuneSettings;
use crate::model::Reads;

/// Flags of `deskhand train`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand train --train labelled.jsonl --dev other.jsonl --task category \\\n    --label-field category --out my-bundle\n  deskhand triage --input tickets.jsonl --model my-bundle\n\nWithout examples, from a file with lines such as \"Billing\" = \"invoices, wrong charges, refunds\":\n  deskhand train --descriptions queues.toml --task queue --out my-bundle\n\nA better search from tickets that articles solved:\n  deskhand train --pairs solved.jsonl --articles articles.jsonl --out my-bundle"
)]
pub(super) struct Train {
    /// Labelled rows to train on, .jsonl or .csv
    #[arg(long, value_name = "FILE", required_unless_present_any = ["recipe", "descriptions", "pairs", "search_recipe"])]
    train: Option<PathBuf>,
    /// What the labels are for, label = description, .toml or .json: a label that is described needs no
    /// rows, and with few rows does far better
    #[arg(long, value_name = "FILE", conflicts_with = "recipe")]
    descriptions: Option<PathBuf>,
    /// Labelled rows to measure on; never trained on
    #[arg(long, value_name = "FILE", conflicts_with = "recipe")]
    dev: Option<PathBuf>,
    /// Task of the head, for instance category, impact, urgency or sentiment
    #[arg(long, default_value = "category")]
    task: String,
    /// Field that holds the label [default: the task's name]
    #[arg(long, value_name = "FIELD")]
    label_field: Option<String>,
    /// Folder of the new bundle; one that stands there is replaced when the new one is complete
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Train several heads as this file says, instead of --train
    #[arg(long, value_name = "FILE", conflicts_with_all = ["train", "label_field"])]
    recipe: Option<PathBuf>,
    /// Leave this part of the labelled rows out, for instance 1/5, and measure on it; by a hash of the rows' ids
    #[arg(long, value_name = "N/OF", conflicts_with_all = ["pairs", "search_recipe", "descriptions"])]
    fold: Option<Fold>,
    /// Make the search better instead: tickets with the articles that answered them, JSON Lines of subject,
    /// body and articles (ids)
    #[arg(long, value_name = "FILE", requires = "articles", conflicts_with_all = ["train", "recipe", "descriptions", "base"])]
    pairs: Vec<PathBuf>,
    /// The articles that --pairs names, in any form that `deskhand import articles` reads
    #[arg(long, value_name = "PATH", requires = "pairs")]
    articles: Option<PathBuf>,
    /// Make the search better from several knowledge bases, as this file says
    #[arg(long, value_name = "FILE", conflicts_with_all = ["train", "recipe", "descriptions", "base", "pairs"])]
    search_recipe: Option<PathBuf>,
    /// Tune the encoder too, not only the head: better, and takes minutes instead of seconds
    #[arg(long, conflicts_with = "recipe", requires = "train")]
    tune: bool,
    /// Start from a Hugging Face folder of a BERT encoder instead of a bundle
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// Name of that encoder, for the bundle's card
    #[arg(long, value_name = "NAME", default_value = "all-MiniLM-L6-v2", requires = "base")]
    base_name: String,
    /// Licence of that encoder, as an SPDX expression
    #[arg(long, value_name = "SPDX", default_value = "Apache-2.0", requires = "base")]
    base_licence: String,
    /// Name of the new bundle [default: the name of its folder]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Train {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let settings = self.common.settings()?;
        if let Some(recipe) = self.search()? {
            let base = self.common.bundle_dir(None)?;
            return train_search::run(&recipe, &base, &self.out, &settings.inference);
        }
        let recipe = self.recipe()?;
        let start = match &self.base {
            None => Start::Bundle(self.common.bundle_dir(None)?),
            Some(dir) => Start::HuggingFace {
                dir: dir.clone(),
                name: self.base_name.clone(),
                licence: self.base_licence.clone(),
            },
        };
        let bar: RefCell<Option<(&'static str, Progress)>> = RefCell::default();
        let bundle = train(&start, &recipe, &self.out, &settings.inference, &mut |event| show(&bar, event))?;
        bar.take();
        let mut out = std::io::stdout().lock();
        writeln!(out, "{} is ready: {}", bundle.dir().display(), bundle.manifest().name)?;
        for head in &bundle.manifest().heads {
            let (auto, suggest) = (auto_from(head.thresholds.auto), head.thresholds.suggest);
            let (task, labels) = (&head.task, head.labels.len());
            writeln!(out, "  {task:<24} {labels:>3} labels, auto from {auto}, suggest from {suggest:.2}")?;
            if let Some(words) = unproven(&head.labels, &head.thresholds) {
                writeln!(out, "    {words}")?;
            }
        }
        writeln!(out, "Figures are in {}.", bundle.dir().join("MODEL_CARD.md").display())?;
        Ok(Outcome::Clean)
    }

    /// What the search is to learn from, if that is what is asked for.
    fn search(&self) -> anyhow::Result<Option<SearchRecipe>> {
        match (&self.search_recipe, &self.articles) {
            (Some(path), _) => Ok(Some(SearchRecipe::read(path)?)),
            (None, Some(articles)) => Ok(Some(SearchRecipe {
                name: self.name.clone(),
                version: Some(today()),
                bases: vec![SearchBase {
                    articles: articles.clone(),
                    ids: Vec::new(),
                    tickets: self.pairs.clone(),
                }],
            })),
            (None, None) => Ok(None),
        }
    }

    fn recipe(&self) -> anyhow::Result<Recipe> {
        if let Some(path) = &self.recipe {
            let mut recipe = Recipe::read(path)?;
            self.fold.into_iter().for_each(|fold| recipe.leave_out(fold));
            return Ok(recipe);
        }
        let folder = self.out.file_name().context("--out must end in the name of a folder")?;
        let field = self.label_field.clone().unwrap_or_else(|| self.task.clone());
        let tuned = self.train.as_deref().filter(|_| self.tune);
        let survey = matches!(self.task.as_str(), "sentiment" | "intensity");
        Ok(Recipe {
            name: self.name.clone().unwrap_or_else(|| folder.to_string_lossy().into_owned()),
            version: today(),
            languages: vec!["en".into()],
            taps: None,
            tune: tuned.map(|train| rows(train).map(TuneSettings::for_rows)).transpose()?,
            auto_precision: default_precision(),
            remarks: Vec::new(),
            go_on: false,
            files: vec![Source {
                reads: if survey { Reads::Survey } else { Reads::Ticket },
                train: self.train.clone(),
                dev: self.dev.clone(),
                labels: BTreeMap::from([(self.task.clone(), field)]),
                descriptions: self
                    .descriptions
                    .iter()
                    .map(|file| (self.task.clone(), file.clone()))
                    .collect(),
                aspects: false,
                weight: 1.0,
                times: 1.0,
                auxiliary: false,
                counts: None,
                without: self.fold,
            }],
            holds: Vec::new(),
        })
    }
}

/// Today as a version.
fn today() -> String {
    Timestamp::now().strftime("%Y.%m.%d").to_string()
}

/// About how many rows a file has.
fn rows(path: &Path) -> anyhow::Result<usize> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(BufReader::new(file).split(b'\n').take_while(Result::is_ok).count())
}

fn show(bar: &RefCell<Option<(&'static str, Progress)>>, event: Event) {
    let mut current = bar.borrow_mut();
    match event {
        Event::Progress { stage, done, total } => {
            if current.as_ref().is_none_or(|(shown, _)| *shown != stage) {
                *current = Some((stage, Progress::new(stage, Some(total as u64))));
            }
            if let Some((_, progress)) = current.as_ref() {
                progress.set(done as u64, total as u64);
            }
        }
        // A closed stderr must not stop a training.
        Event::Epoch(epoch) => {
            let wrong = epoch.wrong.map_or(String::new(), |share| {
                format!(", {:.2} % of the held-out labels wrong", 100.0 * share)
            });
            let _ = writeln!(std::io::stderr(), "pass {}: mean loss {:.4}{wrong}", epoch.number, epoch.loss);
        }
        Event::Note(note) => {
            let _ = writeln!(std::io::stderr(), "{note}");
        }
    }
}
