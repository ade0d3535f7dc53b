//! Answers and articles made by hand, for tests of the pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use crate::inventory::MatchedBy;
use crate::knowledge::{FoundBy, Highlight, SimilarTicket, Suggested};
use crate::model::ModelName;
use crate::store::{Article, ArticleStatus, Audience, TicketStatus};
use crate::text::Format;
use crate::triage::{ConfidenceLevel, Decision, Mismatch, NamedItem, Prediction, Ranked, TriageAnswer};

/// A start tag: its name and its attributes.
pub(super) type Tag = (String, BTreeMap<String, String>);

/// The start tags of a page, in order, read as a browser reads them.
pub(super) fn tags(html: &str) -> Vec<Tag> {
    let tokens = html5gum::Tokenizer::new(html).map(|token| token.unwrap());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    tokens
        .filter_map(|token| match token {
            html5gum::Token::StartTag(tag) => {
                let attributes = tag.attributes.iter().map(|(name, value)| (text(name), text(value)));
                Some((text(&tag.name), attributes.collect()))
            }
            _ => None,
        })
        .collect()
}

/// A prediction with a ranking of labels and confidences, best first, and thresholds of 0.8 and 0.4.
pub(super) fn prediction(ranking: &[(&str, f32)]) -> Prediction {
    let (label, confidence) = ranking[0];
    let (decision, confidence_level) = match confidence {
        c if c >= 0.8 => (Decision::Auto, ConfidenceLevel::High),
        c if c >= 0.4 => (Decision::Suggest, ConfidenceLevel::Medium),
        _ => (Decision::Abstain, ConfidenceLevel::Low),
    };
    let ranked =
        |(label, confidence): &(&str, f32)| Ranked { label: (*label).into(), confidence: *confidence };
    Prediction {
        label: label.into(),
        confidence,
        confidence_level,
        threshold: 0.8,
        decision,
        ranking: ranking.iter().map(ranked).collect(),
        raised: None,
        in_scope: Some(true),
        mismatch: None,
        reasons: None,
    }
}

/// An answer about a VPN that cannot be reached from a hotel.
pub(super) fn answer() -> TriageAnswer {
    let mut category = prediction(&[
        ("Network::VPN and remote access", 0.94),
        ("Network::Wi-Fi and LAN", 0.04),
        ("Access::MFA and SSO", 0.01),
    ]);
    category.mismatch = Some(Mismatch { submitted: "Network::Wi-Fi and LAN".into(), flagged: true });
    TriageAnswer {
        prediction_id: uuid::Uuid::nil(),
        ticket_id: None,
        model: ModelName { name: "default".into(), version: "1.0.0".into(), taxonomy: "2026-09".into() },
        language: Some("en"),
        predictions: BTreeMap::from([
            ("category".to_owned(), category),
            ("impact".to_owned(), prediction(&[("low", 0.88), ("medium", 0.10), ("high", 0.02)])),
            ("urgency".to_owned(), prediction(&[("medium", 0.59), ("high", 0.37), ("low", 0.04)])),
            ("priority".to_owned(), prediction(&[("P4", 0.55), ("P3", 0.36), ("P2", 0.06)])),
        ]),
        answered: Some(true),
        answer_confidence: Some(0.82),
        articles: vec![suggested(), suggested_for_agents()],
        similar_tickets: vec![similar()],
        open_tickets: vec![open()],
        configuration_items: vec![NamedItem {
            id: "svc-vpn".into(),
            name: "LarkVPN".into(),
            kind: Some("service".into()),
            agent_group: Some("Network".into()),
            matched_by: MatchedBy::Name,
            place: None,
        }],
        truncated: false,
        warnings: Vec::new(),
    }
}

/// Where matched words stand.
fn places(places: &[(usize, usize)]) -> Vec<Highlight> {
    places.iter().map(|&(start, end)| Highlight { start, end }).collect()
}

fn suggested() -> Suggested {
    Suggested {
        id: "kb-larkvpn-connect-from-home".into(),
        title: "Connect to LarkVPN from home, a hotel or a customer site".into(),
        url: Some("https://help.larkfield.example/kb-larkvpn-connect-from-home".into()),
        score: 0.82,
        passage: "If you are on a hotel network, open a browser first and accept the hotel's welcome page. LarkVPN cannot show that page, so it just times out. When the web port does not help either, share the connection from your work phone.".into(),
        heading: "What the message means".into(),
        matched_terms: vec!["LarkVPN".into(), "hotel".into()],
        highlights: places(&[(16, 21), (67, 74), (89, 96)]),
        found_by: FoundBy::Both,
        updated_at: Some("2026-09-22T00:00:00Z".parse().unwrap()),
        category: Some("Network::VPN and remote access".into()),
        audience: Audience::Customer,
    }
}

fn suggested_for_agents() -> Suggested {
    Suggested {
        id: "kb-benchvdi-session-stuck".into(),
        title: "BenchVDI: end a session that is stuck".into(),
        url: Some("javascript:alert(1)".into()),
        score: 0.41,
        passage: "Open the console, search for the person's sign-in name and choose Reset. Unsaved work in the session is lost, so ask first.".into(),
        heading: "Reset › From the console".into(),
        matched_terms: vec!["sign-in".into()],
        highlights: places(&[(42, 49)]),
        found_by: FoundBy::Words,
        updated_at: None,
        category: None,
        audience: Audience::Agent,
    }
}

fn similar() -> SimilarTicket {
    SimilarTicket {
        id: "LB-1065".into(),
        subject: "VPN on my own iPad".into(),
        score: 0.71,
        status: Some(TicketStatus::Solved),
        category: Some("Network::VPN and remote access".into()),
        resolution: Some(
            "Explained that private devices get no tunnel; BenchVDI in the browser works for what she needs."
                .into(),
        ),
        article_ids: vec!["kb-larkvpn-connect-from-home".into()],
        created_at: Some("2026-11-02T16:00:00Z".parse().unwrap()),
        solved_at: Some("2026-11-03T10:00:00Z".parse().unwrap()),
        reopened: 2,
    }
}

fn open() -> SimilarTicket {
    SimilarTicket {
        id: "LB-1201".into(),
        subject: "Hotel Wi-Fi and no LarkVPN".into(),
        score: 0.66,
        status: None,
        category: None,
        resolution: None,
        article_ids: Vec::new(),
        created_at: Some("2026-11-21T08:00:00Z".parse().unwrap()),
        solved_at: None,
        reopened: 0,
    }
}

/// An article with every kind of block.
pub(super) fn article(body: &str, body_format: Format) -> Article {
    Article {
        id: "kb-larkvpn-connect-from-home".into(),
        title: "Connect to LarkVPN from home, a hotel or a customer site".into(),
        body: body.into(),
        body_format,
        url: Some("https://help.larkfield.example/kb".into()),
        audience: Audience::Agent,
        status: ArticleStatus::Published,
        category: Some("Network::VPN and remote access".into()),
        tags: Vec::new(),
        language: Some("en".into()),
        updated_at: Some("2026-09-22T00:00:00Z".parse().unwrap()),
        ..Article::default()
    }
}
