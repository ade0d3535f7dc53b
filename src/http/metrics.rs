//! What is counted, for Prometheus. Labels name routes, statuses, tasks and decisions, never anything
//! that a caller wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use crate::integrations::hooks::HOOK;
use crate::integrations::{DeliveryResult, Product, WRITE_BACK};
use crate::model::{Manifest, Model, Reads};
use crate::store::{EVENT, JobState, Retained, Training, TrainingState};
use crate::triage::{Decision, TriageAnswer};

const REQUESTS: &str = "deskhand_requests_total";
const REQUEST_SECONDS: &str = "deskhand_request_seconds";
const QUEUE_TOKENS: &str = "deskhand_queue_tokens";
const TOKENS: &str = "deskhand_tokens_total";
const TRUNCATED_TEXTS: &str = "deskhand_truncated_texts_total";
const PREDICTIONS: &str = "deskhand_predictions_total";
const ARTICLES: &str = "deskhand_articles";
const BUNDLE: &str = "deskhand_bundle_info";
const SWITCHES: &str = "deskhand_bundle_switches_total";
const TRAININGS: &str = "deskhand_trainings";
const STORE_ERRORS: &str = "deskhand_store_errors_total";
const DELIVERIES: &str = "deskhand_deliveries_total";
const DELIVERIES_ENDED: &str = "deskhand_deliveries_ended_total";
const JOBS: &str = "deskhand_jobs";
const FORGOTTEN: &str = "deskhand_forgotten_rows_total";

/// Upper bounds in seconds: an answer takes some tens of milliseconds, an import minutes.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// States of trainings, as the metric names them.
const TRAINING_STATES: [(TrainingState, &str); 5] = [
    (TrainingState::Running, "running"),
    (TrainingState::Promoted, "promoted"),
    (TrainingState::Refused, "refused"),
    (TrainingState::Failed, "failed"),
    (TrainingState::Nothing, "nothing"),
];

static METADATA: Metadata<'static> = Metadata::new("deskhand", Level::INFO, None);

/// The counters of one service. They belong to it and not to the process, so that two services in one
/// process, as tests have them, count apart.
#[derive(Debug)]
pub(super) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// Tokens read and texts cut by models that answer no more.
    former: [AtomicU64; 2],
}

