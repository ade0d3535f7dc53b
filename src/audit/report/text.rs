//! The report as text.

use std::fmt::Write as _;

use super::super::coverage::{CategoryCoverage, Coverage};
use super::{flag_names, percent, trend};

/// Columns of a category's name.
const NAME: usize = 40;
/// Articles in fault that are listed.
const MOST_ARTICLES: usize = 20;

pub(super) fn coverage(report: &Coverage) -> String {
    let mut out = String::new();
    let before = report.previous_tickets.map_or_else(String::new, |n| format!(" ({n} in the window before)"));
    let _ = writeln!(out, "{} tickets {}{before}", report.tickets, report.period());
    if let Some(share) = &report.adequate {
        let _ = writeln!(
            out,
            "{} have an adequate article, with 95 % certainty {} to {}",
            percent(share.share),
            percent(share.low),
            percent(share.high)
        );
    }
    for warning in &report.warnings {
        let _ = writeln!(out, "note: {warning}");
    }
    let _ = writeln!(out, "\n{:NAME$} tickets   trend  adequate (95 %)     flags", "category");
    for category in &report.categories {
        line(&mut out, category);
    }
    if report.more_categories > 0 {
        let (more, tickets) = (report.more_categories, report.more_tickets);
        let _ = writeln!(out, "… {more} more categories with {tickets} tickets (--top)");
    }
    pareto(&mut out, report);
    evidence(&mut out, report);
    out
}

fn line(out: &mut String, category: &CategoryCoverage) {
    let name: String = category.category.chars().take(NAME).collect();
    let share = category.adequate.as_ref().map_or_else(
        || "–".to_owned(),
        |s| format!("{} ({} to {})", percent(s.share), percent(s.low), percent(s.high)),
    );
    let flags = flag_names(category);
    let _ = writeln!(out, "{name:NAME$} {:7} {:>7}  {share:19} {flags}", category.tickets, trend(category));
}

fn pareto(out: &mut String, report: &Coverage) {
    let pareto = &report.pareto;
    if pareto.steps.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n{:.1} tickets without an adequate article; {} of {} categories make up 80 % of them:",
        pareto.unanswered,
        pareto.vital,
        pareto.steps.len()
    );
    for step in pareto.steps.iter().take(pareto.vital) {
        let _ =
            writeln!(out, "  {:7.1}  {:>5}  {}", step.unanswered, percent(step.cumulative), step.category);
    }
}

fn evidence(out: &mut String, report: &Coverage) {
    for category in report.categories.iter().filter(|category| !category.flags.is_empty()) {
        let _ = writeln!(out, "\n{}", category.category);
        for flag in &category.flags {
            let _ = writeln!(out, "  {}: {}", flag.kind.label(), flag.reason);
            for article in &flag.articles {
                let _ = writeln!(
                    out,
                    "    article {} ({}), {} tickets{}",
                    article.id,
                    article.title,
                    article.tickets,
                    article.remarks()
                );
            }
            if !flag.tickets.is_empty() {
                let _ = writeln!(out, "    tickets {}", flag.tickets.join(", "));
            }
        }
    }
    if !report.articles.is_empty() {
        let _ = writeln!(out, "\narticles with faults");
    }
    for finding in report.articles.iter().take(MOST_ARTICLES) {
        let (kind, uses) = (finding.kind.label(), finding.uses);
        let _ = writeln!(out, "  {kind}, {uses} tickets: {} ({})", finding.id, finding.title);
        for reason in &finding.reasons {
            let _ = writeln!(out, "    {reason}");
        }
    }
}
