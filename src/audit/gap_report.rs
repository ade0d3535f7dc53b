//! Gap groups of a running service: found in its tickets, kept in its store, decided on by people.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::error::AuditError;
use super::gaps::{Closure, Gap, GapTicket, KnownGap, closure, groups};
use super::question::{Filter, Question, Window};
use super::service::{Audits, Read, off_the_runtime};
use super::{unanswered, visits};
use crate::knowledge::Knowledge;
use crate::store::{Embedding, GapRecord, GapState, Store};

/// Days after which an open group of which no ticket came has expired.
const EXPIRES_DAYS: i64 = 90;
/// The part of the grouped tickets that the vital few groups hold.
const MOST: f64 = 0.8;

/// Groups of unanswered tickets.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GapReport {
    /// The tickets' time.
    pub window: Window,
    /// Which of them.
    pub filter: Filter,
    /// When the tickets were read.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
    /// Tickets that no article answers, with visits to the portal that found nothing.
    pub unanswered: usize,
    /// Those that were put together: at most 20,000, those whose ids have the smallest hashes.
    pub looked_at: usize,
    /// Those of them that are in a group.
    pub grouped: usize,
    /// So many groups hold 80 % of the grouped tickets.
    pub vital: usize,
    /// The groups, the costliest first.
    pub groups: Vec<KeptGap>,
    /// Groups from before that have no ticket in this window, the last seen first.
    pub others: Vec<QuietGap>,
}

/// A group with what people decided about it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct KeptGap {
    /// What was found.
    #[serde(flatten)]
    pub gap: Gap,
    /// What was decided.
    #[serde(flatten)]
    pub decided: Decided,
    /// Of a published one: what moved since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closure: Option<Closure>,
}

/// A group without tickets in the window.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QuietGap {
    /// Its id.
    pub id: String,
    /// Its telling words.
    pub name: String,
    /// What was decided.
    #[serde(flatten)]
    pub decided: Decided,
    /// When it last had tickets.
    #[schema(value_type = String, format = DateTime)]
    pub last_seen_at: Timestamp,
    /// Of a published one: what moved since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closure: Option<Closure>,
}

/// What people decided about a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Decided {
    /// Where it stands.
    pub state: GapState,
    /// Who looks after it.
    pub owner: Option<String>,
    /// The article that is to answer it.
    pub article_id: Option<String>,
    /// When it was first found.
    #[schema(value_type = String, format = DateTime)]
    pub first_seen_at: Timestamp,
}

/// A decision about a group; what is not given stays.
#[derive(Debug, Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct GapDecision {
    /// Where it stands. `assigned` needs an owner, `published` an article that there is.
    pub state: Option<GapState>,
    /// Who looks after it.
    #[garde(inner(length(min = 1, max = 200)))]
    pub owner: Option<String>,
    /// The article that is to answer it.
    #[garde(inner(length(min = 1, max = 512)))]
    pub article_id: Option<String>,
}

/// Groups as they were found, for further questions about the same.
#[derive(Debug)]
pub(super) struct Found {
    asked: Asked,
    unanswered: usize,
    looked_at: usize,
    gaps: Vec<Gap>,
    /// When each ticket of each group came in.
    times: Vec<Vec<Timestamp>>,
    /// What moved since groups were published, by id and time of publication.
    closures: Mutex<HashMap<(String, Timestamp), Closure>>,
}

/// What groups depend on; a window that ends now is the same for an hour.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    from_hour: Option<i64>,
    to_hour: i64,
    filter: Filter,
    as_of: Timestamp,
    encoder: String,
}

impl Asked {
    fn new(question: &Question, as_of: Timestamp, encoder: &str) -> Self {
        let hour = |at: Timestamp| at.as_second().div_euclid(3_600);
        Self {
            from_hour: question.window.from.map(hour),
            to_hour: hour(question.window.to),
            filter: question.filter.clone(),
            as_of,
            encoder: encoder.to_owned(),
        }
    }
}

