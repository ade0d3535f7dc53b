//! `deskhand serve`: the service.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use tokio::net::TcpListener;

use super::rows::{Lines, Progress};
use super::{Common, Outcome, SHIPPED, first_key, shipped};
use crate::config::{Secret, ServerSettings, Settings};
use crate::http::serve::{log_panics_by_place, serve};
use crate::http::switch::follow;
use crate::http::{App, AppState, Prepared};
use crate::knowledge::import;
use crate::model::Lane;
use crate::promotion::Promotions;
use crate::retrain::{Asked, Learner, Workshop};
use crate::store::Store;
use crate::survey::import::SurveyReader;
use crate::survey::{Keeping, NewSurvey, SurveyQuery};
use crate::telemetry::Telemetry;
use crate::triage::{HistoryRow, Options, Ticket};

/// Data folder unless --data says otherwise.
const DATA: &str = "./deskhand-data";
/// The same with --demo, so that a trial never mixes with what a site keeps.
const DEMO_DATA: &str = "./deskhand-demo";
/// Example tickets that the first page offers.
const EXAMPLES: usize = 6;

/// Flags of `deskhand serve`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand serve --demo\n  curl -s http://127.0.0.1:8080/v1/triage -H 'content-type: application/json' \\\n    -d '{\"ticket\":{\"id\":\"1\",\"subject\":\"VPN drops\",\"body\":\"Every ten minutes since the update.\"}}'"
)]
pub(super) struct Serve {
    /// Bring a sample knowledge base and past tickets of an invented company
    #[arg(long)]
    demo: bool,
    /// Address and port; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Data folder [default: ./deskhand-data; with --demo ./deskhand-demo]
    #[arg(long, value_name = "DIR", env = "DESKHAND_DATA")]
    data: Option<PathBuf>,
    /// PostgreSQL that keeps everything and that several instances may share, such as
    /// postgres://user:password@host/deskhand, or file: and the path of a file with that [default: the settings'
    /// store.url, else SQLite in the data folder]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let mut settings = self.common.settings()?;
        let telemetry = Telemetry::start(&settings.telemetry)?;
        log_panics_by_place();
        settings.server.listen = self.listen.unwrap_or(settings.server.listen);
        settings.store.url = self.store.clone().map(Secret::from).or(settings.store.url);
        let listen = settings.server.listen;
        may_listen(&settings)?;
        let data =
            self.data.clone().unwrap_or_else(|| PathBuf::from(if self.demo { DEMO_DATA } else { DATA }));
        // The address first: a port that is taken should not cost the time of loading.
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let service = Prepared::new(settings)?;
        let store = Store::open(&data, &service.settings.store).await?;
        let promotions = Promotions::new(&data, Some(&store), service.settings.learning.keep_bundles);
        // A bundle that was asked for by name stays.
        if self.common.model.is_none()
            && let Err(error) = promotions.catch_up().await
        {
            tracing::error!(%error, "the promoted bundle cannot be fetched; the one before answers until it can");
        }
        let mut app = service.open(store, &data, &self.common.bundle_dir(Some(&data))?).await?;
        if self.demo {
            let samples = shipped("samples").context(
                "--demo needs the folder samples, here or beside the program; it comes with the source",
            )?;
            app.examples = demo(&app, &samples).await?.into();
        }
        first_key::make(&app.access, &data).await?;
        let address = listener.local_addr()?;
        let scheme = if app.settings.server.tls_certificate.is_some() { "https" } else { "http" };
        // Before the line below: whoever reads it may ask the service to stop at once.
        let stopped = stop().context("cannot hear the signals to stop")?;
        writeln!(std::io::stdout(), "Deskhand is ready: {scheme}://{address}")?;
        let app = AppState::new(app);
        let following = self
            .common
            .model
            .is_none()
            .then(|| tokio::spawn(follow(app.clone(), promotions.clone(), shipped(SHIPPED))));
        let learner = self.learner(&app, &data, promotions).await?;
        let served = serve(app, listener, stopped).await;
        drop(learner);
        if let Some(following) = following {
            following.abort();
        }
        telemetry.end().await;
        served?;
        Ok(Outcome::Clean)
    }
}

impl Serve {
    /// What trains on the site's own tickets; nothing where a bundle was asked for by name, since that one stays.
    async fn learner(
        &self,
        app: &AppState,
        data: &Path,
        promotions: Promotions,
    ) -> anyhow::Result<Option<Learner>> {
        let Some(shipped) = shipped(SHIPPED).filter(|_| self.common.model.is_none()) else { return Ok(None) };
        let program = std::env::current_exe().context("the program cannot tell where it lies")?;
        let serving = app.clone();
        let asked: Asked = Arc::new(move || serving.now().model.tokens_read());
        let workshop = Workshop { shipped, program, asked };
        let (store, settings) = (app.store.clone(), &app.settings);
        let learner = Learner::start(store, settings, data, promotions, workshop, Timestamp::now);
        app.learns();
        Ok(Some(learner))
    }
}

