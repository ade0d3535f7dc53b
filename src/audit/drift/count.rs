//! What a window of tickets comes to.

use std::collections::BTreeMap;

use crate::config::DriftSettings;
use crate::store::WatchedTicket;

/// A count of some among all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) count: u64,
    pub(super) of: u64,
}

impl Part {
    fn add(&mut self, is: bool) {
        self.count += u64::from(is);
        self.of += 1;
    }

    pub(super) fn share(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.count as f64 / self.of as f64 }
    }
}

/// Mean and variance of numbers that are told one by one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    pub(super) count: u64,
    sum: f64,
    squares: f64,
}

impl Moments {
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
    }

    pub(super) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }

    /// Of the sample, with n - 1.
    pub(super) fn variance(&self) -> f64 {
        let n = self.count as f64;
        if self.count < 2 { 0.0 } else { ((self.squares - self.sum * self.sum / n) / (n - 1.0)).max(0.0) }
    }
}

/// A window of tickets in numbers.
#[derive(Debug, Clone)]
pub struct Counts {
    pub(super) tickets: u64,
    /// Settled tickets whose category is the one predicted.
    pub(super) agreement: Part,
    pub(super) other: Part,
    pub(super) abstained: Part,
    pub(super) out_of_scope: Part,
    pub(super) confidence: Moments,
    /// Settled label → what the model called its tickets.
    pub(super) settled: BTreeMap<String, BTreeMap<String, u64>>,
    other_words: Vec<String>,
}

impl Counts {
    /// No tickets yet.
    #[must_use]
    pub fn new(settings: &DriftSettings) -> Self {
        Self {
            tickets: 0,
            agreement: Part::default(),
            other: Part::default(),
            abstained: Part::default(),
            out_of_scope: Part::default(),
            confidence: Moments::default(),
            settled: BTreeMap::new(),
            other_words: settings.other_words.iter().map(|word| word.to_lowercase()).collect(),
        }
    }

    /// Counts a ticket.
    pub fn add(&mut self, ticket: &WatchedTicket) {
        self.tickets += 1;
        let predicted = ticket.finding.as_ref().and_then(|finding| finding.category.as_deref());
        if let Some(settled) = &ticket.settled {
            let called = self.settled.entry(settled.clone()).or_default();
            *called.entry(predicted.unwrap_or_default().to_owned()).or_default() += 1;
            if let Some(predicted) = predicted {
                self.agreement.add(predicted == settled);
            }
        }
        if let Some(label) = ticket.settled.as_deref().or(predicted) {
            let is_other = self.is_other(label);
            self.other.add(is_other);
        }
        let Some(finding) = &ticket.finding else { return };
        if let Some(abstained) = finding.abstained {
            self.abstained.add(abstained);
        }
        if let Some(in_scope) = finding.in_scope {
            self.out_of_scope.add(!in_scope);
        }
        if let Some(confidence) = finding.confidence {
            self.confidence.add(f64::from(confidence));
        }
    }

    /// Settled tickets of all labels.
    pub(super) fn settled_tickets(&self) -> u64 {
        self.settled.values().flat_map(BTreeMap::values).sum()
    }

    /// Settled tickets of a label.
    pub(super) fn of(&self, label: &str) -> u64 {
        self.settled.get(label).map_or(0, |called| called.values().sum())
    }

    /// Whether the last part of a label has a word that is for the rest.
    fn is_other(&self, label: &str) -> bool {
        let last = label.rsplit("::").next().unwrap_or(label).to_lowercase();
        last.split(|c: char| !c.is_alphanumeric())
            .any(|word| self.other_words.iter().any(|other| other == word))
    }
}
