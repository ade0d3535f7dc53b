//! What the service holds.

use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use tokio::time::Instant;

use super::admission::Admission;
use super::clockwork::Clockwork;
use super::follow::KeysRead;
use super::forgetting::Caches;
use super::metrics::Metrics;
use super::tls::{Tls, TlsError};
use crate::access::Access;
use crate::audit::{Audits, Rules};
use crate::config::Settings;
use crate::integrations::outbound::{Outbound, OutboundError};
use crate::inventory::{Inventory, InventoryError};
use crate::knowledge::{Knowledge, KnowledgeError};
use crate::model::{BundleError, Model, Shelf};
use crate::signals::Checker;
use crate::store::{Store, StoreError};
use crate::survey::{SurveyDesk, Surveys};
use crate::triage::{Desk, Ticket, Triage};
use crate::ui::{self, Pages};

/// What answers by one bundle. A request holds the one that it began with until it is answered.
#[derive(Debug)]
pub struct Answering {
    /// The loaded bundle and its workers.
    pub model: Arc<Model>,
    /// Articles and the memory of tickets, as this bundle sees them.
    pub knowledge: Knowledge,
    /// Decisions about tickets.
    pub triage: Triage,
    /// Survey comments.
    pub surveys: Surveys,
    /// Surveys that are kept.
    pub desk: SurveyDesk,
}

impl Answering {
    pub(super) fn new(
        model: Arc<Model>,
        knowledge: Knowledge,
        inventory: &Inventory,
        store: &Store,
        settings: &Settings,
    ) -> Self {
        let desk = Desk { store: store.clone(), knowledge: knowledge.clone(), inventory: inventory.clone() };
        let surveys = Surveys::new(Arc::clone(&model));
        Self {
            triage: Triage::new(Arc::clone(&model), settings.triage.clone(), Some(desk)),
            desk: SurveyDesk::new(surveys.clone(), store.clone(), settings.surveys.clone()),
            surveys,
            model,
            knowledge,
        }
    }

    /// What the pages see of it.
    pub fn for_pages(&self) -> ui::Now {
        ui::Now {
            triage: self.triage.clone(),
            knowledge: self.knowledge.clone(),
            model: Arc::clone(&self.model),
            desk: self.desk.clone(),
        }
    }
}

/// Everything that answers requests.
pub struct App {
    /// As the site set them.
    pub settings: Settings,
    /// What is kept.
    pub store: Store,
    /// Which bundles were promoted in the data folder.
    pub(super) shelf: Shelf,
    /// Who may ask what.
    pub access: Access,
    /// Whether the clock can be believed.
    pub(super) clock: Clockwork,
    /// How fresh the keys are.
    pub(super) keys_read: KeysRead,
    /// What speaks TLS, where the site has a certificate.
    pub(super) tls: Option<Arc<Tls>>,
    /// Configuration items that tickets name.
    pub inventory: Inventory,
    /// What the tickets ask for and the articles do not answer.
    pub audits: Audits,
    /// Looks for signals that a customer may be lost.
    pub signals: Checker,
    answering: RwLock<Arc<Answering>>,
    /// Tickets that the first page offers to try.
    pub examples: Arc<[Ticket]>,
    /// What goes out: updates of tickets, and events.
    pub(super) outbound: Outbound,
    /// What is counted.
    pub(super) metrics: Metrics,
    /// What pages hold.
    pub(super) caches: Caches,
    /// How much is taken on at a time.
    pub(super) admission: Admission,
    pub(super) started: Instant,
    /// Whether the last forward pass failed, so that readiness has to try one.
    model_failed: AtomicBool,
    /// Whether something trains on the site's own tickets.
    learns: AtomicBool,
    stopping: AtomicBool,
}

/// The service could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The bundle cannot be used.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The search index cannot be used.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// By these settings nothing can be sent.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The configuration items cannot be used.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The metrics could not be set up.
    #[error("the metrics could not be set up: {0}; please report this")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// The bundle could not be loaded on its thread.
    #[error("loading the bundle failed unexpectedly: {0}; please report this")]
    Loading(#[from] tokio::task::JoinError),
}

/// The service before its data folder is touched: settings by which it can work.
pub struct Prepared {
    /// As they are given.
    pub settings: Settings,
    tls: Option<Arc<Tls>>,
    outbound: Outbound,
}

