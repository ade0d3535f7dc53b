//! An update goes into its ticket once, whatever the helpdesk does.

#![allow(missing_docs, clippy::unwrap_used)]

mod stub;

use std::sync::Arc;
use std::time::Duration;

use deskhand::config::{Level, Priority, Settings};
use deskhand::integrations::outgoing::Outgoing;
use deskhand::integrations::write_back::WriteBack;
use deskhand::integrations::{Note, NoteArticle, NoteReason, OWN_TAG, Product, Update};
use deskhand::jobs::{Backoff, Pace, Runner};
use deskhand::store::{Job, JobFilter, JobState, Store};
use jiff::Timestamp;
use serde_json::{Value, json};
use stub::{Fault, Stub};
use uuid::Uuid;

/// As the real one, with shorter pauses.
const PACE: Pace = Pace {
    at_once: 2,
    lease: Duration::from_secs(20),
    backoff: Backoff::of(&[Duration::from_millis(20), Duration::from_millis(40), Duration::from_millis(80)]),
};

fn update(product: Product) -> Update {
    Update {
        product,
        ticket_id: "81".into(),
        version: "5d41402abc4b2a76b9719d911017c592".into(),
        prediction_id: Uuid::from_u128(0x0193_0000_7000_8000_0000_0000_0000_0081),
        category: Some("Network::VPN and remote access".into()),
        priority: Some(Priority::P2),
        impact: None,
        urgency: Some(Level::High),
        tags: vec![OWN_TAG.into()],
        note: Some(Note {
            lines: vec!["Category: Network::VPN and remote access (94 %, set)".into()],
            articles: vec![NoteArticle {
                id: "kb-7".into(),
                title: "VPN & Wi-Fi <drops>".into(),
                url: Some("https://kb.acme.example/7".into()),
                passage: "Install the client anew.".into(),
            }],
            similar: vec!["77".into()],
            reasons: vec![NoteReason { task: "category".into(), words: vec!["VPN".into()] }],
        }),
    }
}

/// Works the update off under these settings until it is done or given up.
async fn work(settings: &Settings, update: &Update) -> Job {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &settings.store).await.unwrap();
    let outgoing = Outgoing::new(&settings.outgoing).unwrap();
    let work = WriteBack::new(&settings.integrations, &outgoing, Timestamp::now).unwrap();
    store.enqueue(vec![update.job(Timestamp::now()).unwrap()], Timestamp::now()).await.unwrap();
    let runner = Runner::start(store.clone(), Arc::new(work), PACE, Timestamp::now);
    while store.next_job_at("write_back").await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    runner.stop().await;
    store.jobs(&JobFilter { limit: 9, ..JobFilter::default() }).await.unwrap().remove(0)
}

/// What the ticket is to look like afterwards, wherever it is.
fn assert_written_once(stub: &Stub, case: &str) {
    let update = update(stub.product);
    assert_eq!(stub.notes_with(&update.marker()).len(), 1, "{case}: one note of ours");
    let state = stub.state();
    let ticket = &state.ticket;
    match stub.product {
        Product::Zendesk => {
            assert_eq!(ticket["priority"], "high", "{case}");
            assert_eq!(ticket["custom_fields"][0]["value"], "network__vpn", "{case}");
            assert_eq!(ticket["tags"], json!(["enterprise", "deskhand", "network__vpn"]), "{case}");
            assert_eq!(state.notes.last().unwrap()["public"], false, "{case}");
            assert_eq!(state.changes, 1, "{case}");
        }
        Product::Zammad => {
            assert_eq!(
                (&ticket["priority"], &ticket["category"]),
                (&json!("3 high"), &json!("Network::VPN and remote access"))
            );
            assert_eq!(state.tags, ["enterprise", "deskhand"], "{case}");
            let note = state.notes.last().unwrap();
            assert_eq!((&note["internal"], &note["type"]), (&json!(true), &json!("note")), "{case}");
        }
        Product::Freshdesk => {
            assert_eq!(ticket["priority"], 3, "{case}");
            assert_eq!(ticket["custom_fields"]["cf_category"], "Network::VPN and remote access", "{case}");
            assert_eq!(ticket["tags"], json!(["enterprise", "deskhand"]), "{case}");
            assert_eq!(state.notes.last().unwrap()["private"], true, "{case}");
        }
        Product::Generic => {
            assert_eq!((&ticket["priority"], &ticket["urgency"]), (&json!("P2"), &json!("high")), "{case}");
            assert_eq!(ticket["category"], "Network::VPN and remote access", "{case}");
            assert_eq!(state.changes, 1, "{case}");
        }
    }
}

