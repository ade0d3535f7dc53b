//! Deliveries are worked off: new words are answered, and what became of tickets is told.

use std::sync::Arc;

use jiff::Timestamp;

use super::hooks::{About, Delivery, HOOK, Reply, Standing};
use super::result::{DeliveryResult, Hears};
use super::update::{Update, words_version};
use super::{note, priorities};
use crate::config::{IntegrationSettings, ProductSettings};
use crate::jobs::{Attempt, Work};
use crate::knowledge::{Knowledge, KnowledgeError};
use crate::model::ModelError;
use crate::store::{
    EVENT, EventKind, FinalLabels, HelpdeskTicket, Job, NewJob, OutcomeRecord, Store, StoreError,
    TicketEvent, TicketStatus, UpdateFilter, UpdatePlan, UpdateRecord,
};
use crate::triage::{Options, Submitted, Ticket, Triage, TriageAnswer, TriageError};

/// Articles that a note shows at most, and similar tickets.
const SHOWN: usize = 3;

/// What answers at this moment.
#[derive(Debug, Clone)]
pub struct Now {
    /// Answers tickets.
    pub triage: Triage,
    /// Takes what became of them.
    pub knowledge: Knowledge,
}

/// The work on deliveries.
pub struct HookWork<H> {
    /// Where things are kept.
    pub store: Store,
    /// How each helpdesk is dealt with.
    pub settings: IntegrationSettings,
    /// What answers now; another one after a bundle was switched.
    pub now: Arc<dyn Fn() -> Now + Send + Sync>,
    /// Who hears what came of it.
    pub hears: H,
    /// What time it is.
    pub clock: fn() -> Timestamp,
}

/// A delivery that could not be worked off.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error(transparent)]
    Triage(#[from] TriageError),
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the update could not be written as JSON; please report this")]
    Json(#[from] serde_json::Error),
}

impl WorkError {
    /// Without paths of this computer and without words of a ticket.
    fn told(&self) -> String {
        match self {
            Self::Triage(TriageError::Model(ModelError::Overloaded { .. })) => {
                "the model's queue is full".to_owned()
            }
            Self::Triage(TriageError::Model(_)) => "the model could not read the ticket".to_owned(),
            Self::Triage(TriageError::Knowledge(_)) | Self::Knowledge(_) => {
                "the articles could not be searched, or the outcome not be kept".to_owned()
            }
            Self::Triage(TriageError::Store(_)) | Self::Store(_) => {
                "the data folder could not be read or written".to_owned()
            }
            Self::Json(_) => self.to_string(),
        }
    }
}

impl<H: Hears> Work for HookWork<H> {
    fn kind(&self) -> &'static str {
        HOOK
    }

    async fn attempt(&self, job: &Job) -> Attempt {
        let Ok(delivery) = serde_json::from_value::<Delivery>(job.payload.clone()) else {
            return Attempt::Hopeless { error: "this version of Deskhand cannot read the delivery".into() };
        };
        match self.work(&delivery, job.created_at).await {
            Ok(result) => {
                self.hears.ended(&delivery, result);
                Attempt::Done(Vec::new())
            }
            Err(error) => {
                let told = error.told();
                tracing::warn!(job = job.id, %error, "a delivery could not be worked off: {told}");
                Attempt::Failed { error: told, wait: None }
            }
        }
    }
}

impl<H: Hears> HookWork<H> {
    /// `received` is when the delivery came.
    async fn work(&self, delivery: &Delivery, received: Timestamp) -> Result<DeliveryResult, WorkError> {
        match delivery.about {
            About::InternalNote => return Ok(DeliveryResult::InternalNote),
            About::Other => return Ok(DeliveryResult::Other),
            About::Ticket => {}
        }
        let settings = self.settings.of(delivery.product);
        let product = delivery.product.name();
        let before = self.store.helpdesk_ticket(product, &delivery.ticket_id).await?;
        let own = delivery.author_id.as_ref().is_some_and(|author| settings.hook.own_users.contains(author));
        let late = matches!(
            (before.as_ref().and_then(|before| before.changed_at), delivery.changed_at),
            (Some(known), Some(said)) if said < known
        );
        let (answered, version) = match self.answer(delivery, settings, before.as_ref(), own, late).await? {
            Words::Answered(version) => (Some(DeliveryResult::Answered), Some(version)),
            Words::Known(version) => (None, Some(version)),
            Words::Not(why) => (why, None),
        };
        if late {
            return Ok(answered.unwrap_or(DeliveryResult::Unchanged));
        }
        let told = !own && self.tell(delivery, settings, before.as_ref(), received).await?;
        let after = seen(delivery, before.as_ref(), version);
        if before.as_ref() != Some(&after) {
            self.store.save_helpdesk_ticket(product, &delivery.ticket_id, after).await?;
        }
        let otherwise = match (told, own) {
            (true, _) => DeliveryResult::Told,
            (false, true) => DeliveryResult::Own,
            (false, false) => DeliveryResult::Unchanged,
        };
        Ok(answered.unwrap_or(otherwise))
    }

