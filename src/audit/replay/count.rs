//! Tickets taken in one by one, and counted at the end in the order of time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::category::categories;
use super::report::{Decided, Mismatches, Month, P1Replay, ReplayReport, Replayer, TaskReplay, UnknownLabel};
use super::thresholds::{Saved, lines};
use super::{Assumptions, Deed, Guess, Replayed, Task};
use crate::audit::stats::Share;

/// Unknown labels that a report names, the most frequent first.
const MAX_UNKNOWN: usize = 30;

/// Collects replayed tickets; a ticket takes some hundred bytes.
#[derive(Debug, Default)]
pub struct Replay {
    tickets: Vec<Replayed>,
    places: HashMap<String, usize>,
    /// Rows of the file that could not be used.
    pub refused: u64,
    /// Tickets outside the span of time that was asked for, or without a time to tell.
    pub left_out: u64,
}

/// What was found of one label of one ticket, where people settled on a label that the bundle knows.
pub(super) struct Compared<'a> {
    pub(super) guess: &'a Guess,
    pub(super) settled: &'a str,
}

impl Compared<'_> {
    pub(super) fn is_right(&self) -> bool {
        self.guess.top.first().is_some_and(|label| label == self.settled)
    }

    pub(super) fn is_in_top(&self) -> bool {
        self.guess.top.iter().any(|label| label == self.settled)
    }

    pub(super) fn is(&self, deed: Deed) -> bool {
        self.guess.deed == deed
    }
}

impl Replay {
    /// Takes in a ticket; one with the same id before it is forgotten.
    pub fn add(&mut self, ticket: Replayed) {
        match self.places.get(&ticket.id) {
            Some(place) => self.tickets[*place] = ticket,
            None => {
                self.places.insert(ticket.id.clone(), self.tickets.len());
                self.tickets.push(ticket);
            }
        }
    }

    /// The report. `labels` are those that the bundle knows, by task; `replayer` is it.
    #[must_use]
    pub fn report(
        mut self,
        replayer: Replayer,
        data: &str,
        labels: &BTreeMap<Task, BTreeSet<String>>,
        assumptions: Assumptions,
    ) -> ReplayReport {
        self.tickets.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        let tasks: Vec<TaskReplay> = Task::ALL
            .into_iter()
            .filter(|task| self.tickets.iter().any(|ticket| ticket.guesses.contains_key(task)))
            .map(|task| self.task(task, labels.get(&task), assumptions))
            .collect();
        let of_time = self.tickets.iter().filter_map(|ticket| ticket.created_at);
        let saved = tasks.iter().filter(|task| matches!(task.task, Task::Category | Task::Priority));
        ReplayReport {
            replayer,
            data: data.to_owned(),
            tickets: self.tickets.len() as u64,
            refused: self.refused,
            left_out: self.left_out,
            from: of_time.clone().min(),
            to: of_time.max(),
            assumptions,
            saved: saved.map(|task| task.saved).fold(Saved::default(), Saved::plus),
            p1: self.p1(labels.get(&Task::Priority)),
            mismatches: self.mismatches(labels),
            tasks,
        }
    }

    fn task(&self, task: Task, known: Option<&BTreeSet<String>>, assumptions: Assumptions) -> TaskReplay {
        let guesses: Vec<&Guess> = self.tickets.iter().filter_map(|t| t.guesses.get(&task)).collect();
        let compared = self.compared(task, known);
        let of = |deed| decided(deed, &guesses, &compared);
        let right = compared.iter().filter(|c| c.is(Deed::Auto) && c.is_right()).count() as u64;
        let wrong = compared.iter().filter(|c| c.is(Deed::Auto) && !c.is_right()).count() as u64;
        TaskReplay {
            task,
            tickets: guesses.len() as u64,
            compared: compared.len() as u64,
            without_label: self.without_label(task),
            unknown: self.unknown(task, known),
            auto: of(Deed::Auto),
            suggest: of(Deed::Suggest),
            abstain: of(Deed::Abstain),
            saved: Saved::of(right, wrong, compared.len() as u64, assumptions),
            thresholds: lines(task, &guesses, &compared, assumptions),
            categories: if task == Task::Category { categories(&compared) } else { Vec::new() },
            months: self.months(task, known),
        }
    }

