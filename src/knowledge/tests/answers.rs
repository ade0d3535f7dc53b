//! What an answer shows, and to whom.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::*;
use crate::knowledge::Channel;
use crate::store::{Feedback, FeedbackKind, Occasion};

#[tokio::test]
async fn an_exact_code_finds_the_one_article_that_has_it() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    let mut all = articles();
    let codes = ["ORA-12170", "ORA-12541", "0x80070005", "CC-1042", "CC-1043", "4.2.1", "4.2.2"];
    all.extend(codes.map(|code| {
        article(code, Audience::Customer, "An error", &format!("If {code} comes up, restart the service."))
    }));
    knowledge.put(all).await.unwrap();
    for code in codes {
        let found = ask(&knowledge, &format!("what does {code} mean"), Audience::Customer).await.articles;
        assert_eq!(found[0].id, code);
        assert!(found[0].matched_terms.contains(&code.to_string()), "{:?}", found[0].matched_terms);
        let others = found[1..].iter().filter(|other| other.matched_terms.contains(&code.to_string()));
        assert_eq!(others.count(), 0);
    }
    let query = query("ora-12154", &[0.25; 16], Audience::Customer);
    let lexical = knowledge.rank(&query, Channel::Bm25).await.unwrap();
    assert_eq!(lexical[0].0, "ora");
}

#[tokio::test]
async fn an_answer_shows_the_passage_with_the_words_and_where_it_stands() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    let filler = "Water the tomatoes every morning and open the vents at noon. ".repeat(18);
    let body = format!(
        "# Growing\n\n{filler}\n\n## Errors\n\n### Sync\n\nCC-1042 means that somebody else was faster. {filler}"
    );
    let long = Article {
        body_format: Format::Markdown,
        url: Some("https://help.example/grow".into()),
        category: Some("Product::Bug report".into()),
        ..article("grow", Audience::Customer, "Handbook", &body)
    };
    knowledge.put(vec![long]).await.unwrap();
    let answer = ask(&knowledge, "The app says CC-1042 when two phones sync", Audience::Customer).await;
    let found = &answer.articles[0];
    assert!(found.passage.contains("CC-1042"), "{}", found.passage);
    assert_eq!(found.heading, "Growing › Errors › Sync");
    assert_eq!(found.matched_terms, ["CC-1042", "sync"]);
    assert_eq!(found.url.as_deref(), Some("https://help.example/grow"));
    assert_eq!(found.score, answer.answer_confidence);
}

#[tokio::test]
async fn words_that_no_article_of_the_askers_has_make_an_answer_less_likely() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    let embedding = embedding("LarkVPN from home").await;
    let confidence = async |text: &str, audience| {
        knowledge.suggest(&query(text, &embedding, audience)).await.unwrap().answer_confidence
    };
    let known = confidence("LarkVPN from home", Audience::Customer).await;
    let strange = confidence("LarkVPN from home quodlibet zugzwang", Audience::Customer).await;
    assert!(strange < known, "{strange} {known}");
    // Only an article for agents has the word.
    let unseen = confidence("LarkVPN from home orchard", Audience::Customer).await;
    let unheard = confidence("LarkVPN from home zugzwang", Audience::Customer).await;
    assert_eq!(unseen, unheard);
    assert!(confidence("LarkVPN from home orchard", Audience::Agent).await > unseen);
}

#[tokio::test]
async fn a_synonym_finds_the_article_but_is_not_shown_as_the_askers_word() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    let mut all = articles();
    all.push(article("wifi", Audience::Customer, "Staff Wi-Fi", "Renew the certificate of the Wi-Fi."));
    knowledge.put(all).await.unwrap();
    let query = query("wlan", &[0.25; 16], Audience::Customer);
    let lexical = knowledge.rank(&query, Channel::Bm25).await.unwrap();
    assert_eq!(lexical.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["wifi"]);
    let answer = knowledge.suggest(&query).await.unwrap();
    assert!(answer.articles.iter().all(|found| found.matched_terms.is_empty()));
}

#[tokio::test]
async fn category_and_language_limit_both_kinds_of_evidence() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    let variant = |id: &str, category: &str, language: Option<&str>| Article {
        category: Some(category.into()),
        language: language.map(str::to_owned),
        ..article(id, Audience::Customer, "VPN", "LarkVPN from home")
    };
    knowledge
        .put(vec![
            variant("net-en", "Network", Some("en-GB")),
            variant("net-de", "Network", Some("de")),
            variant("net", "Network", None),
            variant("soft-en", "Software", Some("en")),
        ])
        .await
        .unwrap();
    let embedding = embedding("LarkVPN").await;
    let base = query("LarkVPN", &embedding, Audience::Customer);
    for channel in [Channel::Bm25, Channel::Dense, Channel::Hybrid] {
        let limited = Query { category: Some("Network"), language: Some("en"), ..base.clone() };
        let ids: BTreeSet<String> =
            knowledge.rank(&limited, channel).await.unwrap().into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, BTreeSet::from(["net".into(), "net-en".into()]), "{channel:?}");
        let none = Query { category: Some("network"), ..base.clone() };
        assert!(knowledge.rank(&none, channel).await.unwrap().is_empty(), "{channel:?}");
    }
}

