//! Articles: what is put comes back, by id, in pages, and in the order that was asked for.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::*;

#[tokio::test]
async fn an_article_and_its_passages_come_back_as_they_were_put() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let full = embedded("kb-7", &["First", "Second"]);
    let mut bare = embedded("kb-8", &[]);
    bare.article.url = None;
    bare.article.updated_at = None;
    bare.article.tags.clear();
    store.put_articles(&[full.clone(), bare.clone()], "minilm").await.unwrap();

    assert_eq!(store.article("kb-7").await.unwrap(), Some(full.article));
    assert_eq!(store.article("kb-8").await.unwrap(), Some(bare.article));
    let stored = store.passages_of("kb-7").await.unwrap();
    assert!(stored.iter().map(|passage| passage.ordinal).eq(0..2));
    assert!(stored.into_iter().map(|passage| passage.passage).eq(full.passages));
    assert_eq!(store.passages_of("kb-8").await.unwrap(), []);
}

#[tokio::test]
async fn an_article_that_is_put_again_is_replaced_with_its_passages() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let first = store.put_articles(&[embedded("kb-7", &["a", "b", "c"])], "minilm").await.unwrap();
    let second = store.put_articles(&[embedded("kb-7", &["d"])], "minilm").await.unwrap();
    assert!(second > first);
    assert_eq!(store.article_count().await.unwrap(), 1);
    let passages = store.passages_of("kb-7").await.unwrap();
    assert!(passages.iter().map(|stored| stored.passage.text.as_str()).eq(["d"]));
}

#[tokio::test]
async fn a_deleted_article_is_gone_with_its_passages() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let put = store.put_articles(&[embedded("kb-7", &["a"])], "minilm").await.unwrap();
    assert!(store.delete_article("kb-7", Timestamp::UNIX_EPOCH).await.unwrap() > Some(put));
    assert_eq!(store.delete_article("kb-7", Timestamp::UNIX_EPOCH).await.unwrap(), None);
    assert_eq!(store.article("kb-7").await.unwrap(), None);
    assert_eq!(store.passages_page(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn of_a_deleted_article_title_and_embeddings_stay_until_it_comes_back_and_nothing_of_a_draft() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (article, mut draft) = (embedded("kb-7", &["a", "b"]), embedded("kb-8", &["c"]));
    draft.article.status = ArticleStatus::Draft;
    store.put_articles(&[article.clone(), draft], "minilm").await.unwrap();
    let at = "2026-11-23T10:00:00Z".parse().unwrap();
    for id in ["kb-7", "kb-8"] {
        store.delete_article(id, at).await.unwrap();
    }
    let left = store.deleted_articles().await.unwrap();
    let title = article.article.title.clone();
    assert_eq!(left, [DeletedArticle { id: "kb-7".into(), title, deleted_at: at }]);
    let ids = ["kb-7".to_owned(), "kb-8".to_owned(), "kb-9".to_owned()];
    let embeddings: Vec<f32> =
        article.passages.iter().flat_map(|passage| passage.embedding.iter().copied()).collect();
    assert_eq!(
        store.deleted_embeddings("minilm", &ids).await.unwrap(),
        HashMap::from([("kb-7".into(), embeddings)])
    );
    assert!(store.deleted_embeddings("another", &ids).await.unwrap().is_empty());

    store.put_articles(&[article], "minilm").await.unwrap();
    assert!(store.deleted_articles().await.unwrap().is_empty());
    store.delete_article("kb-7", at).await.unwrap();
    let kind = Retained::DeletedArticles;
    for (before, left) in [(at, 1), (at + SignedDuration::from_secs(1), 0)] {
        store.forget_old(kind, before, 100, &Prefixes::default()).await.unwrap();
        assert_eq!(store.deleted_articles().await.unwrap().len(), left);
    }
}

#[tokio::test]
async fn one_bad_article_keeps_the_whole_batch_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let batch = [embedded("kb-7", &["a"]), embedded("", &["b"])];
    assert!(store.put_articles(&batch, "minilm").await.is_err());
    assert_eq!(store.article_count().await.unwrap(), 0);
    assert_eq!(store.change_seq().await.unwrap(), 0);
}

#[tokio::test]
async fn an_empty_batch_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    assert_eq!(store.put_articles(&[], "minilm").await.unwrap(), 0);
    let put = store.put_articles(&[embedded("kb-7", &[])], "minilm").await.unwrap();
    assert_eq!(store.put_articles(&[], "minilm").await.unwrap(), put);
}

