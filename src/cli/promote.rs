//! `deskhand promote`: a better bundle takes the place of the one that answers.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;

use super::{Data, Outcome, bundle_of, labelled, load};
use crate::config::Settings;
use crate::learn::promote::{Comparison, MARGIN, compare};
use crate::model::{Bundle, Model};
use crate::promotion::Promotions;

/// Flags of `deskhand promote`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand promote my-bundle --data kb --input dev.jsonl surveys-dev.jsonl\n  deskhand promote --back --data kb\n\nThe exit status is 1 where the candidate loses too much. A service that runs on the data folder\nswitches by itself, without dropping a request. Where instances share a store (--store), all of\nthem do; --data is then a folder that none of them uses."
)]
pub(super) struct Promote {
    /// Folder of the bundle that shall answer
    #[arg(value_name = "CANDIDATE", required_unless_present = "back", conflicts_with = "back")]
    candidate: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
    /// Labelled rows that neither bundle was trained on, .jsonl or .csv
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "back", conflicts_with = "back")]
    input: Vec<PathBuf>,
    /// Field that holds a task's labels, where it is not called like the task; may be given several times
    #[arg(long, value_name = "TASK=FIELD")]
    label_field: Vec<String>,
    /// What a class or a head may lose in F1, accuracy and the like, 0 to 1
    #[arg(long, default_value_t = MARGIN, value_parser = share)]
    margin: f64,
    /// Promote it whatever it loses; a note of that is kept
    #[arg(long, conflicts_with = "back")]
    force: bool,
    /// Go back to the bundle that answered before
    #[arg(long)]
    back: bool,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<PathBuf>,
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|x| (0.0..=1.0).contains(x)).ok_or_else(|| "it is not between 0 and 1".into())
}

impl Promote {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = Settings::load(self.config.as_deref())?;
        // A data folder with a store of its own may belong to a service that runs.
        let store = match self.data.is_shared(&settings) {
            true => Some(self.data.store(&settings).await?),
            false => None,
        };
        let promotions = Promotions::new(&self.data.data, store.as_ref(), settings.learning.keep_bundles);
        let promoted = promotions.catch_up().await?;
        let outcome = match &self.candidate {
            Some(candidate) => {
                self.weigh(&settings, &promotions, promoted.as_deref(), Bundle::open(candidate)?).await
            }
            None => back(&promotions).await,
        };
        if let Some(store) = store {
            store.close().await?;
        }
        outcome
    }

    /// Compares a candidate with what answers, and promotes it if it may be.
    async fn weigh(
        &self,
        settings: &Settings,
        promotions: &Promotions,
        promoted: Option<&Path>,
        candidate: Bundle,
    ) -> anyhow::Result<Outcome> {
        let current = bundle_of(Some(&self.data.data))?;
        if Bundle::open(&current)?.manifest() == candidate.manifest() {
            say(&format!("{} is the bundle that answers already.", named(&candidate)))?;
            return Ok(Outcome::Clean);
        }
        let comparison = self.measure(settings, &current, candidate.dir()).await?;
        say(comparison.text().trim_end())?;
        let refusals = comparison.refusals();
        if !refusals.is_empty() && !self.force {
            let reasons: Vec<String> = refusals.iter().map(|reason| format!("  - {reason}")).collect();
            say(&format!("\nNot promoted:\n{}\n--force promotes it all the same.", reasons.join("\n")))?;
            return Ok(Outcome::SomeRefused);
        }
        let note = (!refusals.is_empty()).then(|| format!("by force, although {}", refusals.join("; ")));
        let forced = if note.is_some() { " by force, whatever it loses" } else { "" };
        let now = Timestamp::now();
        let (place, cleared) = promotions.promote(&candidate, promoted, note, now).await?;
        say(&format!(
            "\n{} is promoted{forced}; it lies in {}. `deskhand promote --back` goes back.",
            named(&candidate),
            place.display()
        ))?;
        if !cleared.is_empty() {
            say(&format!("No longer kept: {}.", cleared.join(", ")))?;
        }
        Ok(Outcome::Clean)
    }

    async fn measure(
        &self,
        settings: &Settings,
        current: &Path,
        candidate: &Path,
    ) -> anyhow::Result<Comparison> {
        let current = load(current, settings).await?;
        let candidate = load(candidate, settings).await?;
        let mut sources = Vec::with_capacity(self.input.len());
        for input in &self.input {
            let heads = heads(&current).chain(heads(&candidate));
            sources.push((input.clone(), labelled::source(input, &self.label_field, heads)?));
        }
        let (margin, triage) = (self.margin, settings.triage.clone());
        let compared =
            tokio::task::spawn_blocking(move || compare(&current, &candidate, &sources, margin, triage));
        let comparison = compared.await??;
        if comparison.tasks.is_empty() {
            bail!("the rows have no labels of a task that both bundles have; give others with --input");
        }
        Ok(comparison)
    }
}

async fn back(promotions: &Promotions) -> anyhow::Result<Outcome> {
    let now = match promotions.back(Timestamp::now()).await? {
        Some(dir) => named(&Bundle::open(&dir)?),
        None => "the shipped bundle".to_owned(),
    };
    say(&format!("{now} answers again."))?;
    Ok(Outcome::Clean)
}

fn heads(model: &Arc<Model>) -> impl Iterator<Item = &crate::model::HeadSpec> + Clone {
    model.heads().iter().map(|head| head.spec())
}

fn named(bundle: &Bundle) -> String {
    format!("{} {}", bundle.manifest().name, bundle.manifest().version)
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}").context("the report cannot be written")
}
