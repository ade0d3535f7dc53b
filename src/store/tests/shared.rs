//! Several stores on one PostgreSQL, and what becomes of writes when it goes away.

use std::collections::BTreeSet;

use super::super::jobs::{at, job, take};
use super::server::{connection, store_of};
use super::*;

/// Two stores over one database, each with a folder of its own; none where there is no PostgreSQL.
async fn two(folders: [&Path; 2]) -> Option<([Store; 2], Secret)> {
    let url = store_of(folders[0]).await?;
    let settings = StoreSettings { url: Some(url.clone()), ..StoreSettings::default() };
    let first = Store::open(folders[0], &settings);
    let second = Store::open(folders[1], &settings);
    // At once: one of them makes the tables.
    let (first, second) = tokio::join!(first, second);
    Some(([first.unwrap(), second.unwrap()], url))
}

#[tokio::test]
async fn changes_of_several_writers_are_numbered_in_the_order_in_which_they_are_seen() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let Some((stores, _)) = two([folders[0].path(), folders[1].path()]).await else { return };
    let writing = stores.clone().into_iter().enumerate().map(|(which, store)| {
        tokio::spawn(async move {
            for n in 0..40 {
                store.put_articles(&[embedded(&format!("{which}-{n}"), &["a"])], "minilm").await.unwrap();
            }
        })
    });
    let writing: Vec<_> = writing.collect();
    let (mut last, mut seen) = (0, BTreeSet::new());
    while seen.len() < 80 {
        for change in stores[0].changes_since(last, 100).await.unwrap() {
            assert!(change.seq > last);
            last = change.seq;
            seen.insert(change.article_id);
        }
    }
    for writer in writing {
        writer.await.unwrap();
    }
    // Whoever followed the numbers has missed none.
    assert_eq!(stores[1].article_count().await.unwrap(), 80);
    let chain = stores[1].follow_trail(None).await.unwrap();
    assert!(matches!(chain, Chain::Whole { entries: 80, .. }), "{chain:?}");
}

#[tokio::test]
async fn a_job_is_taken_by_one_of_several_and_a_start_takes_none_away() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let Some((stores, _)) = two([folders[0].path(), folders[1].path()]).await else { return };
    let jobs = (0..60).map(|n| job(&n.to_string(), (n % 2 == 0).then_some("one subject"))).collect();
    stores[0].enqueue(jobs, at(0)).await.unwrap();
    let taking = (0..20).map(|n| {
        let store = stores[n % 2].clone();
        tokio::spawn(async move { take(&store, 0).await })
    });
    let mut taken: Vec<String> = Vec::new();
    for jobs in taking.collect::<Vec<_>>() {
        taken.extend(jobs.await.unwrap().into_iter().map(|job| job.key));
    }
    let once: BTreeSet<_> = taken.iter().cloned().collect();
    assert_eq!(taken.len(), once.len(), "none twice");
    assert_eq!(once.len(), 31, "those without a subject, and the first one of the subject");
    stores[1].release_jobs(at(1)).await.unwrap();
    assert!(take(&stores[1], 2).await.is_empty(), "the leases of others stand");
}

#[tokio::test]
async fn writers_that_meet_at_the_same_rows_both_get_through() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let Some((stores, _)) = two([folders[0].path(), folders[1].path()]).await else { return };
    let writing = (0..16).map(|n| {
        let store = stores[n % 2].clone();
        tokio::spawn(async move {
            let mut ids: Vec<_> = (0..20).collect();
            ids.rotate_left(n);
            let of = |id| TicketRecord {
                requester_id: Some(format!("r-{}", id % 3)),
                ..ticket(&format!("t-{id}"), "No VPN")
            };
            store.save_tickets(&ids.into_iter().map(of).collect::<Vec<_>>()).await
        })
    });
    for written in writing.collect::<Vec<_>>() {
        written.await.unwrap().unwrap();
    }
    assert_eq!(stores[0].ticket_count().await.unwrap(), 20);
}

#[tokio::test]
async fn a_connection_that_the_server_ends_is_replaced_and_nothing_is_written_twice() {
    let folder = tempfile::tempdir().unwrap();
    let Some(url) = store_of(folder.path()).await else { return };
    let store = open(folder.path()).await;
    let mut server = connection(&url).await;
    for n in 0..10 {
        let ended = sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()",
        );
        assert!(!ended.fetch_all(&mut server).await.unwrap().is_empty());
        let seq = store.put_articles(&[embedded(&format!("kb-{n}"), &["a"])], "minilm").await.unwrap();
        assert_eq!(store.change_seq().await.unwrap(), seq);
    }
    assert_eq!(store.article_count().await.unwrap(), 10);
    let chain = store.follow_trail(None).await.unwrap();
    assert!(matches!(chain, Chain::Whole { entries: 10, .. }), "{chain:?}");
}

#[tokio::test]
async fn the_trail_is_only_ever_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let Some(url) = store_of(folder.path()).await else { return };
    let store = open(folder.path()).await;
    for id in ["a", "b\0"] {
        store.put_articles(&[embedded(id, &[])], "minilm").await.unwrap();
    }
    let mut server = connection(&url).await;
    for sql in [
        "UPDATE trail SET who = 'x'",
        "DELETE FROM trail WHERE seq = 2",
        "TRUNCATE trail",
        "INSERT INTO trail SELECT 9, at, who, action, subject, detail, hash FROM trail WHERE seq = 1",
    ] {
        let refused = sqlx::query(sql).execute(&mut server).await.unwrap_err();
        assert!(refused.to_string().contains("only ever added to"), "{sql}: {refused}");
    }
    let chain = store.follow_trail(None).await.unwrap();
    assert!(matches!(chain, Chain::Whole { entries: 2, .. }), "{chain:?}");
}

