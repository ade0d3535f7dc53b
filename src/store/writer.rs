//! The one task that writes.
//!
//! A durable commit waits for the disk, and the disk takes as long for one ticket as for fifty. So
//! the task takes whatever is queued, writes it in one transaction, and answers each caller.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::articles::{self, EmbeddedArticle, PassageVectors};
use super::bundles::{self, BundleWrite};
use super::deflections::Deflection;
use super::deleted;
use super::feedback::{self, Feedback, FeedbackWritten};
use super::forget::{self, Forget};
use super::keys::{self, KeyWrite};
use super::pen::{Failure, Pen};
use super::postgres::Pulse;
use super::sql::{Connection, Source};
use super::trail::Change;
use super::users::{self, UserWrite};
use super::{ConfigurationItem, Finding, OutcomeRecord, PredictionRecord, StoreError, TicketRecord};
use super::{FollowUpChange, GapRecord, Job, JobEnd, KeptSurvey, NewFollowUp, NewJob};
use super::{
    HelpdeskTicket, Looked, PastTicket, SignalRecord, TicketEvent, Training, UpdateRecord, deflections,
    follow_ups, gaps, hasten, history, items, jobs, outcomes, signals, surveys, tickets, timeline, trainings,
    updates,
};
use crate::acting::Acting;

/// Most writes in one transaction, and most that wait in the queue; a further caller waits before it.
const GROUP: usize = 64;

/// One write: all of it is kept, or nothing.
#[derive(Debug)]
pub(super) enum Write {
    PutArticles { batch: Vec<EmbeddedArticle>, encoder: String },
    DeleteArticle { id: String, now: Timestamp },
    EmbedArticles { batch: Vec<PassageVectors>, encoder: String },
    SaveTickets(Vec<TicketRecord>),
    EmbedTickets(Vec<TicketRecord>),
    KeepHistory { batch: Vec<PastTicket>, now: Timestamp },
    SaveTriage(Box<(TicketRecord, PredictionRecord, Finding)>),
    SaveOutcome(Box<(String, OutcomeRecord, Timestamp)>),
    SaveEvents(Box<(String, Vec<TicketEvent>, Timestamp)>),
    SaveLooks { looks: Vec<Looked>, now: Timestamp },
    DismissSignal { id: String, by: String, now: Timestamp },
    Say(Feedback),
    TakeBack(Feedback),
    KeepSurveys { batch: Vec<KeptSurvey>, now: Timestamp },
    DeleteSurvey { id: String },
    ChangeFollowUp(Box<(String, NewFollowUp, FollowUpChange, Timestamp)>),
    SaveDeflection(Box<(Deflection, u32)>),
    SaveGaps(Vec<GapRecord>),
    DecideGap(Box<GapRecord>),
    BeginTraining { began_at: Timestamp },
    EndTraining(Box<Training>),
    Enqueue { jobs: Vec<NewJob>, now: Timestamp },
    TakeJobs { except: Vec<i64>, kind: String, limit: u32, now: Timestamp, lease_until: Timestamp },
    RenewJob { id: i64, attempt: u32, lease_until: Timestamp },
    EndJob(Box<(i64, u32, JobEnd, Timestamp)>),
    ReleaseJobs { now: Timestamp },
    ReviveJob { id: i64, now: Timestamp },
    HastenJobs { ids: Vec<i64>, now: Timestamp },
    PruneJobs { before: Timestamp },
    SaveUpdate(Box<(UpdateRecord, Vec<NewJob>, Timestamp)>),
    SaveHelpdeskTicket(Box<(String, String, HelpdeskTicket)>),
    Key(Box<KeyWrite>),
    User(Box<UserWrite>),
    Record(Box<Change>),
    PutItems(Vec<ConfigurationItem>),
    DeleteItem { id: String },
    Forget(Box<Forget>),
    Bundle(Box<BundleWrite>),
}

