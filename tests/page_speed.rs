//! How long the pages over many tickets take; measured, not asserted.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::time::Instant;

use common::TestApp;
use deskhand::store::{FinalLabels, KeptSurvey, RatingScale, SurveyRecord, TicketRecord};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

fn ticket(like: &TicketRecord, number: usize, now: Timestamp) -> TicketRecord {
    TicketRecord {
        id: format!("t{number}"),
        created_at: Some(now - SignedDuration::from_secs(60 * (1 + (number as i64 * 7_919) % 129_000))),
        requester_id: Some(format!("u{}", number % 900)),
        submitted_priority: Some("P3".into()),
        agent_group: Some(format!("group {}", number % 12)),
        labels: FinalLabels {
            category: Some(format!("Category {}", number % 30)),
            priority: Some(format!("P{}", 1 + number % 4)),
            ..FinalLabels::default()
        },
        ..like.clone()
    }
}

fn survey(number: usize, now: Timestamp) -> KeptSurvey {
    let survey = SurveyRecord {
        id: format!("s{number}"),
        ticket_id: Some(format!("t{number}")),
        requester_id: None,
        organization_id: None,
        category: None,
        agent_group: None,
        channel: None,
        answered_at: now - SignedDuration::from_secs(60 * (1 + (number as i64 * 7_919) % 129_000)),
        question: None,
        comment: Some("Slow".into()),
        rating: Some(((number % 5 + 1) as f64, RatingScale::OneToFive)),
        satisfaction: Some((number % 5) as f64 / 4.0),
        low: number % 5 < 2,
        reading: None,
    };
    KeptSurvey { survey, follow_up: None }
}

/// `TICKETS=100000 cargo test --test page_speed -- --ignored --nocapture` measures, with a survey to every
/// tenth ticket. The first call of a page reads the store; the others are answered from what was read.
#[tokio::test]
#[ignore = "measures over as many tickets as TICKETS says"]
async fn the_pages_over_many_tickets() {
    let count: usize = std::env::var("TICKETS").map_or(5_000, |text| text.parse().unwrap());
    let (app, now) = (TestApp::new().await, Timestamp::now());
    let first = json!({"id": "t0", "body": "No VPN. ".repeat(60)});
    app.post("/v1/triage", json!({"ticket": first})).await;
    let like = app.app.store.ticket("t0").await.unwrap().unwrap();
    for start in (0..count).step_by(1_000) {
        let numbers = start..count.min(start + 1_000);
        let tickets: Vec<TicketRecord> = numbers.clone().map(|number| ticket(&like, number, now)).collect();
        app.app.store.save_tickets(&tickets).await.unwrap();
        let surveys = numbers.filter(|number| number % 10 == 0).map(|number| survey(number, now)).collect();
        app.app.store.keep_surveys(surveys, now).await.unwrap();
    }
    for path in ["/coverage", "/gaps", "/surveys", "/mismatches"] {
        let mut told = format!("{path} over {count} tickets:");
        for _ in 0..3 {
            let started = Instant::now();
            let answer = app.get(path).await;
            assert_eq!(answer.status, 200, "{path}");
            told += &format!(" {:.0?}", started.elapsed());
        }
        std::io::Write::write_all(&mut std::io::stderr(), (told + "\n").as_bytes()).unwrap();
    }
}
