//! The model card: what a bundle is, from what it was made, and how good it was found to be.

use std::fmt::Write as _;

use super::report::EvaluationReport;
use crate::model::{Manifest, Thresholds};

/// What a card says beyond the manifest.
#[derive(Debug, Clone, Default)]
pub struct CardText {
    /// What the heads were trained on, a line for each file.
    pub trained_on: Vec<String>,
    /// Anything else a reader must know, as paragraphs.
    pub remarks: Vec<String>,
    /// Reports on files that were not trained on.
    pub reports: Vec<EvaluationReport>,
}

/// The card in Markdown.
pub fn card(manifest: &Manifest, text: &CardText) -> String {
    let mut card = String::new();
    // Writing into a String cannot fail.
    let _ = write_card(&mut card, manifest, text);
    card
}

fn write_card(card: &mut String, manifest: &Manifest, text: &CardText) -> std::fmt::Result {
    writeln!(card, "# Bundle {} {}\n", manifest.name, manifest.version)?;
    writeln!(
        card,
        "Base: {} ({}). {} layers, hidden size {}, at most {} tokens a text, languages: {}. Taxonomy {}.\n",
        manifest.base.name,
        manifest.base.licence,
        manifest.encoder.layers,
        manifest.encoder.hidden_size,
        manifest.encoder.max_tokens,
        manifest.languages.join(", "),
        manifest.taxonomy,
    )?;
    if !text.trained_on.is_empty() {
        writeln!(card, "## Trained on\n")?;
        for line in &text.trained_on {
            writeln!(card, "- {line}")?;
        }
        writeln!(card)?;
    }
    for remark in &text.remarks {
        writeln!(card, "{remark}\n")?;
    }
    writeln!(card, "## Heads\n")?;
    writeln!(card, "| task | labels | temperature | auto from | suggest from | calibrated on |")?;
    writeln!(card, "|---|---|---|---|---|---|")?;
    for head in &manifest.heads {
        writeln!(
            card,
            "| {} | {} | {:.2} | {}{} | {:.2} | {} |",
            head.task,
            head.labels.len(),
            head.temperature,
            auto_from(head.thresholds.auto),
            own_thresholds(head.thresholds.auto_of.values().filter(|own| **own <= 1.0).count()),
            head.thresholds.suggest,
            head.calibrated_on.as_deref().unwrap_or("not calibrated"),
        )?;
    }
    for head in &manifest.heads {
        if let Some(words) = unproven(&head.labels, &head.thresholds) {
            writeln!(card, "\n{}: {words}.", head.task)?;
        }
    }
    for report in &text.reports {
        write_report(card, report)?;
    }
    Ok(())
}

fn write_report(card: &mut String, report: &EvaluationReport) -> std::fmt::Result {
    writeln!(card, "\n## Measured on {} ({} rows, not trained on)\n", report.data, report.rows)?;
    writeln!(card, "In brackets the TF-IDF + logistic regression baseline on the same rows.\n")?;
    writeln!(card, "| task | accuracy | macro-F1 | calibration error | auto: share, precision |")?;
    writeln!(card, "|---|---|---|---|---|")?;
    for (task, figures) in &report.tasks {
        let baseline = figures.baseline.as_ref();
        let auto = figures.decisions.as_ref().map(|decisions| &decisions.auto);
        writeln!(
            card,
            "| {task} | {} ({}) | {} ({}) | {} ({}) | {}, {} |",
            number(figures.figures.accuracy),
            number(baseline.and_then(|b| b.accuracy)),
            number(figures.figures.macro_f1),
            number(baseline.and_then(|b| b.macro_f1)),
            number(figures.figures.ece),
            number(baseline.and_then(|b| b.ece)),
            number(auto.and_then(|auto| auto.share)),
            number(auto.and_then(|auto| auto.precision)),
        )?;
    }
    if let Some(priority) = &report.priority {
        let (figures, baseline) = (&priority.report.figures, priority.report.baseline.as_ref());
        let p1_of_baseline = baseline.and_then(|b| b.p1);
        writeln!(card, "\n| priority | model | baseline |\n|---|---|---|")?;
        for (name, ours, theirs) in [
            ("accuracy", figures.accuracy, baseline.and_then(|b| b.accuracy)),
            ("macro-F1", figures.macro_f1, baseline.and_then(|b| b.macro_f1)),
            ("quadratic kappa", figures.kappa, baseline.and_then(|b| b.kappa)),
            ("P1 recall", figures.p1.and_then(|p| p.p1_recall), p1_of_baseline.and_then(|p| p.p1_recall)),
            (
                "P1 precision",
                figures.p1.and_then(|p| p.p1_precision),
                p1_of_baseline.and_then(|p| p.p1_precision),
            ),
            ("calibration error", figures.ece, baseline.and_then(|b| b.ece)),
        ] {
            writeln!(card, "| {name} | {} | {} |", number(ours), number(theirs))?;
        }
    }
    Ok(())
}

/// A threshold for `auto` in words.
pub fn auto_from(threshold: f32) -> String {
    if threshold > 1.0 { "never".into() } else { format!("{threshold:.2}") }
}

/// What a reader must know of labels whose confidence nothing speaks for; `None` where there are none.
pub fn unproven(labels: &[String], thresholds: &Thresholds) -> Option<String> {
    if thresholds.auto > 1.0 {
        return Some("known by descriptions alone; no labelled row has shown how far its confidence can be trusted, so it is not calibrated, and nothing is automatic".into());
    }
    let never: Vec<&str> =
        labels.iter().filter(|label| thresholds.is_never(label)).map(String::as_str).collect();
    (!never.is_empty()).then(|| {
        format!("never automatic, since too few rows show how far they can be trusted: {}", never.join(", "))
    })
}

/// How many labels have a threshold of their own, in words.
fn own_thresholds(labels: usize) -> String {
    match labels {
        0 => String::new(),
        1 => " (another for 1 label)".into(),
        many => format!(" (others for {many} labels)"),
    }
}

fn number(figure: Option<f64>) -> String {
    figure.map_or_else(|| "–".into(), |figure| format!("{figure:.3}"))
}
