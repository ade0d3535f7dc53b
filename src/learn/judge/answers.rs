//! What model and baseline say about the rows of a task, and the figures that follow.

use super::{JudgeOptions, PRIORITY};
use crate::config::{Level, Priority};
use crate::learn::baseline::{Baseline, BaselineSettings};
use crate::learn::corpus::{Corpus, Task};
use crate::learn::metrics::MetricError;
use crate::learn::report::{
    KeyFigures, NamedRows, P1FloorReport, Prediction, PriorityReport, RowName, TaskReport, TaskResults,
};
use crate::model::{Model, P1Point, Reading, Thresholds};

/// Probabilities for each row of a task.
type Distributions = Vec<Vec<f64>>;

/// All that answers come from.
pub(in crate::learn) struct Of<'a> {
    pub(in crate::learn) model: &'a Model,
    pub(in crate::learn) corpus: &'a Corpus,
    pub(in crate::learn) readings: &'a [Reading],
    pub(in crate::learn) training: Option<&'a Corpus>,
    pub(in crate::learn) options: &'a JudgeOptions<'a>,
}

/// The rows of a task with what is said of them; the lists have one entry for each row.
pub(in crate::learn) struct Answers {
    pub(in crate::learn) name: String,
    labels: Vec<String>,
    ordered: bool,
    thresholds: Option<Thresholds>,
    texts: Vec<usize>,
    truths: Vec<usize>,
    model: Distributions,
    baseline: Option<Distributions>,
}

impl Of<'_> {
    /// `None` where the bundle has no head for the task.
    pub(in crate::learn) fn task(&self, task: &Task) -> Option<Answers> {
        let head = self.model.head(&task.name)?;
        let texts: Vec<usize> = task.rows.iter().map(|&(text, _)| text).collect();
        // The task may have labels that the head does not know.
        let known = &head.spec().labels;
        let places: Vec<Option<usize>> =
            task.labels.iter().map(|label| known.iter().position(|other| other == label)).collect();
        let says = |text: &usize| {
            let distribution = head.distribution(&self.readings[*text].features, &self.readings[*text].terms);
            let of = |place: &Option<usize>| place.map_or(0.0, |place| distribution.probabilities()[place]);
            places.iter().map(|place| f64::from(of(place))).collect()
        };
        Some(Answers {
            name: task.name.clone(),
            labels: task.labels.clone(),
            ordered: task.ordered,
            thresholds: Some(self.thresholds(&task.name, &head.spec().thresholds)),
            model: texts.iter().map(says).collect(),
            baseline: self.training.and_then(|training| baseline_says(task, self.corpus, training)),
            truths: task.rows.iter().map(|&(_, label)| label).collect(),
            texts,
        })
    }

    /// The priority by the site's matrix, where the rows have labels for impact and urgency; as triage does
    /// it, P(priority) is summed over the cells of the matrix.
    pub(in crate::learn) fn priority(&self, answers: &[Answers]) -> Option<Answers> {
        let find = |name: &str| answers.iter().find(|task| task.name == name);
        let (impact, urgency) = (find("impact")?, find("urgency")?);
        let matrix = &self.options.triage.matrix;
        let of_bundle = self.model.manifest().priority.as_ref();
        let both = impact.baseline.as_ref().zip(urgency.baseline.as_ref());
        let mut found = Answers {
            name: PRIORITY.to_owned(),
            labels: Priority::ALL.map(|priority| priority.label().to_owned()).to_vec(),
            ordered: true,
            thresholds: of_bundle.map(|thresholds| self.thresholds(PRIORITY, thresholds)),
            texts: Vec::new(),
            truths: Vec::new(),
            model: Vec::new(),
            baseline: both.map(|_| Vec::new()),
        };
        for (i, text) in impact.texts.iter().enumerate() {
            // Rows stand in the order of the file in every task.
            let Ok(u) = urgency.texts.binary_search(text) else { continue };
            let (Some(true_impact), Some(true_urgency)) = (impact.true_level(i), urgency.true_level(u))
            else {
                continue;
            };
            found.texts.push(*text);
            found.truths.push(matrix.priority(true_impact, true_urgency) as usize);
            let priorities = |of_impact: &[f64], of_urgency: &[f64]| {
                let sums = matrix.distribution(
                    |level| impact.of_level(of_impact, level),
                    |level| urgency.of_level(of_urgency, level),
                );
                // What rounding adds must not make a confidence of more than 1.
                sums.map(|sum| sum.min(1.0)).to_vec()
            };
            found.model.push(priorities(&impact.model[i], &urgency.model[u]));
            if let (Some((impact, urgency)), Some(found)) = (both, &mut found.baseline) {
                found.push(priorities(&impact[i], &urgency[u]));
            }
        }
        (!found.texts.is_empty()).then_some(found)
    }

    /// The thresholds in force: a site's wins over all of the bundle's.
    fn thresholds(&self, task: &str, of_bundle: &Thresholds) -> Thresholds {
        match self.options.triage.auto_threshold.get(task) {
            Some(&auto) => of_bundle.with_site(auto),
            None => of_bundle.clone(),
        }
    }
}

