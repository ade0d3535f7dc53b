//! What many surveys say: figures with their number of answers and an interval, by group and over time.

#![allow(clippy::unwrap_used)]

mod common;

use common::TestApp;
use serde_json::{Value, json};

/// The end of the window of the tests, and its beginning 90 days before.
const TO: &str = "2025-11-21T00:00:00Z";
const FROM: &str = "2025-08-23T00:00:00Z";

/// Keeps a survey for each rating, all answered at a time in the window's last week.
async fn keep(app: &TestApp, name: &str, ratings: &[u8], more: Value) {
    for (number, rating) in ratings.iter().enumerate() {
        let mut survey = more.clone();
        (survey["id"], survey["rating"]) = (json!(format!("{name}-{number}")), json!(rating));
        if survey["answered_at"].is_null() {
            survey["answered_at"] = json!("2025-11-20T09:00:00Z");
        }
        let answer = app.post("/v1/surveys", survey).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

async fn summary(app: &TestApp, query: &str) -> Value {
    let answer = app.get(&format!("/v1/surveys/summary?to={TO}&{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn group<'a>(summary: &'a Value, name: &str) -> &'a Value {
    summary["groups"].as_array().unwrap().iter().find(|group| group["name"] == name).unwrap()
}

async fn refused(app: &TestApp, query: &str) -> String {
    app.get(&format!("/v1/surveys/summary?{query}")).await.refusal()
}

#[tokio::test]
async fn the_edges_of_the_window_are_exact() {
    let app = TestApp::new().await;
    for (id, at) in [
        ("before", "2025-08-22T23:59:59.999999999Z"),
        ("first", FROM),
        ("last", "2025-11-20T23:59:59.999999999Z"),
        ("after", TO),
    ] {
        keep(&app, id, &[5], json!({"answered_at": at})).await;
    }
    let found = summary(&app, "").await;
    assert_eq!((&found["from"], &found["to"]), (&json!(FROM), &json!(TO)));
    assert_eq!(found["total"]["answers"], 2);
    let series = found["series"].as_array().unwrap();
    assert_eq!(series.len(), 13);
    let last = &series[12];
    assert_eq!(
        (&last["at"], &last["rolling"]["answers"], &last["week"]["answers"]),
        (&json!(TO), &json!(2), &json!(1))
    );
    // 84 days earlier the 90 days before reach beyond the window, and hold what was before it.
    let first = &series[0];
    assert_eq!(first["at"], "2025-08-29T00:00:00Z");
    assert_eq!((&first["rolling"]["answers"], &first["week"]["answers"]), (&json!(2), &json!(2)));
    let answers: Vec<u64> =
        series.iter().map(|point| point["rolling"]["answers"].as_u64().unwrap()).collect();
    // At every point two of the three lie in the 90 days before.
    assert_eq!(answers, [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
    let weeks: u64 = series.iter().map(|point| point["week"]["answers"].as_u64().unwrap()).sum();
    assert_eq!(weeks, 3, "each in one week");
}

#[tokio::test]
async fn a_rolling_point_forgets_after_exactly_90_days() {
    let app = TestApp::new().await;
    // The point 7 days before the end is on the 14th; its 90 days begin on August 16th.
    keep(&app, "held", &[5], json!({"answered_at": "2025-08-16T00:00:00Z"})).await;
    keep(&app, "gone", &[5], json!({"answered_at": "2025-08-15T23:59:59.999999999Z"})).await;
    let series = summary(&app, "").await["series"].clone();
    let rolling = |at: usize| series[at]["rolling"]["answers"].as_u64().unwrap();
    assert_eq!((rolling(10), rolling(11), rolling(12)), (2, 1, 0));
}

#[tokio::test]
async fn csat_nps_and_satisfaction_each_count_their_own_ratings() {
    let app = TestApp::new().await;
    keep(&app, "csat", &[5, 4, 3, 1], json!({})).await;
    keep(&app, "ten", &[10, 8], json!({"rating_scale": "1-10"})).await;
    keep(&app, "nps", &[10, 9, 9, 8, 7, 6, 0, 10, 9, 9], json!({"rating_scale": "nps"})).await;
    app.post("/v1/surveys", json!({"id": "words", "comment": "Well", "answered_at": "2025-11-20T09:00:00Z"}))
        .await;
    let total = summary(&app, "").await["total"].clone();
    assert_eq!(total["answers"], 17);
    assert_eq!((&total["csat"]["n"], &total["csat"]["value"]), (&json!(6), &json!(0.5)));
    assert_eq!((&total["nps"]["n"], &total["nps"]["value"]), (&json!(10), &json!(40.0)));
    assert_eq!((&total["satisfaction"]["n"], &total["sentiment"]["n"]), (&json!(16), &json!(1)));
    for measure in ["csat", "nps", "satisfaction", "sentiment"] {
        let figure = &total[measure];
        let (low, value, high) = (number(&figure["low"]), number(&figure["value"]), number(&figure["high"]));
        assert!(low < value && value < high, "{figure}");
    }
    // Six promoters and two detractors in ten, two more of each: 400/14 ± 196·sqrt((12/14 - (4/14)²)/14).
    assert!((number(&total["nps"]["low"]) + 17.56).abs() < 0.1, "{total}");
}

#[tokio::test]
async fn the_lowest_are_named_only_among_groups_with_enough_answers() {
    let app = TestApp::new().await;
    for (category, ratings) in [
        ("Access", &[3, 3, 3, 3, 3][..]),
        ("Hardware", &[2, 2, 2, 2, 2]),
        ("Network", &[5, 5, 5, 5, 5]),
        ("Mail", &[4, 4, 4, 4, 4]),
        ("Printer", &[1, 1, 1, 1]),
    ] {
        keep(&app, category, ratings, json!({"category": category})).await;
    }
    keep(&app, "nobody", &[1, 1, 1, 1, 1, 1], json!({})).await;
    let found = summary(&app, "by=category").await;
    let lowest = &found["lowest"];
    let names: Vec<&str> =
        lowest["groups"].as_array().unwrap().iter().map(|low| low["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Hardware", "Access", "Mail"]);
    assert_eq!(lowest["too_few"], json!([{"name": "Printer", "n": 4}]));
    assert_eq!((&lowest["min_answers"], &lowest["too_few_count"]), (&json!(5), &json!(1)));
    // Equal answers are no certainty.
    let hardware = &group(&found, "Hardware")["satisfaction"];
    assert!(number(&hardware["high"]) - number(&hardware["low"]) > 0.3, "{hardware}");
    // Of the largest group nobody knows the name.
    assert_eq!((&found["groups"][0]["name"], &found["groups"][0]["answers"]), (&Value::Null, &json!(6)));
}

#[tokio::test]
async fn groups_are_by_agent_group_organization_and_channel_too_and_filters_narrow_them() {
    let app = TestApp::new().await;
    keep(&app, "a", &[5], json!({"agent_group": "one", "organization_id": "acme", "channel": "web"})).await;
    keep(&app, "b", &[1, 2], json!({"agent_group": "two", "organization_id": "acme", "channel": "mail"}))
        .await;
    for (by, names) in
        [("agent_group", &["two", "one"][..]), ("organization", &["acme"]), ("channel", &["mail", "web"])]
    {
        let found = summary(&app, &format!("by={by}")).await;
        let groups = found["groups"].as_array().unwrap();
        let told: Vec<&str> = groups.iter().map(|group| group["name"].as_str().unwrap()).collect();
        assert_eq!(told, names, "{by}");
    }
    assert_eq!(summary(&app, "channel=web").await["total"]["answers"], 1);
    assert_eq!(summary(&app, "agent_group=two&organization=acme").await["total"]["answers"], 2);
}

#[tokio::test]
async fn weeks_that_swing_are_volatile_beyond_what_chance_makes() {
    let app = TestApp::new().await;
    for week in 0..6_i64 {
        let at: jiff::Timestamp = TO.parse().unwrap();
        let at = at - jiff::SignedDuration::from_hours(24 * 7 * week + 1);
        let rating = if week % 2 == 0 { 5 } else { 1 };
        keep(&app, &format!("w{week}"), &[rating, rating, rating], json!({"answered_at": at})).await;
    }
    let volatility = summary(&app, "").await["volatility"]["satisfaction"].clone();
    assert_eq!((&volatility["weeks"], &volatility["by_chance"]), (&json!(6), &json!(0.0)));
    assert!((number(&volatility["value"]) - 0.3_f64.sqrt()).abs() < 1e-9, "{volatility}");
}

#[tokio::test]
async fn a_window_without_answers_has_no_figures_and_says_so() {
    let app = TestApp::new().await;
    keep(&app, "late", &[1], json!({"answered_at": "2025-12-01T00:00:00Z"})).await;
    let found = summary(&app, "").await;
    let nothing = json!({"n": 0, "value": null, "low": null, "high": null});
    for measures in [&found["total"], &found["series"][12]["rolling"]] {
        assert_eq!(measures["answers"], 0);
        for measure in ["csat", "nps", "satisfaction", "sentiment"] {
            assert_eq!(measures[measure], nothing);
        }
    }
    assert_eq!((&found["groups"], &found["lowest"]["groups"]), (&json!([]), &json!([])));
    assert_eq!(found["warnings"], json!(["no survey of this window fits: there are no figures"]));
}

#[tokio::test]
async fn the_table_comes_as_csv_by_name_or_by_accept() {
    let app = TestApp::new().await;
    keep(&app, "a", &[5, 1], json!({"category": "=HYPERLINK(\"x\")"})).await;
    let path = format!("/v1/surveys/summary?to={TO}");
    let named = app.get(&format!("{path}&format=csv")).await;
    assert_eq!(named.header("content-type"), Some("text/csv; charset=utf-8"));
    let request = axum::http::Request::get(&path).header("accept", "text/csv");
    let accepted = app.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(accepted.text(), named.text());
    let text = named.text();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((rows.len(), rows[0][0], rows[1][0]), (3, "group", "(all)"));
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
    assert_eq!(rows[1][1..4], ["2", "2", "0.5000"]);
    assert!(rows[2][0].starts_with("\"'=HYPERLINK"), "{text}");
    assert_eq!(rows[1][6..8], ["0", ""], "no NPS is no 0");
}

#[tokio::test]
async fn a_window_that_holds_no_time_is_refused() {
    let app = TestApp::new().await;
    insta::assert_snapshot!(refused(&app, "from=2025-11-21&to=2025-11-21").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "to" must be later than from; the window holds no time
    "#);
    insta::assert_snapshot!(refused(&app, "from=1990-01-01&to=2025-11-21").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "to" is more than 3660 days after from; ask for a shorter window
    "#);
    insta::assert_snapshot!(refused(&app, "by=mood").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "by" is not known; use one of `category`, `agent_group`, `organization`, `channel`
    "#);
    insta::assert_snapshot!(refused(&app, "format=xml").await, @r#"
    422 invalid_request
    The request is not valid: Correct what `errors` names; /docs shows the form of each field.
    "format" is not known; use `json` or `csv`
    "#);
}

/// `SURVEYS=100000 cargo test --test survey_summary -- --ignored --nocapture` measures.
#[tokio::test]
#[ignore = "measures over as many surveys and tickets as SURVEYS says"]
async fn a_summary_of_many_surveys() {
    use deskhand::store::{KeptSurvey, RatingScale, SurveyFilter, SurveyGroup, SurveyRecord, TicketRecord};
    use deskhand::survey::{SurveyQuery, Window};

    let count: usize = std::env::var("SURVEYS").map_or(5_000, |text| text.parse().unwrap());
    let app = TestApp::new().await;
    let to: jiff::Timestamp = TO.parse().unwrap();
    let first = json!({"id": "t0", "body": "No VPN. ".repeat(60), "submitted": {"priority": "P3"}});
    app.post("/v1/triage", json!({"ticket": first})).await;
    let ticket = app.app.store.ticket("t0").await.unwrap().unwrap();
    for start in (0..count).step_by(1_000) {
        let numbers = start..count.min(start + 1_000);
        let tickets = numbers.clone().map(|number| TicketRecord {
            id: format!("t{number}"),
            agent_group: Some(format!("group {}", number % 12)),
            labels: deskhand::store::FinalLabels {
                category: Some(format!("Category {}", number % 30)),
                ..Default::default()
            },
            ..ticket.clone()
        });
        app.app.store.save_tickets(&tickets.collect::<Vec<_>>()).await.unwrap();
        let surveys = numbers.map(|number| KeptSurvey {
            survey: SurveyRecord {
                id: format!("s{number}"),
                ticket_id: Some(format!("t{number}")),
                requester_id: None,
                organization_id: None,
                category: None,
                agent_group: None,
                channel: None,
                answered_at: to
                    - jiff::SignedDuration::from_secs(60 * (1 + (number as i64 * 7_919) % 129_000)),
                question: None,
                comment: Some("Slow".into()),
                rating: Some(((number % 5 + 1) as f64, RatingScale::OneToFive)),
                satisfaction: Some((number % 5) as f64 / 4.0),
                low: number % 5 < 2,
                reading: None,
            },
            follow_up: None,
        });
        app.app.store.keep_surveys(surveys.collect(), to).await.unwrap();
    }
    let desk = app.app.now().desk.clone();
    let window = || Window::new(None, to).unwrap();
    let started = std::time::Instant::now();
    let found = desk.summary(window(), &SurveyFilter::default(), SurveyGroup::Category).await.unwrap();
    let summed = started.elapsed();
    assert_eq!((found.total.answers, found.groups.len()), (count as u64, 30));
    let started = std::time::Instant::now();
    let query = SurveyQuery { limit: 50, ..SurveyQuery::default() };
    desk.list(&query, to).await.unwrap().unwrap();
    let listed = started.elapsed();
    let told = format!("{count} surveys: summary {summed:.0?}, first page {listed:.1?}\n");
    std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()).unwrap();
}
