//! What the rules know of an account.

use jiff::Timestamp;

use crate::store::{EventKind, TicketStatus, TicketTimeline};

/// A requester's or an organization's tickets and surveys of the time that the rules look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AccountHistory {
    /// Tickets that came in then, or are not solved yet, by time; those without a time are not among them.
    pub tickets: Vec<TicketTimeline>,
    /// Answered surveys, by time.
    pub surveys: Vec<Answered>,
}

/// An answered survey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The survey.
    pub id: String,
    /// The ticket that it is about.
    pub ticket_id: Option<String>,
    /// When it was answered.
    pub at: Timestamp,
    /// Whether the score is low.
    pub low: bool,
}

impl AccountHistory {
    /// The tickets that came in from `from` on and before `to`, with their times.
    pub(super) fn came_in(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = (&TicketTimeline, Timestamp)> {
        let timed = self.tickets.iter().filter_map(|ticket| Some((ticket, ticket.created_at?)));
        timed.filter(move |(_, at)| (from..to).contains(at))
    }
}

/// Whether a ticket is solved; one of which nobody says so is not.
pub(super) fn is_solved(ticket: &TicketTimeline) -> bool {
    ticket.status == Some(TicketStatus::Solved)
}

/// When something of this kind happened to the ticket, by time.
pub(super) fn times_of(
    ticket: &TicketTimeline,
    kind: EventKind,
) -> impl DoubleEndedIterator<Item = Timestamp> {
    ticket.events.iter().filter(move |event| event.kind == kind).map(|event| event.at)
}

/// When the requester was heard of in this ticket: it came in, and each time that they wrote or opened it
/// again. In no order.
pub(super) fn heard_of(ticket: &TicketTimeline) -> impl Iterator<Item = Timestamp> {
    let wrote = times_of(ticket, EventKind::RequesterReply);
    ticket.created_at.into_iter().chain(wrote).chain(times_of(ticket, EventKind::Reopened))
}