#[tokio::test]
async fn product_labels_and_expiry_limit_both_kinds_of_evidence() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    let hour = jiff::SignedDuration::from_hours(1);
    let variant = |id: &str, product: Option<&str>, tags: &[&str], until: Option<Timestamp>| Article {
        product: product.map(str::to_owned),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        expires_at: until,
        ..article(id, Audience::Customer, "VPN", "LarkVPN from home")
    };
    knowledge
        .put(vec![
            variant("lark", Some("Lark"), &["mac", "home"], None),
            variant("bench", Some("Bench"), &["mac", "home"], None),
            variant("any", None, &["home", "mac"], Some(now() + hour)),
            variant("one-label", Some("Lark"), &["mac"], None),
            variant("gone", Some("Lark"), &["mac", "home"], Some(now())),
        ])
        .await
        .unwrap();
    let embedding = embedding("LarkVPN").await;
    let labels = ["home".to_owned(), "mac".to_owned()];
    let base = query("LarkVPN", &embedding, Audience::Customer);
    for channel in [Channel::Bm25, Channel::Dense, Channel::Hybrid] {
        let ids = async |query: Query<'_>| -> BTreeSet<String> {
            knowledge.rank(&query, channel).await.unwrap().into_iter().map(|(id, _)| id).collect()
        };
        let limited = Query { product: Some("Lark"), labels: &labels, ..base.clone() };
        assert_eq!(ids(limited.clone()).await, BTreeSet::from(["any".into(), "lark".into()]), "{channel:?}");
        let later = Query { now: now() + hour, ..limited.clone() };
        assert_eq!(ids(later).await, BTreeSet::from(["lark".into()]), "{channel:?}");
        let before = Query { now: now() - hour, labels: &[], ..limited };
        assert_eq!(ids(before).await.len(), 4, "{channel:?}");
    }
    assert!(knowledge.article("gone").await.unwrap().is_some());
}

#[tokio::test]
async fn another_form_of_a_word_finds_an_article_in_its_own_language() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    let german = article(
        "de",
        Audience::Customer,
        "Passwörter zurücksetzen",
        "So setzen Sie vergessene Kennwörter zurück, wenn die Anmeldung mit ORA-12154 nicht mehr geht.",
    );
    let french = Article {
        language: Some("fr".into()),
        ..article("fr", Audience::Customer, "Imprimantes", "Les imprimantes du bureau, LarkVPN.")
    };
    knowledge.put(vec![german, french]).await.unwrap();
    knowledge.put(articles()).await.unwrap();
    let vector = [0.25; 16];
    for (text, id) in [
        ("Ich habe mein Kennwort vergessen und komme nicht mehr an das Konto.", "de"),
        ("Kennwort", "de"),
        ("imprimante", "fr"),
    ] {
        let ranked = knowledge.rank(&query(text, &vector, Audience::Customer), Channel::Bm25).await.unwrap();
        assert_eq!(ranked.first().map(|(id, _)| id.as_str()), Some(id), "{text}");
    }
    for (text, found) in [("ORA-12154", ["de", "ora"]), ("LarkVPN", ["fr", "vpn"])] {
        let ranked = knowledge.rank(&query(text, &vector, Audience::Customer), Channel::Bm25).await.unwrap();
        let ids: BTreeSet<String> = ranked.into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, BTreeSet::from(found.map(str::to_owned)), "{text}");
    }
}

#[tokio::test]
async fn an_empty_query_is_answered_by_its_embedding_and_no_article_by_nothing() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    let nothing = ask(&knowledge, "anything", Audience::Agent).await;
    assert_eq!((nothing.answered, nothing.answer_confidence), (false, 0.0));
    knowledge.put(articles()).await.unwrap();
    let all = ask(&knowledge, "", Audience::Agent).await;
    assert_eq!(all.articles.len(), 3);
    let query = Query { top: 0, ..query("LarkVPN", &[0.25; 16], Audience::Agent) };
    assert!(knowledge.suggest(&query).await.unwrap().articles.is_empty());
}

#[tokio::test]
async fn feedback_changes_what_is_suggested_and_not_how_channels_compare() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    let twin = |id: &str| article(id, Audience::Customer, "VPN", "LarkVPN from home");
    knowledge.put([articles(), vec![twin("twin-a"), twin("twin-b")]].concat()).await.unwrap();
    let embedding = embedding("LarkVPN from home").await;
    let query = query("LarkVPN from home", &embedding, Audience::Customer);
    let compared = knowledge.rank(&query, Channel::Hybrid).await.unwrap();
    let place = |answer: &Suggestions, id: &str| answer.articles.iter().position(|found| found.id == id);
    let before = knowledge.suggest(&query).await.unwrap();
    assert!(place(&before, "twin-a") < place(&before, "twin-b"));
    let occasion = Occasion::Ticket("81".into());
    let word = Feedback { occasion, article_id: "twin-b".into(), kind: FeedbackKind::Solved, at: now() };
    assert!(knowledge.say(word).await.unwrap());
    let after = knowledge.suggest(&query).await.unwrap();
    assert!(place(&after, "twin-b") < place(&after, "twin-a"));
    assert_eq!(after.articles.len(), before.articles.len());
    assert_eq!(after.answer_confidence, before.answer_confidence);
    assert_eq!(knowledge.rank(&query, Channel::Hybrid).await.unwrap(), compared);
}