#[tokio::test]
async fn articles_come_in_the_order_of_the_ids_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let ids = ["a", "b\"c", "ü", "d"];
    let batch = ids.map(|id| embedded(id, &[]));
    store.put_articles(&batch, "minilm").await.unwrap();
    let asked = ["d", "missing", "ü", "b\"c"].map(String::from);
    let found = store.articles(&asked).await.unwrap();
    assert!(found.iter().map(|article| article.id.as_str()).eq(["d", "ü", "b\"c"]));
    // More ids than SQLite allows parameters.
    let many: Vec<String> = (0..40_000).map(|n| n.to_string()).chain(["a".into()]).collect();
    assert_eq!(store.articles(&many).await.unwrap().len(), 1);
}

#[tokio::test]
async fn pages_go_through_all_articles_and_passages_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let ids: Vec<String> = (0..25).map(|n| format!("kb-{n:02}")).collect();
    let batch: Vec<_> = ids.iter().map(|id| embedded(id, &["a", "b", "c"])).collect();
    store.put_articles(&batch, "minilm").await.unwrap();

    let mut seen: Vec<String> = Vec::new();
    loop {
        let page = store.articles_page(seen.last().map(String::as_str), 10).await.unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|article| article.id));
    }
    assert_eq!(seen, ids);

    let mut places: Vec<(String, i64)> = Vec::new();
    loop {
        let after = places.last().map(|(id, ordinal)| (id.as_str(), *ordinal));
        let page = store.passages_page(after, 10).await.unwrap();
        if page.is_empty() {
            break;
        }
        places.extend(page.into_iter().map(|stored| (stored.article_id, stored.ordinal)));
    }
    let all: Vec<_> = ids.iter().flat_map(|id| (0..3).map(move |n| (id.clone(), n))).collect();
    assert_eq!(places, all);
}

#[tokio::test]
async fn articles_of_another_encoder_are_stale_until_they_are_put_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.put_articles(&[embedded("a", &[])], "bge").await.unwrap();
    store.put_articles(&[embedded("b", &[])], "minilm").await.unwrap();
    store.put_articles(&[embedded("c", &[])], "zeta").await.unwrap();
    let stale = store.stale_articles("minilm", 10).await.unwrap();
    assert!(stale.iter().map(|article| article.id.as_str()).eq(["a", "c"]));
    assert_eq!(store.stale_articles("minilm", 1).await.unwrap().len(), 1);

    let again = [embedded("a", &[]), embedded("c", &[])];
    store.put_articles(&again, "minilm").await.unwrap();
    assert_eq!(store.stale_articles("minilm", 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_put_that_changes_title_text_or_audience_makes_a_version_and_another_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let first = article("1", "Reset");
    let later: jiff::Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    let put = async |article: &Article| {
        let batch = [EmbeddedArticle { article: article.clone(), passages: Vec::new() }];
        store.put_articles(&batch, "minilm").await.unwrap();
        store.article("1").await.unwrap().unwrap()
    };
    assert_eq!(put(&first).await.version, 1);
    let tagged = Article { tags: Vec::new(), kept_at: Some(later), ..first.clone() };
    let kept = put(&tagged).await;
    assert_eq!((kept.version, kept.kept_at), (1, first.kept_at));
    assert!(store.article_versions("1").await.unwrap().is_empty());

    let reworded = Article { body: "Press it twice.".into(), ..tagged.clone() };
    let kept = put(&reworded).await;
    assert_eq!((kept.version, kept.kept_at), (2, Some(later)));
    put(&Article { audience: Audience::Agent, ..reworded }).await;
    let former = store.article_versions("1").await.unwrap();
    assert_eq!(former.iter().map(|version| version.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((former[1].body.as_str(), former[1].kept_at), (first.body.as_str(), first.kept_at));

    let imported = Article { version: 40, ..first };
    assert_eq!(put(&imported).await.version, 40);
    for n in 0..60 {
        put(&Article { title: format!("Reset {n}"), ..imported.clone() }).await;
    }
    let former = store.article_versions("1").await.unwrap();
    assert_eq!((former.len(), former[0].version), (50, 99));
    store.delete_article("1", Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(store.article_versions("1").await.unwrap().is_empty());
}