impl Audits {
    /// The groups of unanswered tickets. New ones are kept, so that they have the same id the next time; `now`
    /// is when it is asked.
    ///
    /// # Errors
    /// [`AuditError`] as for the coverage, and those of the store and the search.
    pub async fn gaps(
        &self,
        question: &Question,
        knowledge: &Knowledge,
        now: Timestamp,
    ) -> Result<GapReport, AuditError> {
        let held = self.held(now).await?;
        let found = self.found(question, &held, knowledge, now).await?;
        let records = self.store().gaps().await?;
        let kept: HashMap<&str, &GapRecord> = records.iter().map(|r| (r.id.as_str(), r)).collect();
        let mut views = Vec::with_capacity(found.gaps.len());
        for (gap, times) in found.gaps.iter().zip(&found.times) {
            let Some(record) = kept.get(gap.id.as_str()) else { continue };
            let closure = self.closure(&found, knowledge, record, times, now).await?;
            views.push(KeptGap { gap: gap.clone(), decided: decided(record), closure });
        }
        let ids: HashSet<&str> = found.gaps.iter().map(|gap| gap.id.as_str()).collect();
        let mut others = Vec::new();
        for record in records.iter().filter(|record| !ids.contains(record.id.as_str())) {
            others.push(QuietGap {
                id: record.id.clone(),
                name: record.name.clone(),
                decided: decided(record),
                last_seen_at: record.last_seen_at,
                closure: self.closure(&found, knowledge, record, &[], now).await?,
            });
        }
        others.sort_by(|a, b| (b.last_seen_at, &a.id).cmp(&(a.last_seen_at, &b.id)));
        let grouped = found.gaps.iter().map(|gap| gap.tickets).sum();
        Ok(GapReport {
            window: question.window,
            filter: question.filter.clone(),
            as_of: held.seen.as_of,
            unanswered: found.unanswered,
            looked_at: found.looked_at,
            grouped,
            vital: vital(&views, grouped),
            groups: views,
            others,
        })
    }

    /// The groups, as they were found last where the question is the same.
    async fn found(
        &self,
        question: &Question,
        held: &Read,
        knowledge: &Knowledge,
        now: Timestamp,
    ) -> Result<Arc<Found>, AuditError> {
        let encoder = knowledge.encoder_id();
        let asked = Asked::new(question, held.seen.as_of, encoder);
        let mut last = self.last_gaps().lock().await;
        if let Some(found) = last.as_ref().filter(|found| found.asked == asked) {
            return Ok(Arc::clone(found));
        }
        let store = self.store();
        let (unanswered, places) = unanswered::chosen(&held.seen, question, self.rules())?;
        let mut tickets = unanswered::read(store, &held.seen, &places, encoder).await?;
        let visits = visits::in_vain(store, knowledge, question).await?;
        let unanswered = unanswered + visits.len();
        tickets.extend(visits);
        let records = store.gaps().await?;
        let known = records.iter().map(|record| known(record, encoder)).collect::<Vec<_>>();
        let looked_at = tickets.len();
        let (gaps, times) = off_the_runtime(move || {
            let gaps = groups(&tickets, &known);
            let times = times(&gaps, &tickets);
            (gaps, times)
        })
        .await?;
        keep(store, &gaps, &records, encoder, question.filter == Filter::default(), now).await?;
        let closures = Mutex::default();
        let found = Arc::new(Found { asked, unanswered, looked_at, gaps, times, closures });
        *last = Some(Arc::clone(&found));
        Ok(found)
    }

    async fn closure(
        &self,
        found: &Found,
        knowledge: &Knowledge,
        record: &GapRecord,
        times: &[Timestamp],
        now: Timestamp,
    ) -> Result<Option<Closure>, AuditError> {
        let Some(published_at) = record.published_at else { return Ok(None) };
        let key = (record.id.clone(), published_at);
        if let Some(known) = found.closures.lock().await.get(&key) {
            return Ok(Some(known.clone()));
        }
        let closure = closure(self.store(), knowledge, record, times, now).await?;
        if let Some(closure) = &closure {
            found.closures.lock().await.insert(key, closure.clone());
        }
        Ok(closure)
    }