#[tokio::test]
async fn every_product_gets_exactly_the_update_in_its_own_form() {
    for product in Product::ALL {
        let stub = Stub::start(product).await;
        let job = work(&stub.settings(), &update(product)).await;
        assert_eq!((job.state, job.attempts), (JobState::Done, 1), "{product}: {:?}", job.error);
        assert_written_once(&stub, product.name());
        let note = stub.notes_with(&update(product).marker()).remove(0).to_string();
        for part in
            ["VPN &amp; Wi-Fi &lt;drops&gt;", "https://kb.acme.example/7", "Install the client anew.", "77"]
        {
            assert!(note.contains(part), "{product}: {part} is not in {note}");
        }
    }
}

#[tokio::test]
async fn an_update_is_written_once_whatever_the_helpdesk_does_at_whichever_request() {
    let faults = [
        Fault::Status(500),
        Fault::Status(503),
        Fault::DoneThen(500),
        Fault::Close,
        Fault::DoneThenClose,
        Fault::Status(409),
    ];
    for product in Product::ALL {
        // Zammad and Freshdesk take two requests that write; each of them fails once.
        let requests = if matches!(product, Product::Zammad | Product::Freshdesk) { 2 } else { 1 };
        for (fault, at) in faults.iter().flat_map(|fault| (0..requests).map(move |at| (*fault, at))) {
            let stub = Stub::start(product).await;
            let before = std::iter::repeat_n(Fault::Slow(Duration::ZERO), at);
            stub.state().faults.extend(before.chain([fault]));
            let job = work(&stub.settings(), &update(product)).await;
            let case = format!("{product}, {fault:?} at request {at}");
            assert_eq!((job.state, job.attempts), (JobState::Done, 2), "{case}: {:?}", job.error);
            assert_written_once(&stub, &case);
        }
    }
}

#[tokio::test]
async fn a_helpdesk_that_says_nothing_for_too_long_is_asked_again() {
    for product in Product::ALL {
        let stub = Stub::failing(product, &[Fault::Hang]).await;
        let job = work(&stub.settings(), &update(product)).await;
        assert_eq!((job.state, job.attempts), (JobState::Done, 2), "{product}: {:?}", job.error);
        assert_written_once(&stub, product.name());
    }
}

#[tokio::test]
async fn an_attempt_that_arrives_late_at_zendesk_is_not_written_beside_the_next_one() {
    // It is carried out after the second attempt has read the ticket and before that one writes, or after it.
    for late in [1_100, 1_400] {
        let stub = Stub::failing(
            Product::Zendesk,
            &[Fault::DoneLate(Duration::from_millis(late)), Fault::Slow(Duration::from_millis(300))],
        )
        .await;
        let job = work(&stub.settings(), &update(Product::Zendesk)).await;
        assert_eq!(job.state, JobState::Done, "{:?}", job.error);
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_written_once(&stub, &format!("{late} ms late"));
    }
}

#[tokio::test]
async fn a_pause_that_the_helpdesk_asks_for_is_kept() {
    for product in Product::ALL {
        let stub = Stub::failing(product, &[Fault::TooMany(1)]).await;
        let job = work(&stub.settings(), &update(product)).await;
        assert_eq!((job.state, job.attempts), (JobState::Done, 2), "{product}: {:?}", job.error);
        assert_written_once(&stub, product.name());
        let writes = stub.writes();
        assert!(
            writes[1].at - writes[0].at >= Duration::from_millis(900),
            "{product} was asked again too early"
        );
    }
}

