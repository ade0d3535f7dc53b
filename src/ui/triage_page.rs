//! `/`: paste a ticket, read the answer.

use askama::Template;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use garde::Validate;
use jiff::Timestamp;
use serde::Deserialize;

use super::example::{ExampleView, find, readable_body};
use super::frame::{Frame, Place};
use super::problem::Problem;
use super::view::AnswerView;
use super::{Pages, page};
use crate::store::{Article, ArticleStatus, Audience};
use crate::triage::{Options, Ticket, TriageAnswer, TriageError};

/// What the page asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Words {
    subject: String,
    body: String,
    /// Who will read the articles.
    audience: Audience,
    /// The example that the words came from, if they did.
    example: Option<String>,
}

/// The part of a link that names an example.
#[derive(Debug, Deserialize)]
pub(super) struct Chosen {
    example: Option<String>,
}

#[derive(Template)]
#[template(path = "ui/triage.html")]
struct TriageTemplate {
    frame: Frame,
    title: String,
    form: Words,
    problem: Option<Problem>,
    answer: Option<AnswerView>,
    examples: Vec<ExampleView>,
}

impl TriageTemplate {
    /// Whether the words in the form are at fault.
    fn blames_form(&self) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.in_form)
    }
}

/// The empty page, or an example with its answer.
pub(super) async fn first(
    State(pages): State<Pages>,
    chosen: Result<Query<Chosen>, QueryRejection>,
) -> Response {
    let id = match chosen {
        Ok(Query(Chosen { example: None })) => return respond(&pages, Words::default(), Ok(None)),
        Ok(Query(Chosen { example })) => example,
        Err(_) => None,
    };
    let Some(ticket) = id.and_then(|id| find(&pages.examples, &id)) else {
        return respond(&pages, Words::default(), Err(Problem::no_example()));
    };
    let form = Words {
        subject: ticket.subject.clone(),
        body: readable_body(ticket).into_owned(),
        example: ticket.id.clone(),
        audience: Audience::Agent,
    };
    let result = read(&pages, ticket, form.audience).await;
    respond(&pages, form, result.map(Some))
}

/// Answers a pasted ticket. Nothing of it is kept.
pub(super) async fn answer(State(pages): State<Pages>, form: Result<Form<Words>, FormRejection>) -> Response {
    let mut form = match form {
        Ok(Form(form)) => form,
        Err(rejection) => {
            let problem = Problem::of_form(&rejection, pages.max_form_bytes);
            return respond(&pages, Words::default(), Err(problem));
        }
    };
    // Browsers send every line break as two characters.
    form.body = form.body.replace("\r\n", "\n");
    let ticket = form.ticket(&pages.examples);
    let result = match ticket.validate() {
        Ok(()) => read(&pages, &ticket, form.audience).await.map(Some),
        Err(report) => Err(Problem::of_ticket(&report)),
    };
    respond(&pages, form, result)
}

impl Words {
    /// The words as a ticket. An example stays the ticket that it is, so that it is not found to
    /// resemble itself, until its words are changed.
    fn ticket(&self, examples: &[Ticket]) -> Ticket {
        let example = self.example.as_deref().and_then(|id| find(examples, id));
        let unchanged = |ticket: &&Ticket| {
            ticket.subject == self.subject && readable_body(ticket).trim() == self.body.trim()
        };
        example.filter(unchanged).cloned().unwrap_or_else(|| Ticket {
            subject: self.subject.clone(),
            body: self.body.clone(),
            ..Ticket::default()
        })
    }

    /// Whether customers will read the articles.
    fn for_customer(&self) -> bool {
        self.audience == Audience::Customer
    }
}

async fn read(pages: &Pages, ticket: &Ticket, audience: Audience) -> Result<AnswerView, Problem> {
    let options = Options { audience, explain: true, ..Options::default() };
    // The clock is read here, at the edge; below, time is a parameter.
    let answered = pages.answering.now().triage.answer(ticket, &options, Timestamp::now()).await;
    let viewed = match answered {
        Ok(answer) => view(pages, ticket, answer, audience).await,
        Err(error) => Err(error),
    };
    viewed.map_err(|error| {
        let problem = Problem::of_triage(&error);
        if problem.status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(%error, "a ticket pasted on the page could not be answered");
        }
        problem
    })
}

