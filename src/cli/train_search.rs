//! `deskhand train --pairs`: a bundle that finds articles better.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::Outcome;
use super::answered::{self, Answered};
use super::rows::Progress;
use crate::config::InferenceSettings;
use crate::knowledge::{SearchRecipe, SolvedTicket, read_base};
use crate::learn::search::learn;
use crate::model::{AnswerSpec, Bundle, BundleWriter, Manifest, Model, SearchSpec, SearchWeights};
use crate::text::{mail, with_subject};

/// Learns from what the recipe names and writes the bundle `base` with a better search to `out`.
pub(super) fn run(
    recipe: &SearchRecipe,
    base: &Path,
    out: &Path,
    settings: &InferenceSettings,
) -> anyhow::Result<Outcome> {
    let model = Model::load(base, settings)?;
    let mut bases = Vec::with_capacity(recipe.bases.len());
    for base in &recipe.bases {
        let bar = Progress::new("reading articles and tickets", None);
        // A closed stderr must not stop a training.
        let mut note = |note| drop(writeln!(std::io::stderr(), "{note}"));
        let tickets = solved(&base.tickets)?;
        let mut done = |done, total| bar.set(done as u64, total as u64);
        bases.push(read_base(base, tickets, &model, &mut note, &mut done)?);
    }
    let bar = Progress::new("learning to search", None);
    let size = model.manifest().encoder.hidden_size;
    let learnt = learn(&bases, size, &mut |done, total| bar.set(done as u64, total as u64))?;
    drop(bar);
    let of_base = model.manifest();
    // What was known of answers stays true where these tickets do not teach it: the encoder is the same.
    let (of_answers, answers) = match &learnt.answers {
        Some(answers) => (Some(answers.spec), Some(answers.projections.clone())),
        None => (of_base.search.and_then(|search| search.answers), model.answers().cloned()),
    };
    let search = SearchSpec {
        tickets: learnt.tickets,
        ndcg_before: learnt.before,
        ndcg_after: learnt.after,
        answers: of_answers,
    };
    let manifest = Manifest {
        name: recipe.name.clone().unwrap_or_else(|| of_base.name.clone()),
        version: recipe.version.clone().unwrap_or_else(|| of_base.version.clone()),
        search: Some(search),
        ..of_base.clone()
    };
    let bundle =
        write(model.bundle(), manifest, &SearchWeights { projection: learnt.projection, answers }, out)?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{} is ready: {}", bundle.dir().display(), bundle.manifest().name)?;
    writeln!(
        stdout,
        "By embeddings alone, on one ticket in five that was held out at first: nDCG@10 {:.3} before, {:.3} after",
        learnt.before, learnt.after
    )?;
    if let Some(AnswerSpec { auroc_before, auroc_after, .. }) = learnt.answers.map(|answers| answers.spec) {
        writeln!(
            stdout,
            "Whether anything answers, by the nearest passage alone, on bases that were left out in turn: AUROC {auroc_before:.3} before, {auroc_after:.3} after"
        )?;
    }
    Ok(Outcome::Clean)
}

/// The tickets of some files.
fn solved(files: &[PathBuf]) -> anyhow::Result<Vec<SolvedTicket>> {
    let mut tickets = Vec::new();
    for path in files {
        tickets.extend(answered::read(path)?.into_iter().map(|Answered { line, ticket, articles }| {
            let body = mail::clean(&ticket.body, ticket.body_format);
            let place = format!("{}, line {line}", path.display());
            SolvedTicket { place, text: with_subject(&ticket.subject, &body.text), articles }
        }));
    }
    Ok(tickets)
}

/// The bundle with another search.
fn write(base: &Bundle, manifest: Manifest, search: &SearchWeights, out: &Path) -> anyhow::Result<Bundle> {
    let card = std::fs::read_to_string(base.dir().join("MODEL_CARD.md")).unwrap_or_default();
    let writer = BundleWriter::new(out)?;
    writer.encoder_of(base)?;
    writer.heads(&base.heads()?, base.terms()?.as_ref())?;
    writer.search(search)?;
    let bundle = writer.finish(manifest)?;
    bundle.write_card(&card)?;
    Ok(bundle)
}
