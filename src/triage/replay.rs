//! Past tickets as the replay looks at them: what would have been decided, from a ticket's own words alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Decision, Options, Prediction, Ticket, Triage, TriageError, Words};
use crate::audit::replay::{Deed, Guess, Replayed, Replayer, Task};
use crate::config::{Level, Priority};
use crate::model::{Input, Lane};
use crate::store::{FinalLabels, TicketRecord};

/// Labels of a suggestion among which the right one is looked for.
const TOP: usize = 3;

impl Triage {
    /// What would have been decided about the tickets, in the order of `records`. Nothing is looked up in articles
    /// or other tickets, and nothing is kept.
    ///
    /// # Errors
    /// Those of the model.
    pub async fn replay(&self, records: &[TicketRecord]) -> Result<Vec<Replayed>, TriageError> {
        let tickets: Vec<Ticket> = records.iter().map(Ticket::from).collect();
        let words: Vec<Words> = tickets.iter().map(|ticket| self.words(ticket)).collect();
        let inputs: Vec<Input<'_>> = words.iter().map(|words| Input::text(&words.text)).collect();
        let readings = self.model.read(&inputs, Lane::Bulk).await?;
        let options = Options { top_n: TOP, ..Options::default() };
        let all = records.iter().zip(&tickets).zip(words.iter().zip(&readings));
        let replayed = all.map(|((record, ticket), (words, reading))| {
            let (predictions, _) = self.predictions(ticket, &options, words, reading);
            let guess = |task: Task| Some((task, guess(predictions.get(task.name())?, words.foreign)));
            Replayed {
                id: record.id.clone(),
                created_at: record.created_at,
                guesses: Task::ALL.into_iter().filter_map(guess).collect(),
                settled: self.settled(&record.labels),
                submitted: present([
                    (Task::Category, &record.submitted_category),
                    (Task::Priority, &record.submitted_priority),
                ]),
            }
        });
        Ok(replayed.collect())
    }

    /// The labels that the bundle knows, by task.
    #[must_use]
    pub fn known_labels(&self) -> BTreeMap<Task, BTreeSet<String>> {
        let of = |task: Task| match task {
            Task::Priority => Some(Priority::ALL.map(|priority| priority.label().to_owned()).into()),
            task => Some(self.model.head(task.name())?.spec().labels.iter().cloned().collect()),
        };
        Task::ALL.into_iter().filter_map(|task| Some((task, of(task)?))).collect()
    }

    /// The bundle that decides.
    #[must_use]
    pub fn replayer(&self) -> Replayer {
        let model = self.model.manifest().model_name();
        Replayer { name: model.name, version: model.version, taxonomy: model.taxonomy }
    }

    /// What people settled on; a priority that nobody wrote down follows from impact and urgency.
    fn settled(&self, labels: &FinalLabels) -> BTreeMap<Task, String> {
        let level = |label: &Option<String>| {
            Level::ALL.into_iter().find(|level| Some(level.label()) == label.as_deref())
        };
        let follows = level(&labels.impact)
            .zip(level(&labels.urgency))
            .map(|(impact, urgency)| self.settings.matrix.priority(impact, urgency).label().to_owned());
        let priority = labels.priority.clone().or(follows);
        present([
            (Task::Category, &labels.category),
            (Task::Impact, &labels.impact),
            (Task::Urgency, &labels.urgency),
            (Task::Priority, &priority),
        ])
    }
}

fn present<const N: usize>(labels: [(Task, &Option<String>); N]) -> BTreeMap<Task, String> {
    labels.into_iter().filter_map(|(task, label)| Some((task, label.clone()?))).collect()
}

fn guess(prediction: &Prediction, foreign: bool) -> Guess {
    let others = prediction.ranking.iter().map(|ranked| &ranked.label);
    let others = others.filter(|label| **label != prediction.label);
    Guess {
        top: std::iter::once(&prediction.label).chain(others).take(TOP).cloned().collect(),
        confidence: prediction.confidence,
        deed: match prediction.decision {
            Decision::Auto => Deed::Auto,
            Decision::Suggest => Deed::Suggest,
            Decision::Abstain => Deed::Abstain,
        },
        // A threshold above 1 is that of a label which is never set.
        held: foreign || prediction.in_scope == Some(false) || prediction.threshold > 1.0,
    }
}
