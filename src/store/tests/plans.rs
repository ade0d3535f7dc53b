//! What SQLite makes of the questions that are asked often.

use super::*;

#[tokio::test]
async fn what_the_checker_asks_is_answered_by_indexes_and_not_by_reading_every_ticket() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for (asked, index) in [
        ("SELECT subject_id FROM signal_agenda WHERE look_at <= 'x' ORDER BY look_at LIMIT 9", "signal_agenda_by_time"),
        ("SELECT id FROM tickets t WHERE t.requester_id = 'x' AND t.created_at >= 'x'", "tickets_by_requester"),
        ("SELECT id FROM tickets t WHERE t.organization_id = 'x' AND t.created_at >= 'x'", "tickets_by_organization"),
        ("SELECT id FROM surveys s WHERE s.requester_id = 'x' AND s.answered_at >= 'x'", "surveys_by_requester"),
        (
            "SELECT id, embedding FROM tickets WHERE created_at > 'x' AND created_at <= 'y' AND encoder IS NOT NULL
             ORDER BY created_at DESC, id DESC LIMIT 9",
            "tickets_by_time",
        ),
        (
            "SELECT handling_minutes FROM tickets WHERE final_category = 'x' AND handling_minutes IS NOT NULL
             ORDER BY created_at DESC NULLS LAST LIMIT 9",
            "tickets_handled",
        ),
        ("UPDATE signals SET evidence = '' WHERE rule = 'x' AND subject_kind = 'x' AND subject_id = 'x' AND resolved_at IS NULL", "signals_standing"),
    ] {
        let rows = sql::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {asked}")))
            .fetch_all(store.readers())
            .await
            .unwrap();
        let plan: String = rows.iter().map(|row| row.try_get::<String>("detail").unwrap() + "\n").collect();
        assert!(plan.contains("SEARCH") && plan.contains(index) && !plan.contains("TEMP B-TREE"), "{asked}: {plan}");
    }
}