/// The answer as a page shows it.
pub(super) async fn view(
    pages: &Pages,
    ticket: &Ticket,
    answer: TriageAnswer,
    audience: Audience,
) -> Result<AnswerView, TriageError> {
    let tickets = answer.similar_tickets.iter().chain(&answer.open_tickets);
    let ids: Vec<String> = tickets.flat_map(|t| t.article_ids.clone()).collect();
    let mut used = pages.store.articles(&ids).await?;
    used.retain(|article| may_see(article, audience));
    Ok(AnswerView::new(answer, ticket, &used, pages.store.article_count().await?))
}

/// Customers see published articles that are meant for them; agents see all.
fn may_see(article: &Article, audience: Audience) -> bool {
    match audience {
        Audience::Agent => true,
        Audience::Customer => {
            article.audience == Audience::Customer && article.status == ArticleStatus::Published
        }
    }
}

fn respond(pages: &Pages, form: Words, result: Result<Option<AnswerView>, Problem>) -> Response {
    let (status, retry_after_s) = result
        .as_ref()
        .map_or_else(|problem| (problem.status, problem.retry_after_s), |_| (StatusCode::OK, None));
    let (answer, problem) = match result {
        Ok(answer) => (answer, None),
        Err(problem) => (None, Some(problem)),
    };
    let template = TriageTemplate {
        frame: Frame::at(Place::Triage),
        title: title(&form, problem.as_ref()),
        form,
        problem,
        answer,
        examples: pages.examples.iter().filter_map(ExampleView::new).collect(),
    };
    let mut response = page(status, &template);
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What the browser's tab says; screen readers read it first.
fn title(form: &Words, problem: Option<&Problem>) -> String {
    match problem {
        Some(problem) => problem.title.trim_end_matches('.').to_owned(),
        None if form.subject.trim().is_empty() => "Paste a ticket".to_owned(),
        None => form.subject.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::triage::{Field, Reason};
    use crate::ui::samples;

    const HOSTILE: &str = "\"'><script>alert(1)</script></textarea><img src=x onerror=alert(1)>";

    fn page(form: Words, answer: Option<TriageAnswer>, problem: Option<Problem>) -> String {
        let examples = [Ticket { id: Some(HOSTILE.into()), subject: HOSTILE.into(), ..Ticket::default() }];
        let template = TriageTemplate {
            frame: Frame::at(Place::Triage),
            title: title(&form, problem.as_ref()),
            form,
            problem,
            answer: answer.map(|answer| AnswerView::new(answer, &hostile_ticket(), &[], 64)),
            examples: examples.iter().filter_map(ExampleView::new).collect(),
        };
        template.render().unwrap()
    }

    fn hostile_ticket() -> Ticket {
        Ticket { subject: HOSTILE.into(), ..Ticket::default() }
    }

    fn pages() -> [String; 4] {
        let form = Words { subject: HOSTILE.into(), body: HOSTILE.into(), ..Words::default() };
        [
            page(Words::default(), None, None),
            page(form.clone(), Some(hostile_answer()), None),
            page(form.clone(), Some(samples::answer()), None),
            page(form, None, Some(Problem::no_example())),
        ]
    }

    /// An answer in which every text that a person wrote is an attack.
    fn hostile_answer() -> TriageAnswer {
        let mut answer = samples::answer();
        let hostile = || HOSTILE.to_owned();
        answer.warnings.push(hostile());
        for prediction in answer.predictions.values_mut() {
            prediction.label = hostile();
            let (field, start, end) = (Field::Subject, 0, HOSTILE.len());
            prediction.reasons = Some(vec![Reason { field, start, end, weight: 0.5 }]);
            prediction.ranking.iter_mut().for_each(|ranked| ranked.label = hostile());
        }
        for article in &mut answer.articles {
            (article.id, article.title, article.passage) = (hostile(), hostile(), hostile());
            (article.heading, article.category, article.url) = (hostile(), Some(hostile()), Some(hostile()));
            article.matched_terms = vec!["script".into(), "<".into()];
        }
        for ticket in answer.similar_tickets.iter_mut().chain(&mut answer.open_tickets) {
            (ticket.id, ticket.subject, ticket.resolution) = (hostile(), hostile(), Some(hostile()));
        }
        answer
    }

    #[test]
    fn text_of_tickets_and_articles_never_becomes_markup() {
        for html in pages() {
            assert!(!html.contains("<script") && !html.contains("</script"), "{html}");
            for (element, attributes) in samples::tags(&html) {
                let foreign = attributes.keys().any(|name| name.starts_with("on") || name == "style");
                assert!(!foreign && !["script", "style", "iframe"].contains(&element.as_str()), "{element}");
                let address = attributes.get("href").or(attributes.get("src"));
                assert!(
                    address.is_none_or(|a| a.starts_with(['/', '#']) || a.starts_with("https://")),
                    "{address:?}"
                );
            }
        }
    }

    #[test]
    fn every_input_has_a_label() {
        for html in pages() {
            let tags = samples::tags(&html);
            let labels: Vec<&String> =
                tags.iter().filter(|(name, _)| name == "label").map(|(_, a)| &a["for"]).collect();
            let inputs = tags.iter().filter(|(name, a)| {
                ["input", "textarea"].contains(&name.as_str()) && a.get("type").is_none_or(|t| t != "hidden")
            });
            let unlabelled: Vec<_> = inputs.filter(|(_, a)| !labels.contains(&&a["id"])).collect();
            assert!(unlabelled.is_empty(), "{unlabelled:?}");
            assert_eq!(labels.len(), 4);
        }
    }

    #[test]
    fn every_id_is_given_once_and_every_reference_leads_to_one() {
        for html in pages() {
            let tags = samples::tags(&html);
            let mut ids: Vec<&str> =
                tags.iter().filter_map(|(_, a)| a.get("id")).map(String::as_str).collect();
            let references = ["for", "aria-labelledby", "aria-describedby"];
            for name in tags.iter().flat_map(|(_, a)| references.iter().filter_map(|r| a.get(*r))) {
                assert!(ids.contains(&name.as_str()), "{name}");
            }
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), count);
        }
    }

    #[test]
    fn the_words_stay_in_the_form_to_the_letter() {
        let body = "\n\n  first line\n<b> & \"q\"";
        let form = Words { subject: "a \"b\"".into(), body: body.into(), ..Words::default() };
        let html = page(form, None, Some(Problem::no_example()));
        let mut tokens = html5gum::Tokenizer::new(&html).map(|token| token.unwrap());
        tokens.find(|t| matches!(t, html5gum::Token::StartTag(tag) if *tag.name == b"textarea"[..])).unwrap();
        let Some(html5gum::Token::String(text)) = tokens.next() else { panic!("no text") };
        // A browser drops the first line break.
        assert_eq!(String::from_utf8_lossy(&text), format!("\n{body}"));
        let subject =
            samples::tags(&html).into_iter().find(|(_, a)| a.get("id").is_some_and(|id| id == "subject"));
        assert_eq!(subject.unwrap().1["value"], "a \"b\"");
    }

    #[test]
    fn an_example_stays_itself_until_its_words_are_changed() {
        let example = Ticket {
            id: Some("LB-1".into()),
            subject: "VPN".into(),
            body: "<p>Help</p>".into(),
            body_format: crate::text::Format::Html,
            ..Ticket::default()
        };
        let mut form = Words {
            subject: "VPN".into(),
            body: "Help\n".into(),
            example: Some("LB-1".into()),
            ..Words::default()
        };
        let examples = [example];
        assert_eq!(form.ticket(&examples).id.as_deref(), Some("LB-1"));
        form.body.push_str("me");
        let ticket = form.ticket(&examples);
        assert_eq!((ticket.id, ticket.body.as_str()), (None, "Help\nme"));
    }

    #[test]
    fn the_answer_shows_labels_confidence_decision_articles_and_solutions() {
        let html = page(Words::default(), Some(samples::answer()), None);
        for words in [
            "VPN and remote access",
            "<b>94%</b> sure",
            "threshold 80%",
            "chip-auto\">auto<",
            "P4",
            "<mark>hotel</mark>",
            "What solved it",
            "BenchVDI in the browser works",
            "opened again 2 times",
            "Perhaps the same incident",
            "Hotel Wi-Fi and no LarkVPN",
            "default 1.0.0",
        ] {
            assert!(html.contains(words), "{words}");
        }
    }
}