impl Answers {
    /// All figures, with the rows that look wrongly labelled. `names` has an entry for each text.
    pub(super) fn report(&self, names: &[RowName]) -> Result<TaskReport, MetricError> {
        let names = self.names(names);
        Ok(self.figures(|_| true)?.with_suspects(self.named(&names).suspects()))
    }

    /// All figures of a priority, with the P1 that were missed, and with what a floor makes of P1.
    pub(super) fn priority_report(
        &self,
        names: &[RowName],
        floor: Option<(f32, P1Point)>,
    ) -> Result<PriorityReport, MetricError> {
        let names = self.names(names);
        let p1_floor =
            floor.map(|(floor, point)| P1FloorReport::new(floor, point.from, &self.truths, &self.model));
        Ok(PriorityReport {
            report: self.figures(|_| true)?,
            p1_misses: self.named(&names).p1_misses(),
            p1_floor,
        })
    }

    /// The labels of the task.
    pub(in crate::learn) fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Whether the labels stand in a natural order.
    pub(in crate::learn) fn ordered(&self) -> bool {
        self.ordered
    }

    /// True class of each row.
    pub(in crate::learn) fn truths(&self) -> &[usize] {
        &self.truths
    }

    /// What the model predicts for each row.
    pub(in crate::learn) fn predictions(&self) -> Vec<Prediction> {
        self.model.iter().filter_map(|row| Prediction::most_likely(row)).collect()
    }

    /// Key figures of the texts that belong to a group.
    pub(super) fn key_figures(&self, belongs: &[bool]) -> Result<KeyFigures, MetricError> {
        Ok(KeyFigures::from(&self.figures(|text| belongs[text])?))
    }

    fn figures(&self, of: impl Fn(usize) -> bool) -> Result<TaskReport, MetricError> {
        let chosen: Vec<usize> = (0..self.texts.len()).filter(|&row| of(self.texts[row])).collect();
        let top = |says: &Distributions| -> Vec<Prediction> {
            chosen.iter().filter_map(|&row| Prediction::most_likely(&says[row])).collect()
        };
        TaskReport::new(&TaskResults {
            labels: &self.labels,
            ordered: self.ordered,
            truths: &chosen.iter().map(|&row| self.truths[row]).collect::<Vec<_>>(),
            predictions: &top(&self.model),
            baseline: self.baseline.as_ref().map(top).as_deref(),
            thresholds: self.thresholds.as_ref(),
        })
    }

    fn names(&self, names: &[RowName]) -> Vec<RowName> {
        self.texts.iter().map(|&text| names[text].clone()).collect()
    }

    fn named<'a>(&'a self, names: &'a [RowName]) -> NamedRows<'a> {
        NamedRows { labels: &self.labels, names, truths: &self.truths, distributions: &self.model }
    }

    fn true_level(&self, row: usize) -> Option<Level> {
        let label = &self.labels[self.truths[row]];
        Level::ALL.into_iter().find(|level| level.label() == label)
    }

    /// The probability of a level in a distribution over this task's labels.
    fn of_level(&self, distribution: &[f64], level: Level) -> f64 {
        let place = self.labels.iter().position(|label| label == level.label());
        place.and_then(|place| distribution.get(place)).copied().unwrap_or(0.0)
    }
}

/// What a baseline trained on `training` says about the rows of `task`; `None` where it cannot be trained.
fn baseline_says(task: &Task, corpus: &Corpus, training: &Corpus) -> Option<Distributions> {
    let of_training = training.tasks.iter().find(|other| other.name == task.name)?;
    let texts: Vec<String> = of_training.rows.iter().map(|&(text, _)| training.words[text].plain()).collect();
    let labels: Vec<usize> = of_training.rows.iter().map(|&(_, label)| label).collect();
    let baseline = Baseline::train(&texts, &labels, task.labels.len(), &BaselineSettings::default()).ok()?;
    Some(task.rows.iter().map(|&(text, _)| baseline.predict(&corpus.words[text].plain())).collect())
}
