//! Alarms with their numbers, and the signs that they stand on.

use std::fmt::Write as _;

use serde::Serialize;
use utoipa::ToSchema;

use super::count::{Counts, Part};
use super::{Windows, labels};
use crate::audit::stats::{fallen, normal_above};
use crate::config::DriftSettings;

/// What drifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// Fewer predictions are what agents settle on.
    AgreementFalls,
    /// More tickets have a label for the rest.
    OtherGrows,
    /// More answers abstain.
    AbstentionsGrow,
    /// More tickets belong to no category.
    OutOfScopeGrows,
    /// The mean confidence falls.
    ConfidenceFalls,
    /// Agents use a label that the bundle does not know.
    NewLabel,
    /// A label is not used any more.
    VanishedLabel,
    /// A label has another name.
    RenamedLabel,
    /// Tickets are about something else.
    WordsMove,
}

/// Something that drifts.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Alarm {
    /// What.
    pub kind: AlarmKind,
    /// The label that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What a renamed label was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former_label: Option<String>,
    /// The figure in the window before: a share or a mean, 0 to 1.
    pub before: f64,
    /// The figure now; of `words_move` the cosine distance, 0 to 2.
    pub now: f64,
    /// Tickets that it stands on: before, now.
    pub tickets: [u64; 2],
    /// How likely so great a difference is by chance, 0 to 1; absent where no chance is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// The same in a sentence.
    pub message: String,
}

impl Alarm {
    pub(super) fn of(kind: AlarmKind) -> Self {
        Self {
            kind,
            label: None,
            former_label: None,
            before: 0.0,
            now: 0.0,
            tickets: [0, 0],
            chance: None,
            message: String::new(),
        }
    }
}

/// A figure that is watched, whether it drifts or not.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Sign {
    /// The alarm that it may raise.
    pub kind: AlarmKind,
    /// What it is, in words.
    pub name: &'static str,
    /// In the window before; absent without tickets.
    pub before: Option<f64>,
    /// Now; absent without tickets.
    pub now: Option<f64>,
    /// Tickets that it stands on: before, now.
    pub tickets: [u64; 2],
    /// How likely so great a difference in the bad direction is by chance, 0 to 1; absent without tickets.
    pub chance: Option<f64>,
}

/// What drifts, and what was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DriftReport {
    /// The windows that are compared.
    pub windows: Windows,
    /// Tickets in them: before, now.
    pub tickets: [u64; 2],
    /// What drifts.
    pub alarms: Vec<Alarm>,
    /// Everything that is watched.
    pub signs: Vec<Sign>,
}

impl DriftReport {
    /// As a text.
    #[must_use]
    pub fn text(&self) -> String {
        let [before, now] = self.tickets;
        let mut out = format!("{now} tickets in the window, {before} in the one before\n");
        let _ = writeln!(out, "{:>8} {:>8} {:>8}", "before", "now", "chance");
        let shown = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
        for sign in &self.signs {
            let (before, now, chance) = (shown(sign.before), shown(sign.now), shown(sign.chance));
            let _ = writeln!(out, "{before:>8} {now:>8} {chance:>8}  {}", sign.name);
        }
        match self.alarms.len() {
            0 => out.push_str("no alarm\n"),
            count => {
                let _ = writeln!(out, "{count} alarms");
            }
        }
        for alarm in &self.alarms {
            let _ = writeln!(out, "  - {}", alarm.message);
        }
        out
    }
}