/// Two knowledge bases: one with articles for agents among the others, one without.
struct Pair {
    runtime: Runtime,
    both: Knowledge,
    without: Knowledge,
    _data: [TempDir; 2],
}

static PAIR: LazyLock<Pair> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let data = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let words = ["vpn", "printer", "password", "sync", "CC-1042", "invoice", "restart"];
    let (both, without) = runtime.block_on(async {
        let (both, without) = (open(data[0].path()).await, open(data[1].path()).await);
        let mut all = Vec::new();
        for i in 0..24 {
            let audience = if i % 3 == 0 { Audience::Agent } else { Audience::Customer };
            let word = |k: usize| words[(i * k + k) % words.len()];
            let text = format!("{} {} secret{i} {} {}", word(1), word(2), word(3), word(5));
            let plain = article(&format!("a{i}"), audience, &format!("{} {}", word(1), word(4)), &text);
            let category = (i % 2 == 0).then(|| "Network".to_owned());
            let language = (i % 4 > 1).then(|| "en".to_owned());
            let product = ["Bench", "Lark"].get(i % 5).map(|product| (*product).to_owned());
            let tags = ["mac", "home", "secret"].iter().skip(i % 4).map(|tag| (*tag).to_owned()).collect();
            let expires_at = (i % 7 < 3).then(|| now() + jiff::SignedDuration::from_hours(i as i64 - 12));
            let language = if i % 8 == 5 { Some("de".to_owned()) } else { language };
            all.push(Article { category, language, product, tags, expires_at, ..plain });
        }
        let seen: Vec<Article> = all.iter().filter(|a| a.audience == Audience::Customer).cloned().collect();
        both.put(all).await.unwrap();
        without.put(seen).await.unwrap();
        // One article was a customer's once and is an agent's now; one agent's was deleted.
        let turned = article("turned", Audience::Customer, "vpn password", "printer secret");
        both.put(vec![turned.clone()]).await.unwrap();
        both.put(vec![Article { audience: Audience::Agent, ..turned }]).await.unwrap();
        both.delete("a0", Timestamp::UNIX_EPOCH).await.unwrap();
        (both, without)
    });
    Pair { runtime, both, without, _data: data }
});

fn ids_of(answer: &Suggestions) -> Vec<String> {
    answer.articles.iter().map(|found| found.id.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn articles_for_agents_change_nothing_in_what_a_customer_gets(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "vpn", "Printers", "password", "sync", "CC-1042", "1042", "secret3", "secret4", "secret", "wlan",
            ]),
            0..9,
        ),
        category in prop::option::of(prop::sample::select(vec!["Network", "Software"])),
        language in prop::option::of(prop::sample::select(vec!["en", "de-AT"])),
        product in prop::option::of(prop::sample::select(vec!["Bench", "Lark", "None"])),
        labels in prop::collection::vec(prop::sample::select(vec!["mac", "home", "secret", "vpn"]), 0..3),
        hours in -20_i64..20,
        top in 1usize..30,
    ) {
        let labels: Vec<String> = labels.into_iter().map(str::to_owned).collect();
        let now = now() + jiff::SignedDuration::from_hours(hours);
        let text = words.join(" ");
        let Pair { runtime, both, without, .. } = &*PAIR;
        runtime.block_on(async {
            let embedding = embedding(&text).await;
            let query = Query {
                category, language, product, labels: &labels, now, top, ..query(&text, &embedding, Audience::Customer)
            };
            let answer = both.suggest(&query).await.unwrap();
            prop_assert!(answer.articles.iter().all(|found| found.audience == Audience::Customer));
            prop_assert_eq!(&answer, &without.suggest(&query).await.unwrap());
            let ids = ids_of(&answer);
            let kept = both.shared.store.articles(&ids).await.unwrap();
            let in_scope = kept.iter().all(|article| {
                article.audience == Audience::Customer
                    && article.expires_at.is_none_or(|expires| now < expires)
                    && article.product.as_deref().is_none_or(|of| product.is_none_or(|product| of == product))
                    && labels.iter().all(|label| article.tags.contains(label))
            });
            prop_assert!(in_scope);
            for channel in [Channel::Bm25, Channel::Dense, Channel::Hybrid] {
                prop_assert_eq!(
                    both.rank(&query, channel).await.unwrap(),
                    without.rank(&query, channel).await.unwrap()
                );
            }
            Ok(())
        })?;
    }
}
