//! `deskhand import surveys`: answered surveys into the data folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::import::refuse;
use super::{Common, Data, Outcome, rows};
use crate::model::Lane;
use crate::survey::import::{SurveyReader, SurveyRow};
use crate::survey::{Keeping, NewSurvey, SurveyDesk, Surveys};

/// Surveys that are read and kept together.
const BATCH: usize = 64;
/// Columns that were not used and are named.
const MAX_UNUSED: usize = 20;

/// Flags of `deskhand import surveys`.
#[derive(Args)]
#[command(after_help = "Example:\n  deskhand import surveys samples/surveys.jsonl --data kb\n\n\
    Columns are known by their usual names (id or survey_id, ticket_id, created_at or date, rating, score, csat \
    or nps, comment or text, …); which were used is shown. A row without a rating and a comment, without a time, \
    or with neither an id nor a ticket is refused.")]
pub(super) struct SurveyFile {
    /// File to read: .jsonl (one JSON object a line) or .csv (with a header)
    path: PathBuf,
    /// Open no follow-ups for low scores: for surveys of old, whose calls were made elsewhere
    #[arg(long)]
    no_follow_ups: bool,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    common: Common,
}

/// What became of the rows.
#[derive(Default)]
struct Counts {
    kept: usize,
    refused: usize,
    warnings: usize,
}

impl SurveyFile {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = self.common.settings()?;
        let mut reader = SurveyReader::open(&self.path)?;
        let model = self.data.model(&self.common, &settings).await?;
        let store = self.data.store(&settings).await?;
        let desk = SurveyDesk::new(Surveys::new(model), store.clone(), settings.surveys);
        let counts = self.take(&mut reader, &desk).await;
        store.close().await?;
        let Counts { kept, refused, warnings } = counts?;
        tell_columns(&reader)?;
        writeln!(std::io::stdout(), "{kept} surveys are kept; {refused} refused, {warnings} warnings")?;
        Ok(if refused == 0 { Outcome::Clean } else { Outcome::SomeRefused })
    }

    async fn take(&self, reader: &mut SurveyReader, desk: &SurveyDesk) -> anyhow::Result<Counts> {
        let progress = rows::Progress::new("surveys", None);
        let keeping = Keeping { lane: Lane::Bulk, follow_ups: !self.no_follow_ups };
        let mut counts = Counts::default();
        loop {
            let batch = reader.batch(BATCH)?;
            if batch.is_empty() {
                break;
            }
            let (lines, good) = self.sorted(batch, &mut counts)?;
            let results = desk.keep(&good, keeping, Timestamp::now()).await?;
            for (line, result) in lines.iter().zip(results) {
                match result {
                    Ok(told) => {
                        counts.kept += 1;
                        counts.warnings += told.len();
                        for warning in told {
                            warn(&self.path, *line, &warning)?;
                        }
                    }
                    Err(faults) => {
                        counts.refused += 1;
                        let why: Vec<String> = faults.iter().map(ToString::to_string).collect();
                        refuse(&self.path, *line, &why.join("; "))?;
                    }
                }
            }
            progress.add(lines.len() as u64);
        }
        progress.finish();
        Ok(counts)
    }

    /// The rows that can be read, with their lines; the others are named.
    fn sorted(
        &self,
        batch: Vec<SurveyRow>,
        counts: &mut Counts,
    ) -> std::io::Result<(Vec<usize>, Vec<NewSurvey>)> {
        let (mut lines, mut good) = (Vec::new(), Vec::new());
        for SurveyRow { line, survey } in batch {
            match survey {
                Ok(survey) => {
                    lines.push(line);
                    good.push(survey);
                }
                Err(why) => {
                    counts.refused += 1;
                    refuse(&self.path, line, &why)?;
                }
            }
        }
        Ok((lines, good))
    }
}

fn warn(path: &Path, line: usize, what: &str) -> std::io::Result<()> {
    writeln!(std::io::stderr(), "warning: {}, line {line}: {what}", path.display())
}

/// Which column became what.
fn tell_columns(reader: &SurveyReader) -> std::io::Result<()> {
    let (used, unused) = reader.columns();
    let mut err = std::io::stderr().lock();
    let pairs: Vec<String> = used.iter().map(|(field, column)| format!("{field} from {column}")).collect();
    writeln!(
        err,
        "columns: {}",
        if pairs.is_empty() { "none is known".to_owned() } else { pairs.join(", ") }
    )?;
    if !unused.is_empty() {
        let named: Vec<&str> = unused.iter().copied().take(MAX_UNUSED).collect();
        let more = if unused.len() > MAX_UNUSED { " …" } else { "" };
        writeln!(err, "not used: {}{more}", named.join(", "))?;
    }
    Ok(())
}
