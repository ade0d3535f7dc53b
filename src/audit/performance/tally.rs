//! Counting tickets into the figures, one by one.

use jiff::Timestamp;

use super::{Durations, PerformanceGroup};
use crate::audit::Share;
use crate::store::{EventKind, TicketStatus, TicketTimeline};

/// Tickets counted so far. A ticket costs eight bytes at most.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) tickets: u64,
    open: u64,
    waiting: u64,
    /// Minutes.
    replies: Vec<f32>,
    resolutions: Vec<f32>,
    first_contact: Counted,
    solved_in_time: Counted,
    answered_in_time: Counted,
    reopened: Counted,
    escalated: u64,
    /// Times before the ticket came in.
    pub(super) backwards: u64,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    yes: u64,
    of: u64,
}

impl Counted {
    fn add(&mut self, yes: bool) {
        self.of += 1;
        self.yes += u64::from(yes);
    }

    fn share(self) -> Option<Share> {
        Share::of(self.yes, self.of)
    }
}

impl Tally {
    /// Counts a ticket as it is known at the time `now`.
    pub(super) fn add(&mut self, ticket: &TicketTimeline, now: Timestamp) {
        let solved = ticket.status == Some(TicketStatus::Solved);
        let of_kind =
            |kind| ticket.events.iter().filter(move |event| event.kind == kind).map(|event| event.at);
        let replied = of_kind(EventKind::AgentReply).next();
        self.tickets += 1;
        self.open += u64::from(!solved);
        self.waiting += u64::from(!solved && replied.is_none());
        self.escalated += u64::from(ticket.escalated);
        self.took(ticket.created_at, replied, |tally| &mut tally.replies);
        if solved {
            self.took(ticket.created_at, ticket.solved_at, |tally| &mut tally.resolutions);
        }
        if solved || ticket.reopened > 0 {
            self.reopened.add(ticket.reopened > 0);
        }
        if let Some(replied) = replied.filter(|_| solved) {
            let until = ticket.solved_at.unwrap_or(Timestamp::MAX);
            let once = of_kind(EventKind::AgentReply).filter(|at| *at <= until).count() <= 1;
            let asked_again = of_kind(EventKind::RequesterReply).any(|at| at > replied && at <= until);
            self.first_contact.add(once && !asked_again && ticket.reopened == 0 && !ticket.escalated);
        }
        in_time(&mut self.solved_in_time, ticket.due_at, ticket.solved_at.filter(|_| solved), now);
        in_time(&mut self.answered_in_time, ticket.first_response_due_at, replied, now);
    }

    fn took(
        &mut self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        kept: impl FnOnce(&mut Self) -> &mut Vec<f32>,
    ) {
        let (Some(from), Some(to)) = (from, to) else { return };
        if to < from {
            self.backwards += 1;
        } else {
            kept(self).push(to.duration_since(from).as_secs_f32() / 60.0);
        }
    }

    /// Whether no ticket's timeline has a reply.
    pub(super) fn no_replies_known(&self) -> bool {
        self.replies.is_empty()
    }

    /// Whether no ticket has a deadline that counts.
    pub(super) fn no_deadlines_known(&self) -> bool {
        self.solved_in_time.of == 0 && self.answered_in_time.of == 0
    }

    pub(super) fn told(self, name: Option<String>) -> PerformanceGroup {
        PerformanceGroup {
            name,
            tickets: self.tickets,
            open: self.open,
            waiting: self.waiting,
            first_reply: durations(self.replies),
            resolution: durations(self.resolutions),
            first_contact: self.first_contact.share(),
            solved_in_time: self.solved_in_time.share(),
            answered_in_time: self.answered_in_time.share(),
            reopened: self.reopened.share(),
            escalated: Share::of(self.escalated, self.tickets),
        }
    }
}

/// A deadline counts once it is met or has passed.
fn in_time(counted: &mut Counted, due: Option<Timestamp>, done: Option<Timestamp>, now: Timestamp) {
    match (due, done) {
        (Some(due), Some(done)) => counted.add(done <= due),
        (Some(due), None) if due < now => counted.add(false),
        _ => {}
    }
}

fn durations(mut minutes: Vec<f32>) -> Durations {
    minutes.sort_unstable_by(f32::total_cmp);
    let sum: f64 = minutes.iter().map(|&minutes| f64::from(minutes)).sum();
    let mean = (!minutes.is_empty()).then(|| sum / minutes.len() as f64);
    Durations {
        tickets: minutes.len() as u64,
        mean,
        median: quantile(&minutes, 0.5),
        p90: quantile(&minutes, 0.9),
    }
}

/// The smallest value that at least the share `p` of them does not exceed (the inverse of the empirical
/// distribution function; R's type 1).
fn quantile(sorted: &[f32], p: f64) -> Option<f64> {
    let rank = (p * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).map(|&value| f64::from(value))
}
