//! `/deliveries`: what helpdesks sent, what was written into their tickets, and what was given up.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use super::article_page::message;
use super::deliveries_view::{self, DeadJob};
use super::frame::{Frame, Place};
use super::model_view::Fact;
use super::problem::Problem;
use super::table::{Address, Filters, TableView};
use super::{Pages, page};
use crate::store::{Job, JobFilter, JobState, KeptUpdate, StoreError, UpdateFilter};

/// Jobs and updates of a list at most.
const LISTED: u32 = 1_000;
/// Dead jobs that are shown at most, each with a button.
const DEAD: u32 = 50;

#[derive(Template)]
#[template(path = "ui/deliveries.html")]
struct DeliveriesTemplate {
    frame: Frame,
    filters: Filters,
    facts: Vec<Fact>,
    dead: Vec<DeadJob>,
    updates: TableView,
    jobs: TableView,
    cut: bool,
    back: String,
    said: &'static str,
}

/// What the address asks for.
pub(super) async fn show(State(pages): State<Pages>, address: Address) -> Response {
    match read(&pages, &address).await {
        Ok(read) => respond(&address, read),
        Err(error) => failed(&error),
    }
}

fn failed(error: &StoreError) -> Response {
    tracing::error!(%error, "the page of the deliveries could not be made");
    message(Problem::failed())
}

/// What the button beside a dead job sends.
#[derive(Debug, Deserialize)]
pub(super) struct Replay {
    id: i64,
    /// What the page was asked for.
    #[serde(default)]
    back: String,
}

/// Begins a dead job anew, and shows the page again.
pub(super) async fn replay(
    State(pages): State<Pages>,
    form: Result<Form<Replay>, FormRejection>,
) -> Response {
    let Ok(Form(told)) = form else { return message(Problem::bad_form()) };
    // The clock is read here, at the edge.
    match pages.store.revive_job(told.id, Timestamp::now()).await {
        Ok(true) => {
            let address = Address::new("/deliveries", told.back.trim_start_matches('?'));
            Redirect::to(&address.with(&[("said", "due")], "dead")).into_response()
        }
        Ok(false) => message(Problem::gone()),
        Err(error) => failed(&error),
    }
}

/// What the page shows.
struct Read {
    facts: Vec<Fact>,
    dead: Vec<Job>,
    jobs: Vec<Job>,
    updates: Vec<KeptUpdate>,
}

async fn read(pages: &Pages, address: &Address) -> Result<Read, StoreError> {
    let store = &pages.store;
    let dead = JobFilter { state: Some(JobState::Dead), limit: DEAD, ..JobFilter::default() };
    let asked = JobFilter {
        kind: deliveries_view::kind(address),
        state: deliveries_view::state(address),
        subject: None,
        before: None,
        limit: LISTED,
    };
    let ticket_id = address.get("ticket").map(|ticket| ticket.trim().to_owned());
    let updates = UpdateFilter { ticket_id, limit: LISTED, ..UpdateFilter::default() };
    Ok(Read {
        facts: deliveries_view::facts(&store.job_counts().await?),
        dead: store.jobs(&dead).await?,
        jobs: store.jobs(&asked).await?,
        updates: store.updates(&updates).await?,
    })
}

fn respond(address: &Address, read: Read) -> Response {
    let mut updates = deliveries_view::updates(&read.updates);
    let mut jobs = deliveries_view::jobs(&read.jobs);
    if let Some(file) = updates.csv(address).or_else(|| jobs.csv(address)) {
        return file;
    }
    let full = |count: usize| count == LISTED as usize;
    let template = DeliveriesTemplate {
        frame: Frame::at(Place::Deliveries),
        filters: Filters::new(deliveries_view::filters(), address),
        facts: read.facts,
        dead: read.dead.iter().map(DeadJob::of).collect(),
        cut: full(read.jobs.len()) || full(read.updates.len()),
        updates: updates.view(address),
        jobs: jobs.view(address),
        back: address.with(&[("said", "")], "").trim_start_matches("/deliveries").to_owned(),
        said: if address.get("said").is_some() { "It is begun anew." } else { "" },
    };
    page(StatusCode::OK, &template)
}
