//! The report as CSV.

use super::{Coverage, GapReport, flag_names};

const HEADER: [&str; 14] = [
    "category",
    "tickets",
    "previous_tickets",
    "trend",
    "adequate",
    "adequate_low",
    "adequate_high",
    "unanswered",
    "flags",
    "reasons",
    "evidence_articles",
    "evidence_tickets",
    "best_articles",
    "part_of_unanswered",
];

pub(super) fn coverage(report: &Coverage) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let number = |x: f64| format!("{x:.4}");
    // Writing to memory cannot fail.
    let _ = writer.write_record(HEADER);
    for category in &report.categories {
        let of = |pick: fn(&super::super::stats::Share) -> f64| {
            category.adequate.as_ref().map_or_else(String::new, |share| number(pick(share)))
        };
        let joined = |parts: Vec<&str>| parts.join(" | ");
        let part = match report.pareto.unanswered {
            all if all > 0.0 => number(category.unanswered / all),
            _ => String::new(),
        };
        let flags = &category.flags;
        let _ = writer.write_record([
            category.category.clone(),
            category.tickets.to_string(),
            category.previous_tickets.map_or_else(String::new, |n| n.to_string()),
            category.trend.map_or_else(String::new, number),
            of(|share| share.share),
            of(|share| share.low),
            of(|share| share.high),
            number(category.unanswered),
            if flags.is_empty() { String::new() } else { flag_names(category) },
            joined(flags.iter().map(|flag| flag.reason.as_str()).collect()),
            joined(flags.iter().flat_map(|flag| flag.articles.iter().map(|a| a.id.as_str())).collect()),
            joined(flags.iter().flat_map(|flag| flag.tickets.iter().map(String::as_str)).collect()),
            joined(category.best_articles.iter().map(|a| a.id.as_str()).collect()),
            part,
        ]);
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

const GAPS: [&str; 12] = [
    "id",
    "name",
    "category",
    "tickets",
    "cost_minutes",
    "cumulative",
    "answer_confidence",
    "state",
    "owner",
    "article_id",
    "typical_ticket",
    "proposed_title",
];

pub(super) fn gaps(report: &GapReport) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(GAPS);
    for kept in &report.groups {
        let (gap, decided) = (&kept.gap, &kept.decided);
        let state = serde_json::to_value(decided.state).ok();
        let _ = writer.write_record([
            gap.id.clone(),
            gap.name.clone(),
            gap.category.clone().unwrap_or_default(),
            gap.tickets.to_string(),
            format!("{:.1}", gap.cost),
            format!("{:.4}", gap.cumulative),
            format!("{:.4}", gap.answer_confidence),
            state.and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default(),
            decided.owner.clone().unwrap_or_default(),
            decided.article_id.clone().unwrap_or_default(),
            gap.typical.id.clone(),
            gap.outline.title.clone(),
        ]);
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}