#[tokio::test]
async fn the_zero_character_which_the_database_has_not_is_shown_as_one_that_cannot_be_shown() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_) = store_of(folder.path()).await else { return };
    let store = open(folder.path()).await;
    let told = ticket("8\u{0}1", "a\0b");
    store.save_tickets(std::slice::from_ref(&told)).await.unwrap();
    let mut answer = prediction(1, "8\u{0}1");
    answer.answer = serde_json::json!({"predictions": {"category": {"label": "x\0\\u0000"}}});
    store.save_triage(&told, &answer, &Finding::default()).await.unwrap();
    let kept = TicketRecord { id: "8\u{fffd}1".into(), body: "a\u{fffd}b".into(), ..told };
    assert_eq!(store.ticket("8\u{0}1").await.unwrap(), Some(kept.clone()), "looked up by what was told");
    assert_eq!(store.tickets(&["8\u{0}1".into()]).await.unwrap(), [kept], "and among others");
    let kept = store.predictions_of("8\u{0}1").await.unwrap().remove(0).answer;
    assert_eq!(kept["predictions"]["category"]["label"], "x\u{fffd}\\u0000");
}

#[tokio::test]
async fn both_databases_end_with_the_same_tables_columns_and_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(url) = store_of(folder.path()).await else { return };
    open(folder.path()).await.close().await.unwrap();
    let sqlite = tempfile::tempdir().unwrap();
    let file = super::super::open(sqlite.path()).await;
    let of_file: Vec<(String, String)> = sql::query_as(
        "SELECT m.name, c.name || CASE WHEN c.\"notnull\" + c.pk > 0 THEN ' not null' ELSE '' END
         FROM sqlite_schema m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'
         UNION ALL SELECT tbl_name, name || ' index' FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
         ORDER BY 1, 2",
    )
    .fetch_all(file.readers())
    .await
    .unwrap();
    let of_server: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::TEXT COLLATE \"C\",
             (column_name || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END) COLLATE \"C\"
         FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%'
         UNION ALL SELECT i.tablename::TEXT, i.indexname || ' index' FROM pg_indexes i
         WHERE i.schemaname = current_schema() AND i.tablename NOT LIKE '\\_sqlx%'
             AND i.indexname NOT LIKE '%\\_pkey' AND i.indexname NOT LIKE '%\\_key'
         ORDER BY 1, 2",
    )
    .fetch_all(&mut connection(&url).await)
    .await
    .unwrap();
    assert!(of_file.len() > 150, "{}", of_file.len());
    let difference: Vec<_> = of_file.iter().filter(|one| !of_server.contains(one)).collect();
    assert!(difference.is_empty(), "{difference:?}");
    assert_eq!(of_file, of_server);
}

#[tokio::test]
async fn what_the_server_says_of_a_value_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_) = store_of(folder.path()).await else { return };
    let store = open(folder.path()).await;
    let told = ticket("81", "Jo Smith");
    store.save_triage(&told, &prediction(1, "81"), &Finding::default()).await.unwrap();
    let error = store.save_triage(&told, &prediction(1, "81"), &Finding::default()).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("predictions_pkey"), "{text}");
    assert!(!text.contains("0000-0000") && !text.contains("Jo Smith"), "{text}");
}

#[tokio::test]
async fn an_address_that_leads_nowhere_says_so_without_its_password() {
    for (url, kind) in [
        ("mysql://desk:geheim@localhost/x", "Refused"),
        ("file:/nowhere/geheim-is-not-here", "Refused"),
        ("postgres://desk:geheim@127.0.0.1:1/x", "Unreachable"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let settings = StoreSettings { url: Some(Secret::from(url.to_owned())), ..StoreSettings::default() };
        let error = Store::open(folder.path(), &settings).await.unwrap_err();
        let text = format!("{error} {error:?} {settings:?}");
        assert!(format!("{error:?}").starts_with(kind), "{text}");
        assert!(!text.contains(":geheim@"), "{text}");
    }
}

#[tokio::test]
async fn an_older_program_works_beside_newer_tables_unless_they_say_that_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let Some(url) = store_of(folder.path()).await else { return };
    open(folder.path()).await.close().await.unwrap();
    let mut server = connection(&url).await;
    let step = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES ($1, $2, true, '', 0)";
    sqlx::query(step).bind(41_i64).bind("to come").execute(&mut server).await.unwrap();
    open(folder.path()).await.close().await.unwrap();
    sqlx::query(step).bind(42_i64).bind("to come (incompatible)").execute(&mut server).await.unwrap();
    let settings = StoreSettings { url: Some(url), ..StoreSettings::default() };
    let refused = Store::open(folder.path(), &settings).await;
    assert!(matches!(refused, Err(StoreError::Newer { found: 42, .. })), "{refused:?}");
}

#[tokio::test]
async fn an_index_of_another_store_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_) = store_of(folder.path()).await else { return };
    let index = folder.path().join("index");
    std::fs::create_dir(&index).unwrap();
    super::super::open(folder.path()).await.close().await.unwrap();
    assert!(index.exists(), "it is the folder's own");
    open(folder.path()).await.close().await.unwrap();
    assert!(!index.exists());
    std::fs::create_dir(&index).unwrap();
    open(folder.path()).await.close().await.unwrap();
    assert!(index.exists(), "now it is of this store");
    super::super::open(folder.path()).await.close().await.unwrap();
    assert!(!index.exists());
}
