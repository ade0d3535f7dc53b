//! What the store promises, on real folders.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod articles;
mod bundles;
mod catching_up;
mod deflections;
mod errors;
mod feedback;
mod follow_ups;
mod jobs;
mod leases;
mod on_postgres;
mod opening;
mod outcomes;
mod plans;
mod room;
mod signals;
mod tickets;
mod timeline;
mod upgrades;

use std::path::Path;

use uuid::Uuid;

use super::*;
use crate::config::StoreSettings;
use crate::text::Format;

async fn open(folder: &Path) -> Store {
    Store::open(folder, &StoreSettings::default()).await.unwrap()
}

fn article(id: &str, title: &str) -> Article {
    Article {
        id: id.into(),
        title: title.into(),
        body: "Press **Reset**.".into(),
        body_format: Format::Markdown,
        url: Some("https://kb.example/7".into()),
        audience: Audience::Customer,
        status: ArticleStatus::Archived,
        category: Some("Network::VPN and remote access".into()),
        tags: vec!["vpn".into(), "\"quoted\"".into()],
        language: Some("en".into()),
        updated_at: Some("2026-11-21T09:40:00.123456789Z".parse().unwrap()),
        product: Some("Bench".into()),
        expires_at: Some("2027-11-21T09:40:00Z".parse().unwrap()),
        review_at: Some("2027-05-21T09:40:00Z".parse().unwrap()),
        attachments: vec![Attachment { address: "img/reset.png".into(), alt: "The \"Reset\" button".into() }],
        version: 1,
        kept_at: Some("2026-11-21T10:00:00Z".parse().unwrap()),
    }
}

/// The article with passages of the given texts.
fn embedded(id: &str, texts: &[&str]) -> EmbeddedArticle {
    EmbeddedArticle {
        article: article(id, "How to reset"),
        passages: texts
            .iter()
            .map(|text| Passage {
                heading: "Setup › Reset".into(),
                text: (*text).into(),
                embedding: vec![0.6, -0.8],
            })
            .collect(),
    }
}

/// A ticket of which nothing but its words is known.
fn ticket(id: &str, body: &str) -> TicketRecord {
    TicketRecord {
        id: id.into(),
        subject: "VPN".into(),
        body: body.into(),
        body_format: Format::Text,
        channel: None,
        created_at: None,
        requester_id: None,
        organization_id: None,
        form: None,
        agent_group: None,
        due_at: None,
        first_response_due_at: None,
        submitted_category: None,
        submitted_priority: None,
        labels: FinalLabels::default(),
        reopened: None,
        escalated: None,
        handling_minutes: None,
        status: None,
        solved_at: None,
        resolution: None,
        article_ids: Vec::new(),
        embedding: None,
    }
}

/// A ticket of which everything is known.
fn solved_ticket(id: &str, body: &str) -> TicketRecord {
    TicketRecord {
        body_format: Format::Html,
        channel: Some("email".into()),
        created_at: Some("2026-11-21T09:40:00Z".parse().unwrap()),
        requester_id: Some("8".into()),
        organization_id: Some("3".into()),
        form: Some("portal".into()),
        agent_group: Some("network".into()),
        due_at: Some("2026-11-21T17:40:00Z".parse().unwrap()),
        first_response_due_at: Some("2026-11-21T10:40:00Z".parse().unwrap()),
        submitted_category: Some("Hardware::Printer and peripherals".into()),
        submitted_priority: Some("P4".into()),
        labels: FinalLabels {
            category: Some("Network::VPN and remote access".into()),
            impact: Some("medium".into()),
            urgency: Some("high".into()),
            priority: Some("P2".into()),
        },
        status: Some(TicketStatus::Solved),
        solved_at: Some("2026-11-21T11:00:00Z".parse().unwrap()),
        resolution: Some("A new certificate".into()),
        article_ids: vec!["kb-7".into()],
        reopened: Some(1),
        escalated: Some(false),
        handling_minutes: Some(45),
        embedding: Some(embedding("minilm")),
        ..ticket(id, body)
    }
}

fn embedding(encoder: &str) -> Embedding {
    Embedding { encoder: encoder.into(), vector: vec![0.6, 0.0, -0.8] }
}

fn prediction(number: u128, ticket_id: &str) -> PredictionRecord {
    PredictionRecord {
        id: Uuid::from_u128(number),
        ticket_id: ticket_id.into(),
        created_at: "2026-11-21T09:40:01Z".parse().unwrap(),
        model_name: "default".into(),
        model_version: "1.2.0".into(),
        taxonomy: "house-3".into(),
        answer: serde_json::json!({"z": 1, "a": {"label": "P2", "confidence": 0.81}}),
    }
}
