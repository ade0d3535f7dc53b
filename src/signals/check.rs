//! The checker: looks at whom the agenda names, and keeps what the rules say.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::history::{AccountHistory, Answered};
use super::rules::{contacts, gone_quiet, low_scores, reopened, silence, sla, spread, volume};
use super::verdict::Verdict;
use super::{days, incident};
use crate::config::SignalSettings;
use crate::store::{
    Due, Looked, SignalRecord, SignalRule, Store, StoreError, Subject, SubjectKind, TicketTimeline,
};

/// Days back that the longest rule looks, with a margin for its own days.
pub(super) const HISTORY_DAYS: i64 = 92;
/// How long before a survey's answer its ticket may have come in, in days.
pub(super) const ANSWERED_WITHIN_DAYS: i64 = 90;
/// Subjects of one transaction.
const BATCH: u32 = 200;
/// Tickets of a category whose handling times say what to expect: the newest.
const HANDLED: u32 = 200;
/// Longest that one run may go on; what is left is looked at in the next.
const LONGEST: Duration = Duration::from_secs(30);

/// What a run found.
#[derive(Debug, Default)]
pub struct Found {
    /// Subjects that were looked at.
    pub looked_at: usize,
    /// Signals that are new.
    pub raised: Vec<SignalRecord>,
}

/// Looks for signals. Clones share it; one run goes at a time.
#[derive(Debug, Clone)]
pub struct Checker {
    store: Store,
    settings: Arc<SignalSettings>,
    alone: Arc<Mutex<()>>,
}

impl Checker {
    /// Over a store, by the site's settings.
    pub fn new(store: Store, settings: SignalSettings) -> Self {
        Self { store, settings: Arc::new(settings), alone: Arc::default() }
    }

    /// Where what is found is kept.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where days begin and end.
    pub fn zone(&self) -> &TimeZone {
        &self.settings.time_zone.0
    }

    /// Looks at everybody to whom something happened since the last run, at those for whom the time has come
    /// at `now`, and for incidents among the tickets that came in last; keeps what it finds. What is left
    /// after half a minute waits for the next run.
    ///
    /// # Errors
    /// Those of the store; then what was not kept is looked at again.
    pub async fn run(&self, now: Timestamp) -> Result<Found, StoreError> {
        let _alone = self.alone.lock().await;
        let (begun, mut found) = (Instant::now(), Found::default());
        let mut expected = HashMap::new();
        while begun.elapsed() < LONGEST {
            let due = self.store.signals_due(now, BATCH).await?;
            if due.is_empty() {
                break;
            }
            found.looked_at += due.len();
            let looks = self.look_at(due, &mut expected, now).await?;
            found.raised.extend(self.store.save_looks(looks, now).await?);
        }
        let verdicts = incident::look(&self.store, &self.settings.incident, now).await?;
        // What stands as it stood costs no write.
        if !verdicts.is_empty() {
            let look = Looked { due: None, again_at: None, verdicts };
            found.raised.extend(self.store.save_looks(vec![look], now).await?);
        }
        Ok(found)
    }

    async fn look_at(
        &self,
        due: Vec<Due>,
        expected: &mut HashMap<String, Option<u32>>,
        now: Timestamp,
    ) -> Result<Vec<Looked>, StoreError> {
        let is_ticket = |due: &&Due| due.subject.kind == SubjectKind::Ticket;
        let ids: Vec<String> = due.iter().filter(is_ticket).map(|due| due.subject.id.clone()).collect();
        let tickets = self.store.timelines(&ids).await?;
        let tickets: HashMap<&str, &TicketTimeline> =
            tickets.iter().map(|ticket| (ticket.id.as_str(), ticket)).collect();
        let mut looks = Vec::with_capacity(due.len());
        for due in due {
            let verdicts = match due.subject.kind {
                SubjectKind::Ticket => match tickets.get(due.subject.id.as_str()) {
                    Some(ticket) => {
                        let minutes = self.expected_minutes(ticket, expected).await?;
                        of_ticket(ticket, minutes, &self.settings, now)
                    }
                    None => Vec::new(),
                },
                _ => {
                    let account = self.history(&due.subject, now).await?;
                    of_account(&account, due.subject.kind, &self.settings, now)
                }
            };
            looks.push(looked(due, verdicts));
        }
        Ok(looks)
    }

