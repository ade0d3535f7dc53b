//! What each figure means, in the words that the page, the answer and docs/performance.md share.

use serde::Serialize;
use utoipa::ToSchema;

/// A figure of the trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// FRT.
    FirstReply,
    /// MTTR.
    Resolution,
    /// FCR.
    FirstContact,
    /// SLA adherence of solutions.
    SolvedInTime,
    /// SLA adherence of first replies.
    AnsweredInTime,
    /// Reopen rate.
    Reopened,
    /// Escalation rate.
    Escalated,
    /// Deflection.
    Deflection,
    /// CSAT.
    Csat,
    /// NPS.
    Nps,
}

/// What a figure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Definition {
    /// Its field in the answer.
    pub field: &'static str,
    /// Its name in the trade.
    pub name: &'static str,
    /// How it is counted.
    pub meaning: &'static str,
}

impl Measure {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 10] = [
        Self::FirstReply,
        Self::Resolution,
        Self::FirstContact,
        Self::SolvedInTime,
        Self::AnsweredInTime,
        Self::Reopened,
        Self::Escalated,
        Self::Deflection,
        Self::Csat,
        Self::Nps,
    ];

    /// What it means.
    pub fn definition(self) -> Definition {
        let (field, name, meaning) = match self {
            Self::FirstReply => (
                "first_reply",
                "FRT, first reply time",
                "Minutes from the coming of a ticket to the first reply of an agent that the requester can read, \
                 around the clock. An automatic acknowledgment is none. Tickets without a reply are not in it; \
                 those of them that are open are counted as waiting.",
            ),
            Self::Resolution => (
                "resolution",
                "MTTR, mean time to resolution",
                "Minutes from the coming of a ticket to its last solution, around the clock; of a ticket that was \
                 opened again the time until it was solved again. Open tickets are not in it.",
            ),
            Self::FirstContact => (
                "first_contact",
                "FCR, first contact resolution",
                "Share of the solved tickets with a known reply that took one reply of an agent and no further \
                 message of the requester before the solution, and were neither opened again nor handed up.",
            ),
            Self::SolvedInTime => (
                "solved_in_time",
                "SLA adherence, solutions",
                "Share of the tickets with a deadline that were solved by it. A ticket counts once it is solved or \
                 its deadline has passed; one that is open after its deadline has missed it.",
            ),
            Self::AnsweredInTime => (
                "answered_in_time",
                "SLA adherence, first replies",
                "Share of the tickets with a deadline for the first reply that an agent answered by it. A ticket \
                 counts once it is answered or the deadline has passed.",
            ),
            Self::Reopened => (
                "reopened",
                "Reopen rate",
                "Share of the tickets that were ever solved that were opened again at least once.",
            ),
            Self::Escalated => ("escalated", "Escalation rate", "Share of all tickets that were handed up."),
            Self::Deflection => (
                "deflection",
                "Deflection",
                "Share of the visits to the portal's search that ended with an article that solved the problem, \
                 among those that ended with one or with none that helped: tickets that nobody had to write.",
            ),
            Self::Csat => (
                "csat",
                "CSAT, customer satisfaction",
                "Share of the two upper boxes (4 and 5 of 5, 9 and 10 of 10) and of thumbs up among the ratings \
                 given within the window.",
            ),
            Self::Nps => (
                "nps",
                "NPS, net promoter score",
                "Promoters (9 and 10) less detractors (0 to 6) in hundredths of the recommendations given within \
                 the window.",
            ),
        };
        Definition { field, name, meaning }
    }
}
