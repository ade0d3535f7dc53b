//! Whatever is put and deleted, the store holds what a map would, and an index that follows the
//! changes, a few at a time and whenever it likes, ends up with the same.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<EmbeddedArticle>),
    Delete(String),
    CatchUp,
    Reopen,
}

fn id() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "B", "kb-7", "ü", "'; --"]).prop_map(String::from)
}

fn embedded_article() -> impl Strategy<Value = EmbeddedArticle> {
    let passage = ("\\PC{0,8}", "(?s)[^\0]{0,20}", prop::collection::vec(-1.0_f32..1.0, 0..4));
    let time = prop::option::of((-60_000_000_000_i64..200_000_000_000, 0..1_000_000_000));
    (id(), "[^\0]*", time, prop::collection::vec(passage, 0..3)).prop_map(|(id, title, time, passages)| {
        EmbeddedArticle {
            article: Article {
                updated_at: time.map(|(seconds, nanos)| Timestamp::new(seconds, nanos).unwrap()),
                ..article(&id, &title)
            },
            passages: passages
                .into_iter()
                .map(|(heading, text, embedding)| Passage { heading, text, embedding })
                .collect(),
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(embedded_article(), 0..4).prop_map(Step::Put),
        3 => id().prop_map(Step::Delete),
        2 => Just(Step::CatchUp),
        1 => Just(Step::Reopen),
    ]
}

/// An index that knows the store as far as the change `seq`.
#[derive(Default)]
struct Follower {
    seq: u64,
    articles: BTreeMap<String, Article>,
}

impl Follower {
    async fn catch_up(&mut self, store: &Store) {
        loop {
            let changes = store.changes_since(self.seq, 2).await.unwrap();
            for change in &changes {
                assert!(change.seq > self.seq);
                self.seq = change.seq;
                match store.article(&change.article_id).await.unwrap() {
                    Some(article) => self.articles.insert(article.id.clone(), article),
                    None => self.articles.remove(&change.article_id),
                };
            }
            if changes.is_empty() {
                break;
            }
        }
        assert_eq!(self.seq, store.change_seq().await.unwrap());
    }
}

async fn agrees_with_a_map(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path()).await;
    let mut map: BTreeMap<String, EmbeddedArticle> = BTreeMap::new();
    let mut follower = Follower::default();
    let mut last = 0;
    for step in steps {
        match step {
            Step::Put(batch) => {
                let seq = store.put_articles(&batch, "minilm").await.unwrap();
                assert!(seq >= last + batch.len() as u64);
                last = seq;
                for mut put in batch {
                    if let Some(EmbeddedArticle { article: former, .. }) = map.get(&put.article.id) {
                        put.article.version = former.version + u32::from(former.title != put.article.title);
                    }
                    map.insert(put.article.id.clone(), put);
                }
            }
            Step::Delete(id) => {
                let seq = store.delete_article(&id, Timestamp::UNIX_EPOCH).await.unwrap();
                assert_eq!(seq.is_some(), map.remove(&id).is_some());
                assert!(seq.is_none_or(|seq| seq > last));
                last = seq.unwrap_or(last);
            }
            Step::CatchUp => follower.catch_up(&store).await,
            Step::Reopen => {
                drop(store);
                store = open(folder.path()).await;
            }
        }
        assert_eq!(store.change_seq().await.unwrap(), last);
    }
    follower.catch_up(&store).await;

    let stored = store.articles_page(None, 100).await.unwrap();
    assert!(stored.iter().eq(map.values().map(|put| &put.article)));
    assert!(follower.articles.values().eq(stored.iter()));
    assert_eq!(store.article_count().await.unwrap(), map.len() as u64);
    let passages = store.passages_page(None, 100).await.unwrap();
    let expected = map.values().flat_map(|put| &put.passages);
    assert!(passages.iter().map(|stored| &stored.passage).eq(expected));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn puts_and_deletes_agree_with_a_map_and_so_does_who_follows_the_changes(
        steps in prop::collection::vec(step(), 0..16),
    ) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(agrees_with_a_map(steps));
    }
}