/// Refuses to let whoever reaches the address read tickets: without authentication the service is for its own
/// machine.
fn may_listen(settings: &Settings) -> anyhow::Result<()> {
    let ServerSettings { listen, tls_certificate, .. } = &settings.server;
    if listen.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    if !settings.access.is_on() {
        bail!(
            "{listen} can be reached from other machines, and authentication is off: whoever reaches it could read and change everything.\n  Set [access] authentication = \"on\" in the settings (DESKHAND_ACCESS__AUTHENTICATION=on); the first start then makes an admin key.\n  In a container this is needed too, however its port is published. Or listen on 127.0.0.1 alone."
        );
    }
    if tls_certificate.is_none() {
        tracing::warn!(
            "keys and passwords cross the network as they are: give server.tls_certificate and tls_key, or have a proxy on the way that speaks TLS"
        );
    }
    Ok(())
}

/// Brings the samples into an empty data folder, and gives some tickets to try.
async fn demo(app: &App, samples: &Path) -> anyhow::Result<Vec<Ticket>> {
    let now = app.now();
    if app.store.article_count().await? == 0 {
        let progress = Progress::new("sample articles", None);
        let rows = import::read(&samples.join("articles"))?;
        now.knowledge.import(rows, &|done| progress.set(done as u64, done as u64)).await?;
        progress.finish();
    }
    let empty = app.store.ticket_count().await? == 0;
    let (mut examples, mut kept) = (Vec::new(), Vec::new());
    for file in ["tickets.jsonl", "unanswered.jsonl"] {
        let mut lines = Lines::open(&samples.join(file))?;
        let progress = Progress::new("sample tickets", None);
        loop {
            let batch = lines.batch::<HistoryRow>(64)?;
            if batch.is_empty() {
                break;
            }
            let rows: Vec<HistoryRow> = batch.into_iter().filter_map(|row| row.content.ok()).collect();
            examples.extend(rows.iter().filter(|row| row.is_open()).map(|row| Ticket::from(row.ticket())));
            if empty {
                let records = now.triage.history(&rows, Timestamp::now()).await?;
                app.store.save_tickets(&records).await?;
                let ids: Vec<String> = records.into_iter().map(|record| record.id).collect();
                now.knowledge.remember(&ids).await?;
                kept.extend(rows.iter().map(|row| Ticket::from(row.ticket())));
            }
            progress.add(rows.len() as u64);
        }
        progress.finish();
    }
    demo_answers(app, &kept).await?;
    demo_surveys(app, &samples.join("surveys.jsonl")).await?;
    // Spread over the file, so that they are of many kinds.
    let step = examples.len().div_ceil(EXAMPLES).max(1);
    Ok(examples.into_iter().step_by(step).collect())
}

/// Triages the tickets as if each had just come in: coverage, gaps and mismatches stand on the answers.
async fn demo_answers(app: &App, tickets: &[Ticket]) -> anyhow::Result<()> {
    let (now, options) = (app.now(), Options::default());
    let progress = Progress::new("answers to them", None);
    for ticket in tickets {
        now.triage.answer_and_record(ticket, &options, Timestamp::now()).await?;
        progress.add(1);
    }
    progress.finish();
    Ok(())
}

/// Brings the sample surveys into a data folder without any.
async fn demo_surveys(app: &App, path: &Path) -> anyhow::Result<()> {
    let desk = app.now().desk.clone();
    let one = SurveyQuery { limit: 1, ..SurveyQuery::default() };
    let found = desk.list(&one, Timestamp::now()).await?;
    if found.is_ok_and(|page| !page.surveys.is_empty()) {
        return Ok(());
    }
    let progress = Progress::new("sample surveys", None);
    let mut rows = SurveyReader::open(path)?;
    let keeping = Keeping { lane: Lane::Bulk, follow_ups: true };
    loop {
        let batch = rows.batch(64)?;
        if batch.is_empty() {
            break;
        }
        let surveys: Vec<NewSurvey> = batch.into_iter().filter_map(|row| row.survey.ok()).collect();
        desk.keep(&surveys, keeping, Timestamp::now()).await?;
        progress.add(surveys.len() as u64);
    }
    progress.finish();
    Ok(())
}

/// Hears the signals to stop from now on, Ctrl-C and SIGTERM where there is one; what it answers ends with the
/// first of them.
///
/// # Errors
/// Where the system gives no ear for them.
#[cfg(unix)]
fn stop() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop() -> std::io::Result<impl Future<Output = ()> + Send> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
