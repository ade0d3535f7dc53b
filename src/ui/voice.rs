//! What a person says of a suggested article: a form with two buttons, or one to take it back.

use jiff::Timestamp;
use serde::Deserialize;

use super::Pages;
use crate::knowledge::{Knowledge, KnowledgeError};
use crate::store::{Feedback, FeedbackKind, Occasion, StoreError};

/// The form below an article, but for the article.
#[derive(Debug, Clone)]
pub(super) struct VoiceForm {
    pub(super) action: String,
    /// Names and values that come back with it.
    pub(super) hidden: Vec<(&'static str, String)>,
}

/// What was said of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Helped,
    NoHelp,
}

impl Said {
    /// `None` for what these forms do not say.
    pub(super) fn of(kind: FeedbackKind) -> Option<Self> {
        match kind {
            FeedbackKind::Solved => Some(Self::Helped),
            FeedbackKind::Dismissed => Some(Self::NoHelp),
            FeedbackKind::Viewed | FeedbackKind::Attached => None,
        }
    }

    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Helped => "Noted: this helped.",
            Self::NoHelp => "Noted: no help.",
        }
    }

    pub(super) fn undo(&self) -> &'static str {
        match self {
            Self::Helped => "undo-solved",
            Self::NoHelp => "undo-dismissed",
        }
    }
}

/// What a button of the form sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Say {
    Solved,
    Dismissed,
    UndoSolved,
    UndoDismissed,
}

/// Keeps it, if there is such an article.
pub(super) async fn keep(
    knowledge: &Knowledge,
    occasion: Occasion,
    article_id: String,
    say: Say,
    now: Timestamp,
) -> Result<(), KnowledgeError> {
    if knowledge.article(&article_id).await?.is_none() {
        return Ok(());
    }
    let (kind, undo) = match say {
        Say::Solved => (FeedbackKind::Solved, false),
        Say::Dismissed => (FeedbackKind::Dismissed, false),
        Say::UndoSolved => (FeedbackKind::Solved, true),
        Say::UndoDismissed => (FeedbackKind::Dismissed, true),
    };
    let word = Feedback { occasion, article_id, kind, at: now };
    if undo {
        knowledge.take_back(word).await?
    } else {
        knowledge.say(word).await?
    };
    Ok(())
}

/// What was said on an occasion.
pub(super) async fn said(
    pages: &Pages,
    occasion: &Occasion,
) -> Result<Vec<(String, FeedbackKind)>, StoreError> {
    pages.store.said_on(occasion).await
}
