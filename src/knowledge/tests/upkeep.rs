//! The index and the vectors follow the store, whatever happens.

use std::io::Cursor;

use super::*;
use crate::knowledge::{Channel, KnowledgeError, import};
use crate::model::{Projection, SearchWeights};
use crate::store::{
    EmbeddedArticle, Embedding, Feedback, FeedbackKind, FinalLabels, Occasion, OutcomeRecord, Passage,
    TicketRecord, TicketStatus,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

#[tokio::test]
async fn feedback_and_outcomes_count_after_a_restart_as_before_it() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    knowledge.shared.store.save_tickets(&[ticket("1", "one", vec![0.25; 16])]).await.unwrap();
    let outcome = OutcomeRecord { article_ids: Some(vec!["vpn".into()]), ..OutcomeRecord::default() };
    assert!(knowledge.outcome("1", outcome, NOW).await.unwrap());
    let occasion = Occasion::Own("visit".into());
    let word = Feedback { occasion, article_id: "ora".into(), kind: FeedbackKind::Dismissed, at: NOW };
    assert!(knowledge.say(word).await.unwrap());
    let vpn = knowledge.feedback("vpn", NOW).await.unwrap();
    let ora = knowledge.feedback("ora", NOW).await.unwrap();
    assert!(vpn.usefulness > 0.5 && ora.usefulness < 0.5);
    end(knowledge).await;
    let knowledge = open(data.path()).await;
    assert_eq!(knowledge.feedback("vpn", NOW).await.unwrap(), vpn);
    assert_eq!(knowledge.feedback("ora", NOW).await.unwrap(), ora);
}

#[tokio::test]
async fn an_article_is_found_as_soon_as_it_is_put_and_gone_as_soon_as_it_is_deleted() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    let report = knowledge.put(articles()).await.unwrap();
    assert_eq!((report.articles, report.passages, report.truncated), (3, 3, 0));
    assert_eq!(having(&knowledge, "LarkVPN").await, ["vpn"]);
    assert!(knowledge.delete("vpn", NOW).await.unwrap());
    assert!(having(&knowledge, "LarkVPN").await.is_empty());
    let all = ask(&knowledge, "LarkVPN", Audience::Agent).await.articles;
    assert!(all.iter().all(|found| found.id != "vpn"));
    assert!(!knowledge.delete("vpn", NOW).await.unwrap());
    assert_eq!(knowledge.article("vpn").await.unwrap(), None);
}

#[tokio::test]
async fn new_words_replace_the_old_ones() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    let changed = article("vpn", Audience::Customer, "Remote desktop", "Open BenchVDI.");
    knowledge.put(vec![changed]).await.unwrap();
    assert!(having(&knowledge, "LarkVPN").await.is_empty());
    assert_eq!(having(&knowledge, "BenchVDI").await, ["vpn"]);
}

#[tokio::test]
async fn drafts_and_archived_articles_are_never_suggested() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    for status in [ArticleStatus::Draft, ArticleStatus::Archived] {
        let withdrawn = articles().into_iter().map(|article| Article { status, ..article }).collect();
        knowledge.put(withdrawn).await.unwrap();
        assert!(ask(&knowledge, "LarkVPN", Audience::Agent).await.articles.is_empty());
    }
    end(knowledge).await;
    let knowledge = open(data.path()).await;
    let nothing = ask(&knowledge, "LarkVPN", Audience::Agent).await;
    assert_eq!((nothing.answered, nothing.answer_confidence), (false, 0.0));
}

#[tokio::test]
async fn what_was_kept_before_a_crash_is_found_after_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    // The process dies between the store and the index: the store alone has the change.
    let late = article("late", Audience::Customer, "Zirconium", "Handle zirconium with care.");
    let passage =
        Passage { heading: String::new(), text: late.body.clone(), embedding: embedding("zirconium").await };
    let store = knowledge.shared.store.clone();
    let batch = [EmbeddedArticle { article: late, passages: vec![passage] }];
    store.put_articles(&batch, MODEL.encoder_id()).await.unwrap();
    store.delete_article("vpn", NOW).await.unwrap();
    end(knowledge).await;

    let knowledge = open(data.path()).await;
    assert_eq!(having(&knowledge, "zirconium").await, ["late"]);
    assert!(having(&knowledge, "LarkVPN").await.is_empty());
    assert_eq!(having(&knowledge, "ORA-12154").await, ["ora"]);
}

