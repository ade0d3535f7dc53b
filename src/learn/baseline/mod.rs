//! The baseline beside which a model's figures are shown: TF-IDF and multinomial logistic
//! regression, the plain method that a helpdesk would get from any toolbox.
//!
//! A tuned encoder that does not beat it is not worth its electricity. Training is deterministic:
//! the same rows give the same weights, whatever the number of threads.

pub(super) mod logistic;
mod minimise;
#[cfg(test)]
mod tests;
mod vectorizer;

use logistic::Logistic;
use vectorizer::Vectorizer;

/// The most weights (features × classes) that are trained. Training holds about 15 copies of them
/// in `f64`, so this bounds them to 360 MB; beside them it holds the texts' vectors and one number
/// per row and class.
const MAX_WEIGHTS: usize = 3_000_000;

/// How the baseline is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineSettings {
    /// In how many texts a word or pair of words must occur to count, from 1.
    pub min_df: u32,
    /// Inverse strength of the L2 regularisation, above 0, in the sense of scikit-learn's `C`.
    pub c: f64,
    /// The most L-BFGS steps.
    pub max_steps: usize,
}

impl Default for BaselineSettings {
    /// What did well on short tickets in 30 classes: words that occur twice, C = 10.
    fn default() -> Self {
        Self { min_df: 2, c: 10.0, max_steps: 500 }
    }
}

/// Rows on which no baseline can be trained.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BaselineError {
    /// There are no rows.
    #[error("no rows to train the baseline on")]
    NoRows,
    /// Two lists that belong together differ in length.
    #[error("{texts} texts but {labels} labels; give one of each per row")]
    Lengths {
        /// Number of texts.
        texts: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A label that is no class.
    #[error("row {row}: class {class} is not among the {classes} classes")]
    UnknownClass {
        /// Row, from 0.
        row: usize,
        /// The index found.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A setting out of range.
    #[error("the baseline's C is {c}; it must be a number above 0")]
    BadC {
        /// The value found.
        c: f64,
    },
}

/// A trained baseline.
#[derive(Debug)]
pub struct Baseline {
    vectorizer: Vectorizer,
    model: Logistic,
}

impl Baseline {
    /// Trains on texts and their classes, indices below `classes`. A class without a text is never
    /// predicted with much confidence, but keeps its place.
    ///
    /// Words are runs of two or more letters, digits or `_`, in lower case; features are words and
    /// pairs of neighbours that occur in `min_df` texts, weighed by (1 + ln count) · (ln((1 + texts)
    /// / (1 + texts with it)) + 1) and scaled to length 1. This is scikit-learn's
    /// `TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)` with `LogisticRegression`. Of each
    /// text the first 5,000 words count, and where there are too many features the most frequent.
    ///
    /// # Errors
    /// No rows, lists of different length, a label that is no class, or C not above 0.
    pub fn train<T: AsRef<str> + Sync>(
        texts: &[T],
        labels: &[usize],
        classes: usize,
        settings: &BaselineSettings,
    ) -> Result<Self, BaselineError> {
        if texts.is_empty() {
            return Err(BaselineError::NoRows);
        }
        if texts.len() != labels.len() {
            return Err(BaselineError::Lengths { texts: texts.len(), labels: labels.len() });
        }
        if let Some(row) = labels.iter().position(|&class| class >= classes) {
            return Err(BaselineError::UnknownClass { row, class: labels[row], classes });
        }
        if !(settings.c.is_finite() && settings.c > 0.0) {
            return Err(BaselineError::BadC { c: settings.c });
        }
        let vectorizer = Vectorizer::fit(texts, settings.min_df, MAX_WEIGHTS / classes);
        let rows = vectorizer.transform_all(texts);
        let features = vectorizer.features();
        let model = Logistic::fit(&rows, features, labels, classes, settings);
        Ok(Self { vectorizer, model })
    }

    /// Probability of each class, in the order of the classes; they sum to 1. A text without any
    /// known word gets what is usual among the training rows.
    #[must_use]
    pub fn predict(&self, text: &str) -> Vec<f64> {
        self.model.probabilities(&self.vectorizer.transform(text))
    }
}