    /// Keeps a decision about a group; `now` is when. Gives the group as it is kept.
    ///
    /// # Errors
    /// [`AuditError::NoSuchGap`], [`AuditError::Incomplete`], and those of the store.
    pub async fn decide(
        &self,
        id: &str,
        decision: &GapDecision,
        now: Timestamp,
    ) -> Result<Decided, AuditError> {
        let store = self.store();
        let mut record = store.gap(id).await?.ok_or(AuditError::NoSuchGap)?;
        record.owner = decision.owner.clone().or(record.owner);
        record.article_id = decision.article_id.clone().or(record.article_id);
        record.state = decision.state.unwrap_or(record.state);
        if record.state == GapState::Assigned && record.owner.is_none() {
            let message = "is missing; say who writes the article".into();
            return Err(AuditError::Incomplete { field: "/owner", message });
        }
        if record.state == GapState::Published {
            let Some(article) = &record.article_id else {
                let message = "is missing; say which article answers it".into();
                return Err(AuditError::Incomplete { field: "/article_id", message });
            };
            if store.article(article).await?.is_none() {
                let message = "is no article that there is; put it first".into();
                return Err(AuditError::Incomplete { field: "/article_id", message });
            }
            record.published_at = record.published_at.or(Some(now));
        } else {
            record.published_at = None;
        }
        if !store.decide_gap(&record).await? {
            return Err(AuditError::NoSuchGap);
        }
        Ok(decided(&record))
    }
}

fn times(gaps: &[Gap], tickets: &[GapTicket]) -> Vec<Vec<Timestamp>> {
    let at: HashMap<&str, Option<Timestamp>> =
        tickets.iter().map(|t| (t.id.as_str(), t.created_at)).collect();
    let of = |gap: &Gap| gap.members.iter().filter_map(|id| at.get(id.as_str()).copied().flatten()).collect();
    gaps.iter().map(of).collect()
}

fn known(record: &GapRecord, encoder: &str) -> KnownGap {
    let comparable = record.centroid.encoder == encoder;
    KnownGap {
        id: record.id.clone(),
        members: record.members.clone(),
        centroid: if comparable { record.centroid.vector.clone() } else { Vec::new() },
    }
}

/// Keeps new groups and, where the question was about all tickets, what known ones look like now; lets open
/// groups expire that had no ticket for long.
async fn keep(
    store: &Store,
    found: &[Gap],
    records: &[GapRecord],
    encoder: &str,
    whole: bool,
    now: Timestamp,
) -> Result<(), AuditError> {
    let before: HashSet<&str> = records.iter().map(|record| record.id.as_str()).collect();
    let written = found.iter().filter(|gap| whole || !before.contains(gap.id.as_str()));
    let batch: Vec<GapRecord> = written
        .map(|gap| GapRecord {
            id: gap.id.clone(),
            name: gap.name.clone(),
            state: GapState::Open,
            owner: None,
            article_id: None,
            members: gap.members.clone(),
            centroid: Embedding { encoder: encoder.to_owned(), vector: gap.centroid.clone() },
            confidence: gap.answer_confidence,
            first_seen_at: now,
            last_seen_at: now,
            published_at: None,
        })
        .collect();
    if !batch.is_empty() {
        store.save_gaps(&batch).await?;
    }
    let long_ago = now.checked_sub(SignedDuration::from_hours(24 * EXPIRES_DAYS)).ok();
    let there: HashSet<&str> = found.iter().map(|gap| gap.id.as_str()).collect();
    for record in records {
        let quiet =
            !there.contains(record.id.as_str()) && long_ago.is_some_and(|at| record.last_seen_at < at);
        if quiet && record.state == GapState::Open {
            store.decide_gap(&GapRecord { state: GapState::Expired, ..record.clone() }).await?;
        }
    }
    Ok(())
}

fn decided(record: &GapRecord) -> Decided {
    Decided {
        state: record.state,
        owner: record.owner.clone(),
        article_id: record.article_id.clone(),
        first_seen_at: record.first_seen_at,
    }
}

/// How many of the groups, in their order, hold most of the grouped tickets.
fn vital(groups: &[KeptGap], grouped: usize) -> usize {
    let mut sum = 0;
    let short = groups.iter().take_while(|kept| {
        sum += kept.gap.tickets;
        (sum as f64) < MOST * grouped as f64
    });
    (short.count() + 1).min(groups.len())
}
