//! Every route of the OpenAPI document, with good requests that were changed: fields of other kinds, deep and huge
//! values, other bytes. Whatever comes is answered or refused; nothing is a failure of the service.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseError;
use serde_json::{Map, Value, json};

use crate::common::TestApp;
use crate::runner;

/// An endpoint of the document.
#[derive(Debug, Clone)]
struct Endpoint {
    method: Method,
    path: String,
    /// Names of what stands in the query.
    query: Vec<String>,
    /// A body for each media type that is read.
    bodies: Vec<(String, Vec<u8>)>,
}

fn endpoints(document: &Value) -> Vec<Endpoint> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
            if !["GET", "PUT", "POST", "PATCH", "DELETE"].contains(&method.as_str()) {
                continue;
            }
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let query = parameters
                .filter(|parameter| parameter["in"] == "query")
                .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
                .collect();
            let contents = operation["requestBody"]["content"].as_object().into_iter().flatten();
            let bodies = contents.map(|(kind, content)| (kind.clone(), good(document, content))).collect();
            all.push(Endpoint { method, path: path.clone(), query, bodies });
        }
    }
    all
}

/// The example of a body, or one made from its schema.
fn good(document: &Value, content: &Value) -> Vec<u8> {
    match &content["example"] {
        Value::Null => sample(document, &content["schema"], 0).to_string().into_bytes(),
        Value::String(text) => text.clone().into_bytes(),
        example => example.to_string().into_bytes(),
    }
}

/// A value that a schema describes.
fn sample(document: &Value, schema: &Value, depth: usize) -> Value {
    if depth > 6 {
        return Value::Null;
    }
    if let Some(name) = schema["$ref"].as_str() {
        return sample(document, &document.pointer(&name[1..]).unwrap().clone(), depth + 1);
    }
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        let choices = schema[several].as_array().into_iter().flatten();
        if let Some(first) = choices.clone().find(|choice| choice["type"] != "null") {
            return sample(document, first, depth + 1);
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|words| words.first()) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    match kind.as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object().cloned().unwrap_or_default();
            properties
                .iter()
                .map(|(name, of)| (name.clone(), sample(document, of, depth + 1)))
                .collect::<Map<_, _>>()
                .into()
        }
        Some("array") => json!([sample(document, &schema["items"], depth + 1)]),
        Some("integer" | "number") => json!(3),
        Some("boolean") => json!(true),
        _ if schema["format"] == "date-time" => json!("2026-11-21T09:40:00Z"),
        _ => json!("a"),
    }
}

/// What may stand in the place of a value.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => select(vec![
            Value::Null, json!(true), json!(0), json!(-1), json!(1e308), json!(u64::MAX), json!(i64::MIN), json!(""),
            json!(" "), json!("\u{0}"), json!("a\nb"), json!([]), json!({}), json!("2026-02-30"),
            json!("-009999-01-01T00:00:00Z"), json!("9999-12-31T23:59:59.999999999Z"), json!("P1"), json!("../../etc/passwd"), json!("é\u{301}\u{200b}"),
            json!("<script>"), json!("' OR 1=1 --"), json!("%00"), json!("\u{feff}"), json!("\u{10ffff}"), json!("agent"), json!("customer"), json!([null]), json!([[[]]]),
        ]),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => "\\PC{0,40}".prop_map(Value::from),
        1 => (1usize..200).prop_map(|depth| (0..depth).fold(Value::Null, |inner, _| json!([inner]))),
        1 => (select(vec!["a", "a ", "é", "<b>", "0", "> a\n"]), 1usize..20_000).prop_map(|(word, times)| word.repeat(times).into()),
    ]
}

/// Puts a value in the place of one that stands there, by a number.
fn put(value: &mut Value, at: Index, new: &Value) {
    let mut places = Vec::new();
    paths(value, String::new(), &mut places);
    let place = at.get(&places);
    if let Some(found) = value.pointer_mut(place) {
        *found = new.clone();
    }
}

fn paths(value: &Value, path: String, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            paths(value, format!("{path}/{name}"), all);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| paths(item, format!("{path}/{n}"), all));
        }
        _ => {}
    }
    all.push(path);
}

