//! What an answer comes to in the helpdesk: the update, and the event that tells of it.

use serde_json::{Value, json};

use super::hooks::Delivery;
use super::update::{Note, NoteArticle, NoteReason, OWN_TAG, Update};
use crate::config::{Level, Priority, ProductSettings};
use crate::store::UpdatePlan;
use crate::triage::{Decision, Prediction, Ticket, TriageAnswer};

/// The tasks of which a note speaks, and what it calls them.
const TASKS: [(&str, &str); 4] =
    [("category", "Category"), ("priority", "Priority"), ("impact", "Impact"), ("urgency", "Urgency")];
/// Longest passage in a note, in characters.
const PASSAGE: usize = 600;

/// What is to be written into the ticket.
pub(super) fn update(
    delivery: &Delivery,
    settings: ProductSettings<'_>,
    version: &str,
    ticket: &Ticket,
    answer: &TriageAnswer,
) -> Update {
    let set = |task: &str| {
        let prediction = answer.predictions.get(task)?;
        is_set(prediction, settings.auto_only).then_some(prediction.label.as_str())
    };
    let level =
        |task: &str| set(task).and_then(|label| Level::ALL.into_iter().find(|level| level.label() == label));
    let priority = set("priority")
        .and_then(|label| Priority::ALL.into_iter().find(|priority| priority.label() == label));
    Update {
        product: delivery.product,
        ticket_id: delivery.ticket_id.clone(),
        version: version.to_owned(),
        prediction_id: answer.prediction_id,
        category: set("category").map(str::to_owned),
        priority,
        impact: level("impact"),
        urgency: level("urgency"),
        tags: vec![OWN_TAG.to_owned()],
        note: settings.note.then(|| note(settings, ticket, answer)).filter(|note| !note.lines.is_empty()),
    }
}

fn is_set(prediction: &Prediction, auto_only: bool) -> bool {
    match prediction.decision {
        Decision::Auto => true,
        Decision::Suggest => !auto_only,
        Decision::Abstain => false,
    }
}

/// Of tasks about which there is something to say; a note that would say nothing has no lines.
fn note(settings: ProductSettings<'_>, ticket: &Ticket, answer: &TriageAnswer) -> Note {
    let said = |(task, name): &(&str, &str)| {
        let prediction = answer.predictions.get(*task).filter(|it| it.decision != Decision::Abstain)?;
        let set = if is_set(prediction, settings.auto_only) { "set" } else { "suggested" };
        let percent = (prediction.confidence * 100.0).round();
        Some(format!("{name}: {} ({percent} %, {set})", prediction.label))
    };
    let mut lines: Vec<String> = TASKS.iter().filter_map(said).collect();
    let articles: Vec<NoteArticle> = answer
        .articles
        .iter()
        .filter(|_| answer.answered == Some(true))
        .map(|article| NoteArticle {
            id: article.id.clone(),
            title: article.title.clone(),
            url: article.url.clone(),
            passage: shortened(&article.passage),
        })
        .collect();
    if lines.is_empty() && !articles.is_empty() {
        lines.push("Articles that may answer this".to_owned());
    }
    Note {
        lines,
        articles,
        similar: answer.similar_tickets.iter().map(|similar| similar.id.clone()).collect(),
        reasons: reasons(ticket, answer),
    }
}

fn reasons(ticket: &Ticket, answer: &TriageAnswer) -> Vec<NoteReason> {
    let of_task = |(task, _): &(&str, &str)| {
        let prediction = answer.predictions.get(*task).filter(|it| it.decision != Decision::Abstain)?;
        let words: Vec<String> =
            prediction.reasons.iter().flatten().map(|reason| reason.word(ticket).to_owned()).collect();
        (!words.is_empty()).then(|| NoteReason { task: (*task).to_owned(), words })
    };
    TASKS.iter().filter_map(of_task).collect()
}

fn shortened(passage: &str) -> String {
    match passage.char_indices().nth(PASSAGE) {
        Some((at, _)) => format!("{}…", passage[..at].trim_end()),
        None => passage.to_owned(),
    }
}

/// The event `triage.completed`: ids, labels and decisions, and no words of the ticket.
pub(super) fn event(update: &Update, answer: &TriageAnswer, plan: UpdatePlan) -> Value {
    let predictions: serde_json::Map<String, Value> = answer
        .predictions
        .iter()
        .map(|(task, it)| {
            let told =
                json!({"label": it.label, "confidence": rounded(it.confidence), "decision": it.decision});
            (task.clone(), told)
        })
        .collect();
    let articles: Vec<&str> = answer.articles.iter().map(|article| article.id.as_str()).collect();
    json!({
        "type": "triage.completed",
        "data": {
            "ticket_id": answer.ticket_id,
            "product": update.product,
            "version": update.version,
            "prediction_id": update.prediction_id,
            "model": answer.model,
            "language": answer.language,
            "predictions": predictions,
            "answered": answer.answered,
            "answer_confidence": answer.answer_confidence.map(rounded),
            "article_ids": articles,
            "write_back": plan,
        }
    })
}

/// To four places: a direct conversion widens 0.9 to 0.8999999761581421.
fn rounded(confidence: f32) -> f64 {
    (f64::from(confidence) * 10_000.0).round() / 10_000.0
}
