//! The data folder: whose it is, and what is still there when it is opened again.

use jiff::Timestamp;

use super::*;

#[tokio::test]
async fn a_folder_belongs_to_one_store_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).await;
    let second = Store::open(folder.path(), &StoreSettings::default()).await;
    assert!(matches!(second, Err(StoreError::Locked { path }) if path == folder.path()));
    first.close().await.unwrap();
    open(folder.path()).await;
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.close().await.unwrap();
    store.close().await.unwrap();
    let read = store.article("1").await;
    let write = store.save_tickets(&[ticket("1", "")]).await;
    assert!(matches!(read, Err(StoreError::Closed)), "{read:?}");
    assert!(matches!(write, Err(StoreError::Closed)), "{write:?}");
}

#[tokio::test]
async fn writes_that_were_queued_before_the_close_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (ticket, prediction, finding) = (ticket("1", ""), prediction(1, "1"), Finding::default());
    let (saved, closed) = tokio::join!(store.save_triage(&ticket, &prediction, &finding), store.close());
    saved.unwrap();
    closed.unwrap();
    drop(store);
    assert_eq!(open(folder.path()).await.ticket_count().await.unwrap(), 1);
}

#[tokio::test]
async fn closing_leaves_one_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.save_tickets(&[ticket("1", "")]).await.unwrap();
    store.close().await.unwrap();
    assert!(!folder.path().join("deskhand.db-wal").exists());
}

#[tokio::test]
async fn a_store_that_was_dropped_and_not_closed_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let seq = store.put_articles(&[embedded("kb-7", &["a"])], "minilm").await;
    store.save_tickets(&[ticket("1", "")]).await.unwrap();
    drop(store);
    let store = open(folder.path()).await;
    assert_eq!(store.change_seq().await.unwrap(), seq.unwrap());
    assert_eq!(store.passages_of("kb-7").await.unwrap().len(), 1);
    assert!(store.ticket("1").await.unwrap().is_some());
}

/// What lies in the folder the moment a write was answered is what `kill -9` would leave.
#[tokio::test]
async fn what_was_answered_survives_the_end_of_the_process() {
    let (running, left) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(running.path()).await;
    for number in 0..20 {
        let id = number.to_string();
        let triage = (ticket(&id, ""), prediction(number, &id));
        store.save_triage(&triage.0, &triage.1, &Finding::default()).await.unwrap();
    }
    for name in ["deskhand.db", "deskhand.db-wal"] {
        std::fs::copy(running.path().join(name), left.path().join(name)).unwrap();
    }
    let found = open(left.path()).await;
    assert_eq!(found.ticket_count().await.unwrap(), 20);
    found.check().await.unwrap();
}

#[tokio::test]
async fn a_folder_of_a_newer_deskhand_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.save_tickets(&[ticket("1", "")]).await.unwrap();
    store.close().await.unwrap();
    let database = folder.path().join("deskhand.db");
    change(
        &database,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (41, 'to come', true, x'00', 0), (42, 'to come', true, x'00', 0)",
    )
    .await;
    let before = std::fs::read(&database).unwrap();

    let refused = Store::open(folder.path(), &StoreSettings::default()).await;
    assert!(matches!(refused, Err(StoreError::Newer { found: 42, .. })), "{refused:?}");
    assert_eq!(std::fs::read(&database).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_as_damaged() {
    for content in ["garbage".to_owned(), "garbage ".repeat(10_000)] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("deskhand.db"), &content).unwrap();
        let refused = Store::open(folder.path(), &StoreSettings::default()).await;
        assert!(matches!(refused, Err(StoreError::Damaged { .. })), "{refused:?}");
        let left = std::fs::read_to_string(folder.path().join("deskhand.db")).unwrap();
        assert_eq!(left, content);
    }
}

#[tokio::test]
async fn a_check_finds_damage_and_nothing_in_a_healthy_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let batch: Vec<_> = (0..200).map(|n| embedded(&format!("kb-{n}"), &["a"; 9])).collect();
    store.put_articles(&batch, "minilm").await.unwrap();
    store.check().await.unwrap();
    store.close().await.unwrap();

    let database = folder.path().join("deskhand.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let end = bytes.len();
    // Not the first part, where the tables are described: then the folder could not even be opened.
    bytes[end - end / 8..].fill(0xff);
    std::fs::write(&database, bytes).unwrap();
    let found = open(folder.path()).await.check().await;
    assert!(matches!(found, Err(StoreError::Damaged { .. })), "{found:?}");
}

#[tokio::test]
async fn a_value_that_was_changed_by_hand_is_damage_and_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.put_articles(&[embedded("kb-7", &[])], "minilm").await.unwrap();
    change(&folder.path().join("deskhand.db"), "UPDATE articles SET audience = 'Jo Smith'").await;
    let error = store.article("kb-7").await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("audience"), "{error}");
    assert!(!format!("{error} {error:?}").contains("Jo Smith"), "{error:?}");
}

/// The file is what the program of data version 1 left: a step that was changed since would be refused.
#[tokio::test]
async fn a_folder_of_data_version_1_is_brought_up_to_date_with_all_that_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("deskhand.db");
    std::fs::File::create(&database).unwrap();
    change(&database, include_str!("../../../tests/fixtures/store/version-1.sql")).await;

    let store = open(folder.path()).await;
    store.check().await.unwrap();
    let solved = store.ticket("81").await.unwrap().unwrap();
    assert_eq!(
        (solved.status, solved.article_ids),
        (Some(TicketStatus::Solved), vec!["vpn-drops".to_owned()])
    );
    assert_eq!((solved.labels.priority, solved.reopened, solved.escalated), (None, None, None));
    assert_eq!(store.predictions_of("82").await.unwrap().len(), 1);
    let finding = store.finding("82").await.unwrap().unwrap();
    assert_eq!(finding.category.as_deref(), Some("Network::VPN and remote access"));
    assert_eq!(finding.priority.as_deref(), Some("P4"));
    assert!(finding.answer_confidence.is_some() == finding.best_article.is_some());
    assert_eq!(store.passages_of("vpn-drops").await.unwrap().len(), 1);
    assert_eq!(store.feedback_counts("vpn-drops").await.unwrap(), FeedbackCounts::default());
    assert_eq!(store.surveys_page(&SurveyFilter::default(), None, None, 9).await.unwrap(), []);
    // A survey of today finds what was predicted then.
    let ticket = store.survey_ticket("82").await.unwrap().unwrap();
    assert_eq!(ticket.category.as_deref(), Some("Network::VPN and remote access"));
    let outcome = OutcomeRecord { reopened: Some(1), ..OutcomeRecord::default() };
    store.save_outcome("81", &outcome, Timestamp::UNIX_EPOCH).await.unwrap().unwrap();
    assert_eq!(store.ticket("81").await.unwrap().unwrap().reopened, Some(1));
}

/// Changes a database behind the store's back.
async fn change(database: &Path, statement: &'static str) {
    use sqlx::{ConnectOptions, Connection};
    let mut connection =
        sqlx::sqlite::SqliteConnectOptions::new().filename(database).connect().await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