/// What there is to tell of a write.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The number of the article change that it made, if it made one.
    pub(super) seq: Option<u64>,
    /// Whether the ticket, survey or gap group that it was about is there.
    pub(super) found: bool,
    /// The number of the training that it began.
    pub(super) training: i64,
    /// What counts otherwise now.
    pub(super) feedback: FeedbackWritten,
    /// The jobs that were begun.
    pub(super) jobs: Vec<Job>,
    /// The signals that were raised.
    pub(super) signals: Vec<SignalRecord>,
    /// For each job that was to be taken on or begun anew, whether it was; if any, runners are woken.
    pub(super) added: Vec<bool>,
    /// Rows that were forgotten, or jobs that are due sooner.
    pub(super) forgotten: u64,
    /// The tickets that were forgotten.
    pub(super) tickets: Vec<String>,
    /// What the trail calls the one whom the write was about.
    pub(super) subject: Option<String>,
}

impl Written {
    fn seq(seq: Option<u64>) -> Self {
        Self { seq, ..Self::default() }
    }

    fn added(added: Vec<bool>) -> Self {
        Self { added, ..Self::default() }
    }

    pub(super) fn found(found: bool) -> Self {
        Self { found, ..Self::default() }
    }
}

/// A write, and in whose name it is made.
pub(super) type Signed = (Write, Option<Acting>);

#[derive(Debug)]
struct Order {
    signed: Signed,
    answer: oneshot::Sender<Result<Written, StoreError>>,
}

/// The way to the task. When the last one goes, the task writes what is queued and ends.
#[derive(Debug)]
pub(super) struct Writer {
    open: Mutex<Option<Open>>,
    bell: watch::Sender<()>,
    name: u64,
}

#[derive(Debug)]
struct Open {
    queue: mpsc::Sender<Order>,
    task: JoinHandle<Result<(), StoreError>>,
}

impl Writer {
    /// Starts the task on the current runtime, with an open connection to the database at `place`
    /// and the `source` of another if that one fails; `pulse` tells whether a server is there.
    pub(super) fn start(
        connection: Connection,
        source: Source,
        pulse: Option<Pulse>,
        place: PathBuf,
    ) -> Self {
        let (queue, orders) = mpsc::channel(GROUP);
        let name = rand::random();
        let pen = Pen::new(connection, source, pulse, name);
        let bell = watch::Sender::new(());
        let task = tokio::spawn(write_all(pen, orders, bell.clone(), place));
        Self { open: Mutex::new(Some(Open { queue, task })), bell, name }
    }

