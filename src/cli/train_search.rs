//! `deskhand train --pairs`: a bundle that finds articles better.

use std::io::Write as _;
use std::path::Path;

use super::Outcome;
use super::rows::Progress;
use crate::config::InferenceSettings;
use crate::knowledge::{SearchRecipe, read_base};
use crate::learn::search::{Figures, learn};
use crate::model::{Bundle, BundleWriter, Manifest, Model, SearchSpec};

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
        bases
            .push(read_base(base, &model, &mut note, &mut |done, total| bar.set(done as u64, total as u64))?);
    }
    let bar = Progress::new("learning to search", None);
    let size = model.manifest().encoder.hidden_size;
    let learnt = learn(&bases, size, recipe.answered, &mut |done, total| bar.set(done as u64, total as u64))?;
    drop(bar);
    let of_base = model.manifest();
    let search = SearchSpec {
        answer: learnt.answer.unwrap_or_else(|| model.bundle().answer_curve()),
        tickets: learnt.tickets,
        ndcg_before: learnt.before.ndcg,
        ndcg_after: learnt.after.ndcg,
    };
    let manifest = Manifest {
        name: recipe.name.clone().unwrap_or_else(|| of_base.name.clone()),
        version: recipe.version.clone().unwrap_or_else(|| of_base.version.clone()),
        search: Some(search),
        ..of_base.clone()
    };
    let bundle = write(model.bundle(), manifest, &learnt.projection, out)?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{} is ready: {}", bundle.dir().display(), bundle.manifest().name)?;
    writeln!(stdout, "Embeddings alone on the tickets held out, one in five; the bundle learnt from all:")?;
    writeln!(stdout, "  {:<10}{:>9}{:>12}", "", "nDCG@10", "gap AUROC")?;
    for (name, Figures { ndcg, gap_auroc }) in [("before", learnt.before), ("after", learnt.after)] {
        let gap = gap_auroc.map_or_else(|| "–".to_owned(), |auroc| format!("{auroc:.3}"));
        writeln!(stdout, "  {name:<10}{ndcg:>9.3}{gap:>12}")?;
    }
    if learnt.answer.is_none() {
        writeln!(
            stdout,
            "No ticket without an answer was given: the answer confidence is as uncertain as before."
        )?;
    }
    Ok(Outcome::Clean)
}

/// The bundle with another projection.
fn write(
    base: &Bundle,
    manifest: Manifest,
    projection: &crate::model::Projection,
    out: &Path,
) -> anyhow::Result<Bundle> {
    let card = std::fs::read_to_string(base.dir().join("MODEL_CARD.md")).unwrap_or_default();
    let writer = BundleWriter::new(out)?;
    writer.encoder_of(base)?;
    writer.heads(&base.heads()?, base.terms()?.as_ref())?;
    writer.search(projection)?;
    let bundle = writer.finish(manifest)?;
    bundle.write_card(&card)?;
    Ok(bundle)
}
