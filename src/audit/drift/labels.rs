//! Labels that come, go, or change their name.

use super::count::Counts;
use super::report::{Alarm, AlarmKind};
use crate::config::DriftSettings;

/// New, vanished and renamed labels.
pub(super) fn labels(
    before: &Counts,
    after: &Counts,
    known: &[String],
    settings: &DriftSettings,
) -> Vec<Alarm> {
    let unknown: Vec<&String> = after
        .settled
        .keys()
        .filter(|label| !known.contains(label) && after.of(label) >= settings.min_label)
        .collect();
    let gone: Vec<(&String, f64)> = before
        .settled
        .keys()
        .filter(|label| after.of(label) == 0)
        .filter_map(|label| Some((label, vanished(label, before, after, settings)?)))
        .collect();
    let mut alarms = Vec::new();
    let mut renamed: Vec<&String> = Vec::new();
    for label in unknown {
        let tickets = after.of(label);
        let was = gone.iter().map(|(gone, _)| *gone).find(|gone| {
            before.of(label) == 0 && called(after, label, gone) >= settings.renamed_share * tickets as f64
        });
        match was {
            Some(was) => {
                renamed.push(was);
                let share = called(after, label, was) / tickets as f64;
                alarms.push(Alarm {
                    label: Some(label.clone()),
                    former_label: Some(was.clone()),
                    tickets: [before.of(was), tickets],
                    now: share,
                    message: format!(
                        "{was:?} seems to be called {label:?} now: it has no settled ticket any more, and the model still calls {:.0} % of the {tickets} tickets of {label:?} by the old name; train again, so that it learns the new one",
                        100.0 * share
                    ),
                    ..Alarm::of(AlarmKind::RenamedLabel)
                });
            }
            None => alarms.push(Alarm {
                label: Some(label.clone()),
                tickets: [before.of(label), tickets],
                now: tickets as f64 / after.settled_tickets().max(1) as f64,
                message: format!(
                    "agents settled {tickets} tickets on {label:?}, which the bundle does not know; `deskhand retrain` learns it"
                ),
                ..Alarm::of(AlarmKind::NewLabel)
            }),
        }
    }
    for (label, chance) in gone.into_iter().filter(|(label, _)| !renamed.contains(label)) {
        let was = before.of(label);
        alarms.push(Alarm {
            label: Some(label.clone()),
            tickets: [was, 0],
            before: was as f64 / before.settled_tickets().max(1) as f64,
            chance: Some(chance),
            message: format!(
                "no ticket was settled on {label:?} any more, and {was} were in the window before"
            ),
            ..Alarm::of(AlarmKind::VanishedLabel)
        });
    }
    alarms
}

/// How likely it is that none of the later window's settled tickets has the label, if it were as frequent as
/// before: (1 - share)^n. `None` where that is not unlikely enough, or the label had too few tickets.
fn vanished(label: &str, before: &Counts, after: &Counts, settings: &DriftSettings) -> Option<f64> {
    let (was, all) = (before.of(label), before.settled_tickets());
    let now = after.settled_tickets();
    if was < settings.min_label || all.min(now) < settings.min_tickets {
        return None;
    }
    let chance = (1.0 - was as f64 / all as f64).powf(now as f64);
    (chance <= settings.chance).then_some(chance)
}

/// Of the tickets settled on `label`, those that the model calls `name`.
fn called(counts: &Counts, label: &str, name: &str) -> f64 {
    counts.settled.get(label).and_then(|called| called.get(name)).copied().unwrap_or(0) as f64
}
