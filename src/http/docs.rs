//! The OpenAPI document, its pages, and the table of errors for people. All of it is served from this
//! program: nothing is fetched from anywhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::response::Html;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response};
use utoipa::{IntoResponses, OpenApi as _};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::error::{Code, ERRORS_PAGE, PROBLEM_JSON, ProblemBody};

/// Where the OpenAPI document lies.
pub(super) const DOCUMENT: &str = "/openapi.json";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Deskhand",
        description = "Ticket triage, knowledge suggestion and survey sentiment by a local model.\n\n\
            Errors are RFC 9457 problems with a stable `code`; [all codes](/docs/errors). Where the service \
            has as much to do as it may take on, it answers 429 or 503 at once, with `Retry-After`. Every \
            answer has an `x-request-id`, which its line in the log has too; one that is sent is kept."
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "triage", description = "Tickets: predictions, articles, similar tickets"),
        (name = "articles", description = "The knowledge base"),
        (name = "surveys", description = "What customers answer: sentiment, follow-ups, trends"),
        (name = "inventory", description = "Services, machines and programs that tickets name"),
        (name = "audit", description = "What the knowledge base lacks, and whose labels are wrong"),
        (name = "integrations", description = "Helpdesks: their deliveries in, updates of their tickets out"),
        (name = "signals", description = "Customers at risk, and possible incidents"),
        (name = "access", description = "Keys, users, and who changed what"),
        (name = "service", description = "For those who run it")
    )
)]
struct Description;

/// The document before the routes put themselves in.
pub(super) fn description() -> OpenApi {
    let mut description = Description::openapi();
    // The package names no licence, and a nameless one is no valid document.
    description.info.license = None;
    description
}

/// The pages over the document.
pub(super) fn pages() -> SwaggerUi {
    // By default the page asks a validator on the internet about the document.
    SwaggerUi::new("/docs").config(Config::from(DOCUMENT).validator_url("none"))
}

/// The table of errors, for people.
pub(super) async fn errors() -> Html<String> {
    let mut rows = String::new();
    for row in Code::ALL.iter().map(|code| code.row()) {
        let (code, status) = (row.code, row.status.as_u16());
        let (title, advice) = (escaped(row.title), escaped(row.advice));
        let _ = writeln!(
            rows,
            "<tr id=\"{code}\"><td><code>{code}</code></td><td>{status}</td><td>{title}</td><td>{advice}</td></tr>"
        );
    }
    Html(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Errors - Deskhand</title></head>\n\
         <body><h1>Errors</h1>\n<p>A code never changes its meaning.</p>\n<table>\n<thead><tr><th>Code</th>\
         <th>Status</th><th>What happened</th><th>What to do</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></body></html>\n"
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Groups of refusals that routes name in their documentation.
macro_rules! refusals {
    ($($(#[$doc:meta])+ $name:ident: $($code:ident)+;)+) => {
        $(
            $(#[$doc])+
            pub(super) struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    problems(&[$(Code::$code),+])
                }
            }
        )+
    };
}

refusals! {
    /// Of every address that reads JSON.
    OfBody: InvalidUtf8 MalformedJson BrokenBody SlowBody BodyTooLarge UnsupportedMediaType InvalidRequest;
    /// Of the import, which reads files.
    OfFile: BrokenBody SlowBody BodyTooLarge UnsupportedMediaType UnreadableImport;
    /// Of every address that is admitted, and answers from the model or the store.
    OfAnswer: Overloaded Internal ModelFailed SearchFailed StoreFailed TimedOut Stopping StoreUnavailable;
    /// Of an address that keeps something.
    OfKeeping: StoreFull;
    /// Of an address with the id of an article.
    OfArticle: ArticleNotFound InvalidRequest;
    /// Of an address with the id of a ticket.
    OfTicket: TicketNotFound InvalidRequest;
    /// Of an address with the id of a survey.
    OfSurvey: SurveyNotFound InvalidRequest;
    /// Of an address with the id of a signal.
    OfSignal: SignalNotFound InvalidRequest;
    /// Of an address of an account.
    OfAccount: AccountNotFound InvalidRequest;
    /// Of an address with the id of a requester.
    OfRequester: RequesterNotFound InvalidRequest;
    /// Of an address with the id of a configuration item.
    OfItem: ItemNotFound InvalidRequest;
    /// Of an address with parameters.
    OfParams: InvalidRequest;
    /// Of an address that needs a head which a bundle may not have.
    OfTask: TaskNotInBundle;
    /// Of an audit.
    OfAudit: NothingToAudit InvalidRequest;
    /// Of an address with the id of a gap group.
    OfGap: GapNotFound InvalidRequest;
    /// Of a hook.
    OfHook: HookNotSetUp WrongSignature OldTimestamp InvalidRequest;
    /// Of an address with the number of a job.
    OfJob: JobNotFound InvalidRequest;
    /// Of beginning a job anew.
    OfReplay: JobNotFound JobNotDead InvalidRequest;
    /// Of a training that is asked for.
    OfLearning: NotLearning;
    /// Of an address with the id of a key.
    OfKey: KeyNotFound InvalidRequest;
    /// Of an address with the name of a user.
    OfUser: UserNotFound InvalidRequest;
    /// Of an address that adds a user.
    OfNewUser: UserExists;
    /// Of a service that is not ready.
    OfService: ModelFailed StoreFailed Stopping StoreUnavailable;
}

/// One response for each status, which names its codes.
fn problems(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for row in codes.iter().map(|code| code.row()) {
        let text = told.entry(row.status.as_str().to_string()).or_default();
        let part = format!("[`{code}`]({ERRORS_PAGE}#{code}): {}.", row.title, code = row.code);
        *text = if text.is_empty() { part } else { format!("{text} {part}") };
    }
    let body = || ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = |text| ResponseBuilder::new().description(text).content(PROBLEM_JSON, body()).build();
    told.into_iter().map(|(status, text)| (status, RefOr::T(response(text)))).collect()
}
