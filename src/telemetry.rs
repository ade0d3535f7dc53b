//! Log lines to standard error, and, where a site wants it, spans to its collector by OpenTelemetry.
//!
//! A span says how long a part of a request took and which part it was; it never holds words of a ticket. Spans
//! have a target of their own, so that they cost nothing where no collector is named, and log lines stay as they
//! are.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::TelemetrySettings;

/// The target of every span.
pub const SPAN: &str = "span";
/// What is logged unless DESKHAND_LOG says otherwise.
const LOGGED: &str = "warn,deskhand=info";
/// Longest that the collector may take for a batch.
const PATIENCE: Duration = Duration::from_secs(10);

/// Traces that cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// A header stands in a file that cannot be read.
    #[error("telemetry.headers.{name}: {error}")]
    Header {
        /// The header.
        name: String,
        /// The file and what is wrong with it.
        error: io::Error,
    },
    /// What sends cannot be made.
    #[error("telemetry.traces_url: traces cannot be sent: {0}")]
    Exporter(String),
}

/// What was begun here and has to be ended.
#[derive(Debug)]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Begins to log, and to trace where a collector is named.
    ///
    /// # Errors
    /// [`TelemetryError`]; then nothing is logged either.
    pub fn start(settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        let logged = EnvFilter::try_from_env("DESKHAND_LOG").unwrap_or_else(|_| EnvFilter::new(LOGGED));
        let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_filter(logged);
        let provider = settings.traces_url.as_deref().map(|url| provider(settings, url)).transpose()?;
        let spans = provider.as_ref().map(|provider| {
            let tracer = provider.tracer("deskhand");
            let only = Targets::new().with_target(SPAN, LevelFilter::INFO);
            tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_filter(only)
        });
        tracing_subscriber::registry().with(lines).with(spans).init();
        Ok(Self(provider))
    }

    /// Sends what was not sent yet, for at most as long as the collector may take.
    pub async fn end(self) {
        let Some(provider) = self.0 else { return };
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(PATIENCE)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// Makes `span` a part of the trace that the caller's headers name (W3C Trace Context), if they name one.
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    let context = TraceContextPropagator::new().extract(&Headers(headers));
    // It fails only where the span is disabled.
    let _ = span.set_parent(context);
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}

fn provider(settings: &TelemetrySettings, url: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let mut headers = HashMap::new();
    for (name, value) in &settings.headers {
        let value = value.resolved().map_err(|error| TelemetryError::Header { name: name.clone(), error })?;
        headers.insert(name.clone(), value.expose().to_owned());
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url)
        .with_timeout(PATIENCE)
        .with_headers(headers)
        .with_http_client(client()?)
        .build()
        .map_err(|error| TelemetryError::Exporter(error.to_string()))?;
    let resource = Resource::builder()
        .with_service_name(settings.service_name.clone())
        .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sample)));
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .with_sampler(sampler)
        .build())
}

/// Spans are sent from a thread that waits for the answer. Its client must not be made on a thread of the runtime.
fn client() -> Result<reqwest::blocking::Client, TelemetryError> {
    // Whoever came first has installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = std::thread::spawn(|| {
        let redirects = reqwest::redirect::Policy::none();
        reqwest::blocking::Client::builder().redirect(redirects).timeout(PATIENCE).build()
    });
    match made.join() {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(TelemetryError::Exporter(error.to_string())),
        Err(_) => Err(TelemetryError::Exporter("its client could not be made".into())),
    }
}
