//! The one table of who may ask what: each route and method with what it needs.
//!
//! A new route needs a line here. Without one it is for admins alone, and the tests fail: they walk through the
//! OpenAPI document and the pages.

use axum::http::Method;

use crate::config::Scope;
use Scope::{Admin, Audit, Knowledge, SuggestAgent, SuggestCustomer, Survey, Triage};

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Need {
    /// Nothing: it tells nothing, or has a proof of its own (a signed link, a signature).
    Nothing,
    /// A key or a sign-in, whatever it may.
    Anybody,
    /// A key with one of these scopes, or a sign-in with one of them for what changes nothing.
    OneOf(&'static [Scope]),
    /// The same, or nothing where a page of one of the widget's sites asks, as a customer.
    Widget(&'static [Scope]),
    /// A sign-in with one of these scopes (none: with any), or a key; whoever has none is shown where to sign in.
    Page(&'static [Scope]),
}

/// What a request to a route needs.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Rule {
    method: &'static str,
    /// As the router has it.
    pub(in crate::http) route: &'static str,
    pub(in crate::http) need: Need,
}

const fn rule(method: &'static str, route: &'static str, need: Need) -> Rule {
    Rule { method, route, need }
}

use Need::{Anybody, Nothing, OneOf, Page, Widget};

/// Whoever works with tickets.
const DESK: &[Scope] = &[Triage];
/// Whoever may read articles of either audience.
const READERS: &[Scope] = &[SuggestAgent, Knowledge];
/// Whoever may ask for articles; the audience is looked at where they are given.
const ASKERS: &[Scope] = &[SuggestCustomer, SuggestAgent];
const ADMINS: &[Scope] = &[Admin];

/// The table.
pub(in crate::http) const RULES: &[Rule] = &[
    // Tickets
    rule("POST", "/v1/triage", OneOf(DESK)),
    rule("GET", "/v1/tickets/{id}", OneOf(DESK)),
    rule("POST", "/v1/tickets/{id}/outcome", OneOf(DESK)),
    rule("GET", "/v1/tickets/{id}/close-check", OneOf(DESK)),
    rule("GET", "/v1/tickets/{id}/events", OneOf(DESK)),
    rule("POST", "/v1/tickets/{id}/events", OneOf(DESK)),
    rule("GET", "/v1/configuration-items", OneOf(&[Triage, Knowledge])),
    rule("GET", "/v1/configuration-items/{id}", OneOf(&[Triage, Knowledge])),
    rule("PUT", "/v1/configuration-items/{id}", OneOf(&[Knowledge])),
    rule("DELETE", "/v1/configuration-items/{id}", OneOf(&[Knowledge])),
    // Articles
    rule("POST", "/v1/suggest", Widget(ASKERS)),
    rule("OPTIONS", "/v1/suggest", Nothing),
    rule("POST", "/v1/deflections", Widget(ASKERS)),
    rule("OPTIONS", "/v1/deflections", Nothing),
    rule("GET", "/v1/deflections/summary", OneOf(&[Audit, Knowledge])),
    rule("POST", "/v1/feedback", OneOf(&[Triage, SuggestAgent])),
    rule("GET", "/v1/articles/{id}", OneOf(READERS)),
    rule("PUT", "/v1/articles/{id}", OneOf(&[Knowledge])),
    rule("DELETE", "/v1/articles/{id}", OneOf(&[Knowledge])),
    rule("GET", "/v1/articles/{id}/feedback", OneOf(&[Knowledge, Audit])),
    rule("GET", "/v1/articles/{id}/versions", OneOf(READERS)),
    rule("GET", "/v1/articles/export", OneOf(&[Knowledge])),
    rule("POST", "/v1/articles/import", OneOf(&[Knowledge])),
    rule("POST", "/v1/articles/reindex", OneOf(&[Knowledge])),
    // Surveys
    rule("POST", "/v1/sentiment", OneOf(&[Survey])),
    rule("POST", "/v1/surveys", OneOf(&[Survey])),
    rule("GET", "/v1/surveys", OneOf(&[Survey])),
    rule("GET", "/v1/surveys/summary", OneOf(&[Survey])),
    rule("GET", "/v1/surveys/{id}", OneOf(&[Survey])),
    rule("DELETE", "/v1/surveys/{id}", OneOf(&[Survey])),
    rule("POST", "/v1/surveys/{id}/follow-up", OneOf(&[Survey])),
    rule("GET", "/v1/follow-ups", OneOf(&[Survey])),
    // Audits
    rule("GET", "/v1/audit/coverage", OneOf(&[Audit])),
    rule("GET", "/v1/audit/articles", OneOf(&[Audit])),
    rule("GET", "/v1/audit/gaps", OneOf(&[Audit])),
    rule("POST", "/v1/audit/gaps/{id}", OneOf(&[Audit])),
    rule("GET", "/v1/audit/mismatches", OneOf(&[Audit])),
    rule("GET", "/v1/audit/performance", OneOf(&[Audit])),
    rule("GET", "/v1/audit/drift", OneOf(&[Audit])),
    // Customers at risk
    rule("GET", "/v1/signals", OneOf(&[Triage, Audit])),
    rule("POST", "/v1/signals/{id}/dismiss", OneOf(&[Triage, Audit])),
    rule("GET", "/v1/accounts/{kind}/{id}", OneOf(&[Triage, Audit])),
    rule("POST", "/v1/replies/classify", OneOf(DESK)),
    // Learning
    rule("GET", "/v1/learning", OneOf(&[Audit])),
    rule("POST", "/v1/learning", OneOf(ADMINS)),
    // One requester
    rule("GET", "/v1/requesters/{id}", OneOf(ADMINS)),
    rule("DELETE", "/v1/requesters/{id}", OneOf(ADMINS)),
    // Access itself
    rule("GET", "/v1/keys", OneOf(ADMINS)),
    rule("POST", "/v1/keys", OneOf(ADMINS)),
    rule("DELETE", "/v1/keys/{id}", OneOf(ADMINS)),
    rule("GET", "/v1/users", OneOf(ADMINS)),
    rule("POST", "/v1/users", OneOf(ADMINS)),
    rule("PATCH", "/v1/users/{name}", OneOf(ADMINS)),
    rule("DELETE", "/v1/users/{name}", OneOf(ADMINS)),
    rule("GET", "/v1/trail", OneOf(ADMINS)),
    // Helpdesks: what they deliver has a signature of its own.
    rule("POST", "/v1/hooks/{product}", Nothing),
    rule("GET", "/v1/updates", OneOf(DESK)),
    rule("GET", "/v1/jobs", OneOf(ADMINS)),
    rule("GET", "/v1/jobs/{id}", OneOf(ADMINS)),
    rule("POST", "/v1/jobs/{id}/replay", OneOf(ADMINS)),
    // For those who run it. Whether it is alive and ready tells nothing of what is kept, and who asks (a load
    // balancer) seldom can hold a key.
    rule("GET", "/health/live", Nothing),
    rule("GET", "/health/ready", Nothing),
    rule("GET", "/info", Anybody),
    rule("GET", "/metrics", OneOf(&[Audit])),
    rule("GET", "/openapi.json", Anybody),
    rule("GET", "/docs", Anybody),
    rule("GET", "/docs/", Anybody),
    rule("GET", "/docs/errors", Anybody),
    rule("GET", "/docs/{*rest}", Anybody),
    // Pages
    rule("GET", "/", Page(DESK)),
    rule("POST", "/", Page(DESK)),
    rule("GET", "/suggest", Page(&[SuggestAgent])),
    rule("POST", "/suggest", Page(&[SuggestAgent])),
    rule("GET", "/articles/{id}", Page(READERS)),
    rule("GET", "/coverage", Page(&[Audit])),
    rule("GET", "/gaps", Page(&[Audit])),
    rule("POST", "/gaps", Page(&[Audit])),
    rule("GET", "/surveys", Page(&[Survey])),
    rule("POST", "/surveys", Page(&[Survey])),
    rule("GET", "/mismatches", Page(&[Audit])),
    rule("GET", "/performance", Page(&[Audit])),
    rule("GET", "/deliveries", Page(ADMINS)),
    rule("POST", "/deliveries", Page(ADMINS)),
    rule("GET", "/model", Page(&[Audit])),
    rule("GET", "/signals", Page(&[Triage, Audit])),
    rule("POST", "/signals", Page(&[Triage, Audit])),
    rule("GET", "/accounts/{kind}/{id}", Page(&[Triage, Audit])),
    // Opened by its own signature, which names ticket, time and audience.
    rule("GET", "/panel/{ticket_id}", Nothing),
    rule("POST", "/panel/{ticket_id}", Nothing),
    rule("GET", "/sign-in", Nothing),
    rule("POST", "/sign-in", Nothing),
    rule("GET", "/sign-out", Page(&[])),
    rule("POST", "/sign-out", Page(&[])),
    // What pages load: the same for everybody, and in the source.
    rule("GET", "/assets/{file}", Nothing),
    rule("GET", "/widget.js", Nothing),
];

/// What the table says of a route; `HEAD` is `GET` without the body.
pub(in crate::http) fn of(method: &str, route: &str) -> Option<Need> {
    let method = if method == Method::HEAD.as_str() { "GET" } else { method };
    // The router has an address for each asset, with the hash of its content.
    let route = if route.starts_with("/assets/") { "/assets/{file}" } else { route };
    RULES.iter().find(|rule| rule.route == route && rule.method == method).map(|rule| rule.need)
}

/// What a request needs. Of what the table does not name, only admins hear anything.
pub(in crate::http) fn need(method: &Method, route: &str) -> Need {
    of(method.as_str(), route).unwrap_or(OneOf(ADMINS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_says_one_thing_of_each_route() {
        let mut seen = BTreeSet::new();
        for rule in RULES {
            assert!(seen.insert((rule.method, rule.route)), "{} {} stands twice", rule.method, rule.route);
        }
    }

    #[test]
    fn what_the_table_does_not_name_is_for_admins() {
        assert_eq!(need(&Method::GET, "/v1/nowhere"), OneOf(ADMINS));
        assert_eq!(need(&Method::DELETE, "/v1/triage"), OneOf(ADMINS));
        assert_eq!(need(&Method::HEAD, "/v1/keys"), OneOf(ADMINS));
        assert_eq!(need(&Method::HEAD, "/health/live"), Nothing);
    }
}
