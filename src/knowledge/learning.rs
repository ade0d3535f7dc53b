//! From articles and tickets in files to what the search is fitted on.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::import::{self, ImportError};
use super::passages;
use crate::learn::search::{Asked, Base};
use crate::model::{Input, Model, ModelError};
use crate::store::Article;

/// Texts that are read at a time.
const CHUNK: usize = 256;

/// Knowledge bases with tickets that their articles answered, as a file tells them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchRecipe {
    /// Name of the bundle; as the bundle it starts from if it is not said.
    #[serde(default)]
    pub name: Option<String>,
    /// Version of the bundle; as the bundle it starts from if it is not said.
    #[serde(default)]
    pub version: Option<String>,
    /// The bases.
    #[serde(rename = "base")]
    pub bases: Vec<SearchBase>,
}

/// A knowledge base and its tickets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchBase {
    /// Articles, in any form that `deskhand import articles` reads. A relative path starts at the recipe's
    /// folder.
    pub articles: PathBuf,
    /// Only articles whose id begins with one of these; none given: all.
    #[serde(default)]
    pub ids: Vec<String>,
    /// Files of JSON Lines with `subject`, `body` and `articles`, the ids of those that answer;
    /// none where nothing does. A relative path starts at the recipe's folder.
    pub tickets: Vec<PathBuf>,
}

/// Files that cannot be learnt from.
#[derive(Debug, thiserror::Error)]
pub enum SearchFilesError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The recipe is none.
    #[error("{}: {detail}", path.display())]
    Recipe {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and field.
        detail: String,
    },
    /// The articles cannot be read.
    #[error("{}: {source}", path.display())]
    Articles {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        source: ImportError,
    },
    /// The model cannot read the texts.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl SearchRecipe {
    /// Reads a recipe; its paths are then relative to the working folder or absolute.
    ///
    /// # Errors
    /// Where there is no such file or it is no recipe.
    pub fn read(path: &Path) -> Result<Self, SearchFilesError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SearchFilesError::File { path: path.to_owned(), source })?;
        let mut recipe: Self = toml::from_str(&text)
            .map_err(|e| SearchFilesError::Recipe { path: path.to_owned(), detail: e.to_string() })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        for base in &mut recipe.bases {
            base.articles = folder.join(&base.articles);
            base.tickets.iter_mut().for_each(|file| *file = folder.join(&*file));
        }
        Ok(recipe)
    }
}

/// A ticket with the articles that answer it.
#[derive(Debug, Clone)]
pub struct SolvedTicket {
    /// Where it stands, for messages.
    pub place: String,
    /// Subject and body, cleaned.
    pub text: String,
    /// Ids of the articles; none where nothing answers.
    pub articles: Vec<String>,
}

/// Reads the articles of a base and has them and its tickets embedded. `note` hears what was left out;
/// `progress` how many texts are read, and of how many.
///
/// # Errors
/// [`SearchFilesError`]. An article that cannot be read is left out and told.
pub fn read_base(
    base: &SearchBase,
    tickets: Vec<SolvedTicket>,
    model: &Model,
    note: &mut dyn FnMut(String),
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Base, SearchFilesError> {
    let mut articles = articles(&base.articles, note)?;
    articles
        .retain(|article| base.ids.is_empty() || base.ids.iter().any(|start| article.id.starts_with(start)));
    let places: HashMap<&str, usize> =
        articles.iter().enumerate().map(|(place, article)| (article.id.as_str(), place)).collect();
    let (mut texts, mut article_of) = (Vec::new(), Vec::new());
    for (place, article) in articles.iter().enumerate() {
        for passage in passages::split(article) {
            texts.push(passages::embedding_text(&article.title, &passage));
            article_of.push(place);
        }
    }
    let passages = texts.len();
    let (mut asked, mut gaps) = (Vec::new(), Vec::new());
    for SolvedTicket { place, text, articles } in tickets {
        let known: Vec<usize> = articles.iter().filter_map(|id| places.get(id.as_str()).copied()).collect();
        if known.len() < articles.len() {
            note(format!("{place}: an article that it names is not among the articles"));
        }
        match articles.into_iter().next() {
            None => gaps.push(text),
            Some(key) if !known.is_empty() => {
                asked.push((key, known));
                texts.push(text);
            }
            // What answers it is not here; whether anything else does, nobody has said.
            Some(_) => {}
        }
    }
    texts.append(&mut gaps);
    let mut embeddings = embedded(&texts, model, progress)?;
    let mut of_tickets = embeddings.split_off(passages);
    let gaps = of_tickets.split_off(asked.len());
    let tickets = asked.into_iter().zip(of_tickets);
    let tickets = tickets.map(|((key, answers), embedding)| Asked { embedding, answers, key });
    Ok(Base { passages: embeddings.concat(), article_of, tickets: tickets.collect(), gaps })
}

fn embedded(
    texts: &[String],
    model: &Model,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Vec<f32>>, ModelError> {
    let mut embeddings = Vec::with_capacity(texts.len());
    for chunk in texts.chunks(CHUNK) {
        let inputs: Vec<Input<'_>> = chunk.iter().map(|text| Input::text(text)).collect();
        embeddings.extend(model.read_blocking(&inputs)?.iter().map(|reading| reading.embedding()));
        progress(embeddings.len(), texts.len());
    }
    Ok(embeddings)
}

/// The articles, each id once, the last one counting, as an import keeps them.
fn articles(path: &Path, note: &mut dyn FnMut(String)) -> Result<Vec<Article>, SearchFilesError> {
    let rows =
        import::read(path).map_err(|source| SearchFilesError::Articles { path: path.to_owned(), source })?;
    let mut articles = BTreeMap::new();
    for row in rows {
        match row {
            Ok(row) => drop(articles.insert(row.article.id.clone(), row.article)),
            Err(error) => note(error.to_string()),
        }
    }
    Ok(articles.into_values().collect())
}
