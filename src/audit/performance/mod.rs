//! How the desk does: the figures of the trade, over the tickets that came in within a window.
//!
//! In come tickets with what happened to them, visits of the portal and surveys; out come FRT, MTTR, FCR, SLA
//! adherence, reopen rate, deflection, CSAT and NPS, each with the number that it stands on and its definition.

mod measure;
mod table;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use measure::{Definition, Measure};
pub use table::csv;
use tally::Tally;

use super::Share;
use crate::store::{
    DeflectionSummary, Store, StoreError, SurveyFilter, SurveyGroup, TicketPlace, TicketTimeline,
};
use crate::survey::{Figure, Trends, Window as SurveyWindow, WindowError};

/// Days of a window that has no beginning.
pub const DEFAULT_DAYS: i64 = 90;
/// Groups that are shown, those with most tickets.
const MOST_GROUPS: usize = 1_000;
/// Tickets read from the store at a time.
const PAGE: u32 = 1_000;

/// By what the figures are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PerformanceBy)]
pub enum By {
    /// What it is about: settled, else predicted.
    #[default]
    Category,
    /// Who works on it.
    AgentGroup,
    /// How it came in.
    Channel,
    /// How pressing it is: settled, else predicted.
    Priority,
}

impl By {
    fn name(self, ticket: &TicketTimeline) -> Option<String> {
        match self {
            Self::Category => ticket.category.clone(),
            Self::AgentGroup => ticket.agent_group.clone(),
            Self::Channel => ticket.channel.clone(),
            Self::Priority => ticket.priority.clone(),
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// Tickets that came in from this time on; `None`: [`DEFAULT_DAYS`] before the end.
    pub from: Option<Timestamp>,
    /// Tickets that came in before this time.
    pub to: Timestamp,
    /// By what.
    pub by: By,
}

/// How long something took, in minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct Durations {
    /// Tickets that it stands on.
    pub tickets: u64,
    /// The mean; null of none.
    pub mean: Option<f64>,
    /// Half took at most so long.
    pub median: Option<f64>,
    /// Nine of ten took at most so long.
    pub p90: Option<f64>,
}

/// Tickets that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PerformanceGroup {
    /// What; null where it is not known, and of all together.
    pub name: Option<String>,
    /// Tickets that came in.
    pub tickets: u64,
    /// Of these not known to be solved.
    pub open: u64,
    /// Of these open and without an agent's reply.
    pub waiting: u64,
    /// FRT.
    pub first_reply: Durations,
    /// MTTR.
    pub resolution: Durations,
    /// FCR; null where nothing is known.
    pub first_contact: Option<Share>,
    /// SLA adherence of solutions; null where no ticket has a deadline that counts yet.
    pub solved_in_time: Option<Share>,
    /// SLA adherence of first replies.
    pub answered_in_time: Option<Share>,
    /// Reopen rate.
    pub reopened: Option<Share>,
    /// Share that was handed up.
    pub escalated: Option<Share>,
}

/// One week.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PerformanceWeek {
    /// Its end: tickets of the seven days before.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// Its figures.
    #[serde(flatten)]
    pub figures: PerformanceGroup,
}