    fn compared(&self, task: Task, known: Option<&BTreeSet<String>>) -> Vec<Compared<'_>> {
        self.tickets.iter().filter_map(|ticket| ticket.compared(task, known)).collect()
    }

    fn without_label(&self, task: Task) -> u64 {
        self.tickets
            .iter()
            .filter(|t| t.guesses.contains_key(&task) && !t.settled.contains_key(&task))
            .count() as u64
    }

    fn unknown(&self, task: Task, known: Option<&BTreeSet<String>>) -> Vec<UnknownLabel> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for ticket in self.tickets.iter().filter(|ticket| ticket.guesses.contains_key(&task)) {
            if let Some(label) = ticket.settled.get(&task).filter(|label| !knows(known, label)) {
                *counts.entry(label).or_default() += 1;
            }
        }
        let mut unknown: Vec<UnknownLabel> = counts
            .into_iter()
            .map(|(label, tickets)| UnknownLabel { label: label.to_owned(), tickets })
            .collect();
        unknown.sort_by(|a, b| b.tickets.cmp(&a.tickets).then_with(|| a.label.cmp(&b.label)));
        if unknown.len() > MAX_UNKNOWN {
            let rest = unknown.split_off(MAX_UNKNOWN);
            let tickets = rest.iter().map(|unknown| unknown.tickets).sum();
            unknown.push(UnknownLabel { label: format!("(and {} more labels)", rest.len()), tickets });
        }
        unknown
    }

    fn months(&self, task: Task, known: Option<&BTreeSet<String>>) -> Vec<Month> {
        let mut months: BTreeMap<String, [u64; 4]> = BTreeMap::new();
        for ticket in &self.tickets {
            let (Some(at), Some(guess)) = (ticket.created_at, ticket.guesses.get(&task)) else { continue };
            let counts = months.entry(month(at)).or_default();
            let auto = guess.deed == Deed::Auto;
            counts[0] += 1;
            counts[1] += u64::from(auto);
            if let Some(compared) = ticket.compared(task, known).filter(|_| auto) {
                counts[2] += 1;
                counts[3] += u64::from(compared.is_right());
            }
        }
        let told = months.into_iter().map(|(month, [tickets, auto, compared, right])| Month {
            month,
            tickets,
            auto: Share::of(auto, tickets),
            right: Share::of(right, compared),
        });
        told.collect()
    }

    fn p1(&self, known: Option<&BTreeSet<String>>) -> Option<P1Replay> {
        let compared = self.compared(Task::Priority, known);
        if compared.is_empty() {
            return None;
        }
        let says = |c: &&Compared<'_>| c.guess.top.first().is_some_and(|label| label == "P1");
        let (p1, others): (Vec<_>, Vec<_>) = compared.iter().partition(|c| c.settled == "P1");
        let found: Vec<_> = p1.iter().filter(|c| says(c)).collect();
        Some(P1Replay {
            tickets: p1.len() as u64,
            found: Share::of(found.len() as u64, p1.len() as u64),
            set: found.iter().filter(|c| c.is(Deed::Auto)).count() as u64,
            suggested: found.iter().filter(|c| c.is(Deed::Suggest)).count() as u64,
            missed: (p1.len() - found.len()) as u64,
            false_alarms: others.iter().filter(|c| says(c)).count() as u64,
        })
    }

    fn mismatches(&self, labels: &BTreeMap<Task, BTreeSet<String>>) -> Vec<Mismatches> {
        [Task::Category, Task::Priority]
            .into_iter()
            .filter_map(|task| self.mismatch(task, labels.get(&task)))
            .collect()
    }

    fn mismatch(&self, task: Task, known: Option<&BTreeSet<String>>) -> Option<Mismatches> {
        let mut found = Mismatches { task, compared: 0, wrong: 0, caught: 0, flagged: 0, contradicted: 0 };
        for ticket in &self.tickets {
            let submitted = ticket.submitted.get(&task).filter(|label| knows(known, label));
            let (Some(submitted), Some(compared)) = (submitted, ticket.compared(task, known)) else {
                continue;
            };
            let wrong = submitted != compared.settled;
            let differs = compared.guess.top.first() != Some(submitted);
            let surely = differs && compared.is(Deed::Auto);
            found.compared += 1;
            found.wrong += u64::from(wrong);
            found.caught += u64::from(wrong && compared.is_right());
            found.flagged += u64::from(wrong && surely);
            found.contradicted += u64::from(!wrong && surely);
        }
        (found.compared > 0).then_some(found)
    }
}

impl Replayed {
    fn compared(&self, task: Task, known: Option<&BTreeSet<String>>) -> Option<Compared<'_>> {
        let (guess, settled) = (self.guesses.get(&task)?, self.settled.get(&task)?);
        knows(known, settled).then_some(Compared { guess, settled })
    }
}

/// The tickets with one decision.
fn decided(deed: Deed, guesses: &[&Guess], compared: &[Compared<'_>]) -> Decided {
    let these = || compared.iter().filter(|one| one.is(deed));
    let all = these().count() as u64;
    let right = these().filter(|one| one.is_right()).count() as u64;
    let in_top = these().filter(|one| one.is_in_top()).count() as u64;
    let tickets = guesses.iter().filter(|guess| guess.deed == deed).count() as u64;
    Decided {
        tickets,
        share: Share::of(tickets, guesses.len() as u64),
        right: Share::of(right, all),
        in_top: Share::of(in_top, all),
    }
}

fn knows(known: Option<&BTreeSet<String>>, label: &str) -> bool {
    known.is_some_and(|known| known.contains(label))
}

fn month(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string()
}