#[tokio::test]
async fn what_would_fail_again_is_given_up_with_the_setting_to_check_and_without_the_answers_words() {
    for product in Product::ALL {
        for (status, told) in
            [(401, "credentials"), (403, "may not"), (404, "api.url"), (422, "fields.category")]
        {
            let stub = Stub::failing(product, &[Fault::Status(status)]).await;
            let job = work(&stub.settings(), &update(product)).await;
            let error = job.error.unwrap();
            assert_eq!((job.state, job.attempts), (JobState::Dead, 1), "{product} {status}: {error}");
            assert!(error.contains(told) || error.contains("fields"), "{error}");
            assert!(
                error.contains(product.name()) && !error.contains("a sentence of the helpdesk"),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let stub = Stub::failing(Product::Zammad, &[Fault::Redirect]).await;
    let job = work(&stub.settings(), &update(Product::Zammad)).await;
    assert_eq!(job.state, JobState::Dead);
    assert!(job.error.unwrap().contains("redirect"));
}

#[tokio::test]
async fn what_people_changed_after_the_note_came_stays_as_they_want_it() {
    for product in [Product::Zendesk, Product::Zammad, Product::Freshdesk] {
        let stub = Stub::start(product).await;
        work(&stub.settings(), &update(product)).await;
        stub.state().ticket["priority"] = json!("set by an agent");
        // As after a crash between the answer and its being kept: the same job once more.
        let job = work(&stub.settings(), &update(product)).await;
        assert_eq!(job.state, JobState::Done);
        assert_eq!(stub.state().ticket["priority"], "set by an agent", "{product}");
        assert_eq!(stub.notes_with(&update(product).marker()).len(), 1, "{product}");
    }
}

#[tokio::test]
async fn an_update_without_a_note_sets_fields_alone_and_keeps_the_tags() {
    for product in [Product::Zendesk, Product::Zammad, Product::Freshdesk] {
        let stub = Stub::start(product).await;
        let notes = stub.state().notes.len();
        let job = work(&stub.settings(), &Update { note: None, ..update(product) }).await;
        assert_eq!(job.state, JobState::Done, "{:?}", job.error);
        let state = stub.state();
        assert_eq!(state.notes.len(), notes, "{product}");
        let tags = if product == Product::Zammad { json!(state.tags) } else { state.ticket["tags"].clone() };
        assert!(tags.as_array().unwrap().contains(&json!("enterprise")), "{product}: {tags}");
    }
}

#[tokio::test]
async fn a_label_that_the_field_does_not_have_is_told_before_anything_is_written() {
    let stub = Stub::start(Product::Zendesk).await;
    let unknown = Update { category: Some("Facilities::Badge".into()), ..update(Product::Zendesk) };
    let job = work(&stub.settings(), &unknown).await;
    assert_eq!(job.state, JobState::Dead);
    let error = job.error.unwrap();
    assert!(error.contains("Facilities::Badge") && error.contains("fields.category_values"), "{error}");
    assert!(stub.writes().is_empty());
    // The settings may say which option is meant.
    let mut settings = stub.settings();
    let values = &mut settings.integrations.zendesk.fields.category_values;
    values.insert("Facilities::Badge".into(), "network__vpn".into());
    assert_eq!(work(&settings, &unknown).await.state, JobState::Done);
}

#[tokio::test]
async fn a_note_far_back_in_a_long_conversation_is_found() {
    let stub = Stub::start(Product::Freshdesk).await;
    let ours = json!({"id": 9, "body": format!("<small>{}</small>", update(Product::Freshdesk).marker()), "private": true});
    let others = (0..250).map(|id| json!({"id": id, "body": "<p>more</p>"}));
    stub.state().notes = others.clone().take(150).chain([ours]).chain(others.skip(150)).collect();
    let job = work(&stub.settings(), &update(Product::Freshdesk)).await;
    assert_eq!(job.state, JobState::Done, "{:?}", job.error);
    assert!(stub.writes().is_empty());
}

#[tokio::test]
async fn an_address_inside_the_house_is_not_asked_unless_the_site_lists_it() {
    let stub = Stub::start(Product::Zammad).await;
    let mut settings = stub.settings();
    settings.outgoing.allow_networks.clear();
    let outgoing = Outgoing::new(&settings.outgoing).unwrap();
    let refused = WriteBack::new(&settings.integrations, &outgoing, Timestamp::now).unwrap_err().to_string();
    assert!(refused.contains("integrations.zammad") && refused.contains("allow_networks"), "{refused}");
    // A name that stands for it is refused when it is resolved.
    let api = settings.integrations.zammad.api.as_mut().unwrap();
    api.url = format!("http://localhost:{}", stub.address.port());
    let job = work(&settings, &update(Product::Zammad)).await;
    assert_eq!((job.state, job.attempts), (JobState::Dead, 1));
    assert!(job.error.unwrap().contains("allow_networks"));
    assert!(stub.state().got.is_empty());
}

#[tokio::test]
async fn an_id_that_is_no_number_never_becomes_part_of_an_address() {
    for product in [Product::Zendesk, Product::Zammad, Product::Freshdesk] {
        let stub = Stub::start(product).await;
        let strange = Update { ticket_id: "81/../../users/1".into(), ..update(product) };
        assert_eq!(work(&stub.settings(), &strange).await.state, JobState::Dead);
        assert!(stub.writes().is_empty(), "{product}");
    }
    let stub = Stub::start(Product::Generic).await;
    let strange = Update { ticket_id: "a/../b?c=d&e f".into(), ..update(Product::Generic) };
    assert_eq!(work(&stub.settings(), &strange).await.state, JobState::Done);
    assert_eq!(stub.writes()[0].path, "/tickets/a%2F..%2Fb%3Fc%3Dd%26e%20f");
}

#[tokio::test]
async fn a_generic_helpdesk_can_tell_who_sent_it_and_whether_it_came_before() {
    let stub = Stub::failing(Product::Generic, &[Fault::DoneThenClose]).await;
    let mut settings = stub.settings();
    let api = settings.integrations.generic.api.as_mut().unwrap();
    api.signing_secrets = vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned().into()];
    let update = update(Product::Generic);
    assert_eq!(work(&settings, &update).await.state, JobState::Done);
    let writes = stub.writes();
    assert_eq!(writes.len(), 2);
    for got in &writes {
        assert_eq!(
            (got.header("idempotency-key"), got.header("webhook-id")),
            (&*update.key(), &*update.key())
        );
        assert!(got.header("webhook-signature").starts_with("v1,"));
        assert_eq!(got.json()["prediction_id"], Value::from(update.prediction_id.to_string()));
    }
    assert_written_once(&stub, "generic");
}
