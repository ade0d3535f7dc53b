//! A recipe: which files train which heads, and how.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::folds::Fold;
use super::tuning::TuneSettings;
use crate::model::Reads;

/// Everything that training needs besides the base model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Name of the bundle, as answers will give it.
    pub name: String,
    /// Version of the bundle.
    pub version: String,
    /// Languages (ISO 639-1) of the training texts.
    pub languages: Vec<String>,
    /// Layers whose mean hidden states heads see; absent: as the base has it.
    #[serde(default)]
    pub taps: Option<Vec<usize>>,
    /// How the encoder is tuned; absent: it stays as it is, and only heads are fitted.
    #[serde(default)]
    pub tune: Option<TuneSettings>,
    /// Precision (0..1) that the decision `auto` must hold with 95 % certainty on held-out rows, in all and
    /// for each label that gets a threshold of its own.
    #[serde(default = "default_precision")]
    pub auto_precision: f64,
    /// Paragraphs for the card: what a user of the bundle must know.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// Whether heads of the base go on learning instead of beginning anew: labels that the base knows and no
    /// row has stay as they are. Only where the encoder stays as it is.
    #[serde(default)]
    pub go_on: bool,
    /// The files.
    #[serde(rename = "file")]
    pub files: Vec<Source>,
    /// Articles whose embeddings are held to the base model's while the encoder is tuned, so that search
    /// does not pay for what triage learns.
    #[serde(default, rename = "hold")]
    pub holds: Vec<Hold>,
}

/// A labelled file and the heads that it trains.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What its rows are.
    pub reads: Reads,
    /// Rows to train on; a relative path starts at the recipe's folder. May be absent where all labels of
    /// its tasks are described.
    #[serde(default)]
    pub train: Option<PathBuf>,
    /// Rows to measure on, never trained on.
    #[serde(default)]
    pub dev: Option<PathBuf>,
    /// Task → field that holds its label.
    pub labels: BTreeMap<String, String>,
    /// Task → file that says in words what its labels are for, `.toml` or `.json`; labels that are described
    /// need no rows. A relative path starts at the recipe's folder.
    #[serde(default)]
    pub descriptions: BTreeMap<String, PathBuf>,
    /// Whether the field `aspects` trains a head for each aspect.
    #[serde(default)]
    pub aspects: bool,
    /// Weight of each of its heads while the encoder is tuned.
    #[serde(default = "one")]
    pub weight: f64,
    /// How often each row is read in a pass while the encoder is tuned; of a fraction, other rows in each pass.
    #[serde(default = "one")]
    pub times: f64,
    /// Whether its heads only shape the encoder while it is tuned, and do not ship.
    #[serde(default)]
    pub auxiliary: bool,
    /// Field that says how often a row counts while heads are fitted, a whole number from 1; absent: once.
    #[serde(default)]
    pub counts: Option<String>,
    /// Rows that one training leaves out, to be measured on; no part of a recipe.
    #[serde(skip)]
    pub without: Option<Fold>,
}

/// Articles that hold the embedding.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// JSON Lines of articles (`id`, `title`, `body` in Markdown); a relative path starts at the recipe's
    /// folder.
    pub articles: PathBuf,
    /// Only articles whose id begins with one of these; none given: all.
    #[serde(default)]
    pub ids: Vec<String>,
    /// How often each passage is read in a pass.
    #[serde(default = "one")]
    pub times: f64,
}

/// What the decision `auto` promises unless a recipe says otherwise.
pub fn default_precision() -> f64 {
    0.97
}

fn one() -> f64 {
    1.0
}

/// A recipe that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The recipe.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a recipe.
    #[error("{}: {source}", path.display())]
    Invalid {
        /// The recipe.
        path: PathBuf,
        /// What is wrong, with line and field.
        source: Box<toml::de::Error>,
    },
}

impl Recipe {
    /// Reads a recipe; its paths are then relative to the working folder or absolute.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        let text =
            fs::read_to_string(path).map_err(|source| RecipeError::File { path: path.to_owned(), source })?;
        let mut recipe: Self = toml::from_str(&text)
            .map_err(|e| RecipeError::Invalid { path: path.to_owned(), source: Box::new(e) })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        for source in &mut recipe.files {
            source.train = source.train.as_ref().map(|train| folder.join(train));
            source.dev = source.dev.as_ref().map(|dev| folder.join(dev));
            source.descriptions.values_mut().for_each(|file| *file = folder.join(&*file));
        }
        for hold in &mut recipe.holds {
            hold.articles = folder.join(&hold.articles);
        }
        Ok(recipe)
    }

    /// Leaves a fold of each labelled file out of the training, to be measured on.
    pub fn leave_out(&mut self, fold: Fold) {
        self.files.iter_mut().filter(|file| !file.auxiliary).for_each(|file| file.without = Some(fold));
    }
}