    /// Answers new words, and keeps what is to be written with the jobs that follow.
    async fn answer(
        &self,
        delivery: &Delivery,
        settings: ProductSettings<'_>,
        before: Option<&HelpdeskTicket>,
        own: bool,
        late: bool,
    ) -> Result<Words, WorkError> {
        // Without its first message a delivery says nothing about the ticket's words.
        let Some(body) = &delivery.body else {
            let new = before.is_none() && delivery.subject.is_none();
            return Ok(Words::Not(new.then_some(DeliveryResult::NoWords)));
        };
        let version = words_version(delivery.subject.as_deref().unwrap_or_default(), body);
        let answered = before.and_then(|before| before.version.as_ref());
        if own || (late && answered.is_some()) {
            return Ok(Words::Not(None));
        }
        let product = delivery.product.name();
        if self.store.has_update(product, &delivery.ticket_id, &version).await? {
            return Ok(Words::Known(version));
        }
        if delivery.standing == Some(Standing::Solved) {
            return Ok(Words::Not(answered.is_none().then_some(DeliveryResult::Closed)));
        }
        let now = (self.clock)();
        let noted = settings.note;
        let options = Options {
            explain: noted && settings.reasons,
            articles: SHOWN,
            similar: SHOWN,
            ..Options::default()
        };
        let ticket = self.ticket(delivery, settings);
        let triage = (self.now)().triage.in_bulk();
        let answer = triage.answer_and_record(&ticket, &options, now).await?;
        self.hears.answered(&answer);
        self.keep(delivery, settings, &version, (&ticket, &answer), now).await?;
        Ok(Words::Answered(version))
    }

    async fn keep(
        &self,
        delivery: &Delivery,
        settings: ProductSettings<'_>,
        version: &str,
        (ticket, answer): (&Ticket, &TriageAnswer),
        now: Timestamp,
    ) -> Result<(), WorkError> {
        let update = note::update(delivery, settings, version, ticket, answer);
        let plan = match (update.is_empty(), settings.dry_run) {
            (true, _) => UpdatePlan::Nothing,
            (false, true) => UpdatePlan::DryRun,
            (false, false) => UpdatePlan::Write,
        };
        let mut follows = vec![NewJob {
            kind: EVENT,
            key: format!("triage.completed:{}", update.key()),
            subject: None,
            payload: note::event(&update, answer, plan),
            run_at: now,
        }];
        if plan == UpdatePlan::Write {
            follows.push(update.job(now)?);
        }
        let record = UpdateRecord {
            product: delivery.product.name().to_owned(),
            ticket_id: delivery.ticket_id.clone(),
            version: version.to_owned(),
            plan,
            content: serde_json::to_value(&update)?,
            created_at: now,
        };
        self.store.save_update(record, follows, now).await?;
        Ok(())
    }

    /// Tells what happened to the ticket and what became of it; whether there was anything to tell.
    async fn tell(
        &self,
        delivery: &Delivery,
        settings: ProductSettings<'_>,
        before: Option<&HelpdeskTicket>,
        received: Timestamp,
    ) -> Result<bool, WorkError> {
        let id = own_id(delivery, settings);
        let Some(kept) = self.store.ticket(&id).await? else { return Ok(false) };
        let solved = delivery.standing == Some(Standing::Solved);
        let labels = self.labels(delivery, settings, before, solved).await?;
        let outcome = OutcomeRecord {
            agent_group: delivery.group.clone().filter(|group| kept.agent_group.as_ref() != Some(group)),
            labels: FinalLabels {
                category: labels.category.filter(|label| kept.labels.category.as_ref() != Some(label)),
                priority: labels.priority.filter(|label| kept.labels.priority.as_ref() != Some(label)),
                ..FinalLabels::default()
            },
            ..OutcomeRecord::default()
        };
        let knowledge = (self.now)().knowledge;
        let mut told = false;
        if outcome != OutcomeRecord::default() {
            told = knowledge.outcome(&id, outcome, received).await?;
        }
        let happened = happened(delivery, kept.status, received);
        if !happened.is_empty() {
            told |= knowledge.happened(&id, happened, received).await?.unwrap_or(false);
        }
        Ok(told)
    }

