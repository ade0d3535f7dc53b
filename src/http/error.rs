//! The one table of refusals, and how they are answered: RFC 9457, `application/problem+json`.
//!
//! A code never changes its meaning and is never taken away: scripts branch on it. The detail is for
//! people, says what to do, and never repeats the text of a ticket, comment or article.

mod causes;

use std::fmt;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Where the table is shown to people; a problem's `type` is this, `#` and its code.
pub(super) const ERRORS_PAGE: &str = "/docs/errors";
/// Media type of a [`Problem`].
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The stable name, as it stands in `code`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// What happened, the same for every occurrence.
    pub title: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

macro_rules! table {
    ($($name:ident $code:literal $status:ident $title:literal $advice:literal)+) => {
        /// Why a request was refused or failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// All codes, by status.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The row of this code.
            pub const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row {
                        code: $code, status: StatusCode::$status, title: $title, advice: $advice,
                    },)+
                }
            }
        }
    };
}

table! {
    InvalidUtf8 "invalid_utf8" BAD_REQUEST
        "The text is not UTF-8" "Send it as UTF-8."
    MalformedJson "malformed_json" BAD_REQUEST
        "The body is not JSON" "Correct the JSON at that place and send the request again."
    BrokenBody "broken_body" BAD_REQUEST
        "The body broke off" "Send the whole body, as long as its Content-Length says."
    WrongSignature "wrong_signature" UNAUTHORIZED
        "The delivery is not signed as it has to be"
        "Check that the helpdesk and integrations.*.hook.secrets have the same secret, and that nothing between them changes the body."
    OldTimestamp "old_timestamp" UNAUTHORIZED
        "The delivery was signed too long ago or ahead of time"
        "Let the helpdesk send it again, check the clocks, or raise integrations.*.hook.replay_window_s."
    KeyMissing "key_missing" UNAUTHORIZED
        "This address needs a key"
        "Send one as `Authorization: Bearer dh_…`; an administrator makes it with `deskhand keys create` or POST /v1/keys."
    KeyRefused "key_refused" UNAUTHORIZED
        "The key opens nothing"
        "It is not a key of this service, or has expired, or was taken back; ask an administrator for another."
    ScopeMissing "scope_missing" FORBIDDEN
        "The key is not for this"
        "Use a key that has the scope, or ask an administrator for one."
    AuthenticationOff "authentication_off" FORBIDDEN
        "This service is for its own machine alone"
        "Have the administrator set access.authentication to on, or name a proxy that authenticates in access.trusted_proxies."
    NoSuchRoute "no_such_route" NOT_FOUND
        "There is nothing at this address" "See /docs for the addresses that there are."
    ArticleNotFound "article_not_found" NOT_FOUND
        "There is no article with this id" "Check the id; in an address a / in it has to be written as %2F."
    TicketNotFound "ticket_not_found" NOT_FOUND
        "There is no ticket with this id"
        "Tickets are kept when POST /v1/triage gets them with an id; check this one, and write a / in it as %2F."
    SurveyNotFound "survey_not_found" NOT_FOUND
        "There is no survey with this id"
        "Surveys are kept when POST /v1/surveys gets them; check the id, and write a / in it as %2F."
    GapNotFound "gap_not_found" NOT_FOUND
        "There is no gap group with this id" "GET /v1/audit/gaps lists those that there are."
    HookNotSetUp "hook_not_set_up" NOT_FOUND
        "Nothing is taken from this helpdesk" "Set a secret for it (integrations.*.hook.secrets) and start again; docs/integrations tells how."
    JobNotFound "job_not_found" NOT_FOUND
        "There is no job with this number" "GET /v1/jobs lists those that there are; those that are done are forgotten after some days."
    SignalNotFound "signal_not_found" NOT_FOUND
        "There is no signal with this id" "GET /v1/signals lists those that there are."
    AccountNotFound "account_not_found" NOT_FOUND
        "Nothing is known of this account"
        "Give the kind and id of a requester or an organization that has tickets or surveys here; a / is written as %2F."
    RequesterNotFound "requester_not_found" NOT_FOUND
        "Nothing is kept of this requester" "Check the id, and write a / in it as %2F."
    KeyNotFound "key_not_found" NOT_FOUND
        "There is no key with this id" "GET /v1/keys lists those that there are; one that was taken back stays so."
    UserNotFound "user_not_found" NOT_FOUND
        "There is no user with this name" "GET /v1/users lists those that there are."
    ItemNotFound "item_not_found" NOT_FOUND
        "There is no configuration item with this id" "GET /v1/configuration-items lists those that there are."
    NothingToAudit "nothing_to_audit" NOT_FOUND
        "There are no tickets to look at" "Choose another window or filter."
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED
        "This address does not take the method" "Use one of the methods that the Allow header names."
    NotLearning "not_learning" CONFLICT
        "This service does not train" "It was started with --model, which stays whatever is promoted; start it without."
    UserExists "user_exists" CONFLICT
        "There is a user with this name already" "Choose another name, or change that user."
    SlowBody "slow_body" REQUEST_TIMEOUT
        "The body came in too slowly" "Send it within 10 seconds, plus one for each 64 KiB."
    JobNotDead "job_not_dead" CONFLICT
        "The job was not given up" "It is done, or will be; only one in the state `dead` is begun anew."
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE
        "The body is too large" "Send less at a time, or have the administrator raise the limit."
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE
        "A body of this kind is not read here" "Send it uncompressed, as a kind that is, with that kind in Content-Type."
    InvalidRequest "invalid_request" UNPROCESSABLE_ENTITY
        "The request is not valid" "Correct what `errors` names; /docs shows the form of each field."
    UnreadableImport "unreadable_import" UNPROCESSABLE_ENTITY
        "The file cannot be imported" "Nothing of it was kept. Correct it and send it again."
    Overloaded "overloaded" TOO_MANY_REQUESTS
        "Deskhand has as much to do as it may take on"
        "Send the request again after the seconds that Retry-After gives."
    TooOften "too_often" TOO_MANY_REQUESTS
        "This caller asks more often than it may"
        "Send the request again after the seconds that Retry-After gives."
    Internal "internal" INTERNAL_SERVER_ERROR
        "Deskhand made a mistake" "Please report it, with the line that the log has for this x-request-id."
    ModelFailed "model_failed" INTERNAL_SERVER_ERROR
        "The model could not read the text" "The log has a line for this x-request-id; have the administrator look there."
    SearchFailed "search_failed" INTERNAL_SERVER_ERROR
        "The search index cannot be used" "The log has a line for this x-request-id; have the administrator look there."
    StoreFailed "store_failed" INTERNAL_SERVER_ERROR
        "The data folder could not be read or written" "Have the administrator run `deskhand doctor` and look into the log."
    TaskNotInBundle "task_not_in_bundle" NOT_IMPLEMENTED
        "The model was not trained for this" "Start Deskhand with a bundle that was, or train one with `deskhand train`."
    TimedOut "timed_out" SERVICE_UNAVAILABLE
        "The answer took too long" "Send the request again: what was kept already is replaced, not doubled."
    Stopping "stopping" SERVICE_UNAVAILABLE
        "Deskhand is being stopped" "Send the request again once it runs."
    StoreUnavailable "store_unavailable" SERVICE_UNAVAILABLE
        "The data folder cannot be used now"
        "Send the request again; if this goes on, have the administrator run `deskhand doctor`."
    StoreFull "store_full" INSUFFICIENT_STORAGE
        "There is no room left to keep anything"
        "Have the administrator free space on the disk or raise store.max_mebibytes."
}

