//! `POST /surveys`: what came of a call, from the form below it.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use super::Pages;
use super::article_page::message;
use super::follow_up_view::{CAUSES, OUTCOMES};
use super::problem::Problem;
use super::surveys_page::shown;
use super::table::Address;
use crate::store::{ContactOutcome, FollowUpChange, RootCause};
use crate::survey::Survey;

/// Most characters of an owner and of a note, as in the API.
const OWNER: usize = 200;
const NOTE: usize = 5_000;

/// All fields of the form; an empty one takes away what was there.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    id: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    root_cause: String,
    #[serde(default)]
    note: String,
    /// There if the box is ticked.
    closed: Option<String>,
    /// What the page was asked for.
    #[serde(default)]
    back: String,
}

/// Keeps what changed, and shows the page again.
pub(super) async fn tell(State(pages): State<Pages>, form: Result<Form<Told>, FormRejection>) -> Response {
    let Ok(Form(told)) = form else { return message(Problem::bad_form()) };
    // The clock is read here, at the edge; below, time is a parameter.
    let now = Timestamp::now();
    let address = Address::new("/surveys", told.back.trim_start_matches('?'));
    let desk = pages.answering.now().desk;
    let kept = match desk.get(&told.id, now).await {
        Ok(Some(survey)) => survey,
        Ok(None) => return message(Problem::gone()),
        Err(error) => return failed(&error),
    };
    let change = match told.change(&kept) {
        Ok(change) => change,
        Err(problem) => return shown(&pages, &address, Some(problem), now).await,
    };
    match desk.follow_up(&told.id, &change, now).await {
        Ok(Some(_)) => {
            let there = address.with(&[("follow_up", &told.id), ("said", "kept")], "follow-up");
            Redirect::to(&there).into_response()
        }
        Ok(None) => message(Problem::gone()),
        Err(error) => failed(&error),
    }
}

fn failed(error: &crate::survey::SurveyError) -> Response {
    tracing::error!(%error, "a follow-up could not be kept");
    message(Problem::failed())
}

impl Told {
    /// What differs from what is kept: what the form shows and nobody touched stays as it is, with its time.
    fn change(&self, kept: &Survey) -> Result<FollowUpChange, Problem> {
        let call = kept.follow_up.as_ref();
        let contact = call.map(|call| &call.contact);
        let owner = written(&self.owner);
        // Browsers send every line break as two characters.
        let note = written(&self.note.replace("\r\n", "\n"));
        for (field, text, most) in [("owner", &owner, OWNER), ("note", &note, NOTE)] {
            if text.as_ref().is_some_and(|text| text.chars().count() > most) {
                return Err(Problem::too_long(field, most));
            }
        }
        let outcome: Option<ContactOutcome> = chosen(&OUTCOMES, &self.outcome)?;
        let cause: Option<RootCause> = chosen(&CAUSES, &self.root_cause)?;
        let closed = self.closed.is_some();
        Ok(FollowUpChange {
            owner: differs(owner, call.and_then(|call| call.owner.clone())),
            contacted_at: None,
            outcome: differs(outcome, contact.and_then(|contact| contact.outcome)),
            root_cause: differs(cause, contact.and_then(|contact| contact.root_cause)),
            note: differs(note, contact.and_then(|contact| contact.note.clone())),
            closed: (closed != call.is_some_and(|call| call.closed_at.is_some())).then_some(closed),
        })
    }
}

fn written(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn differs<T: PartialEq>(now: Option<T>, before: Option<T>) -> Option<Option<T>> {
    (now != before).then_some(now)
}

fn chosen<T: Copy>(names: &[(&str, &str, T)], word: &str) -> Result<Option<T>, Problem> {
    if word.is_empty() {
        return Ok(None);
    }
    let known = names.iter().find(|(name, ..)| *name == word);
    known
        .map(|(.., value)| Some(*value))
        .ok_or_else(|| Problem { status: StatusCode::UNPROCESSABLE_ENTITY, ..Problem::bad_form() })
}