impl Prepared {
    /// Looks at what of the settings can be told before anything is begun.
    ///
    /// # Errors
    /// A certificate or an address by which the service cannot work.
    pub fn new(settings: Settings) -> Result<Self, OpenError> {
        let tls = Tls::open(&settings.server)?;
        let outbound = Outbound::new(&settings, Timestamp::now)?;
        Ok(Self { settings, tls, outbound })
    }

    /// [`App::open`] over a store that is open.
    ///
    /// # Errors
    /// [`OpenError`] with what to do.
    pub async fn open(self, store: Store, data_dir: &Path, bundle_dir: &Path) -> Result<App, OpenError> {
        let Self { settings, tls, outbound } = self;
        let store = store.masking(&settings.privacy);
        let clock = Clockwork::open(data_dir, &store, Timestamp::now()).await?;
        // What was at work when an earlier process died is begun again.
        store.release_jobs(Timestamp::now()).await?;
        let access = Access::open(store.clone(), settings.access.clone()).await?;
        let (dir, inference) = (bundle_dir.to_owned(), settings.inference.clone());
        let model = tokio::task::spawn_blocking(move || Model::load(&dir, &inference)).await??;
        let model = Arc::new(model);
        let progress =
            |done: usize, of: usize| tracing::info!(done, of, "embedding articles for this bundle");
        let knowledge =
            Knowledge::open(store.clone(), Arc::clone(&model), data_dir, &settings.search, &progress).await?;
        let rules =
            Rules { settings: settings.audit.clone(), answer_threshold: settings.search.answer_threshold };
        let audits = Audits::new(store.clone(), Some(knowledge.archive()), rules);
        let inventory = Inventory::open(store.clone()).await?;
        let answering = Answering::new(model, knowledge, &inventory, &store, &settings);
        Ok(App {
            metrics: Metrics::new(answering.model.manifest())?,
            answering: RwLock::new(Arc::new(answering)),
            signals: Checker::new(store.clone(), settings.signals.clone()),
            examples: Arc::default(),
            outbound,
            caches: Caches::new(settings.audit.refresh_seconds),
            admission: Admission::default(),
            started: Instant::now(),
            model_failed: AtomicBool::new(false),
            learns: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            shelf: Shelf::of(data_dir),
            clock,
            keys_read: KeysRead::default(),
            settings,
            store,
            access,
            tls,
            inventory,
            audits,
        })
    }
}

impl App {
    /// What answers at this moment.
    pub fn now(&self) -> Arc<Answering> {
        Arc::clone(&self.answering.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets another bundle answer from now on; gives back what answered before.
    pub(super) fn exchange(&self, answering: Answering) -> Arc<Answering> {
        let mut now = self.answering.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *now, Arc::new(answering))
    }

    /// Loads the bundle, opens the data folder and brings the search index up to date with it.
    /// Returns when everything is ready to answer.
    ///
    /// # Errors
    /// [`OpenError`] with what to do.
    pub async fn open(settings: Settings, data_dir: &Path, bundle_dir: &Path) -> Result<Self, OpenError> {
        let prepared = Prepared::new(settings)?;
        let store = Store::open(data_dir, &prepared.settings.store).await?;
        prepared.open(store, data_dir, bundle_dir).await
    }

    /// Says that something trains on the site's own tickets.
    pub fn learns(&self) {
        self.learns.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_learning(&self) -> bool {
        self.learns.load(Ordering::Relaxed)
    }

    /// Whether the signal to stop has come.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn model_has_failed(&self) {
        self.model_failed.store(true, Ordering::Relaxed);
    }

    pub(super) fn model_works(&self) {
        self.model_failed.store(false, Ordering::Relaxed);
    }

    pub(super) fn has_model_failed(&self) -> bool {
        self.model_failed.load(Ordering::Relaxed)
    }
}

/// The service as handlers get it; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<App>);

impl AppState {
    /// Shares an opened service.
    pub fn new(app: App) -> Self {
        Self(Arc::new(app))
    }

    /// What the pages need of the service.
    pub(super) fn pages(&self) -> Pages {
        let app = self.clone();
        Pages {
            answering: ui::Answering::new(move || app.now().for_pages()),
            store: self.store.clone(),
            examples: Arc::clone(&self.examples),
            max_form_bytes: self.settings.server.max_body_bytes,
            shelf: self.shelf.clone(),
            audits: self.audits.clone(),
            ledgers: self.caches.ledgers.clone(),
            summaries: self.caches.summaries.clone(),
            performances: self.caches.performances.clone(),
            matrix: self.settings.triage.matrix.clone(),
            signals: self.signals.clone(),
            drift: self.settings.drift.clone(),
            settings: self.settings.ui.clone(),
        }
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