#[tokio::test]
async fn a_start_maps_the_vectors_and_takes_in_what_has_changed_since() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    let before = ask(&knowledge, "LarkVPN from home", Audience::Agent).await;
    end(knowledge).await;
    let file = data.path().join("vectors").join("passages");
    // The first start wrote it before there were articles, so that a start from it has to take them all in.
    let early = std::fs::read(&file).unwrap();
    let knowledge = open(data.path()).await;
    assert_eq!(ask(&knowledge, "LarkVPN from home", Audience::Agent).await, before);
    assert!(knowledge.delete("ora", NOW).await.unwrap());
    end(knowledge).await;
    assert_eq!(std::fs::read(&file).unwrap(), early);
    let knowledge = open(data.path()).await;
    assert!(having(&knowledge, "ORA-12154").await.is_empty());
    end(knowledge).await;

    // A copy of another time, a damaged one, and none: the store is the truth.
    std::fs::remove_file(&file).unwrap();
    end(open(data.path()).await).await;
    let whole = std::fs::read(&file).unwrap();
    assert!(whole.len() > early.len());
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let knowledge = open(data.path()).await;
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    let now = ask(&knowledge, "LarkVPN from home", Audience::Agent).await;
    assert_eq!(now.articles[0].id, before.articles[0].id);
}

#[tokio::test]
async fn the_index_is_built_anew_while_it_is_searched_and_changed() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    let many = (0..300).map(|n| article(&format!("a-{n}"), Audience::Agent, "Printer", "Toner and paper."));
    knowledge.put(many.collect()).await.unwrap();
    let late = vec![article("late", Audience::Customer, "Zirconium", "Handle zirconium with care.")];
    let searches = async {
        for _ in 0..20 {
            assert_eq!(having(&knowledge, "LarkVPN").await, ["vpn"]);
        }
    };
    let (rebuilt, put, deleted, ()) =
        tokio::join!(knowledge.rebuild_index(), knowledge.put(late), knowledge.delete("ora", NOW), searches);
    let (articles, _, deleted) = (rebuilt.unwrap(), put.unwrap(), deleted.unwrap());
    assert!(deleted && (302..=304).contains(&articles), "{articles}");
    for _ in 0..2 {
        assert_eq!(having(&knowledge, "zirconium").await, ["late"]);
        assert!(having(&knowledge, "ORA-12154").await.is_empty());
        // And again with nothing going on.
        assert_eq!(knowledge.rebuild_index().await.unwrap(), 303);
    }
    assert!(!data.path().join("index.new").exists());
    end(knowledge).await;
    let knowledge = open(data.path()).await;
    assert_eq!(having(&knowledge, "zirconium").await, ["late"]);
}

/// Spoils the index of a knowledge base at rest, and checks that the next start mends it.
async fn mended_after(spoil: impl FnOnce(&Path)) {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    let before = ask(&knowledge, "LarkVPN on \\\\orchard", Audience::Agent).await;
    end(knowledge).await;
    spoil(&data.path().join("index"));
    let knowledge = open(data.path()).await;
    assert_eq!(ask(&knowledge, "LarkVPN on \\\\orchard", Audience::Agent).await, before);
    assert!(!data.path().join("index.new").exists());
}

#[tokio::test]
async fn a_deleted_index_is_built_anew() {
    mended_after(|index| std::fs::remove_dir_all(index).unwrap()).await;
}

#[tokio::test]
async fn a_damaged_index_is_built_anew() {
    for damaged in ["term", "idx", "fieldnorm", "meta.json"] {
        mended_after(|index| {
            let files = std::fs::read_dir(index).unwrap().map(|entry| entry.unwrap().path());
            let file = files.into_iter().find(|file| file.to_string_lossy().ends_with(damaged)).unwrap();
            let mut bytes = std::fs::read(&file).unwrap();
            let middle = bytes.len() / 3;
            bytes[middle] ^= 0x55;
            std::fs::write(&file, bytes).unwrap();
        })
        .await;
    }
}

