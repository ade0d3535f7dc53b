//! `deskhand retrain`: the site's own tickets make a better bundle.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;

use super::{Data, Outcome, bundle_of, export};
use crate::config::Settings;
use crate::learn::site::{self, Selected, Verdict};
use crate::learn::train::Event;
use crate::promotion::Promotions;
use crate::retrain::{TrainingResult, order, promote, select, until_abandoned, work_dir};
use crate::store::{Store, Training, TrainingState};

/// Categories that are listed.
const LISTED: usize = 200;

/// Flags of `deskhand retrain`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand retrain --data kb --dry-run\n  deskhand retrain --data kb\n  deskhand promote --back --data kb\n\nThe exit status is 1 where the new bundle is not better and the old one stays. A service that runs on\nthe data folder holds it: there, POST /v1/learning trains at once and [learning] by itself."
)]
pub(super) struct Retrain {
    #[command(flatten)]
    data: Data,
    /// Say what would be trained on, and train nothing
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run, write the rows into this folder, masked as they would be trained on
    #[arg(long, value_name = "DIR", requires = "dry_run")]
    output: Option<PathBuf>,
    /// Carry out the order in this folder; how the service trains
    #[arg(long, value_name = "DIR", hide = true)]
    work: Option<PathBuf>,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<PathBuf>,
}

impl Retrain {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        if let Some(work) = self.work {
            until_abandoned();
            train(work, |_| ()).await?;
            return Ok(Outcome::Clean);
        }
        let settings = Settings::load(self.config.as_deref())?;
        let store = export::open(&self.data, &settings).await?;
        let promotions = Promotions::new(&self.data.data, Some(&store), settings.learning.keep_bundles);
        let promoted = promotions.catch_up().await?;
        let current = bundle_of(Some(&self.data.data))?;
        let selection = select(&store, &settings, &current).await?;
        say(selected(&selection.selected).trim_end())?;
        if self.dry_run {
            if let Some(output) = &self.output {
                if output.exists() {
                    anyhow::bail!("{} is there already; name a folder that is not", output.display());
                }
                site::write(output, &selection, order(&settings, &current, &selection, Timestamp::now())?)?;
                say(&format!("The rows lie in {}.", output.display()))?;
            }
            store.close().await?;
            return Ok(Outcome::Clean);
        }
        if selection.is_empty() {
            store.close().await?;
            say("Nothing to learn: at least two categories need tickets that agents settled.")?;
            return Ok(Outcome::SomeRefused);
        }
        let work = work_dir(&self.data.data);
        let training = store.begin_training(Timestamp::now()).await?;
        let order = order(&settings, &current, &selection, Timestamp::now())?;
        let result = site::write(&work, &selection, order).map_err(anyhow::Error::from);
        let ended = match result {
            Ok(()) => judged(&promotions, &work, promoted.as_deref()).await,
            Err(error) => Err(error),
        };
        // Nobody needs the rows any longer, whatever came of them.
        let _ = std::fs::remove_dir_all(&work);
        keep(&store, training, selection.selected, &ended).await?;
        store.close().await?;
        let verdict = ended?;
        Ok(if verdict.is_good() { Outcome::Clean } else { Outcome::SomeRefused })
    }
}

/// Trains, tells the comparison, and promotes what is good.
async fn judged(promotions: &Promotions, work: &Path, instead_of: Option<&Path>) -> anyhow::Result<Verdict> {
    let verdict = train(work.to_owned(), |event| {
        if let Event::Note(note) = event {
            let _ = writeln!(std::io::stderr(), "{note}");
        }
    })
    .await?;
    say(&format!("\n{}", verdict.comparison.trim_end()))?;
    let Verdict { name, version, refusals, .. } = &verdict;
    if verdict.is_good() {
        let place = promote(promotions, work, instead_of, Timestamp::now()).await?;
        say(&format!(
            "\n{name} {version} answers from now on; it lies in {}. `deskhand promote --back` goes back.",
            place.display()
        ))?;
    } else {
        let reasons: Vec<String> = refusals.iter().map(|reason| format!("  - {reason}")).collect();
        say(&format!("\nNot promoted, the bundle before goes on answering:\n{}", reasons.join("\n")))?;
    }
    Ok(verdict)
}

async fn train(work: PathBuf, mut watch: impl FnMut(Event) + Send + 'static) -> anyhow::Result<Verdict> {
    Ok(tokio::task::spawn_blocking(move || site::retrain(&work, &mut watch)).await??)
}

/// Keeps how it went, so that the service and its pages tell of it too.
async fn keep(
    store: &Store,
    id: i64,
    selected: Selected,
    ended: &anyhow::Result<Verdict>,
) -> anyhow::Result<()> {
    let mut result = TrainingResult { selected: Some(selected), ..TrainingResult::default() };
    let state = match ended {
        Ok(verdict) => {
            result.verdict = Some(verdict.clone());
            if verdict.is_good() { TrainingState::Promoted } else { TrainingState::Refused }
        }
        Err(error) => {
            result.reason = Some(format!("{error:#}"));
            TrainingState::Failed
        }
    };
    let now = Timestamp::now();
    let result = serde_json::to_value(&result)?;
    store.end_training(&Training { id, began_at: now, finished_at: Some(now), state, result }).await?;
    Ok(())
}

/// What is trained on, as a text.
fn selected(selected: &Selected) -> String {
    let Selected { tickets, rows, held_out, corrections, duplicates, contradictions, without_words, .. } =
        selected;
    let mut out = format!(
        "{tickets} tickets with a final category: {rows} to train on ({corrections} corrected by agents), {held_out} held out\n"
    );
    if duplicates + without_words > 0 {
        let _ = writeln!(
            out,
            "left out: {duplicates} that say the same as another ({contradictions} of them with another category), {without_words} without words"
        );
    }
    if !selected.masked.is_empty() {
        let kinds: Vec<String> =
            selected.masked.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let _ = writeln!(out, "masked: {}", kinds.join(", "));
    }
    let _ = writeln!(out, "   train  held out  corrected  category");
    for label in selected.labels.iter().take(LISTED) {
        let new = match (label.left_out, label.known) {
            (true, _) => "  (new, too few rows: left out)",
            (false, false) => "  (new)",
            (false, true) => "",
        };
        let _ = writeln!(
            out,
            "{:>8}  {:>8}  {:>9}  {}{new}",
            label.rows, label.held_out, label.corrections, label.label
        );
    }
    for note in &selected.notes {
        let _ = writeln!(out, "{note}");
    }
    out
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}").context("the report cannot be written")
}
