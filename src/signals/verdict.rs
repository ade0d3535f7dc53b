//! What a rule says of a subject at a time.

use jiff::Timestamp;

use crate::store::Evidence;

/// What a rule says: whether it holds, on what grounds, and until when that cannot change unless something
/// happens to the subject.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    /// On what grounds it holds; `None` where it does not.
    pub evidence: Option<Evidence>,
    /// When to look again even if nothing happens; `None` for never.
    pub again_at: Option<Timestamp>,
}

impl Verdict {
    /// It does not hold, and will not by the mere passing of time.
    pub(super) fn no() -> Self {
        Self::default()
    }

    /// It holds until this time at most.
    pub(super) fn holds(evidence: Evidence, again_at: Timestamp) -> Self {
        Self { evidence: Some(evidence), again_at: Some(again_at) }
    }

    /// It holds from `from` on, until before `until`.
    pub(super) fn between(
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
        evidence: impl FnOnce() -> Evidence,
    ) -> Self {
        if now >= until || from >= until {
            Self::no()
        } else if now >= from {
            Self::holds(evidence(), until)
        } else {
            Self { evidence: None, again_at: Some(from) }
        }
    }

    /// The sooner of two times to look again.
    pub(super) fn sooner(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}
