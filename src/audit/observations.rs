//! Many tickets in little room: some hundred bytes each, so that a million fit in memory and every question
//! is answered from there.

use std::collections::HashMap;

use jiff::Timestamp;

use super::base::Base;
use super::mentions::unknown_version;
use super::observed::Observed;

/// Stands for "none" among names.
pub(super) const NONE: u32 = u32::MAX;
/// What stands for the category of tickets that have none.
pub const NO_CATEGORY: &str = "(no category)";

/// Names by number, each held once.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_name: HashMap<Box<str>, u32>,
    names: Vec<Box<str>>,
}

impl Names {
    fn number(&mut self, name: Option<&str>) -> u32 {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return NONE };
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let number = self.names.len() as u32;
        self.names.push(name.into());
        self.by_name.insert(name.into(), number);
        number
    }

    /// The name; empty for [`NONE`].
    pub(super) fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", |name| name)
    }

    /// The number of a name that is known.
    pub(super) fn known(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }
}

/// One ticket, condensed.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: Box<str>,
    /// When it came in; `None` where that is not known.
    pub(super) at: Option<Timestamp>,
    pub(super) category: u32,
    pub(super) channel: u32,
    pub(super) organization: u32,
    pub(super) agent_group: u32,
    /// NaN where it was never searched for.
    pub(super) confidence: f32,
    pub(super) best: u32,
    pub(super) score: f32,
    pub(super) expired: u32,
    pub(super) expired_confidence: f32,
    /// An article that is not out and lies nearer than any that is.
    pub(super) withdrawn: u32,
    pub(super) attached: Box<[u32]>,
    pub(super) dismissed: Box<[u32]>,
    pub(super) reopened: bool,
    pub(super) escalated: bool,
    pub(super) low_scored: bool,
    /// A version that the ticket names and the article used for it does not know.
    pub(super) unknown_version: u32,
}

/// A word about an article that was said without a ticket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub(super) article: u32,
    pub(super) at: Timestamp,
    /// Whether it helped.
    pub(super) useful: bool,
}

/// The tickets that an audit looks at.
#[derive(Debug)]
pub struct Observations {
    pub(super) names: Names,
    pub(super) rows: Vec<Row>,
    pub(super) said: Vec<Said>,
    /// When they were read.
    pub(super) as_of: Timestamp,
}

impl Observations {
    /// None yet; `as_of` is when they are read.
    pub fn new(as_of: Timestamp) -> Self {
        Self { names: Names::default(), rows: Vec::new(), said: Vec::new(), as_of }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes in a ticket; `base` tells which versions its article knows.
    pub fn add(&mut self, ticket: &Observed, base: &Base) {
        let names = &mut self.names;
        let best = ticket.best.as_ref();
        let used = ticket.attached.first().or(best.map(|(id, _)| id));
        let known = used.and_then(|id| base.articles.get(id)).map(|facts| &facts.versions);
        let unknown = known.and_then(|known| unknown_version(&ticket.text, known));
        let expired = ticket.expired.as_ref().filter(|(id, _)| base.has_expired(id, self.as_of));
        let withdrawn = ticket.withdrawn.as_deref().filter(|id| base.is_withdrawn(id));
        let all = |names: &mut Names, ids: &[String]| -> Box<[u32]> {
            let numbers = ids.iter().map(|id| names.number(Some(id)));
            numbers.filter(|number| *number != NONE).collect()
        };
        let row = Row {
            id: ticket.id.as_str().into(),
            at: ticket.created_at,
            category: names.number(Some(ticket.category.as_deref().unwrap_or(NO_CATEGORY))),
            channel: names.number(ticket.channel.as_deref()),
            organization: names.number(ticket.organization.as_deref()),
            agent_group: names.number(ticket.agent_group.as_deref()),
            confidence: ticket.answer_confidence.map_or(f32::NAN, |c| c.clamp(0.0, 1.0)),
            best: names.number(best.map(|(id, _)| id.as_str())),
            score: best.map_or(0.0, |(_, score)| *score),
            expired: names.number(expired.map(|(id, _)| id.as_str())),
            expired_confidence: expired.map_or(0.0, |(_, confidence)| *confidence),
            withdrawn: names.number(withdrawn),
            attached: all(names, &ticket.attached),
            dismissed: all(names, &ticket.dismissed),
            reopened: ticket.reopened,
            escalated: ticket.escalated,
            low_scored: ticket.low_scored,
            unknown_version: names.number(unknown.as_deref()),
        };
        self.rows.push(row);
    }

    /// Takes in, by ticket, the article that is not out and lies nearer than any that is.
    pub(super) fn tell_withdrawn(&mut self, nearer: &HashMap<String, String>) {
        for row in &mut self.rows {
            if let Some(article) = nearer.get(&*row.id) {
                row.withdrawn = self.names.number(Some(article));
            }
        }
    }

    /// Takes in what was said about an article without a ticket.
    pub fn add_said(&mut self, article_id: &str, at: Timestamp, useful: bool) {
        let article = self.names.number(Some(article_id));
        self.said.push(Said { article, at, useful });
    }
}

impl Row {
    /// Whether an article was found that seems to answer.
    pub(super) fn is_answered(&self, threshold: f32) -> bool {
        self.confidence >= threshold && self.best != NONE
    }

    /// The articles on which its outcome rests: those that were sent, or else the one that was shown, and
    /// those that were refused.
    pub(super) fn used(&self, threshold: f32) -> impl Iterator<Item = u32> {
        let shown = (self.attached.is_empty() && self.is_answered(threshold)).then_some(self.best);
        let refused = self.dismissed.iter().copied();
        let refused = refused.filter(move |id| !self.attached.contains(id) && shown != Some(*id));
        self.attached.iter().copied().chain(shown).chain(refused)
    }

    /// Whether anything went wrong after an article was used; `None` where none was.
    pub(super) fn failed(&self, threshold: f32) -> Option<bool> {
        self.used(threshold).map(|article| self.failure(article).is_some()).reduce(|one, other| one || other)
    }

    /// What went wrong after this article was used, if anything did.
    pub(super) fn failure(&self, article: u32) -> Option<Failure> {
        if self.reopened {
            Some(Failure::Reopened)
        } else if self.escalated {
            Some(Failure::Escalated)
        } else if self.dismissed.contains(&article) {
            Some(Failure::Dismissed)
        } else {
            self.low_scored.then_some(Failure::LowScored)
        }
    }
}

/// How an article failed on a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    Reopened,
    Escalated,
    Dismissed,
    LowScored,
}
