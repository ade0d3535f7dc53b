//! An account's last 90 days on one page.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use super::check::{ANSWERED_WITHIN_DAYS, Checker};
use super::days::{begin, day_after, day_of, shifted};
use crate::store::{
    AccountSurvey, SignalFilter, SignalRecord, StoreError, Subject, TicketStatus, TicketTimeline,
};

/// Days that are shown, today with them.
const DAYS: i64 = 90;
/// Most signals that are shown, the newest.
const SIGNALS: u32 = 200;

/// What is known of an account in the last 90 days.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountView {
    /// Who.
    pub account: Subject,
    /// Since when: midnight of the site's time zone.
    pub from: Timestamp,
    /// Tickets, the newest first; of a requester also older ones that are not solved.
    pub tickets: Vec<AccountTicket>,
    /// How many came in week by week, the oldest week first.
    pub weeks: Vec<Week>,
    /// Tickets by category, most first; those without one are not counted.
    pub categories: Vec<(String, u64)>,
    /// Answered surveys, the newest first.
    pub surveys: Vec<AccountSurvey>,
    /// Signals about the account, the newest first, also older ones.
    pub signals: Vec<SignalRecord>,
}

/// A ticket in short.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = AccountTicket)]
pub struct AccountTicket {
    /// Its id.
    pub id: String,
    /// When it came in.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
    /// Where it stands, if that is known.
    pub status: Option<TicketStatus>,
    /// The category that agents settled on, else the predicted one.
    pub category: Option<String>,
    /// The priority, likewise.
    pub priority: Option<String>,
    /// When it was solved last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub solved_at: Option<Timestamp>,
    /// How often it was opened again.
    pub reopened: u32,
    /// Whether it was handed up.
    pub escalated: bool,
}

/// A week of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AccountWeek)]
pub struct Week {
    /// Its first instant: Monday's midnight in the site's time zone, or the beginning of the 90 days.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Tickets that came in.
    pub tickets: u64,
}

impl Checker {
    /// What is known of an account in the last 90 days before `now`; `None` if there is no such account.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn account(
        &self,
        account: &Subject,
        now: Timestamp,
    ) -> Result<Option<AccountView>, StoreError> {
        let zone = self.zone();
        let from = day_after(now, 1 - DAYS, zone);
        let store = self.store();
        if !store.account_exists(account).await? {
            return Ok(None);
        }
        let tickets = store.account_tickets(account, from).await?;
        let answered = day_after(now, -DAYS - ANSWERED_WITHIN_DAYS, zone);
        let mut surveys = store.account_surveys(account, from, answered).await?;
        surveys.reverse();
        let filter = SignalFilter {
            kind: Some(account.kind),
            subject_id: Some(account.id.clone()),
            limit: SIGNALS,
            ..SignalFilter::default()
        };
        let signals = store.signals(&filter).await?;
        Ok(Some(AccountView {
            account: account.clone(),
            from,
            weeks: weeks(&tickets, from, now, zone),
            categories: categories(&tickets),
            tickets: tickets.into_iter().rev().map(AccountTicket::from).collect(),
            surveys,
            signals,
        }))
    }
}

impl From<TicketTimeline> for AccountTicket {
    fn from(ticket: TicketTimeline) -> Self {
        Self {
            id: ticket.id,
            created_at: ticket.created_at,
            status: ticket.status,
            category: ticket.category,
            priority: ticket.priority,
            solved_at: ticket.solved_at,
            reopened: ticket.reopened,
            escalated: ticket.escalated,
        }
    }
}

/// Weeks from Monday on that share a day with the time from `from` to `now`.
fn weeks(tickets: &[TicketTimeline], from: Timestamp, now: Timestamp, zone: &TimeZone) -> Vec<Week> {
    let first = day_of(from, zone);
    let mut monday = shifted(first, -i64::from(first.weekday().since(Weekday::Monday)));
    let mut weeks = Vec::new();
    while begin(monday, zone) <= now {
        let next = shifted(monday, 7);
        let (start, end) = (begin(monday, zone).max(from), begin(next, zone));
        let came = tickets.iter().filter_map(|ticket| ticket.created_at);
        let tickets = came.filter(|at| (start..end).contains(at) && *at <= now).count() as u64;
        weeks.push(Week { from: start, tickets });
        if next <= monday {
            break;
        }
        monday = next;
    }
    weeks
}

fn categories(tickets: &[TicketTimeline]) -> Vec<(String, u64)> {
    let mut counts = std::collections::BTreeMap::<&str, u64>::new();
    for category in tickets.iter().filter_map(|ticket| ticket.category.as_deref()) {
        *counts.entry(category).or_default() += 1;
    }
    let mut counts: Vec<(String, u64)> =
        counts.into_iter().map(|(category, count)| (category.to_owned(), count)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}
