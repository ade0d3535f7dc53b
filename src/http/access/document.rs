//! What the OpenAPI document says about access, from the same table that decides.

use utoipa::openapi::path::Operation;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, SecurityRequirement};

use super::super::error::{Code, ERRORS_PAGE, PROBLEM_JSON};
use super::rules::{self, Need};
use crate::ui::sign_in::COOKIE;

/// Names of the schemes in the document.
const KEY: &str = "key";
const SIGN_IN: &str = "signIn";

/// Says of each operation who may ask it, and how they are refused.
pub(in crate::http) fn with_security(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("dh_ID_SECRET")
        .description(Some("A key, made with `deskhand keys create` or `POST /v1/keys`."))
        .build();
    components.add_security_scheme(KEY, SecurityScheme::Http(key));
    let cookie = ApiKeyValue::with_description(
        COOKIE,
        "The cookie of a sign-in at `/sign-in`; opens what changes nothing.",
    );
    components.add_security_scheme(SIGN_IN, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    for (route, item) in &mut document.paths.paths {
        let operations = [
            ("GET", &mut item.get),
            ("PUT", &mut item.put),
            ("POST", &mut item.post),
            ("PATCH", &mut item.patch),
            ("DELETE", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let (Some(operation), Some(need)) = (operation, rules::of(method, route)) {
                describe(operation, method, need);
            }
        }
    }
    document
}

fn describe(operation: &mut Operation, method: &str, need: Need) {
    let scopes: &[_] = match need {
        Need::Nothing => {
            operation.security = Some(Vec::new());
            return;
        }
        Need::Anybody => &[],
        Need::OneOf(scopes) | Need::Widget(scopes) | Need::Page(scopes) => scopes,
    };
    let schemes: &[&str] = if method == "GET" { &[KEY, SIGN_IN] } else { &[KEY] };
    let mut security = Vec::new();
    for scheme in schemes {
        if scopes.is_empty() {
            security.push(SecurityRequirement::new::<_, [&str; 0], _>(*scheme, []));
        }
        // Each stands for itself: one of them is enough.
        security.extend(scopes.iter().map(|scope| SecurityRequirement::new(*scheme, [scope.word()])));
    }
    if matches!(need, Need::Widget(_)) {
        // A page of one of the widget's sites has no key.
        security.push(SecurityRequirement::default());
    }
    operation.security = Some(security);
    refuse(operation, &[Code::KeyMissing, Code::KeyRefused]);
    if !scopes.is_empty() {
        refuse(operation, &[Code::ScopeMissing]);
        refuse(operation, &[Code::TooOften]);
    }
}

/// Adds how these codes, all of one status, are answered.
fn refuse(operation: &mut Operation, codes: &[Code]) {
    for row in codes.iter().map(|code| code.row()) {
        let told = format!("[`{code}`]({ERRORS_PAGE}#{code}): {}.", row.title, code = row.code);
        let responses = &mut operation.responses.responses;
        match responses.get_mut(row.status.as_str()) {
            Some(RefOr::T(response)) => response.description = format!("{} {told}", response.description),
            _ => {
                let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
                let response = ResponseBuilder::new().description(told).content(PROBLEM_JSON, body).build();
                responses.insert(row.status.as_str().to_owned(), RefOr::T(response));
            }
        }
    }
}
