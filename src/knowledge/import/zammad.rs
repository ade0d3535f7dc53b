//! A Zammad knowledge base: what `POST /api/v1/knowledge_bases/init` answers.
//!
//! Zammad has no export of its own; this is the address from which its own interface reads the base, and
//! with `answer_translation_content_ids` it gives the texts too. Source: `knowledge_bases_controller.rb` and
//! the models below `knowledge_base/` in <https://github.com/zammad/zammad>; the README says how to call it.
//! Records stand in maps by id, and point to one another; so the file is read whole.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::vec;

use serde::Deserialize;
use serde_json::{Value, json};

use super::article::RawArticle;
use super::error::{ImportError, Place};
use super::fields::Fields;

/// Most bytes of the file.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

type Table<T> = BTreeMap<String, T>;

#[derive(Deserialize)]
#[serde(untagged)]
enum Shape {
    /// What some addresses answer, and clients pass on.
    Wrapped {
        assets: Assets,
    },
    Bare(Assets),
}

#[derive(Deserialize)]
struct Assets {
    #[serde(rename = "KnowledgeBaseAnswer")]
    answers: Table<Answer>,
    #[serde(rename = "KnowledgeBaseAnswerTranslation")]
    translations: Table<Translation>,
    #[serde(rename = "KnowledgeBaseAnswerTranslationContent", default)]
    contents: Table<Content>,
    #[serde(rename = "KnowledgeBaseCategory", default)]
    categories: Table<Category>,
    #[serde(rename = "KnowledgeBaseCategoryTranslation", default)]
    category_titles: Table<CategoryTitle>,
    #[serde(rename = "KnowledgeBaseLocale", default)]
    locales: Table<KbLocale>,
    #[serde(rename = "Locale", default)]
    system_locales: Table<SystemLocale>,
}

#[derive(Deserialize)]
struct Answer {
    category_id: Option<u64>,
    published_at: Option<String>,
    internal_at: Option<String>,
    archived_at: Option<String>,
    attachments: Option<Vec<Attached>>,
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Attached {
    id: u64,
    filename: Option<String>,
}

#[derive(Deserialize)]
struct Translation {
    title: Option<String>,
    answer_id: u64,
    content_id: Option<u64>,
    kb_locale_id: Option<u64>,
    updated_at: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    body: Option<String>,
}

#[derive(Deserialize)]
struct Category {
    parent_id: Option<u64>,
}

#[derive(Deserialize)]
struct CategoryTitle {
    category_id: u64,
    #[serde(default)]
    title: String,
    kb_locale_id: Option<u64>,
}

#[derive(Deserialize)]
struct KbLocale {
    system_locale_id: Option<u64>,
}

#[derive(Deserialize)]
struct SystemLocale {
    #[serde(default)]
    locale: String,
}

/// Whether a JSON file that begins like this is one of Zammad's.
pub(super) fn begins(start: &[u8]) -> bool {
    let start: String = String::from_utf8_lossy(start).split_whitespace().collect();
    start.starts_with("{\"KnowledgeBase") || start.starts_with("{\"assets\"")
}

/// The answers of the file, one article for each translation.
pub(super) fn read(input: impl Read, file: &Arc<str>) -> Result<vec::IntoIter<RawArticle>, ImportError> {
    let shape = serde_json::from_reader(input.take(MAX_BYTES));
    let shape = shape.map_err(|e| ImportError::Zammad { file: file.to_string(), problem: e.to_string() })?;
    let assets = match shape {
        Shape::Wrapped { assets } | Shape::Bare(assets) => assets,
    };
    let articles: Vec<RawArticle> = assets
        .translations
        .iter()
        .filter_map(|(id, translation)| {
            let answer = assets.answers.get(&translation.answer_id.to_string())?;
            Some(assets.article(id, translation, answer, file))
        })
        .collect();
    Ok(articles.into_iter())
}

impl Assets {
    fn article(&self, id: &str, translation: &Translation, answer: &Answer, file: &Arc<str>) -> RawArticle {
        let content = translation.content_id.and_then(|id| self.contents.get(&id.to_string()));
        let locale = translation.kb_locale_id.and_then(|id| self.locale(id));
        let (audience, status) = match answer {
            Answer { archived_at: Some(_), .. } => ("agent", "archived"),
            Answer { published_at: Some(_), .. } => ("customer", "published"),
            Answer { internal_at: Some(_), .. } => ("agent", "published"),
            _ => ("agent", "draft"),
        };
        let name = locale.unwrap_or(id);
        let attachments: Vec<Value> = answer
            .attachments
            .iter()
            .flatten()
            .map(|a| json!({"address": format!("/api/v1/attachments/{}", a.id), "alt": a.filename.as_deref().unwrap_or_default()}))
            .collect();
        let fields = [
            ("id", json!(format!("zammad-{}-{name}", translation.answer_id))),
            ("title", json!(translation.title)),
            ("html_body", json!(content.map(|content| &content.body))),
            ("audience", json!(audience)),
            ("status", json!(status)),
            ("category", json!(answer.category_id.map(|id| self.path(id, translation.kb_locale_id)))),
            ("tags", json!(answer.tags)),
            ("language", json!(locale)),
            ("updated_at", json!(translation.updated_at)),
            ("attachments", json!(attachments)),
        ];
        let place = Place { file: format!("{file}, translation {id}").into(), line: None };
        let fields = Fields::new(fields.map(|(name, value)| (name.to_owned(), value)));
        let mut article = RawArticle::new(place, fields);
        if content.is_none() {
            article.warnings.push(
                "its text is not in the file; ask for it with `answer_translation_content_ids`".to_owned(),
            );
        }
        article
    }

    fn locale(&self, id: u64) -> Option<&str> {
        let locale = self.locales.get(&id.to_string())?.system_locale_id?;
        Some(&self.system_locales.get(&locale.to_string())?.locale)
    }

    /// The titles of a category and those above it, outermost first.
    fn path(&self, id: u64, kb_locale_id: Option<u64>) -> String {
        let mut titles: Vec<&str> = Vec::new();
        let mut next = Some(id);
        // A circle of parents ends too.
        while let Some(id) = next.filter(|_| titles.len() < 20) {
            let of = || self.category_titles.values().filter(move |title| title.category_id == id);
            let title = of().find(|title| title.kb_locale_id == kb_locale_id).or_else(|| of().next());
            titles.push(title.map_or("", |title| title.title.as_str()));
            next = self.categories.get(&id.to_string()).and_then(|category| category.parent_id);
        }
        titles.retain(|title| !title.is_empty());
        titles.reverse();
        titles.join("::")
    }
}
