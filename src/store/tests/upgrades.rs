//! Folders of every data version there was.

use sqlx::migrate::Migrator;
use sqlx::{ConnectOptions as _, Connection as _};

use super::super::sql::Dialect;
use super::super::steps::steps;
use super::*;

/// A folder whose tables are those of `version`, with the rows of data version 1 brought there step by step.
async fn folder_of(version: i64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("deskhand.db");
    std::fs::File::create(&database).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&database).foreign_keys(true);
    let mut connection = options.connect().await.unwrap();
    let first = include_str!("../../../tests/fixtures/store/version-1.sql");
    sqlx::query(first).execute(&mut connection).await.unwrap();
    let until = steps(Dialect::Sqlite).iter().filter(|step| step.version <= version).cloned().collect();
    Migrator::with_migrations(until).run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    folder
}

#[tokio::test]
async fn a_folder_of_every_data_version_is_brought_up_to_date_with_all_that_is_in_it() {
    let versions: Vec<i64> = steps(Dialect::Sqlite).iter().map(|step| step.version).collect();
    assert!(versions.len() > 14 && versions.is_sorted(), "{versions:?}");
    for version in versions {
        let folder = folder_of(version).await;
        let store = open(folder.path()).await;
        store.check().await.unwrap();
        let solved = store.ticket("81").await.unwrap().unwrap();
        assert_eq!(solved.status, Some(TicketStatus::Solved), "version {version}");
        assert_eq!(store.predictions_of("82").await.unwrap().len(), 1, "version {version}");
        assert_eq!(store.passages_of("vpn-drops").await.unwrap().len(), 1, "version {version}");
        let finding = store.finding("82").await.unwrap().unwrap();
        assert_eq!(finding.category.as_deref(), Some("Network::VPN and remote access"), "version {version}");
        store.save_tickets(&[ticket("new", "No VPN")]).await.unwrap();
        assert_eq!(store.ticket_count().await.unwrap(), 3, "version {version}");
    }
}

/// Whoever has run a step has noted its checksum: another one is refused as damage.
#[test]
fn a_step_that_was_released_is_never_changed() {
    let line = |(version, checksum): (i64, &[u8])| {
        let hex: String = checksum.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{version} {hex}")
    };
    let steps = steps(Dialect::Sqlite);
    let lines: Vec<String> = steps.iter().map(|step| line((step.version, &step.checksum))).collect();
    insta::assert_snapshot!(lines.join("\n"));
}
