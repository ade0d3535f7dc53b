//! What customers typed in a portal and found no answer to, beside the tickets that nothing answers.

use super::error::AuditError;
use super::gaps::{GapTicket, VISIT};
use super::question::{Filter, Question};
use crate::knowledge::{Knowledge, Query};
use crate::store::{Audience, Store, UnansweredText};

/// Most texts that are looked at, the newest.
const MOST: u32 = 5_000;
/// Texts that are embedded at a time.
const BATCH: usize = 64;
/// Characters of a text that stand for its subject.
const SUBJECT: usize = 80;

/// The visits of the question's window that no article for customers answers today either. A visit is of no
/// channel, category or group, so that a filter leaves them all out.
pub(super) async fn in_vain(
    store: &Store,
    knowledge: &Knowledge,
    question: &Question,
) -> Result<Vec<GapTicket>, AuditError> {
    if question.filter != Filter::default() {
        return Ok(Vec::new());
    }
    let from = question.window.from.unwrap_or(jiff::Timestamp::MIN);
    let texts = store.unanswered_texts(from, question.window.to, MOST).await?;
    let mut visits = Vec::new();
    for batch in texts.chunks(BATCH) {
        let words: Vec<&str> = batch.iter().map(|typed| typed.text.as_str()).collect();
        let embeddings = knowledge.embed(&words).await?;
        for (typed, embedding) in batch.iter().zip(embeddings) {
            let query = Query::unfiltered(&typed.text, &embedding, Audience::Customer, question.window.to, 1);
            let found = knowledge.suggest(&query).await?;
            if !found.answered {
                visits.push(visit(typed, embedding, found.answer_confidence));
            }
        }
    }
    Ok(visits)
}

fn visit(typed: &UnansweredText, embedding: Vec<f32>, answer_confidence: f32) -> GapTicket {
    GapTicket {
        id: format!("{VISIT}{}", typed.session_id),
        created_at: Some(typed.at),
        subject: typed.text.chars().take(SUBJECT).collect(),
        text: typed.text.clone(),
        embedding,
        answer_confidence,
        ..GapTicket::default()
    }
}
