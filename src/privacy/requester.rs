//! Everything of one requester is forgotten.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::traces::{Trace, Traces};
use super::{BATCH, Forgetter, PrivacyError};
use crate::audit::gaps::VISIT;
use crate::store::{Job, JobFilter, RequesterRows, SignalFilter, StoreError, SubjectKind};

/// Jobs that are read at a time.
const JOBS: u32 = 500;
/// How often it is looked again whether something came in meanwhile, such as a delivery that was at work.
const LOOKS: usize = 5;
/// Most signals about one requester that are shown, the newest.
const SIGNALS: u32 = 10_000;

/// What was forgotten of a requester.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Erased {
    /// How many tickets, surveys, jobs and signals went, and how many groups, signals and answers of others no longer
    /// refer to them.
    #[schema(value_type = BTreeMap<String, u64>, example = json!({"tickets": 3, "surveys": 1, "jobs": 0, "signals": 0, "references": 2}))]
    pub rows: BTreeMap<&'static str, u64>,
    /// How the trail names the requester: a hash of the id with a key of this data folder.
    #[schema(example = "requester:5f0c6ad1e2b39a7744d0c1b2a3f4e5d6")]
    pub trail_subject: String,
}

/// What there is of a requester.
pub(super) struct Found {
    pub(super) rows: RequesterRows,
    pub(super) jobs: Vec<Job>,
    /// Jobs about others too, and what they hold without this one.
    redacted: Vec<(i64, Option<Value>)>,
    pub(super) signals: Vec<crate::store::SignalRecord>,
}

impl Found {
    pub(super) fn is_empty(&self) -> bool {
        let RequesterRows { tickets, surveys } = &self.rows;
        tickets.is_empty() && surveys.is_empty() && self.jobs.is_empty() && self.signals.is_empty()
    }
}

impl Forgetter {
    /// Forgets everything that is kept of the requester with this id: tickets with all that hangs on them, surveys with
    /// their follow-ups, deliveries, updates, events and signals, and what groups, other tickets' answers and memory
    /// hold of them. `None` where nothing is kept. To be carried to its end: what was forgotten in the store is
    /// forgotten in memory a moment later.
    ///
    /// # Errors
    /// Those of the store; then a part of it is gone, and it has to be asked again.
    pub async fn erase(&self, id: &str) -> Result<Option<Erased>, PrivacyError> {
        let mut counts = [0_u64; 4];
        for _ in 0..LOOKS {
            let found = self.found(id).await?;
            if found.is_empty() {
                break;
            }
            let signals = found.signals.len();
            let RequesterRows { tickets, surveys } = &found.rows;
            let went = [tickets.len(), surveys.len(), found.jobs.len(), signals];
            counts.iter_mut().zip(went).for_each(|(count, went)| *count += went as u64);
            self.forget_found(&found).await?;
            // Signals, with the next look's.
            self.store.forget_signals_of(id).await?;
        }
        if counts == [0; 4] {
            return Ok(None);
        }
        let references = self.store.forget_references(VISIT, true).await?;
        let [tickets, surveys, jobs, signals] = counts;
        let rows = vec![
            ("tickets", tickets),
            ("surveys", surveys),
            ("jobs", jobs),
            ("signals", signals),
            ("references", references),
        ];
        let trail_subject = self.store.end_erasure(id, rows.clone()).await?;
        self.store.empty_log().await?;
        Ok(Some(Erased { rows: rows.into_iter().collect(), trail_subject }))
    }

    async fn forget_found(&self, found: &Found) -> Result<(), PrivacyError> {
        // Jobs first, so that none of them is begun while the rest goes.
        let jobs = found.jobs.iter().map(|job| (job.id, None));
        self.store.forget_jobs(jobs.chain(found.redacted.clone()).collect()).await?;
        self.store.forget_of(Vec::new(), found.rows.surveys.clone(), &self.prefixes).await?;
        for part in found.rows.tickets.chunks(BATCH as usize) {
            let gone = self.store.forget_of(part.to_vec(), Vec::new(), &self.prefixes).await?;
            if let Some(knowledge) = &self.knowledge {
                knowledge.forget(gone).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn found(&self, id: &str) -> Result<Found, StoreError> {
        let rows = self.store.requester_rows(id).await?;
        let filter = SignalFilter {
            kind: Some(SubjectKind::Requester),
            subject_id: Some(id.to_owned()),
            limit: SIGNALS,
            ..SignalFilter::default()
        };
        let signals = self.store.signals(&filter).await?;
        let traces = Traces::new(id, &rows, &self.prefixes);
        let (mut jobs, mut redacted, mut before) = (Vec::new(), Vec::new(), None);
        loop {
            let filter = JobFilter { before, limit: JOBS, ..JobFilter::default() };
            let page = self.store.jobs(&filter).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            for job in page {
                match traces.in_job(&job) {
                    Trace::None => {}
                    Trace::All => jobs.push(job),
                    Trace::Some(payload) => redacted.push((job.id, Some(payload))),
                }
            }
        }
        Ok(Found { rows, jobs, redacted, signals })
    }
}