#[tokio::test]
async fn an_index_that_lost_a_file_is_built_anew() {
    mended_after(|index| {
        let files = std::fs::read_dir(index).unwrap().map(|entry| entry.unwrap().path());
        let file = files.into_iter().find(|file| file.extension().is_some_and(|e| e == "idx")).unwrap();
        std::fs::remove_file(file).unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_index_of_another_version_is_built_anew() {
    mended_after(|index| {
        let meta = index.join("meta.json");
        let text = std::fs::read_to_string(&meta).unwrap();
        let other = text.replace(r#"\"version\":"#, r#"\"version\":9"#);
        assert_ne!(other, text);
        std::fs::write(meta, other).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_rebuild_that_was_cut_off_does_no_harm() {
    mended_after(|index| {
        std::fs::rename(index, index.with_file_name("index.new")).unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_index_of_another_store_is_built_anew() {
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    end(knowledge).await;
    // The database was lost or put back from an old backup, the index stayed.
    std::fs::rename(data.path().join("index"), other.path().join("index")).unwrap();
    let knowledge = open(other.path()).await;
    assert!(ask(&knowledge, "LarkVPN", Audience::Agent).await.articles.is_empty());
    knowledge.put(articles()).await.unwrap();
    assert_eq!(having(&knowledge, "LarkVPN").await, ["vpn"]);
}

#[tokio::test]
async fn the_same_articles_score_the_same_whatever_happened_to_the_index_before() {
    let (data, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (knowledge, clean) = (open(data.path()).await, open(fresh.path()).await);
    clean.put(articles()).await.unwrap();
    let text = "LarkVPN from home answers ORA-12154";
    for round in 0..12 {
        let extra = article(&format!("extra-{round}"), Audience::Customer, "VPN and LarkVPN", "VPN again");
        knowledge.put(vec![extra]).await.unwrap();
        // What a search has counted must not outlive the next change.
        ask(&knowledge, text, Audience::Customer).await;
        knowledge.put(articles()).await.unwrap();
        ask(&knowledge, text, Audience::Agent).await;
        knowledge.delete(&format!("extra-{round}"), NOW).await.unwrap();
        for audience in [Audience::Customer, Audience::Agent] {
            assert_eq!(ask(&knowledge, text, audience).await, ask(&clean, text, audience).await);
        }
    }
}

#[tokio::test]
async fn a_bundle_that_has_learnt_to_search_takes_over_and_nothing_is_embedded_anew() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    let stored = knowledge.shared.store.passages_of("vpn").await.unwrap();
    // Only the first two numbers of an embedding count.
    let numbers = (0..16 * 16).map(|place| if place == 0 || place == 17 { 1.0 } else { 0.0 }).collect();
    let projection = Projection::new(numbers, 16).unwrap();
    let learnt = crate::model::testing::model_with(
        1,
        Some(SearchWeights { projection: projection.clone(), answers: None }),
    );
    let switched = knowledge.switch(Arc::clone(&learnt)).await.unwrap();
    assert_eq!(switched.shared.store.passages_of("vpn").await.unwrap(), stored);
    let plain = embedding("LarkVPN").await;
    let near = switched.rank(&query("LarkVPN", &plain, Audience::Agent), Channel::Dense).await.unwrap();
    let (_, found) = near.into_iter().find(|(id, _)| id == "vpn").unwrap();
    let pairs = projection.apply(&plain).into_iter().zip(projection.apply(&stored[0].passage.embedding));
    let expected: f32 = pairs.map(|(a, b)| a * b).sum();
    assert!((found - expected).abs() < 0.01, "{found} {expected}");
    // What the store holds is known for what was scanned, although it looks different.
    let after = ask(&switched, "LarkVPN", Audience::Agent).await;
    assert!(after.answer_confidence > 0.0);
}

#[tokio::test]
async fn another_encoder_embeds_everything_again() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    let vector = embedding("printer jams").await;
    knowledge.shared.store.save_tickets(&[ticket("1", "printer jams", vector)]).await.unwrap();
    end(knowledge).await;
    let other = crate::model::testing::model(2);
    let done = std::sync::Mutex::new(Vec::new());
    let progress = |articles, of| done.lock().unwrap().push((articles, of));
    let (kept, settings) = (store(data.path()).await, SearchSettings::default());
    let knowledge =
        Knowledge::open(kept, Arc::clone(&other), data.path(), &settings, &progress).await.unwrap();
    assert_eq!(*done.lock().unwrap(), [(3, 3)]);
    let passage = &knowledge.shared.store.passages_of("vpn").await.unwrap()[0].passage;
    let text = format!("Connect to the VPN from home\n{}", passage.text);
    let own = other.read(&[Input::text(&text)], Lane::Bulk).await.unwrap()[0].embedding();
    let near = knowledge.suggest(&query("nothing", &own, Audience::Agent)).await.unwrap();
    assert_eq!(near.articles[0].id, "vpn");
    let own = other.read(&[Input::text("printer jams")], Lane::Bulk).await.unwrap()[0].embedding();
    let similar = knowledge.similar(&own, None, 5, NOW).await.unwrap().past;
    assert_eq!(similar[0].id, "1");
    assert!(similar[0].score > 0.999, "{}", similar[0].score);
}

#[tokio::test]
async fn an_import_of_many_batches_is_found_whole_and_names_the_rows_that_were_refused() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    let mut lines: Vec<String> =
        (0..330).map(|i| format!(r#"{{"id":"a{i}","title":"One","body":"word{i}x"}}"#)).collect();
    lines.insert(100, "no article".into());
    let rows = import::read_from(import::Kind::JsonLines, "kb.jsonl", Cursor::new(lines.join("\n"))).unwrap();
    let heard = std::sync::Mutex::new(Vec::new());
    let report = knowledge.import(rows, &|kept| heard.lock().unwrap().push(kept)).await.unwrap();
    assert_eq!((report.articles, report.passages), (330, 330));
    assert_eq!(report.rejected.len(), 1);
    assert!(report.rejected[0].to_string().contains("101"), "{}", report.rejected[0]);
    assert_eq!(*heard.lock().unwrap(), [64, 128, 192, 256, 320, 330]);
    for i in [0, 200, 329] {
        assert_eq!(having(&knowledge, &format!("word{i}x")).await, [format!("a{i}")]);
    }
}

#[tokio::test]
async fn a_change_is_finished_even_if_its_caller_goes_away() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    knowledge.put(articles()).await.unwrap();
    let held = knowledge.shared.changing.lock().await;
    // The client hangs up while the deletion waits for its turn.
    let hung_up =
        tokio::time::timeout(std::time::Duration::from_millis(20), knowledge.delete("vpn", NOW)).await;
    assert!(hung_up.is_err());
    drop(held);
    let _after_it = knowledge.delete("no such article", NOW).await.unwrap();
    assert!(having(&knowledge, "LarkVPN").await.is_empty());
}

fn ticket(id: &str, subject: &str, vector: Vec<f32>) -> TicketRecord {
    TicketRecord {
        id: id.into(),
        subject: subject.into(),
        body: String::new(),
        body_format: Format::Text,
        channel: None,
        created_at: None,
        requester_id: None,
        organization_id: None,
        form: None,
        agent_group: None,
        due_at: None,
        first_response_due_at: None,
        submitted_category: None,
        submitted_priority: None,
        labels: FinalLabels { category: Some("Network::VPN".into()), ..FinalLabels::default() },
        status: Some(TicketStatus::Solved),
        solved_at: None,
        resolution: Some("New certificate".into()),
        article_ids: vec!["vpn".into()],
        reopened: None,
        escalated: None,
        handling_minutes: None,
        embedding: Some(Embedding { encoder: MODEL.encoder_id().into(), vector }),
    }
}

#[tokio::test]
async fn similar_tickets_come_with_what_solved_them_and_without_the_ticket_itself() {
    let data = tempfile::tempdir().unwrap();
    let kept = store(data.path()).await;
    let along = |axis: usize| (0..16).map(|i| f32::from(u8::from(i == axis))).collect::<Vec<f32>>();
    kept.save_tickets(&[ticket("1", "one", along(0)), ticket("2", "far away", along(1))]).await.unwrap();
    let knowledge = open_with(kept, data.path(), &MODEL).await;
    let near = knowledge.similar(&along(0), None, 5, NOW).await.unwrap().past;
    assert_eq!(near.len(), 1);
    assert_eq!((near[0].id.as_str(), near[0].score), ("1", 1.0));
    assert_eq!(near[0].resolution.as_deref(), Some("New certificate"));
    assert!(knowledge.similar(&along(0), Some("1"), 5, NOW).await.unwrap().past.is_empty());

    let third = ticket("3", "three", along(0));
    knowledge.shared.store.save_tickets(std::slice::from_ref(&third)).await.unwrap();
    knowledge.remember(&[third.id]).await.unwrap();
    let past = knowledge.similar(&along(0), Some("1"), 1, NOW).await.unwrap().past;
    let ids: Vec<String> = past.into_iter().map(|t| t.id).collect();
    assert_eq!(ids, ["3"]);
}

#[tokio::test]
async fn an_embedding_of_another_model_is_refused_with_both_sizes() {
    let data = tempfile::tempdir().unwrap();
    let knowledge = open(data.path()).await;
    let error = knowledge.suggest(&query("x", &[1.0; 3], Audience::Agent)).await.unwrap_err();
    assert!(matches!(error, KnowledgeError::Embedding { expected: 16, found: 3 }), "{error}");
    let error = knowledge.similar(&[f32::NAN; 16], None, 1, NOW).await.unwrap_err();
    assert!(matches!(error, KnowledgeError::Embedding { expected: 16, found: 0 }), "{error}");
}
