#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::StoreSettings;
use crate::store::{ArticleStatus, EmbeddedArticle, Passage};
use crate::text::Format;

const TEXT: &str =
    "If the client drops every hour, update it to 5.2, restart the computer and sign in again.";

fn embedded(id: &str, body: &str, body_format: Format, embedding: [f32; 2]) -> EmbeddedArticle {
    let passage = Passage { heading: String::new(), text: body.into(), embedding: embedding.into() };
    let (id, title) = (id.to_owned(), format!("About {id}"));
    let article = Article { id, title, body: body.into(), body_format, ..Article::default() };
    EmbeddedArticle { article, passages: vec![passage] }
}

#[tokio::test]
async fn the_same_words_are_duplicates_and_nearly_the_same_are_near() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &StoreSettings::default()).await.unwrap();
    let markup = format!("<p>{}</p>", TEXT.replace("update", "<b>UPDATE</b>"));
    let near = TEXT.replace("every hour", "each hour");
    let mut gone = embedded("gone", TEXT, Format::Text, [1.0, 0.0]);
    gone.article.status = ArticleStatus::Archived;
    let batch = [
        embedded("a", TEXT, Format::Text, [1.0, 0.0]),
        embedded("b", &markup, Format::Html, [1.0, 0.0]),
        embedded("c", &near, Format::Text, [0.96, 0.28]),
        embedded("d", &TEXT.replace("client", "printer"), Format::Text, [0.0, 1.0]),
        embedded("e", "Ask for a new badge at the front desk.", Format::Text, [1.0, 0.0]),
        gone,
    ];
    store.put_articles(&batch, "minilm").await.unwrap();
    let found = duplicates(&store, Thresholds::default()).await.unwrap();
    assert_eq!(found.articles, 5);
    let ids = |group: &Vec<Named>| group.iter().map(|name| name.id.clone()).collect::<Vec<_>>();
    assert_eq!(found.groups.iter().map(ids).collect::<Vec<_>>(), [["a", "b"]]);
    let pairs: Vec<(&str, &str)> =
        found.near.iter().map(|p| (p.first.id.as_str(), p.second.id.as_str())).collect();
    assert_eq!(pairs, [("a", "c")]);
    assert!((found.near[0].cosine - 0.96).abs() < 1e-6 && found.near[0].overlap > 0.8);
}

#[tokio::test]
async fn an_empty_base_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &StoreSettings::default()).await.unwrap();
    let found = duplicates(&store, Thresholds::default()).await.unwrap();
    assert_eq!((found.articles, found.groups.len(), found.near.len()), (0, 0, 0));
}