impl Metrics {
    /// All metrics, at zero where the labels are known beforehand.
    ///
    /// # Errors
    /// None in practice: the buckets are constants.
    pub(super) fn new(manifest: &Manifest) -> Result<Self, BuildError> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(REQUEST_SECONDS.into()), &BUCKETS)?
            .build_recorder();
        let handle = recorder.handle();
        let metrics = Self { recorder, handle, former: Default::default() };
        metrics.describe();
        metrics.counter(STORE_ERRORS).absolute(0);
        metrics.counter(TOKENS).absolute(0);
        metrics.counter(TRUNCATED_TEXTS).absolute(0);
        metrics.gauge(QUEUE_TOKENS).set(0.0);
        metrics.gauge(ARTICLES).set(0.0);
        for switched in [true, false] {
            metrics.switch_counter(switched).absolute(0);
        }
        for kind in Retained::ALL {
            metrics.forgotten(kind.name(), "retention", 0);
        }
        metrics.announce_bundle(manifest);
        Ok(metrics)
    }

    /// Another bundle answers from now on.
    pub(super) fn switched(&self, from: &Manifest, to: &Manifest) {
        self.bundle_gauge(from).set(0.0);
        self.announce_bundle(to);
        self.switch_counter(true).increment(1);
    }

    /// A promoted bundle could not take over.
    pub(super) fn not_switched(&self) {
        self.switch_counter(false).increment(1);
    }

    /// Goes on counting from what a model that is about to go has counted.
    pub(super) fn retire(&self, model: &Model) {
        let [tokens, truncated] = &self.former;
        tokens.fetch_add(model.tokens_read(), Ordering::Relaxed);
        truncated.fetch_add(model.tokenizer().truncated_texts(), Ordering::Relaxed);
    }

    /// Shows a bundle, and its tasks at zero.
    fn announce_bundle(&self, manifest: &Manifest) {
        self.bundle_gauge(manifest).set(1.0);
        let tasks = manifest.heads.iter().filter(|head| head.reads == Reads::Ticket);
        let priority = manifest.priority.as_ref().map(|_| "priority");
        for task in tasks.map(|head| head.task.as_str()).chain(priority) {
            for decision in [Decision::Auto, Decision::Suggest, Decision::Abstain] {
                self.prediction_counter(task, decision).increment(0);
            }
        }
    }

    /// Lets a route, and the `status` that it answers if all is well, be seen before its first request.
    pub(super) fn announce(&self, method: &'static str, route: &str, status: u16) {
        self.request_counter(method, route, status).absolute(0);
        drop(self.request_histogram(method, route));
    }

    /// A request was answered with `status`, or 499 where the client left before.
    pub(super) fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        self.request_counter(method, route, status).increment(1);
        self.request_histogram(method, route).record(took.as_secs_f64());
    }

    /// The predictions of an answer.
    pub(super) fn predictions(&self, answer: &TriageAnswer) {
        for (task, prediction) in &answer.predictions {
            self.prediction_counter(task, prediction.decision).increment(1);
        }
    }

    /// A helpdesk sent something, which was `kept`, a `duplicate` or `refused`.
    pub(super) fn delivery_received(&self, product: Product, result: &'static str) {
        self.delivery_counter(DELIVERIES, product, result).increment(1);
    }

    /// A delivery was worked off.
    pub(super) fn delivery_ended(&self, product: Product, result: &'static str) {
        self.delivery_counter(DELIVERIES_ENDED, product, result).increment(1);
    }

    /// Shows a helpdesk from which something is taken, at zero.
    pub(super) fn announce_hook(&self, product: Product) {
        for result in ["kept", "duplicate", "refused"] {
            self.delivery_counter(DELIVERIES, product, result).increment(0);
        }
        for result in DeliveryResult::ALL {
            self.delivery_counter(DELIVERIES_ENDED, product, result.name()).increment(0);
        }
    }

    /// How many jobs there are, by kind and state.
    pub(super) fn jobs(&self, counts: &BTreeMap<(String, JobState), u64>) {
        let known = [HOOK, WRITE_BACK, EVENT].map(str::to_owned);
        let kinds: BTreeSet<&String> = known.iter().chain(counts.keys().map(|(kind, _)| kind)).collect();
        for kind in kinds {
            for (state, name) in
                [(JobState::Waiting, "waiting"), (JobState::Done, "done"), (JobState::Dead, "dead")]
            {
                let labels = vec![Label::new("kind", kind.clone()), Label::new("state", name)];
                let gauge = self.recorder.register_gauge(&Key::from_parts(JOBS, labels), &METADATA);
                gauge.set(counts.get(&(kind.clone(), state)).copied().unwrap_or(0) as f64);
            }
        }
    }

    /// Rows of a kind were forgotten, because of `retention` or on `request`.
    pub(super) fn forgotten(&self, kind: &'static str, by: &'static str, rows: u64) {
        let labels = vec![Label::new("kind", kind), Label::new("by", by)];
        self.recorder.register_counter(&Key::from_parts(FORGOTTEN, labels), &METADATA).increment(rows);
    }

    /// The store refused or failed.
    pub(super) fn store_error(&self) {
        self.counter(STORE_ERRORS).increment(1);
    }

    /// The text that Prometheus reads, with what is measured at this moment.
    /// `trainings` are those that are remembered.
    pub(super) fn render(&self, articles: Option<u64>, trainings: &[Training], model: &Model) -> String {
        for (state, name) in TRAINING_STATES {
            let count = trainings.iter().filter(|training| training.state == state).count();
            let labels = vec![Label::new("state", name)];
            let gauge = self.recorder.register_gauge(&Key::from_parts(TRAININGS, labels), &METADATA);
            gauge.set(count as f64);
        }
        if let Some(articles) = articles {
            self.gauge(ARTICLES).set(articles as f64);
        }
        self.gauge(QUEUE_TOKENS).set(model.queued_tokens() as f64);
        let [tokens, truncated] = self.former.each_ref().map(|former| former.load(Ordering::Relaxed));
        self.counter(TOKENS).absolute(tokens + model.tokens_read());
        self.counter(TRUNCATED_TEXTS).absolute(truncated + model.tokenizer().truncated_texts());
        self.handle.render()
    }

    /// Folds single measurements into their buckets. To be called now and then: they pile up where
    /// nobody reads the metrics.
    pub(super) fn fold(&self) {
        self.handle.run_upkeep();
    }

    fn describe(&self) {
        let counter = |name: &'static str, text: &'static str| {
            self.recorder.describe_counter(name.into(), None, text.into());
        };
        counter(
            REQUESTS,
            "Requests answered, by method, route and status; 499 where the client left before.",
        );
        counter(TOKENS, "Tokens that the encoder has read since the start.");
        counter(
            TRUNCATED_TEXTS,
            "Tickets, comments and passages of which words were left out, being longer than the encoder reads.",
        );
        counter(PREDICTIONS, "Predictions given about tickets, by task and decision.");
        counter(SWITCHES, "Promoted bundles that took over (result=\"switched\") or could not (\"failed\").");
        counter(DELIVERIES, "Deliveries of helpdesks, by product and whether they were kept.");
        counter(DELIVERIES_ENDED, "Deliveries that were worked off, by product and what came of them.");
        counter(FORGOTTEN, "Rows that were forgotten, by kind, and whether by retention or on request.");
        counter(STORE_ERRORS, "Requests that failed because of the data folder.");
        self.recorder.describe_histogram(
            REQUEST_SECONDS.into(),
            Some(Unit::Seconds),
            "Time from a request's headers to its answer, by method and route.".into(),
        );
        let jobs = "Jobs by kind and state; of those done or given up the ones that are still kept.";
        self.recorder.describe_gauge(JOBS.into(), None, jobs.into());
        let bundle = "1 for the bundle that answers, 0 for one that did.";
        self.recorder.describe_gauge(BUNDLE.into(), None, bundle.into());
        let trainings = "Of the last hundred trainings on the site's own tickets, those in each state.";
        self.recorder.describe_gauge(TRAININGS.into(), None, trainings.into());
        self.recorder.describe_gauge(QUEUE_TOKENS.into(), None, "Tokens that wait for the encoder.".into());
        self.recorder.describe_gauge(ARTICLES.into(), None, "Articles in the knowledge base.".into());
    }

    fn request_counter(&self, method: &'static str, route: &str, status: u16) -> Counter {
        let status = Label::new("status", status.to_string());
        let labels = vec![Label::new("method", method), Label::new("route", route.to_string()), status];
        self.recorder.register_counter(&Key::from_parts(REQUESTS, labels), &METADATA)
    }

    fn request_histogram(&self, method: &'static str, route: &str) -> Histogram {
        let labels = vec![Label::new("method", method), Label::new("route", route.to_string())];
        self.recorder.register_histogram(&Key::from_parts(REQUEST_SECONDS, labels), &METADATA)
    }

    fn prediction_counter(&self, task: &str, decision: Decision) -> Counter {
        let decision = match decision {
            Decision::Auto => "auto",
            Decision::Suggest => "suggest",
            Decision::Abstain => "abstain",
        };
        let labels = vec![Label::new("task", task.to_string()), Label::new("decision", decision)];
        self.recorder.register_counter(&Key::from_parts(PREDICTIONS, labels), &METADATA)
    }

    fn delivery_counter(&self, name: &'static str, product: Product, result: &'static str) -> Counter {
        let labels = vec![Label::new("product", product.name()), Label::new("result", result)];
        self.recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
    }

    fn bundle_gauge(&self, manifest: &Manifest) -> Gauge {
        let labels = vec![
            Label::new("name", manifest.name.clone()),
            Label::new("version", manifest.version.clone()),
            Label::new("taxonomy", manifest.taxonomy.clone()),
        ];
        self.recorder.register_gauge(&Key::from_parts(BUNDLE, labels), &METADATA)
    }

    fn switch_counter(&self, switched: bool) -> Counter {
        let result = Label::new("result", if switched { "switched" } else { "failed" });
        self.recorder.register_counter(&Key::from_parts(SWITCHES, vec![result]), &METADATA)
    }

    /// A counter without labels.
    fn counter(&self, name: &'static str) -> Counter {
        self.recorder.register_counter(&Key::from_static_name(name), &METADATA)
    }

    fn gauge(&self, name: &'static str) -> Gauge {
        self.recorder.register_gauge(&Key::from_static_name(name), &METADATA)
    }
}
