//! Events reach who wants them, signed, once more when it went wrong, and nobody else.

#![allow(missing_docs, clippy::unwrap_used)]

mod stub;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskhand::config::{EndpointSettings, Settings, signing_key};
use deskhand::integrations::Product;
use deskhand::integrations::events::{Deliver, Endpoints, FanOut};
use deskhand::integrations::outgoing::Outgoing;
use deskhand::jobs::{Backoff, Pace, Runner};
use deskhand::store::{
    Embedding, EventType, GapRecord, GapState, Job, JobFilter, JobState, KeptSurvey, NewFollowUp, NewJob,
    RatingScale, Store, SurveyRecord,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;
use stub::{Fault, Got, Stub};

const PACE: Pace = Pace {
    at_once: 4,
    lease: Duration::from_secs(20),
    backoff: Backoff::of(&[Duration::from_millis(20), Duration::from_millis(40)]),
};
const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn endpoint(stub: &Stub, types: &[EventType], secrets: &[&str]) -> EndpointSettings {
    EndpointSettings {
        url: format!("http://{}/events", stub.address),
        types: types.to_vec(),
        secrets: secrets.iter().map(|secret| (*secret).to_owned().into()).collect(),
    }
}

/// A service's settings, with these endpoints.
fn settings(endpoints: &[(&str, EndpointSettings)]) -> Settings {
    let mut settings = Settings::default();
    settings.outgoing.timeout_s = 1;
    settings.outgoing.allow_networks = vec!["127.0.0.1".parse().unwrap()];
    settings.events.endpoints =
        endpoints.iter().map(|(name, set)| ((*name).to_owned(), set.clone())).collect();
    settings
}

/// A store whose events are worked off.
struct Desk {
    store: Store,
    runners: Vec<Runner>,
    _dir: tempfile::TempDir,
}

impl Desk {
    async fn with(settings: &Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &settings.store).await.unwrap();
        let mut desk = Self { store, runners: Vec::new(), _dir: dir };
        desk.start(settings);
        desk
    }

    fn start(&mut self, settings: &Settings) {
        let endpoints = Endpoints::new(&settings.events).unwrap();
        let outgoing = Outgoing::new(&settings.outgoing).unwrap();
        let deliver = Deliver::new(endpoints.clone(), Some(outgoing), Timestamp::now);
        let fan_out = Runner::start(self.store.clone(), Arc::new(FanOut(endpoints)), PACE, Timestamp::now);
        let deliver = Runner::start(self.store.clone(), Arc::new(deliver), PACE, Timestamp::now);
        self.runners = vec![fan_out, deliver];
    }

    async fn stop(&mut self) {
        for runner in self.runners.drain(..) {
            runner.stop().await;
        }
    }

    async fn tell(&self, events: Vec<NewJob>) {
        self.store.enqueue(events, Timestamp::now()).await.unwrap();
        self.wait().await;
    }

    /// Until nothing is left to do.
    async fn wait(&self) {
        for kind in ["event", "event_delivery"] {
            while self.store.next_job_at(kind).await.unwrap().is_some() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    async fn deliveries(&self) -> Vec<Job> {
        let filter = JobFilter { kind: Some("event_delivery".into()), limit: 99, ..JobFilter::default() };
        self.store.jobs(&filter).await.unwrap()
    }
}

fn event(kind: EventType, occasion: &str) -> NewJob {
    kind.job(occasion, &json!({"ticket_id": "81"}), Timestamp::now())
}

/// As a receiver does it, by the specification: whether a signature of this secret is among them.
fn is_signed(got: &Got, secret: &str) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(&signing_key(&secret.to_owned().into()).unwrap()).unwrap();
    mac.update(format!("{}.{}.", got.header("webhook-id"), got.header("webhook-timestamp")).as_bytes());
    mac.update(&got.body);
    let wanted = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    got.header("webhook-signature").split(' ').any(|signature| signature == wanted)
}

#[tokio::test]
async fn each_endpoint_hears_of_what_it_wants_with_its_own_signature() {
    let (pager, board) = (Stub::start(Product::Generic).await, Stub::start(Product::Generic).await);
    let settings = settings(&[
        ("pager", endpoint(&pager, &[EventType::SurveyLow], &[NEW, OLD])),
        ("board", endpoint(&board, &[], &[OLD])),
    ]);
    let desk = Desk::with(&settings).await;
    desk.tell(vec![event(EventType::SurveyLow, "s-1"), event(EventType::TriageCompleted, "p-1")]).await;
    let (pager, board) = (pager.writes(), board.writes());
    assert_eq!((pager.len(), board.len()), (1, 2));
    assert!(is_signed(&pager[0], NEW) && is_signed(&pager[0], OLD), "two secrets, two signatures");
    assert!(board.iter().all(|got| is_signed(got, OLD) && !is_signed(got, NEW)));
    let told = pager[0].json();
    assert_eq!((&told["type"], &told["data"]), (&json!("survey.low"), &json!({"ticket_id": "81"})));
    told["timestamp"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let same = board.iter().find(|got| got.json()["type"] == "survey.low").unwrap();
    assert_eq!(same.header("webhook-id"), pager[0].header("webhook-id"), "one event, one id");
    assert_ne!(board[0].header("webhook-id"), board[1].header("webhook-id"));
    assert!(!pager[0].header("webhook-id").contains('.'));
}

#[tokio::test]
async fn an_endpoint_that_fails_is_told_again_with_the_same_id_and_words() {
    for fault in [
        Fault::Status(500),
        Fault::Status(404),
        Fault::Close,
        Fault::DoneThenClose,
        Fault::Hang,
        Fault::Redirect,
    ] {
        let stub = Stub::failing(Product::Generic, &[fault]).await;
        let desk = Desk::with(&settings(&[("pager", endpoint(&stub, &[], &[NEW]))])).await;
        desk.tell(vec![event(EventType::GapOpened, "g-1")]).await;
        let got = stub.writes();
        assert_eq!(got.len(), 2, "{fault:?}");
        assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"), "{fault:?}");
        assert_eq!(got[0].body, got[1].body, "{fault:?}");
        assert!(got.iter().all(|got| is_signed(got, NEW)));
        assert_eq!(desk.deliveries().await[0].state, JobState::Done, "{fault:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_down_holds_up_no_other_and_its_deliveries_are_given_up_where_they_are_seen() {
    let (up, down) = (
        Stub::start(Product::Generic).await,
        Stub::failing(Product::Generic, &[Fault::Status(500); 9]).await,
    );
    let desk =
        Desk::with(&settings(&[("up", endpoint(&up, &[], &[NEW])), ("down", endpoint(&down, &[], &[NEW]))]))
            .await;
    desk.tell(vec![event(EventType::GapOpened, "g-1")]).await;
    assert_eq!((up.writes().len(), down.writes().len()), (1, 3));
    let dead: Vec<Job> =
        desk.deliveries().await.into_iter().filter(|job| job.state == JobState::Dead).collect();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].error.as_deref().unwrap().contains("down answered 500"));
}

#[tokio::test]
async fn who_says_gone_hears_of_nothing_until_the_next_start() {
    let stub = Stub::failing(Product::Generic, &[Fault::Status(410)]).await;
    let settings = settings(&[("pager", endpoint(&stub, &[], &[NEW]))]);
    let mut desk = Desk::with(&settings).await;
    desk.tell(vec![event(EventType::GapOpened, "g-1")]).await;
    desk.tell(vec![event(EventType::GapOpened, "g-2")]).await;
    assert_eq!(stub.writes().len(), 1);
    assert!(desk.deliveries().await[0].error.as_deref().unwrap().contains("410 Gone"));
    desk.stop().await;
    desk.start(&settings);
    desk.tell(vec![event(EventType::GapOpened, "g-3")]).await;
    assert_eq!(stub.writes().len(), 2);
}

#[tokio::test]
async fn a_delivery_to_an_endpoint_that_was_taken_out_of_the_settings_is_given_up_with_the_reason() {
    let stub = Stub::failing(Product::Generic, &[Fault::Status(500), Fault::Status(500)]).await;
    let mut desk = Desk::with(&settings(&[("pager", endpoint(&stub, &[], &[NEW]))])).await;
    desk.store.enqueue(vec![event(EventType::GapOpened, "g-1")], Timestamp::now()).await.unwrap();
    while stub.writes().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    desk.stop().await;
    desk.start(&settings(&[]));
    desk.wait().await;
    let error = desk.deliveries().await[0].error.clone().unwrap();
    assert!(error.contains("there is no events.endpoints.pager"), "{error}");
}

#[tokio::test]
async fn an_endpoint_inside_the_house_is_not_reached_unless_the_site_lists_it() {
    let stub = Stub::start(Product::Generic).await;
    for url in [
        format!("http://{}/events", stub.address),
        format!("http://localhost:{}/events", stub.address.port()),
    ] {
        let mut endpoint = endpoint(&stub, &[], &[NEW]);
        endpoint.url = url;
        let mut settings = settings(&[("pager", endpoint)]);
        settings.outgoing.allow_networks.clear();
        let desk = Desk::with(&settings).await;
        desk.tell(vec![event(EventType::GapOpened, "g-1")]).await;
        let job = desk.deliveries().await.remove(0);
        assert_eq!((job.state, job.attempts), (JobState::Dead, 1));
        assert!(job.error.unwrap().contains("outgoing.allow_networks"));
    }
    assert!(stub.state().got.is_empty());
}

fn low_survey(id: &str) -> KeptSurvey {
    let now = Timestamp::now();
    let survey = SurveyRecord {
        id: id.into(),
        ticket_id: Some("81".into()),
        requester_id: Some("8".into()),
        organization_id: None,
        category: None,
        agent_group: None,
        channel: None,
        answered_at: now,
        question: None,
        comment: Some("Nobody ever zqmarker called me back".into()),
        rating: Some((1.0, RatingScale::OneToFive)),
        satisfaction: Some(0.0),
        low: true,
        reading: None,
    };
    KeptSurvey { survey, follow_up: Some(NewFollowUp { owner: Some("kim".into()), due_at: now }) }
}

#[tokio::test]
async fn a_low_survey_is_told_once_and_without_the_customers_words() {
    let stub = Stub::start(Product::Generic).await;
    let desk = Desk::with(&settings(&[("pager", endpoint(&stub, &[], &[NEW]))])).await;
    for _ in 0..2 {
        desk.store.keep_surveys(vec![low_survey("s-1")], Timestamp::now()).await.unwrap();
        desk.wait().await;
    }
    let got = stub.writes();
    assert_eq!(got.len(), 1);
    let told = got[0].json();
    assert_eq!((&told["type"], &told["data"]["survey_id"]), (&json!("survey.low"), &json!("s-1")));
    assert_eq!((&told["data"]["rating"], &told["data"]["rating_scale"]), (&json!(1.0), &json!("1-5")));
    assert_eq!((&told["data"]["owner"], &told["data"]["ticket_id"]), (&json!("kim"), &json!("81")));
    assert!(!String::from_utf8_lossy(&got[0].body).contains("zqmarker"));
}

#[tokio::test]
async fn a_gap_is_told_when_it_is_found_for_the_first_time() {
    let stub = Stub::start(Product::Generic).await;
    let desk = Desk::with(&settings(&[("board", endpoint(&stub, &[EventType::GapOpened], &[NEW]))])).await;
    let now = Timestamp::now();
    let gap = GapRecord {
        id: "gap-7".into(),
        name: "zqmarker".into(),
        state: GapState::Open,
        owner: None,
        article_id: None,
        members: vec!["1".into(), "2".into(), "3".into()],
        centroid: Embedding { encoder: "e".into(), vector: vec![1.0] },
        confidence: 0.2,
        first_seen_at: now,
        last_seen_at: now,
        published_at: None,
    };
    for _ in 0..2 {
        desk.store.save_gaps(std::slice::from_ref(&gap)).await.unwrap();
        desk.wait().await;
    }
    let got = stub.writes();
    assert_eq!(got.len(), 1);
    let data = got[0].json()["data"].clone();
    assert_eq!((&data["gap_id"], &data["tickets"]), (&json!("gap-7"), &json!(3)));
    assert!(!data.to_string().contains("zqmarker"), "its telling words come from tickets");
}
