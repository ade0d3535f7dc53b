//! The commands, one file each. They read flags and files, call the rooms below and print; what they
//! know of triage or search is only whom to ask.

mod answered;
mod audit;
mod audit_mismatches;
mod backup;
mod doctor;
mod evaluate;
mod events;
mod export;
mod first_key;
mod history;
mod import;
mod import_items;
mod import_surveys;
mod import_tickets;
mod keys;
mod labelled;
mod link;
mod promote;
mod reasons;
mod replay;
mod requester;
mod retention;
mod retrain;
mod rows;
mod sentiment;
mod serve;
mod suggest;
mod test_ticket;
mod trail;
mod train;
mod train_search;
mod triage;
mod users;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;

use crate::access::Access;
use crate::acting::Acting;
use crate::config::{Secret, Settings};
use crate::inventory::Inventory;
use crate::knowledge::Knowledge;
use crate::model::{Model, Shelf};
use crate::promotion::Promotions;
use crate::store::{Store, StoreError};
use crate::triage::Desk;

/// Local ticket triage and knowledge suggestion. Everything runs on this machine's CPU; nothing is sent but to addresses in the settings.
#[derive(Parser)]
#[command(name = "deskhand", version, max_term_width = 100)]
#[command(after_help = "Example:\n  deskhand serve --demo\n  deskhand triage --input tickets.jsonl")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer over HTTP, with a page at / and the API's documentation at /docs
    Serve(serve::Serve),
    /// Predict category, impact, urgency and priority for each ticket of a file
    Triage(triage::Triage),
    /// Find the articles that answer each ticket of a file
    Suggest(suggest::Suggest),
    /// Read the sentiment of each survey comment of a file
    Sentiment(sentiment::Sentiment),
    /// Take articles, tickets or surveys into the data folder
    Import(import::Import),
    /// Write all articles into a file or a folder
    Export(export::Export),
    /// Make a bundle from labelled tickets or comments
    Train(train::Train),
    /// Measure a bundle on labelled rows, or the search on tickets with known articles
    Evaluate(evaluate::Evaluate),
    /// Make a better bundle from the tickets that agents settled, and let it answer if it is
    Retrain(retrain::Retrain),
    /// Let a better bundle answer from now on, if it loses nothing that matters
    Promote(promote::Promote),
    /// Make a signed link to a ticket's panel, for a frame of the helpdesk
    Link(link::Link),
    /// See what would have been set on past tickets, how often rightly, and what time that saves
    Replay(Box<replay::Replay>),
    /// Find what the owners of the knowledge base should look at
    Audit(audit::Audit),
    /// Send a test event to those who are told of events
    Events(events::Events),
    /// Copy the data folder while a service runs on it
    Backup(backup::Backup),
    /// Make a data folder of such a copy
    Restore(backup::Restore),
    /// Make, list and take back keys of programs
    Keys(keys::Keys),
    /// Add, change, list and remove people who sign in
    Users(users::Users),
    /// Read or forget everything that is kept of one requester
    Requester(requester::Requester),
    /// See what has been kept long enough, and forget it
    Retention(retention::Retention),
    /// Show who changed what, and check that it is as it was written
    Trail(trail::Trail),
    /// Check the bundle, the data folder, the settings and what they connect to
    Doctor(doctor::Doctor),
}

/// The bundle that comes with the program.
const SHIPPED: &str = "models/default";

/// Which bundle and which settings.
#[derive(Args)]
struct Common {
    /// Folder of the bundle [default: the one promoted in the data folder, else models/default, here or
    /// beside the program]
    #[arg(long, value_name = "DIR", env = "DESKHAND_MODEL")]
    model: Option<PathBuf>,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<PathBuf>,
}

/// Where a site's articles and tickets are kept.
#[derive(Args)]
struct Data {
    /// Data folder
    #[arg(long, value_name = "DIR", env = "DESKHAND_DATA", default_value = "./deskhand-data")]
    data: PathBuf,
    /// PostgreSQL that keeps everything, such as postgres://user:password@host/deskhand, or file: and the path of a
    /// file with that [default: the settings' store.url, else SQLite in the data folder]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

/// What a command that worked through rows ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All went well.
    Clean,
    /// Some rows were refused; each was named.
    SomeRefused,
}

/// Runs the command line; the exit status is 0, 1 (some rows refused, or failed), or 2 (wrong usage).
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("the async runtime does not start")),
    };
    match runtime.block_on(acting().doing(run(cli.command))) {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::SomeRefused) => ExitCode::from(1),
        Err(error) => fail(&error),
    }
}

/// Threads for searches, large bodies and imports. More than there are places for large requests and
/// imports, which wait for a search from such a thread.
const ASIDE: usize = 32;

/// Half as many threads as there are cores: they carry requests in and answers out, the model's workers do
/// the rest, one on each core.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism()?.get();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.div_ceil(2))
        .max_blocking_threads(ASIDE)
        .enable_all()
        .build()
}