impl Code {
    /// Whether it tells of the store, for the metric `deskhand_store_errors_total`.
    pub fn is_of_store(self) -> bool {
        matches!(self, Self::StoreFailed | Self::StoreUnavailable | Self::StoreFull)
    }
}

/// A refusal or failure on its way to the caller.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    /// What happened this time; the advice of the table is put behind it.
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u64>,
    /// For the log alone: the reason in full, without text of tickets.
    cause: Option<String>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field as a JSON Pointer (RFC 6901) into the body, or the name of the part of the address.
    #[schema(example = "/ticket/submitted/priority")]
    pub field: String,
    /// What is wrong with it and what may stand there.
    #[schema(example = "is not known; use one of `P1`, `P2`, `P3`, `P4`")]
    pub message: String,
}

/// An RFC 9457 problem, as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// Address of the explanation on this server.
    #[schema(example = "/docs/errors#invalid_request")]
    pub r#type: String,
    /// What happened, the same for every problem of this code.
    #[schema(example = "The request is not valid")]
    pub title: &'static str,
    /// The HTTP status once more.
    #[schema(example = 422)]
    pub status: u16,
    /// Stable name to branch on.
    #[schema(example = "invalid_request")]
    pub code: &'static str,
    /// What happened this time and what to do.
    pub detail: String,
    /// One entry for each field at fault; empty where no field is.
    pub errors: Vec<FieldError>,
}

/// What the request's log line and the metrics say of a problem; travels with the response.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) code: Code,
    pub(super) cause: Option<String>,
}

impl Problem {
    /// A problem of which there is no more to say than the table does.
    pub fn new(code: Code) -> Self {
        Self { code, detail: None, errors: Vec::new(), retry_after_s: None, cause: None }
    }

    /// A problem with what happened this time: a sentence with its full stop, without text of a ticket.
    pub fn because(code: Code, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(code) }
    }

    /// A request with fields at fault.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::InvalidRequest) }
    }

    /// A request with one field at fault.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// Adds after how many seconds the request may be sent again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// Adds the reason for the log; it must hold no text of a ticket, comment or article.
    #[must_use]
    pub fn caused_by(self, cause: impl fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..self }
    }

    /// Says what happened this time in other words.
    #[must_use]
    pub fn saying(self, detail: String) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What is sent.
    fn body(self) -> ProblemBody {
        let Row { code, status, title, advice } = self.code.row();
        let detail = match self.detail {
            Some(detail) => format!("{detail} {advice}"),
            None => advice.to_string(),
        };
        let r#type = format!("{ERRORS_PAGE}#{code}");
        ProblemBody { r#type, title, status: status.as_u16(), code, detail, errors: self.errors }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let (refused_code, refused) = (self.code, Refused { code: self.code, cause: self.cause.take() });
        let (status, retry_after_s) = (self.code.row().status, self.retry_after_s);
        // Strings and numbers only: writing them as JSON cannot fail.
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = (status, body).into_response();
        response.extensions_mut().insert(refused);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        // Of a hook the signature was wrong: no key would open it.
        if matches!(refused_code, Code::KeyMissing | Code::KeyRefused) {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"deskhand\""));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_unique_and_says_what_to_do() {
        let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.row().code).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        for row in Code::ALL.iter().map(|code| code.row()) {
            assert!(row.advice.ends_with('.') && !row.title.ends_with('.'), "{}", row.code);
            assert!(row.code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
        }
    }
}