/// How the desk does.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Performance {
    /// Beginning of the window.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Its end, not part of it.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// When it was asked: deadlines count up to then.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
    /// By what the groups are.
    pub by: By,
    /// All tickets together.
    pub total: PerformanceGroup,
    /// The groups, those with most tickets first.
    pub groups: Vec<PerformanceGroup>,
    /// How many groups there are.
    pub groups_total: usize,
    /// The whole weeks of the window, oldest first.
    pub weeks: Vec<PerformanceWeek>,
    /// Deflection: the share of visits to the portal's search that an article solved; null without visits. Its
    /// `tickets` are visits.
    pub deflection: Option<Share>,
    /// CSAT of surveys that were answered within the window, 0 to 1.
    pub csat: Figure,
    /// NPS of these, -100 to 100.
    pub nps: Figure,
    /// What each figure means.
    pub definitions: Vec<Definition>,
    /// What is to be said of it.
    pub warnings: Vec<String>,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum PerformanceError {
    /// The window holds no time, or too much.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the tickets of the window, page by page, and sums them up. `now` is when it is asked.
///
/// # Errors
/// [`PerformanceError`].
pub async fn performance(
    store: &Store,
    question: &Question,
    now: Timestamp,
) -> Result<Performance, PerformanceError> {
    let days = SignedDuration::from_hours(24 * DEFAULT_DAYS);
    let from = question.from.unwrap_or_else(|| question.to.saturating_sub(days).unwrap_or(Timestamp::MIN));
    let window = SurveyWindow::new(Some(from), question.to)?;
    let mut sums = Sums::new(from, question.to, now);
    let mut after: Option<TicketPlace> = None;
    loop {
        let page = store.timelines_page(from, question.to, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.created_at.map(|created_at| TicketPlace { created_at, id: last.id.clone() });
        for ticket in &page {
            sums.add(ticket, question.by);
        }
        if after.is_none() {
            break;
        }
    }
    let mut trends = Trends::new(window, SurveyGroup::default());
    let filter = SurveyFilter { from: Some(from), to: Some(question.to), ..SurveyFilter::default() };
    store.each_survey(&filter, SurveyGroup::default(), |survey| trends.add(survey)).await?;
    let surveys = trends.summary(1).total;
    let visits = store.deflections(from, question.to).await?;
    Ok(sums.told(question.by, &visits, surveys.csat, surveys.nps))
}

/// What was summed up so far.
struct Sums {
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
    total: Tally,
    groups: HashMap<Option<String>, Tally>,
    /// The last week first.
    weeks: Vec<Tally>,
}

impl Sums {
    fn new(from: Timestamp, to: Timestamp, now: Timestamp) -> Self {
        let whole = to.duration_since(from).as_hours() / (24 * 7);
        let weeks = vec![Tally::default(); usize::try_from(whole).unwrap_or(0)];
        Self { from, to, now, total: Tally::default(), groups: HashMap::new(), weeks }
    }

    fn add(&mut self, ticket: &TicketTimeline, by: By) {
        self.total.add(ticket, self.now);
        self.groups.entry(by.name(ticket)).or_default().add(ticket, self.now);
        let Some(created_at) = ticket.created_at else { return };
        // A ticket at the very beginning of a week belongs to it.
        let before_end = self.to.duration_since(created_at).as_nanos() - 1;
        let week = before_end / SignedDuration::from_hours(24 * 7).as_nanos();
        if let Some(week) = usize::try_from(week).ok().and_then(|week| self.weeks.get_mut(week)) {
            week.add(ticket, self.now);
        }
    }

    fn told(self, by: By, visits: &DeflectionSummary, csat: Figure, nps: Figure) -> Performance {
        let warnings = warnings(&self.total);
        let mut groups: Vec<(Option<String>, Tally)> = self.groups.into_iter().collect();
        let groups_total = groups.len();
        groups.sort_by(|(name, one), (other_name, other)| {
            other.tickets.cmp(&one.tickets).then_with(|| name.cmp(other_name))
        });
        groups.truncate(MOST_GROUPS);
        let week = |(ago, tally): (usize, Tally)| {
            let days = SignedDuration::from_hours(24 * 7 * i64::try_from(ago).unwrap_or(0));
            let to = self.to.saturating_sub(days).unwrap_or(self.to);
            PerformanceWeek { to, figures: tally.told(None) }
        };
        Performance {
            from: self.from,
            to: self.to,
            as_of: self.now,
            by,
            total: self.total.told(None),
            groups: groups.into_iter().map(|(name, tally)| tally.told(name)).collect(),
            groups_total,
            weeks: self.weeks.into_iter().enumerate().rev().map(week).collect(),
            deflection: Share::of(visits.deflected, visits.deflected + visits.unanswered),
            csat,
            nps,
            definitions: Measure::ALL.iter().map(|measure| measure.definition()).collect(),
            warnings,
        }
    }
}

fn warnings(total: &Tally) -> Vec<String> {
    let mut told = Vec::new();
    if total.tickets > 0 && total.no_replies_known() {
        told.push(
            "no ticket has an agent's reply in its timeline, so FRT and FCR are not known: tell replies by \
             POST /v1/tickets/{id}/events, or connect the helpdesk"
                .to_owned(),
        );
    }
    if total.tickets > 0 && total.no_deadlines_known() {
        told.push("no ticket has a deadline (`sla.due_at`), so SLA adherence is not known".to_owned());
    }
    if total.backwards > 0 {
        told.push(format!(
            "{} times lie before the ticket came in; they are left out of the durations",
            total.backwards
        ));
    }
    told
}
