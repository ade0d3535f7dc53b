//! `/suggest`: ask a question, read which articles answer it.

use askama::Template;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::frame::{Frame, Place};
use super::problem::Problem;
use super::triage_page::view;
use super::view::AnswerView;
use super::voice::{self, Say, VoiceForm};
use super::{Pages, link, page};
use crate::store::{Audience, Occasion};
use crate::triage::{Options, Ticket, TriageError};

/// Most similar and most open tickets that are shown.
const TICKETS: usize = 5;
/// Most articles.
const ARTICLES: usize = 8;

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Question {
    text: String,
    audience: Audience,
    /// The occasion of what is said about articles: made when the question is first answered.
    visit: Option<Uuid>,
    /// What is said,
    say: Option<Say>,
    /// of which article.
    article: Option<String>,
}

impl Question {
    fn for_customer(&self) -> bool {
        self.audience == Audience::Customer
    }

    fn occasion(&self) -> Option<Occasion> {
        self.visit.map(|visit| Occasion::Own(format!("page-{visit}")))
    }
}

#[derive(Template)]
#[template(path = "ui/suggest.html")]
struct SuggestTemplate {
    frame: Frame,
    title: &'static str,
    form: Question,
    problem: Option<Problem>,
    answer: Option<AnswerView>,
}

impl SuggestTemplate {
    /// Whether the words in the form are at fault.
    fn blames_form(&self) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.in_form)
    }
}

/// The empty page, or the answer to the question in the address.
pub(super) async fn first(
    State(pages): State<Pages>,
    asked: Result<Query<Question>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else { return respond(Question::default(), Err(Problem::no_question())) };
    if asked.text.is_empty() {
        return respond(asked, Ok(None));
    }
    // A link only asks: what is said of an article comes from the form.
    let mut question = Question { say: None, ..asked };
    let result = ask(&pages, &mut question).await;
    respond(question, result.map(Some))
}

/// Answers a question. Nothing of it is kept but what is said about articles.
pub(super) async fn answer(
    State(pages): State<Pages>,
    form: Result<Form<Question>, FormRejection>,
) -> Response {
    let mut question = match form {
        Ok(Form(question)) => question,
        Err(rejection) => {
            return respond(Question::default(), Err(Problem::of_form(&rejection, pages.max_form_bytes)));
        }
    };
    // Browsers send every line break as two characters.
    question.text = question.text.replace("\r\n", "\n");
    let result = ask(&pages, &mut question).await;
    respond(question, result.map(Some))
}

async fn ask(pages: &Pages, question: &mut Question) -> Result<AnswerView, Problem> {
    if question.text.trim().is_empty() {
        return Err(Problem::no_question());
    }
    // The clock is read here, at the edge; below, time is a parameter.
    let now = Timestamp::now();
    let answering = pages.answering.now();
    if let (Some(say), Some(article), Some(occasion)) =
        (question.say, question.article.clone(), question.occasion())
    {
        voice::keep(&answering.knowledge, occasion, article, say, now)
            .await
            .map_err(|error| told(&error.into()))?;
    }
    let visit = *question.visit.get_or_insert_with(Uuid::now_v7);
    let ticket = Ticket { body: question.text.clone(), ..Ticket::default() };
    let hidden = vec![
        ("text", question.text.clone()),
        ("audience", link::word(question.audience).to_owned()),
        ("visit", visit.to_string()),
    ];
    let form = VoiceForm { action: "/suggest#answer".into(), hidden };
    let occasion = question.occasion().unwrap_or(Occasion::Own(String::new()));
    answered(pages, &ticket, question.audience, &occasion, form, now).await.map_err(|error| told(&error))
}

/// What the knowledge base and past tickets have to say about a ticket, with forms to say what it was worth.
pub(super) async fn answered(
    pages: &Pages,
    ticket: &Ticket,
    audience: Audience,
    occasion: &Occasion,
    form: VoiceForm,
    now: Timestamp,
) -> Result<AnswerView, TriageError> {
    let options =
        Options { audience, articles: ARTICLES, similar: TICKETS, explain: false, ..Options::default() };
    let answer = pages.answering.now().triage.answer(ticket, &options, now).await?;
    let said = voice::said(pages, occasion).await?;
    let mut answer = view(pages, ticket, answer, audience).await?.with_voice(form, &said);
    answer.for_customer = audience == Audience::Customer;
    Ok(answer)
}

/// A failure in words for the page, and in the log where nobody at the page can help it.
pub(super) fn told(error: &TriageError) -> Problem {
    let problem = Problem::of_triage(error);
    if problem.status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(%error, "a question asked on the page could not be answered");
    }
    problem
}

fn respond(form: Question, result: Result<Option<AnswerView>, Problem>) -> Response {
    let (answer, problem) = match result {
        Ok(answer) => (answer, None),
        Err(problem) => (None, Some(problem)),
    };
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
    let retry_after_s = problem.as_ref().and_then(|problem| problem.retry_after_s);
    let title = problem.as_ref().map_or("Suggestions", |problem| problem.title.trim_end_matches('.'));
    let template = SuggestTemplate { frame: Frame::at(Place::Suggestions), title, form, problem, answer };
    let mut response = page(status, &template);
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
