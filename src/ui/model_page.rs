//! `/model`: what answers, and how well it did where that was measured.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;

use super::article::Part;
use super::article_page::message;
use super::card::Card;
use super::frame::{Frame, Place};
use super::learning_view::{Watched, trainings, watched};
use super::model_view::{self, Fact};
use super::problem::Problem;
use super::table::{Address, Filters, TableView};
use super::{Pages, page};
use crate::charts::Figure;

#[derive(Template)]
#[template(path = "ui/model.html")]
struct ModelTemplate {
    frame: Frame,
    facts: Vec<Fact>,
    before: String,
    tasks: TableView,
    filters: Filters,
    labels: TableView,
    thresholds: Figure,
    p1: Figure,
    watched: Watched,
    trainings: Vec<String>,
    card: Option<Card>,
}

/// Shows the bundle that answers at this moment.
pub(super) async fn show(State(pages): State<Pages>, address: Address) -> Response {
    let now = pages.answering.now();
    let shelf = pages.shelf.clone();
    let bundle = now.model.bundle().clone();
    // Two small files, read away from the threads that answer.
    let read = tokio::task::spawn_blocking(move || {
        let card = bundle.card().map_err(|error| error.to_string())?;
        let promoted = shelf.promoted().map_err(|error| error.to_string())?;
        Ok::<_, String>((card.map(|text| Card::read(&text, 3)), promoted))
    });
    let (card, promoted) = match read.await.map_err(|error| error.to_string()).flatten() {
        Ok(read) => read,
        Err(error) => {
            tracing::error!(error, "the page about the model could not be made");
            return message(Problem::failed());
        }
    };
    let learnt = match watched(&pages, &now.model, Timestamp::now()).await {
        Ok(watched) => {
            trainings(&pages).await.map(|trainings| (watched, trainings)).map_err(|e| e.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    let (watched, trainings) = match learnt {
        Ok(learnt) => learnt,
        Err(error) => {
            tracing::error!(error, "the page about the model could not be made");
            return message(Problem::failed());
        }
    };
    let manifest = now.model.manifest();
    let filter = model_view::task_filter(manifest);
    let mut tasks = model_view::tasks(manifest);
    let mut labels = model_view::labels(manifest, &filter.chosen(&address));
    if let Some(file) = tasks.csv(&address).or_else(|| labels.csv(&address)) {
        return file;
    }
    let template = ModelTemplate {
        frame: Frame::at(Place::Model),
        facts: model_view::facts(manifest),
        before: model_view::before(promoted.as_ref()),
        tasks: tasks.view(&address),
        filters: Filters::new(vec![filter], &address),
        labels: labels.view(&address),
        thresholds: model_view::thresholds(manifest),
        p1: model_view::p1(manifest),
        watched,
        trainings,
        card,
    };
    page(StatusCode::OK, &template)
}
