//! Temporary.
use super::*;
use std::time::Instant;

#[tokio::test]
#[ignore]
async fn speed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let body = "The VPN drops every few minutes and then asks for the password again. ".repeat(12);
    let began = Instant::now();
    for page in 0..40 {
        let batch: Vec<_> = (0..500).map(|n| solved_ticket(&format!("t-{:06}", page * 500 + n), &body)).collect();
        store.save_tickets(&batch).await.unwrap();
    }
    eprintln!("save 20,000 tickets: {:?}", began.elapsed());
    for (n, id) in [1_u128, 2, 3].into_iter().zip(["t-000001", "t-000002", "t-000003"]) {
        store.save_triage(&solved_ticket(id, &body), &prediction(n, id), &Finding::default()).await.unwrap();
    }
    for round in 0..6 {
        let began = Instant::now();
        let (mut after, mut seen) = (None::<String>, 0);
        loop {
            let page = store.audited_page(after.as_deref(), 1000).await.unwrap();
            let Some(last) = page.last() else { break };
            seen += page.len();
            after = Some(last.id.clone());
        }
        let audited = began.elapsed();
        let began = Instant::now();
        let mut labels = 0;
        store.each_ticket_labels(None, None, |_| labels += 1).await.unwrap();
        eprintln!("round {round}: {seen} audited in {audited:?}; {labels} labels in {:?}", began.elapsed());
    }
    let began = Instant::now();
    for n in 0..2000 { store.ticket(&format!("t-{n:06}")).await.unwrap().unwrap(); }
    eprintln!("2,000 tickets one by one: {:?}", began.elapsed());
}