async fn run(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Serve(command) => command.run().await,
        Command::Triage(command) => command.run().await,
        Command::Suggest(command) => command.run().await,
        Command::Sentiment(command) => command.run().await,
        Command::Import(command) => command.run().await,
        Command::Export(command) => command.run().await,
        Command::Train(command) => tokio::task::spawn_blocking(|| command.run()).await?,
        Command::Evaluate(command) => command.run().await,
        Command::Retrain(command) => command.run().await,
        Command::Promote(command) => command.run().await,
        Command::Link(command) => command.run(),
        Command::Replay(command) => command.run().await,
        Command::Audit(command) => command.run().await,
        Command::Events(command) => command.run().await,
        Command::Backup(command) => command.run().await,
        Command::Restore(command) => command.run(),
        Command::Keys(command) => command.run().await,
        Command::Users(command) => command.run().await,
        Command::Requester(command) => command.run().await,
        Command::Retention(command) => command.run().await,
        Command::Trail(command) => command.run().await,
        Command::Doctor(command) => command.run().await,
    }
}

/// Who runs the command, for the trail.
fn acting() -> Acting {
    let user = std::env::var("USER").or_else(|_| std::env::var("USERNAME"));
    Acting { who: format!("command:{}", user.unwrap_or_default()), at: Timestamp::now() }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    // `{:#}` gives the causes in one line each after the other; a closed stderr changes nothing.
    let _ = writeln!(std::io::stderr(), "deskhand: {error:#}");
    ExitCode::from(1)
}

impl Common {
    fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings::load(self.config.as_deref())?)
    }

    /// The bundle that was asked for, else the one promoted in the data folder, else the shipped one.
    fn bundle_dir(&self, data: Option<&Path>) -> anyhow::Result<PathBuf> {
        match &self.model {
            Some(dir) => Ok(dir.clone()),
            None => bundle_of(data),
        }
    }

    async fn model(&self, settings: &Settings, data: Option<&Path>) -> anyhow::Result<Arc<Model>> {
        load(&self.bundle_dir(data)?, settings).await
    }
}

/// The bundle promoted in the data folder, else the shipped one.
fn bundle_of(data: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(data) = data
        && let Some(promoted) = Shelf::of(data).current()?
    {
        return Ok(promoted);
    }
    shipped(SHIPPED)
        .context("there is no models/default here or beside the program; give a bundle with --model DIR")
}

async fn load(dir: &Path, settings: &Settings) -> anyhow::Result<Arc<Model>> {
    let (dir, inference) = (dir.to_owned(), settings.inference.clone());
    Ok(Arc::new(tokio::task::spawn_blocking(move || Model::load(&dir, &inference)).await??))
}

impl Data {
    /// The store of the folder, or the one in PostgreSQL that the flag or the settings name.
    async fn store(&self, settings: &Settings) -> Result<Store, StoreError> {
        let mut settings = settings.store.clone();
        settings.url = self.store.clone().map(Secret::from).or(settings.url);
        Store::open(&self.data, &settings).await
    }

    /// Whether everything is kept in PostgreSQL.
    fn is_shared(&self, settings: &Settings) -> bool {
        self.store.is_some() || settings.store.url.is_some()
    }

    /// Keys, users and the trail of the folder, without a model.
    async fn access(&self) -> anyhow::Result<(Access, Store)> {
        let settings = Settings::load(None)?;
        let store = self.store(&settings).await?;
        Ok((Access::open(store.clone(), settings.access).await?, store))
    }

    /// The bundle that was asked for, else the one that answers where this store is used.
    async fn model(&self, common: &Common, settings: &Settings) -> anyhow::Result<Arc<Model>> {
        if common.model.is_none() && self.is_shared(settings) {
            let store = self.store(settings).await?;
            let promotions = Promotions::new(&self.data, Some(&store), settings.learning.keep_bundles);
            let caught_up = promotions.catch_up().await;
            store.close().await?;
            caught_up?;
        }
        common.model(settings, Some(&self.data)).await
    }

    async fn open(&self, model: &Arc<Model>, settings: &Settings) -> anyhow::Result<(Store, Knowledge)> {
        let store = self.store(settings).await?.masking(&settings.privacy);
        let progress = rows::Progress::new("embedding articles anew", None);
        let knowledge = Knowledge::open(
            store.clone(),
            Arc::clone(model),
            &self.data,
            &settings.search,
            &|done, total| {
                progress.set(done as u64, total as u64);
            },
        )
        .await?;
        progress.finish();
        Ok((store, knowledge))
    }

    /// The same with all that an answer about a ticket draws on.
    async fn desk(&self, model: &Arc<Model>, settings: &Settings) -> anyhow::Result<Desk> {
        let (store, knowledge) = self.open(model, settings).await?;
        let inventory = Inventory::open(store.clone()).await?;
        Ok(Desk { store, knowledge, inventory })
    }
}

/// Something that ships with the program: looked for in the working folder, then beside the program and
/// above it, so that it is found in a checkout and in an installation alike.
fn shipped(name: &str) -> Option<PathBuf> {
    let here = PathBuf::from(name);
    if here.exists() {
        return Some(here);
    }
    let program = std::env::current_exe().ok()?.canonicalize().ok()?;
    program.ancestors().skip(1).map(|dir| dir.join(name)).find(|path: &PathBuf| Path::exists(path))
}