/// Compares two windows. `words` is how far the mean embedding moved, and the chance of that; `known` are the
/// labels of the bundle.
pub(super) fn report(
    windows: Windows,
    before: &Counts,
    after: &Counts,
    words: Option<(f64, f64)>,
    known: &[String],
    settings: &DriftSettings,
) -> DriftReport {
    let mut signs = shares(before, after);
    signs.push(confidence(before, after));
    signs.push(Sign {
        kind: AlarmKind::WordsMove,
        name: "distance of the mean embeddings",
        before: None,
        now: words.map(|(distance, _)| distance),
        tickets: [before.tickets, after.tickets],
        chance: words.map(|(_, chance)| chance),
    });
    let mut alarms: Vec<Alarm> = signs.iter().filter_map(|sign| alarm(sign, settings)).collect();
    alarms.extend(labels::labels(before, after, known, settings));
    DriftReport { windows, tickets: [before.tickets, after.tickets], alarms, signs }
}

/// Shares, each with the chance that it moves so far in its bad direction.
fn shares(before: &Counts, after: &Counts) -> Vec<Sign> {
    let of = |part: Part| (part.count, part.of);
    let sign = |kind, name, [before, after]: [Part; 2]| {
        let chance = match kind {
            AlarmKind::AgreementFalls => fallen(of(after), of(before)),
            // What grows in one falls in the rest of it.
            _ => fallen((after.of - after.count, after.of), (before.of - before.count, before.of)),
        };
        let both = before.of > 0 && after.of > 0;
        Sign {
            kind,
            name,
            before: (before.of > 0).then(|| before.share()),
            now: (after.of > 0).then(|| after.share()),
            tickets: [before.of, after.of],
            chance: both.then_some(chance),
        }
    };
    vec![
        sign(
            AlarmKind::AgreementFalls,
            "share of settled tickets that were predicted so",
            [before.agreement, after.agreement],
        ),
        sign(AlarmKind::OtherGrows, "share with a label for the rest", [before.other, after.other]),
        sign(AlarmKind::AbstentionsGrow, "share of abstentions", [before.abstained, after.abstained]),
        sign(AlarmKind::OutOfScopeGrows, "share out of scope", [before.out_of_scope, after.out_of_scope]),
    ]
}

/// The mean confidence with the chance that it falls so far: Welch's statistic (m1 - m2) / √(s1²/n1 + s2²/n2),
/// taken as normal, which from some dozens of tickets on it is.
fn confidence(before: &Counts, after: &Counts) -> Sign {
    let (b, a) = (&before.confidence, &after.confidence);
    let both = b.count > 1 && a.count > 1;
    let error = (b.variance() / b.count.max(1) as f64 + a.variance() / a.count.max(1) as f64).sqrt();
    let z = (b.mean() - a.mean()) / error.max(1e-9);
    Sign {
        kind: AlarmKind::ConfidenceFalls,
        name: "mean confidence of the category",
        before: (b.count > 0).then(|| b.mean()),
        now: (a.count > 0).then(|| a.mean()),
        tickets: [b.count, a.count],
        chance: both.then(|| normal_above(z)),
    }
}

/// The alarm of a sign that has moved far enough, surely enough, on enough tickets.
fn alarm(sign: &Sign, settings: &DriftSettings) -> Option<Alarm> {
    let (now, chance) = (sign.now?, sign.chance?);
    let before = sign.before.unwrap_or(0.0);
    let (far, limit) = match sign.kind {
        AlarmKind::AgreementFalls | AlarmKind::ConfidenceFalls => (before - now, settings.margin),
        AlarmKind::WordsMove => (now, settings.embedding_distance),
        _ => (now - before, settings.margin),
    };
    let enough = sign.tickets.iter().all(|tickets| *tickets >= settings.min_tickets);
    // What rounding makes of a difference of just the margin decides nothing.
    (enough && far >= limit - 1e-9 && chance <= settings.chance).then(|| Alarm {
        before,
        now,
        tickets: sign.tickets,
        chance: Some(chance),
        message: format!(
            "{}: {before:.3} before, {now:.3} now ({} and {} tickets; by chance in {:.2} % of cases)",
            sign.name,
            sign.tickets[0],
            sign.tickets[1],
            100.0 * chance
        ),
        ..Alarm::of(sign.kind)
    })
}