#[derive(Debug, Clone)]
struct Changed {
    endpoint: Index,
    content: Index,
    id: String,
    query: Vec<(Index, String)>,
    values: Vec<(Index, Value)>,
    bytes: Vec<(Index, u8)>,
    header: Option<(&'static str, Vec<u8>)>,
}

fn changed() -> impl Strategy<Value = Changed> {
    let id = prop_oneof![
        select(vec![
            "1",
            "a",
            "81",
            "zendesk",
            "generic",
            "..",
            "%2e%2e%2f",
            "%00",
            "%ff",
            "18446744073709551616"
        ])
        .prop_map(str::to_owned),
        "\\PC{1,20}"
    ];
    let text = prop_oneof![
        select(vec![
            "",
            "1",
            "-1",
            "0",
            "a",
            "2026-11-21",
            "2026-02-30",
            "9999-12-31T23:59:59Z",
            "-009999-01-01T00:00:00Z",
            "18446744073709551616",
            "1e9",
            "agent",
            "csv",
            "true",
            "nan",
            "P1",
            ",",
            "%ff",
            "week",
            "category",
            "%"
        ])
        .prop_map(str::to_owned),
        "\\PC{0,20}"
    ];
    let names = vec![
        "authorization",
        "cookie",
        "accept",
        "x-request-id",
        "content-encoding",
        "content-type",
        "origin",
        "forwarded",
        "x-forwarded-for",
        "accept-language",
        "if-match",
        "host",
    ];
    let header = (
        select(names),
        prop_oneof![
            vec(any::<u8>(), 0..40),
            select(vec![
                "Bearer dh_0",
                "Basic =",
                "deskhand=a; deskhand=b",
                "text/csv;q=0",
                "gzip",
                "text/html",
                "for=\"[::1\"",
                "*/*",
                ",,,;;="
            ])
            .prop_map(|text| text.as_bytes().to_vec())
        ],
    );
    (
        any::<Index>(),
        any::<Index>(),
        id,
        vec((any::<Index>(), text), 0..4),
        vec((any::<Index>(), odd()), 0..3),
        prop_oneof![4 => Just(Vec::new()), 1 => vec((any::<Index>(), any::<u8>()), 1..6)],
        prop::option::weighted(0.3, header),
    )
        .prop_map(|(endpoint, content, id, query, values, bytes, header)| Changed {
            endpoint,
            content,
            id,
            query,
            values,
            bytes,
            header,
        })
}

fn request(endpoints: &[Endpoint], changed: &Changed) -> Option<Request<Body>> {
    let endpoint = changed.endpoint.get(endpoints);
    let mut path = String::new();
    for part in endpoint.path.split_inclusive(['/', '}']) {
        match part.strip_suffix('}') {
            Some(_) => path += &changed.id.replace(['/', ' ', '?', '#'], "-"),
            None => path += part.trim_start_matches('{'),
        }
    }
    if !changed.query.is_empty() && !endpoint.query.is_empty() {
        path.push('?');
        for (name, value) in &changed.query {
            let _ = write!(path, "{}={}&", name.get(&endpoint.query), value.replace([' ', '#'], "+"));
        }
    }
    let mut request = Request::builder().method(endpoint.method.clone());
    let mut body = Vec::new();
    if !endpoint.bodies.is_empty() {
        let (kind, good) = changed.content.get(&endpoint.bodies);
        request = request.header("content-type", kind);
        body.clone_from(good);
        if let Ok(mut value) = serde_json::from_slice::<Value>(good) {
            changed.values.iter().for_each(|(at, new)| put(&mut value, *at, new));
            body = value.to_string().into_bytes();
        }
        if !body.is_empty() {
            changed.bytes.iter().for_each(|(at, byte)| {
                let place = at.index(body.len());
                body[place] = *byte;
            });
        }
    }
    if let Some((name, value)) = &changed.header {
        // What hyper would not let in cannot come.
        request = request.header(HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?);
    }
    request.uri(path).body(body.into()).ok()
}

/// Sends so many requests.
pub(crate) fn check(cases: u32, seed: u64) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::new());
    let document = runtime.block_on(app.get("/openapi.json")).json();
    let endpoints = endpoints(&document);
    assert!(endpoints.len() > 40 && endpoints.iter().any(|endpoint| !endpoint.bodies.is_empty()));
    let sent = |changed: Changed| {
        let Some(request) = request(&endpoints, &changed) else { return Ok(()) };
        let what = format!("{} {}", request.method(), request.uri());
        let answer = runtime.block_on(app.send(request));
        if answer.status.as_u16() >= 500 {
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(TestCaseError::fail(format!("{what}: {} {said}", answer.status)));
        }
        Ok(())
    };
    runner(cases, seed).run(&changed(), sent).map_err(|error| error.to_string())
}