    /// The minutes that the ticket is expected to take by its category, read once a run.
    async fn expected_minutes(
        &self,
        ticket: &TicketTimeline,
        known: &mut HashMap<String, Option<u32>>,
    ) -> Result<Option<u32>, StoreError> {
        let Some(category) = ticket.category.as_ref().filter(|_| ticket.due_at.is_some()) else {
            return Ok(None);
        };
        if let Some(minutes) = known.get(category) {
            return Ok(*minutes);
        }
        let rule = &self.settings.sla;
        let handled = self.store.handling_minutes(category, HANDLED).await?;
        let minutes = sla::expected_minutes(handled, rule.handling_quantile, rule.min_handled);
        known.insert(category.clone(), minutes);
        Ok(minutes)
    }

    async fn history(&self, account: &Subject, now: Timestamp) -> Result<AccountHistory, StoreError> {
        let zone = &self.settings.time_zone.0;
        let since = days::day_after(now, -HISTORY_DAYS, zone);
        let tickets_since = days::day_after(now, -HISTORY_DAYS - ANSWERED_WITHIN_DAYS, zone);
        let tickets = self.store.account_tickets(account, since).await?;
        let surveys = self.store.account_surveys(account, since, tickets_since).await?;
        let surveys = surveys.into_iter().map(|survey| Answered {
            id: survey.id,
            ticket_id: survey.ticket_id,
            at: survey.answered_at,
            low: survey.low,
        });
        Ok(AccountHistory { tickets, surveys: surveys.collect() })
    }
}

/// What every rule about tickets says.
pub(super) fn of_ticket(
    ticket: &TicketTimeline,
    expected: Option<u32>,
    settings: &SignalSettings,
    now: Timestamp,
) -> Vec<(SignalRule, Verdict)> {
    let zone = &settings.time_zone.0;
    vec![
        (SignalRule::SlaAtRisk, sla::at_risk(ticket, expected, &settings.sla, now)),
        (
            SignalRule::SilenceAfterAcknowledgment,
            silence::after_acknowledgment(ticket, &settings.silence, now),
        ),
        (SignalRule::ReopenedRepeatedly, reopened::repeatedly(ticket, &settings.reopened, zone, now)),
    ]
}

/// What every rule about accounts of this kind says. Contacts are those of one person; and several tickets in
/// two weeks are nothing special of an organization, unless the site says so.
pub(super) fn of_account(
    account: &AccountHistory,
    kind: SubjectKind,
    settings: &SignalSettings,
    now: Timestamp,
) -> Vec<(SignalRule, Verdict)> {
    let zone: &TimeZone = &settings.time_zone.0;
    let person = kind == SubjectKind::Requester;
    let only = |wanted: bool, verdict: Verdict| if wanted { verdict } else { Verdict::no() };
    vec![
        (SignalRule::LowScoresInARow, low_scores::in_a_row(account, &settings.low_scores, zone, now)),
        (SignalRule::VolumeAboveAverage, volume::above_average(account, &settings.volume, zone, now)),
        (
            SignalRule::TicketsAcrossCategories,
            only(
                person || settings.spread.organizations,
                spread::across_categories(account, &settings.spread, zone, now),
            ),
        ),
        (
            SignalRule::ContactsWithoutSolution,
            only(person, contacts::without_solution(account, &settings.contacts, zone, now)),
        ),
        (
            SignalRule::SilentAfterLowScore,
            gone_quiet::after_low_score(account, &settings.gone_quiet, zone, now),
        ),
    ]
}

fn looked(due: Due, verdicts: Vec<(SignalRule, Verdict)>) -> Looked {
    let again_at = verdicts.iter().filter_map(|(_, verdict)| verdict.again_at).min();
    let subject = due.subject.clone();
    let verdicts = verdicts.into_iter().map(|(rule, verdict)| (rule, subject.clone(), verdict.evidence));
    Looked { verdicts: verdicts.collect(), due: Some(due), again_at }
}

/// How long ago a minute count is.
pub(super) fn minutes_ago(now: Timestamp, minutes: i64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MIN)
}