    /// Changes whenever jobs were taken on or begun anew.
    pub(super) fn jobs_came(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    /// Wakes whoever waits for jobs.
    pub(super) fn ring(&self) {
        self.bell.send_replace(());
    }

    /// By which its news are known.
    pub(super) fn name(&self) -> u64 {
        self.name
    }

    /// Writes; returns once it is on the disk.
    #[tracing::instrument(name = "store.write", target = "span", skip_all)]
    pub(super) async fn write(&self, write: Write) -> Result<Written, StoreError> {
        let queue = self.open().as_ref().map(|open| open.queue.clone()).ok_or(StoreError::Closed)?;
        let (answer, answered) = oneshot::channel();
        queue.send(Order { signed: (write, Acting::now()), answer }).await.map_err(|_| StoreError::Closed)?;
        // The queue stays open only for those who still have something to send.
        drop(queue);
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Takes no more writes, and returns when the task has written the queued ones and ended.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let Some(Open { queue, task }) = self.open().take() else {
            return Ok(());
        };
        drop(queue);
        task.await.map_err(|_| StoreError::Closed)?
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write_all(
    mut pen: Pen,
    mut orders: mpsc::Receiver<Order>,
    bell: watch::Sender<()>,
    place: PathBuf,
) -> Result<(), StoreError> {
    let mut group = Vec::with_capacity(GROUP);
    while orders.recv_many(&mut group, GROUP).await > 0 {
        let (writes, answers): (Vec<_>, Vec<_>) =
            group.drain(..).map(|order| (order.signed, order.answer)).unzip();
        let results = write_group(&mut pen, &writes, &place).await;
        // A signal is announced by a job.
        let comes = |written: &Written| written.added.contains(&true) || !written.signals.is_empty();
        if results.iter().flatten().any(comes) {
            bell.send_replace(());
        }
        for (answer, result) in answers.into_iter().zip(results) {
            // A caller who has gone needs no answer.
            let _ = answer.send(result);
        }
    }
    pen.finish(&place).await
}

/// One result for each write, in order. If they cannot be written together, each is tried alone,
/// so that one that fails takes no other with it and hears its own error.
async fn write_group(pen: &mut Pen, writes: &[Signed], place: &Path) -> Vec<Result<Written, StoreError>> {
    let mut waits_for_turn = false;
    if writes.len() > 1 {
        match pen.commit(writes).await {
            Ok(written) => return written.into_iter().map(Ok).collect(),
            Err(Failure::Refused(_)) => {}
            // What waits for nobody's turn goes on without the others.
            Err(Failure::Busy(_)) if pen.is_shared() => waits_for_turn = true,
            // Another attempt might write twice what is kept, or wait as long again for each.
            Err(failure) => return all_failed(pen, writes.len(), failure, place),
        }
    }
    let mut results = Vec::with_capacity(writes.len());
    for write in writes {
        if waits_for_turn && write.0.goes_in_turn() {
            results.push(Err(StoreError::Busy { path: place.to_path_buf() }));
            continue;
        }
        let written = pen.commit(std::slice::from_ref(write)).await;
        results.push(match written {
            Ok(written) => Ok(written.into_iter().next().unwrap_or_default()),
            Err(failure) => Err(pen.error(place, failure)),
        });
    }
    results
}

/// What failed for all alike.
fn all_failed(pen: &Pen, writes: usize, failure: Failure, place: &Path) -> Vec<Result<Written, StoreError>> {
    let (is_unsure, error) = match failure {
        Failure::Busy(_) => {
            return (0..writes).map(|_| Err(StoreError::Busy { path: place.to_path_buf() })).collect();
        }
        Failure::Unsure(error) => (true, error),
        Failure::Refused(error) | Failure::Unreachable(error) => (false, error),
    };
    let told = error.to_string();
    let again = || {
        let error = sqlx::Error::Io(io::Error::other(told.clone()));
        pen.error(place, if is_unsure { Failure::Unsure(error) } else { Failure::Unreachable(error) })
    };
    (0..writes).map(|_| Err(again())).collect()
}

impl Write {
    /// Whether instances that share a database make this write one after another: it is numbered, told in the
    /// trail, or read and then written. The others touch rows of their own, or come to the same in any order.
    pub(super) fn goes_in_turn(&self) -> bool {
        match self {
            Self::SaveTickets(_)
            | Self::EmbedTickets(_)
            | Self::SaveTriage(_)
            | Self::Enqueue { .. }
            | Self::TakeJobs { .. }
            | Self::RenewJob { .. }
            | Self::EndJob(_)
            | Self::ReleaseJobs { .. }
            | Self::HastenJobs { .. }
            | Self::PruneJobs { .. }
            | Self::SaveUpdate(_)
            | Self::SaveHelpdeskTicket(_) => false,
            Self::Bundle(write) => matches!(**write, BundleWrite::Promote(_)),
            Self::Key(write) => !matches!(**write, KeyWrite::Used { .. }),
            Self::User(write) => !matches!(**write, UserWrite::See { .. } | UserWrite::Prune { .. }),
            _ => true,
        }
    }
}

pub(super) async fn apply(connection: &mut Connection, write: &Write) -> Result<Written, sqlx::Error> {
    match write {
        Write::PutArticles { batch, encoder } => {
            articles::put(connection, batch, encoder).await.map(Written::seq)
        }
        Write::DeleteArticle { id, now } => deleted::delete(connection, id, *now).await.map(Written::seq),
        Write::EmbedArticles { batch, encoder } => {
            articles::embed(connection, batch, encoder).await.map(|()| Written::default())
        }
        Write::SaveTickets(batch) => tickets::save(connection, batch).await.map(|()| Written::default()),
        Write::EmbedTickets(batch) => tickets::embed(connection, batch).await.map(|()| Written::default()),
        Write::KeepHistory { batch, now } => {
            history::keep(connection, batch, *now).await.map(Written::feedback)
        }
        Write::SaveTriage(triage) => {
            let (ticket, prediction, finding) = &**triage;
            tickets::save_triage(connection, ticket, prediction, finding).await.map(|()| Written::default())
        }
        Write::SaveOutcome(told) => {
            let (ticket_id, outcome, now) = &**told;
            outcomes::save(connection, ticket_id, outcome, *now, Some(*now)).await
        }
        Write::SaveEvents(told) => {
            let (ticket_id, events, now) = &**told;
            timeline::save(connection, ticket_id, events, *now).await
        }
        Write::SaveLooks { looks, now } => signals::save_looks(connection, looks, *now).await,
        Write::DismissSignal { id, by, now } => {
            signals::dismiss(connection, id, by, *now).await.map(Written::found)
        }
        Write::Say(said) => feedback::say(connection, said, false).await.map(Written::feedback),
        Write::SaveGaps(batch) => gaps::save(connection, batch).await,
        Write::DecideGap(gap) => gaps::decide(connection, gap).await,
        Write::BeginTraining { began_at } => trainings::begin(connection, *began_at).await,
        Write::EndTraining(training) => trainings::end(connection, training).await,
        Write::TakeBack(said) => feedback::take_back(connection, said).await.map(Written::feedback),
        Write::KeepSurveys { batch, now } => surveys::keep(connection, batch, *now).await,
        Write::DeleteSurvey { id } => surveys::delete(connection, id).await.map(Written::found),
        Write::ChangeFollowUp(told) => {
            let (survey_id, opening, change, now) = &**told;
            follow_ups::change(connection, survey_id, opening, change, *now).await.map(Written::found)
        }
        Write::SaveDeflection(visit) => {
            let (deflection, keep) = &**visit;
            deflections::save(connection, deflection, *keep).await
        }
        Write::Enqueue { jobs, now } => jobs::enqueue(connection, jobs, *now).await.map(Written::added),
        Write::TakeJobs { except, kind, limit, now, lease_until } => {
            jobs::take(connection, except, kind, *limit, *now, *lease_until).await
        }
        Write::RenewJob { id, attempt, lease_until } => {
            jobs::renew(connection, *id, *attempt, *lease_until).await.map(Written::found)
        }
        Write::EndJob(ended) => {
            let (id, attempt, end, now) = &**ended;
            jobs::end(connection, *id, *attempt, end, *now).await
        }
        Write::ReleaseJobs { now } => jobs::release(connection, *now).await.map(|()| Written::default()),
        Write::ReviveJob { id, now } => {
            let found = jobs::revive(connection, *id, *now).await?;
            Ok(Written { found, added: vec![found], ..Written::default() })
        }
        Write::HastenJobs { ids, now } => {
            let forgotten = hasten::hasten(connection, ids, *now).await?;
            Ok(Written { forgotten, ..Written::default() })
        }
        Write::PruneJobs { before } => {
            updates::prune(connection, *before).await?;
            jobs::prune(connection, *before).await.map(|()| Written::default())
        }
        Write::SaveUpdate(update) => {
            let (update, follows, now) = &**update;
            updates::save(connection, update, follows, *now).await
        }
        Write::SaveHelpdeskTicket(ticket) => {
            let (product, id, ticket) = &**ticket;
            updates::save_ticket(connection, product, id, ticket).await.map(|()| Written::default())
        }
        Write::PutItems(batch) => items::put(connection, batch).await.map(|()| Written::default()),
        Write::DeleteItem { id } => items::delete(connection, id).await.map(Written::found),
        Write::Key(write) => keys::write(connection, write).await,
        Write::User(write) => users::write(connection, write).await,
        Write::Forget(what) => forget::write(connection, what).await,
        Write::Bundle(write) => bundles::write(connection, write).await,
        Write::Record(_) => Ok(Written::default()),
    }
}
