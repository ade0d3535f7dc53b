//! Tickets: told piece by piece, never forgotten; and the answers given about them.

use super::*;

#[tokio::test]
async fn a_ticket_and_its_answer_come_back_as_they_were_saved() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (full, bare) = (solved_ticket("81", "No VPN"), ticket("82", "No mail"));
    let answer = prediction(1, "81");
    store.save_triage(&full, &answer, &Finding::default()).await.unwrap();
    store.save_tickets(std::slice::from_ref(&bare)).await.unwrap();

    assert_eq!(store.ticket("81").await.unwrap(), Some(full));
    assert_eq!(store.ticket("82").await.unwrap(), Some(bare));
    assert_eq!(store.ticket("83").await.unwrap(), None);
    assert_eq!(store.ticket_count().await.unwrap(), 2);
    assert_eq!(store.predictions_of("81").await.unwrap(), [answer]);
    assert_eq!(store.predictions_of("82").await.unwrap(), []);
}

#[tokio::test]
async fn a_triage_of_a_known_ticket_changes_its_words_and_keeps_its_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let known = solved_ticket("81", "No VPN");
    store.save_tickets(std::slice::from_ref(&known)).await.unwrap();

    let again = TicketRecord {
        status: Some(TicketStatus::Open),
        resolution: Some("Another".into()),
        embedding: Some(embedding("bge")),
        ..ticket("81", "No VPN since Monday")
    };
    store.save_triage(&again, &prediction(1, "81"), &Finding::default()).await.unwrap();
    let kept = TicketRecord {
        body: again.body,
        body_format: again.body_format,
        embedding: again.embedding,
        ..known
    };
    assert_eq!(store.ticket("81").await.unwrap(), Some(kept));
}

#[tokio::test]
async fn a_record_that_knows_less_wipes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let known = TicketRecord { body_format: Format::Text, ..solved_ticket("81", "No VPN") };
    let less = ticket("81", "No VPN");
    store.save_tickets(&[known.clone(), less]).await.unwrap();
    assert_eq!(store.ticket("81").await.unwrap(), Some(known));
}

#[tokio::test]
async fn a_record_that_knows_more_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut more = solved_ticket("81", "No VPN");
    store.save_tickets(&[ticket("81", "No VPN"), more.clone()]).await.unwrap();
    assert_eq!(store.ticket("81").await.unwrap(), Some(more.clone()));

    more.status = Some(TicketStatus::Open);
    more.labels.urgency = Some("low".into());
    more.article_ids = vec!["kb-8".into(), "kb-9".into()];
    store.save_tickets(std::slice::from_ref(&more)).await.unwrap();
    assert_eq!(store.ticket("81").await.unwrap(), Some(more));
}

#[tokio::test]
async fn new_words_without_an_embedding_leave_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.save_tickets(&[solved_ticket("81", "No VPN")]).await.unwrap();
    store.save_tickets(&[ticket("81", "No mail")]).await.unwrap();
    assert_eq!(store.ticket("81").await.unwrap().unwrap().embedding, None);
    assert_eq!(store.stale_tickets("minilm", 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_prediction_id_that_was_used_before_keeps_neither_the_answer_nor_the_ticket() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.save_triage(&ticket("81", ""), &prediction(1, "81"), &Finding::default()).await.unwrap();
    let refused = store.save_triage(&ticket("82", ""), &prediction(1, "82"), &Finding::default()).await;
    assert!(matches!(refused, Err(StoreError::Other { .. })), "{refused:?}");
    assert_eq!(store.ticket("82").await.unwrap(), None);
}

#[tokio::test]
async fn a_prediction_about_a_ticket_that_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let refused = store.save_triage(&ticket("81", ""), &prediction(1, "82"), &Finding::default()).await;
    assert!(matches!(refused, Err(StoreError::Other { .. })), "{refused:?}");
    assert_eq!(store.ticket_count().await.unwrap(), 0);
}

#[tokio::test]
async fn each_of_many_callers_at_once_hears_of_its_own_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.save_triage(&ticket("first", ""), &prediction(33, "first"), &Finding::default()).await.unwrap();
    let calls: Vec<_> = (0..200)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let id = number.to_string();
                let (ticket, prediction) = (ticket(&id, ""), prediction(number, &id));
                store.save_triage(&ticket, &prediction, &Finding::default()).await
            })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        let saved = call.await.unwrap();
        assert_eq!(saved.is_ok(), number != 33, "{number}: {saved:?}");
        let found = store.ticket(&number.to_string()).await.unwrap();
        assert_eq!(found.is_some(), number != 33, "{number}");
    }
}

#[tokio::test]
async fn the_newest_answer_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let times = ["2026-11-21T09:40:00.5Z", "2026-11-21T09:40:00Z", "2026-11-21T09:40:00.25Z"];
    for (number, time) in (1..).zip(times) {
        let answer = PredictionRecord { created_at: time.parse().unwrap(), ..prediction(number, "81") };
        let finding = Finding { best_article: Some(time.into()), ..Finding::default() };
        store.save_triage(&ticket("81", ""), &answer, &finding).await.unwrap();
    }
    let answers = store.predictions_of("81").await.unwrap();
    assert!(answers.iter().map(|answer| answer.id.as_u128()).eq([1, 3, 2]));
    // In short only the newest is kept.
    let finding = store.finding("81").await.unwrap().unwrap();
    assert_eq!(finding.best_article.as_deref(), Some(times[0]));
}

#[tokio::test]
async fn tickets_come_in_the_order_of_the_ids_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.save_tickets(&["1", "2", "3"].map(|id| ticket(id, ""))).await.unwrap();
    let found = store.tickets(&["3", "9", "1"].map(String::from)).await.unwrap();
    assert!(found.iter().map(|ticket| ticket.id.as_str()).eq(["3", "1"]));
}

#[tokio::test]
async fn vectors_come_in_pages_and_only_those_of_one_encoder() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let by = |id, encoder| TicketRecord { embedding: Some(embedding(encoder)), ..solved_ticket(id, "") };
    let batch = [by("1", "minilm"), by("2", "bge"), by("3", "minilm"), ticket("4", "")];
    store.save_tickets(&batch).await.unwrap();
    let first = store.ticket_vectors_page("minilm", None, 1).await.unwrap();
    let second = store.ticket_vectors_page("minilm", Some("1"), 1).await.unwrap();
    let end = store.ticket_vectors_page("minilm", Some("3"), 1).await.unwrap();
    let vector = |id: &str| TicketVector {
        id: id.into(),
        status: Some(TicketStatus::Solved),
        created_at: solved_ticket(id, "").created_at,
        reopened: Some(1),
        vector: vec![0.6, 0.0, -0.8],
    };
    assert_eq!((first, second, end), (vec![vector("1")], vec![vector("3")], vec![]));

    let stale = store.stale_tickets("minilm", 10).await.unwrap();
    let mut stale: Vec<_> = stale.iter().map(|ticket| ticket.id.as_str()).collect();
    stale.sort_unstable();
    assert_eq!(stale, ["2", "4"]);
}
