//! `/mismatches`: whose labels are wrong, the worst first.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;

use super::article_page::message;
use super::figures::Nothing;
use super::frame::{Frame, Place};
use super::mismatches_view::{self, Evidence};
use super::model_view::Fact;
use super::problem::Problem;
use super::span::{self, Span};
use super::table::{Address, Filters, TableView};
use super::{Pages, page};
use crate::audit::mismatches::{Ledger, MAX_LIMIT, Question, ledger};
use crate::charts::Figure;

#[derive(Template)]
#[template(path = "ui/mismatches.html")]
struct MismatchesTemplate {
    frame: Frame,
    filters: Filters,
    nothing: Option<String>,
    time: String,
    facts: Vec<Fact>,
    warnings: Vec<String>,
    groups: TableView,
    costs: Figure,
    evidence: Vec<Evidence>,
    pairs: TableView,
}

/// The ledger of the time that the address asks for.
pub(super) async fn show(State(pages): State<Pages>, address: Address) -> Response {
    // The clock is read here, at the edge; below, time is a parameter.
    let now = Timestamp::now();
    let span = match Span::asked(&address, now) {
        Ok(span) => span,
        Err(words) => return respond(&address, String::new(), Err(Nothing::wrong(words))),
    };
    let (name, question) = question(&pages, &address, span);
    let store = pages.store.clone();
    let make = move || async move { ledger(&store, &question, &|_| ()).await };
    match pages.ledgers.get(&name, now, make).await {
        Ok(ledger) => respond(&address, span.words(), Ok(ledger)),
        Err(error) => {
            tracing::error!(%error, "the page of the mismatches could not be made");
            message(Problem::failed())
        }
    }
}

/// What is asked, and under which name its answer is held.
fn question(pages: &Pages, address: &Address, span: Span) -> (String, Question) {
    let model = pages.answering.now().model;
    let labels =
        model.head("category").map(|head| head.spec().labels.iter().cloned().collect::<BTreeSet<_>>());
    let (by, task) = (mismatches_view::by(address), mismatches_view::task(address));
    let given = |name: &str| address.get(name).unwrap_or_default().to_owned();
    let manifest = model.manifest();
    let name = format!(
        "{:?}",
        (given("days"), given("from"), given("to"), by, task, &manifest.name, &manifest.version)
    );
    let question = Question {
        from: span.from,
        to: Some(span.to),
        by,
        task,
        limit: MAX_LIMIT,
        categories: labels.unwrap_or_default(),
        matrix: pages.matrix.clone(),
    };
    (name, question)
}

fn respond(address: &Address, time: String, ledger: Result<Arc<Ledger>, Nothing>) -> Response {
    let (ledger, nothing) = match ledger {
        Ok(ledger) if ledger.total.tickets == 0 => {
            (None, Some(Nothing::found(mismatches_view::none(&ledger))))
        }
        Ok(ledger) => (Some(ledger), None),
        Err(nothing) => (None, Some(nothing)),
    };
    let ledger = ledger.as_deref();
    let mut groups = mismatches_view::groups(ledger, address);
    let mut pairs = mismatches_view::pairs(ledger);
    if let Some(file) = groups.csv(address).or_else(|| pairs.csv(address)) {
        return file;
    }
    let status = nothing.as_ref().map_or(StatusCode::OK, |nothing| nothing.status);
    let template = MismatchesTemplate {
        frame: Frame::at(Place::Mismatches),
        filters: Filters::new([span::filters(), mismatches_view::filters()].concat(), address),
        nothing: nothing.map(|nothing| nothing.words),
        time: format!("Tickets of {time}."),
        facts: ledger.map(mismatches_view::facts).unwrap_or_default(),
        warnings: ledger.map(mismatches_view::warnings).unwrap_or_default(),
        groups: groups.view(address),
        costs: mismatches_view::costs(ledger),
        evidence: ledger.map(mismatches_view::evidence).unwrap_or_default(),
        pairs: pairs.view(address),
    };
    page(status, &template)
}
