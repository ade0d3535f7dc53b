//! What the page about the model says of drift and of trainings on the site's own tickets.

use super::Pages;
use super::model_view::Fact;
use crate::audit::AuditError;
use crate::audit::drift::{AlarmKind, DriftReport, Sign, drift};
use crate::learn::site::CATEGORY;
use crate::model::Model;
use crate::retrain::TrainingResult;
use crate::store::{StoreError, Training, TrainingState};

/// Trainings that are listed.
const LISTED: u32 = 5;

/// Drift in words.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// What was compared.
    pub(super) lead: String,
    /// Alarms, a sentence each.
    pub(super) alarms: Vec<String>,
    /// Everything that is watched.
    pub(super) signs: Vec<Fact>,
}

/// Looks for drift up to `now`.
pub(super) async fn watched(
    pages: &Pages,
    model: &Model,
    now: jiff::Timestamp,
) -> Result<Watched, AuditError> {
    let known = model.head(CATEGORY).map(|head| head.spec().labels.clone()).unwrap_or_default();
    let report = drift(&pages.store, &pages.drift, &known, model.bundle().encoder_id(), now).await?;
    Ok(Watched {
        lead: format!(
            "The last {} days ({} tickets) against as many days before ({} tickets).",
            pages.drift.days, report.tickets[1], report.tickets[0]
        ),
        signs: report.signs.iter().map(told).collect(),
        alarms: alarms(report),
    })
}

fn alarms(report: DriftReport) -> Vec<String> {
    report.alarms.into_iter().map(|alarm| alarm.message).collect()
}

fn told(sign: &Sign) -> Fact {
    let number =
        |value: Option<f64>| value.map_or_else(|| "no tickets".to_owned(), |value| format!("{value:.3}"));
    let words = match sign.kind {
        AlarmKind::WordsMove => number(sign.now),
        _ => format!("{} before, {} now", number(sign.before), number(sign.now)),
    };
    (sign.name, words)
}

/// The last trainings, a sentence each, the newest first.
pub(super) async fn trainings(pages: &Pages) -> Result<Vec<String>, StoreError> {
    Ok(pages.store.trainings(LISTED).await?.into_iter().map(sentence).collect())
}

fn sentence(training: Training) -> String {
    let Training { began_at, state, result, .. } = training;
    let result: TrainingResult = serde_json::from_value(result).unwrap_or_default();
    let rows = result.selected.as_ref().map_or(0, |selected| selected.rows);
    let reasons = || match &result.verdict {
        Some(verdict) => verdict.refusals.join("; "),
        None => result.reason.clone().unwrap_or_default(),
    };
    let words = match state {
        TrainingState::Running => "at work".to_owned(),
        TrainingState::Promoted => {
            let name = result.verdict.as_ref().map(|verdict| format!("{} {}", verdict.name, verdict.version));
            format!("{} learnt from {rows} tickets and was promoted", name.unwrap_or_default())
        }
        TrainingState::Refused => format!("trained on {rows} tickets and not promoted: {}", reasons()),
        TrainingState::Failed => format!("failed: {}", reasons()),
        TrainingState::Nothing => reasons(),
    };
    format!("{}: {words}", began_at.strftime("%Y-%m-%d %H:%M UTC"))
}
