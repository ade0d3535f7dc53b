//! Clients of other programs: our own crate, and what is generated from the document, for one call each.
//! Without a generator (`.ci/run` installs them where it can) that part says so and passes.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr, clippy::panic)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::process::Command;

use deskhand_client::{Article, Audience, Client, Comment, Error, Outcome, Suggest, Ticket};
use process::Service;
use tempfile::TempDir;

/// The exit status of a script whose generator is not installed.
const NOT_INSTALLED: i32 = 77;

fn service() -> (TempDir, Service) {
    let dir = tempfile::tempdir().unwrap();
    tiny_bundle::write(&dir.path().join("bundle"));
    let path = |name: &str| dir.path().join(name).display().to_string();
    let service = Service::start(&["--data", &path("data"), "--model", &path("bundle")]);
    (dir, service)
}

#[tokio::test]
async fn the_crate_triages_suggests_and_tells_outcomes() {
    let (_dir, service) = service();
    let client = Client::new(&format!("http://{}", service.address), None).unwrap();
    let article = Article {
        title: "Toner".into(),
        body: "Shake the toner of the printer.".into(),
        audience: Audience::Customer,
        ..Article::default()
    };
    client.put_article("toner/1", &article).await.unwrap();
    let answer = client.triage(&Ticket::new("a/1", "Printer", "The toner is empty.")).await.unwrap();
    assert!(answer.predictions.contains_key("category") && !answer.prediction_id.is_empty());
    let question = Suggest { text: "toner of the printer".into(), audience: Audience::Customer };
    assert_eq!(client.suggest(&question).await.unwrap().articles[0].id, "toner/1");
    let outcome = Outcome { status: Some("solved".into()), ..Outcome::default() };
    client.tell_outcome("a/1", &outcome).await.unwrap();
    let read = client.sentiment(&Comment { text: "Quick and kind".into(), question: None }).await.unwrap();
    assert!((-1.0..=1.0).contains(&read.sentiment.score));
    client.delete_article("toner/1").await.unwrap();
}

#[tokio::test]
async fn a_refusal_says_what_was_wrong_and_where() {
    let (_dir, service) = service();
    let client = Client::new(&format!("http://{}/", service.address), None).unwrap();
    let refused = client.triage(&Ticket::default()).await.unwrap_err();
    let Error::Refused(problem) = refused else { panic!("{refused}") };
    assert_eq!((problem.status, problem.code.as_str()), (422, "invalid_request"));
    assert_eq!(problem.errors[0].field, "/ticket");
    let Err(Error::Refused(problem)) = client.delete_article("none").await else { panic!() };
    assert_eq!(problem.code, "article_not_found");
    assert!(matches!(Client::new("deskhand.example", None), Err(Error::Address(_))));
}

fn generated(script: &str) {
    let (_dir, service) = service();
    let run = Command::new(script).arg(format!("http://{}", service.address)).output();
    let run = match run {
        Ok(run) if run.status.code() != Some(NOT_INSTALLED) => run,
        _ => {
            eprintln!("NOT TESTED: {script}: its generator is not installed");
            return;
        }
    };
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{script}: {}\n{told}", run.status);
    assert!(!String::from_utf8_lossy(&run.stdout).trim().is_empty(), "{script} printed no category\n{told}");
}

#[test]
fn a_python_client_is_generated_from_the_document_and_triages_a_ticket() {
    generated("clients/python/try");
}

#[test]
fn a_typescript_client_is_generated_from_the_document_and_triages_a_ticket() {
    generated("clients/typescript/try");
}
