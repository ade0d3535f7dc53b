//! `/panel/{ticket_id}`: what answers a kept ticket, in a frame of the helpdesk.
//!
//! Only a signed link opens it (`link.rs`), and only the sites that the settings name may show it.

use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use super::link::PanelLink;
use super::problem::Problem;
use super::suggest_page::{answered, told};
use super::view::AnswerView;
use super::voice::{self, Say, VoiceForm};
use super::{Pages, framed_policy, page};
use crate::store::{Audience, Occasion, TicketRecord};
use crate::triage::{Ticket, TriageError};

/// What stands in a link behind the question mark.
#[derive(Debug, Deserialize)]
pub(super) struct Signed {
    expires: i64,
    r#for: Audience,
    key: String,
}

/// What a button below an article sends.
#[derive(Debug, Deserialize)]
pub(super) struct Spoken {
    article: String,
    say: Say,
}

#[derive(Template)]
#[template(path = "ui/panel.html")]
struct PanelTemplate {
    title: String,
    content: Result<AnswerView, Problem>,
}

/// Why a link opens nothing; which of it, the reader of a wrong link is not told.
type Opened = Result<(PanelLink, String), Problem>;

/// The panel, or why it is not shown.
pub(super) async fn show(
    State(pages): State<Pages>,
    id: Result<Path<String>, PathRejection>,
    signed: Result<Query<Signed>, QueryRejection>,
) -> Response {
    let now = Timestamp::now();
    let shown = match opened(&pages, id, signed, now) {
        Ok((link, address)) => panel(&pages, &link, address, now).await,
        Err(problem) => Err(problem),
    };
    framed(&pages, shown)
}

/// Keeps what is said about an article, and shows the panel again.
pub(super) async fn say(
    State(pages): State<Pages>,
    id: Result<Path<String>, PathRejection>,
    signed: Result<Query<Signed>, QueryRejection>,
    form: Result<Form<Spoken>, FormRejection>,
) -> Response {
    let now = Timestamp::now();
    let (link, address) = match opened(&pages, id, signed, now) {
        Ok(opened) => opened,
        Err(problem) => return framed(&pages, Err(problem)),
    };
    let Form(spoken) = match form {
        Ok(form) => form,
        Err(rejection) => {
            return framed(&pages, Err(Problem::of_form(&rejection, pages.max_form_bytes)));
        }
    };
    let knowledge = pages.answering.now().knowledge;
    let occasion = Occasion::Ticket(link.ticket_id);
    match voice::keep(&knowledge, occasion, spoken.article, spoken.say, now).await {
        Ok(()) => Redirect::to(&address).into_response(),
        Err(error) => framed(&pages, Err(told(&TriageError::from(error)))),
    }
}

/// What the link is for, and its address, if it is a good one.
fn opened(
    pages: &Pages,
    id: Result<Path<String>, PathRejection>,
    signed: Result<Query<Signed>, QueryRejection>,
    now: Timestamp,
) -> Opened {
    let secret = pages.settings.link_secret.as_ref().ok_or_else(Problem::no_panels)?;
    let (Ok(Path(ticket_id)), Ok(Query(signed))) = (id, signed) else { return Err(Problem::bad_link()) };
    let expires = Timestamp::from_second(signed.expires).map_err(|_| Problem::bad_link())?;
    let link = PanelLink { ticket_id, expires, audience: signed.r#for };
    if !link.is_valid(&signed.key, secret, now) {
        return Err(Problem::bad_link());
    }
    let address = link.signed(secret);
    Ok((link, address))
}

async fn panel(
    pages: &Pages,
    link: &PanelLink,
    address: String,
    now: Timestamp,
) -> Result<PanelTemplate, Problem> {
    let record = pages.store.ticket(&link.ticket_id).await.map_err(|error| told(&error.into()))?;
    let ticket = asked(record.ok_or_else(Problem::no_ticket)?);
    let form = VoiceForm { action: address, hidden: Vec::new() };
    let occasion = Occasion::Ticket(link.ticket_id.clone());
    let answer = answered(pages, &ticket, link.audience, &occasion, form, now).await;
    let mut answer = answer.map_err(|error| told(&error))?;
    answer.framed = true;
    let subject = ticket.subject.trim();
    let title = if subject.is_empty() { "Suggestions".to_owned() } else { subject.to_owned() };
    Ok(PanelTemplate { title, content: Ok(answer) })
}

/// A kept ticket as it was sent.
fn asked(record: TicketRecord) -> Ticket {
    Ticket {
        id: Some(record.id),
        subject: record.subject,
        body: record.body,
        body_format: record.body_format,
        created_at: record.created_at,
        ..Ticket::default()
    }
}

fn framed(pages: &Pages, shown: Result<PanelTemplate, Problem>) -> Response {
    let (status, template) = match shown {
        Ok(template) => (StatusCode::OK, template),
        Err(problem) => {
            let title = problem.title.trim_end_matches('.').to_owned();
            (problem.status, PanelTemplate { title, content: Err(problem) })
        }
    };
    let mut response = page(status, &template);
    let policy = framed_policy(&pages.settings.frame_ancestors);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