    /// The labels that people settled on: what stands in a solved ticket, and what they changed before. What the
    /// requester chose and what Deskhand wrote is no such label.
    async fn labels(
        &self,
        delivery: &Delivery,
        settings: ProductSettings<'_>,
        before: Option<&HelpdeskTicket>,
        solved: bool,
    ) -> Result<FinalLabels, WorkError> {
        let (product, fields) = (delivery.product, settings.fields);
        let by_requester = delivery.author_id.is_some() && delivery.author_id == delivery.requester_id;
        let written = if solved { None } else { self.written(delivery).await? };
        let priority_written = written
            .as_ref()
            .and_then(|update| update.priority)
            .map(|priority| priorities::written(product, fields, priority));
        let category_written = written
            .as_ref()
            .and_then(|update| update.category.as_deref())
            .map(|label| fields.category_value(label).to_owned());
        let settled = |said: &Option<String>, known: Option<&Option<String>>, written: Option<String>| {
            let changed =
                !by_requester && known.is_some_and(|known| !same(known, said)) && !same(&written, said);
            said.clone().filter(|_| solved || changed)
        };
        let category = settled(&delivery.category, before.map(|before| &before.category), category_written);
        let priority = settled(&delivery.priority, before.map(|before| &before.priority), priority_written);
        let priority = priority.and_then(|value| priorities::read(product, fields, &value));
        Ok(FinalLabels {
            category: category.map(|value| fields.category_label(&value).to_owned()),
            priority: priority.map(|priority| priority.label().to_owned()),
            ..FinalLabels::default()
        })
    }

    /// What Deskhand wrote into the ticket last.
    async fn written(&self, delivery: &Delivery) -> Result<Option<Update>, StoreError> {
        let filter = UpdateFilter {
            product: Some(delivery.product.name().to_owned()),
            ticket_id: Some(delivery.ticket_id.clone()),
            limit: 1,
            ..UpdateFilter::default()
        };
        let last = self.store.updates(&filter).await?.pop().map(|kept| kept.update);
        let written = last.filter(|update| update.plan == UpdatePlan::Write);
        Ok(written.and_then(|update| serde_json::from_value(update.content).ok()))
    }

    fn ticket(&self, delivery: &Delivery, settings: ProductSettings<'_>) -> Ticket {
        let priority = delivery.priority.as_deref();
        let category = delivery.category.as_deref();
        Ticket {
            id: Some(own_id(delivery, settings)),
            subject: delivery.subject.clone().unwrap_or_default(),
            body: delivery.body.clone().unwrap_or_default(),
            body_format: delivery.body_format,
            channel: delivery.channel.clone(),
            created_at: delivery.created_at,
            requester_id: delivery.requester_id.clone(),
            organization_id: delivery.organization_id.clone(),
            form: None,
            agent_group: delivery.group.clone(),
            submitted: Some(Submitted {
                priority: priority
                    .and_then(|value| priorities::read(delivery.product, settings.fields, value)),
                category: category.map(|value| settings.fields.category_label(value).to_owned()),
            }),
            sla: None,
        }
    }
}

/// What came of a delivery's words.
enum Words {
    /// They were answered now.
    Answered(String),
    /// They were answered before.
    Known(String),
    /// They were not; why, where that is what there is to say of the delivery.
    Not(Option<DeliveryResult>),
}

/// Whether two values of a field are the same; helpdesks write `high` and say `HIGH`.
fn same(one: &Option<String>, other: &Option<String>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.to_lowercase() == other.to_lowercase(),
        (one, other) => one == other,
    }
}

/// The ticket's id in Deskhand.
fn own_id(delivery: &Delivery, settings: ProductSettings<'_>) -> String {
    format!("{}{}", settings.ticket_prefix, delivery.ticket_id)
}

/// What the delivery tells of the ticket's course; an event that was told before counts once.
fn happened(delivery: &Delivery, kept: Option<TicketStatus>, received: Timestamp) -> Vec<TicketEvent> {
    let reply = delivery.reply.map(|reply| match reply {
        Reply::Agent => EventKind::AgentReply,
        Reply::Requester => EventKind::RequesterReply,
    });
    let solved = kept == Some(TicketStatus::Solved);
    let turn = match delivery.standing {
        Some(Standing::Solved) if !solved => Some(EventKind::Solved),
        Some(Standing::Open) if solved => Some(EventKind::Reopened),
        _ => None,
    };
    // A helpdesk's clock that runs ahead must not tell of the future.
    let at = delivery.changed_at.unwrap_or(received).min(received);
    [reply, turn].into_iter().flatten().map(|kind| TicketEvent { at, kind }).collect()
}

/// What the helpdesk has said of a ticket, this delivery included.
fn seen(delivery: &Delivery, before: Option<&HelpdeskTicket>, version: Option<String>) -> HelpdeskTicket {
    let before = before.cloned().unwrap_or_default();
    HelpdeskTicket {
        version: version.or(before.version),
        changed_at: delivery.changed_at.or(before.changed_at),
        category: delivery.category.clone().or(before.category),
        priority: delivery.priority.clone().or(before.priority),
    }
}
