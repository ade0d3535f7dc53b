//! Folders that cannot be written, and stores that have no room left.

use std::num::NonZeroU64;

use jiff::Timestamp;

use super::*;

async fn open_with_a_mebibyte(folder: &Path) -> Store {
    let settings = StoreSettings { max_mebibytes: NonZeroU64::new(1), ..StoreSettings::default() };
    Store::open(folder, &settings).await.unwrap()
}

#[tokio::test]
async fn a_batch_that_does_not_fit_leaves_nothing_and_the_store_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_a_mebibyte(folder.path()).await;
    let first = store.put_articles(&[embedded("kb-0", &["a"])], "minilm").await.unwrap();

    let page = "x".repeat(64 * 1024);
    let batch: Vec<_> = (1..40).map(|n| embedded(&format!("kb-{n}"), &[&page])).collect();
    for _ in 0..2 {
        let refused = store.put_articles(&batch, "minilm").await;
        assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
        assert_eq!(store.article_count().await.unwrap(), 1);
        assert_eq!(store.change_seq().await.unwrap(), first);
    }
    store.save_tickets(&[ticket("1", "")]).await.unwrap();
    assert_eq!(store.ticket_count().await.unwrap(), 1);
    store.check().await.unwrap();
}

#[tokio::test]
async fn room_that_a_delete_gave_back_is_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_a_mebibyte(folder.path()).await;
    let large = "x".repeat(600 * 1024);
    store.put_articles(&[embedded("kb-1", &[&large])], "minilm").await.unwrap();
    let refused = store.put_articles(&[embedded("kb-2", &[&large])], "minilm").await;
    assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
    store.delete_article("kb-1", Timestamp::UNIX_EPOCH).await.unwrap();
    store.put_articles(&[embedded("kb-2", &[&large])], "minilm").await.unwrap();
}

#[tokio::test]
async fn a_write_that_does_not_fit_takes_no_other_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_a_mebibyte(folder.path()).await;
    let batch = [embedded("kb-1", &[&"x".repeat(2 * 1024 * 1024)])];
    let (small, answer, finding) = (ticket("1", ""), prediction(1, "1"), Finding::default());
    let (large, triage, deleted) = tokio::join!(
        store.put_articles(&batch, "minilm"),
        store.save_triage(&small, &answer, &finding),
        store.delete_article("kb-2", Timestamp::UNIX_EPOCH),
    );
    assert!(matches!(large, Err(StoreError::Full { .. })), "{large:?}");
    triage.unwrap();
    assert_eq!(deleted.unwrap(), None);
    assert_eq!(store.predictions_of("1").await.unwrap(), [answer]);
}

/// Permission bits do not bind root, so these are folders where nobody may create anything.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_that_cannot_be_created_is_refused() {
    for folder in ["/proc/deskhand", "/sys/deskhand"] {
        let refused = Store::open(Path::new(folder), &StoreSettings::default()).await;
        assert!(matches!(refused, Err(StoreError::NotWritable { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_data_folder_that_is_a_file_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = Store::open(file.path(), &StoreSettings::default()).await;
    assert!(matches!(refused, Err(StoreError::NotWritable { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("deskhand.db")).unwrap();
    let refused = Store::open(folder.path(), &StoreSettings::default()).await;
    assert!(matches!(refused, Err(StoreError::NotWritable { .. })), "{refused:?}");
}

#[test]
fn a_setting_that_does_not_exist_or_leaves_no_room_is_refused() {
    let misspelt = toml::from_str::<StoreSettings>("max_megabytes = 5").unwrap_err();
    assert!(misspelt.message().contains("max_megabytes"), "{misspelt}");
    assert!(toml::from_str::<StoreSettings>("max_mebibytes = 0").is_err());
    let none: StoreSettings = toml::from_str("").unwrap();
    assert_eq!(none, StoreSettings::default());
}
