//! An internal note as HTML, which Zendesk, Zammad and Freshdesk all take.

use std::fmt::Write as _;

use crate::integrations::update::{Note, Update};

/// The note with its marker at the end; `None` where the update has none.
pub(super) fn html(update: &Update) -> Option<String> {
    let note = update.note.as_ref()?;
    let mut html = String::new();
    lines(&mut html, note);
    articles(&mut html, note);
    if !note.similar.is_empty() {
        let ids: Vec<String> = note.similar.iter().map(|id| escaped(id)).collect();
        let _ = write!(html, "<p>Similar tickets: {}</p>", ids.join(", "));
    }
    for reason in &note.reasons {
        let words: Vec<String> = reason.words.iter().map(|word| escaped(word)).collect();
        let _ = write!(html, "<p>What moved the {}: {}</p>", escaped(&reason.task), words.join(", "));
    }
    let _ = write!(html, "<p><small>{}</small></p>", escaped(&update.marker()));
    Some(html)
}

/// Whether the update's note is this one. The answer's id stands in the marker and in nothing else; helpdesks change
/// the white space around it.
pub(super) fn is_in(update: &Update, body: &str) -> bool {
    body.contains(&update.prediction_id.to_string())
}

fn lines(html: &mut String, note: &Note) {
    if !note.lines.is_empty() {
        let lines: Vec<String> = note.lines.iter().map(|line| escaped(line)).collect();
        let _ = write!(html, "<p>{}</p>", lines.join("<br>"));
    }
}

fn articles(html: &mut String, note: &Note) {
    if note.articles.is_empty() {
        return;
    }
    html.push_str("<p><strong>Articles that may answer it</strong></p><ul>");
    for article in &note.articles {
        let title = escaped(&article.title);
        // An article's address comes from whoever imported it; a script is no address.
        let link =
            article.url.as_deref().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        let title = link.map_or(title.clone(), |url| format!("<a href=\"{}\">{title}</a>", escaped(url)));
        let _ = write!(html, "<li>{title}<br>{}</li>", escaped(&article.passage));
    }
    html.push_str("</ul>");
}

/// Text as HTML.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            // What no text should hold, and some helpdesks refuse.
            c if c.is_control() && c != '\n' && c != '\t' => {}
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::integrations::update::{NoteArticle, NoteReason, Product};

    fn update(note: Option<Note>) -> Update {
        Update {
            product: Product::Zendesk,
            ticket_id: "81".into(),
            version: "0123456789abcdef".into(),
            prediction_id: Uuid::from_u128(7),
            category: None,
            priority: None,
            impact: None,
            urgency: None,
            tags: Vec::new(),
            note,
        }
    }

    fn note(word: &str, url: &str) -> Note {
        Note {
            lines: vec![word.into()],
            articles: vec![NoteArticle {
                id: "a".into(),
                title: word.into(),
                url: Some(url.into()),
                passage: word.into(),
            }],
            similar: vec![word.into()],
            reasons: vec![NoteReason { task: "category".into(), words: vec![word.into()] }],
        }
    }

    #[test]
    fn a_note_says_what_was_found_and_carries_its_marker() {
        let of = update(Some(note("VPN & more", "https://kb.example/vpn?a=1&b=2")));
        let html = html(&of).unwrap();
        assert!(html.contains("<a href=\"https://kb.example/vpn?a=1&amp;b=2\">VPN &amp; more</a>"), "{html}");
        assert!(html.contains("Similar tickets: VPN &amp; more") && html.contains("What moved the category"));
        assert!(html.contains(&of.marker()) && is_in(&of, &html));
        assert!(!is_in(&of, "<p>Deskhand 0123456789ab</p>"));
    }

    #[test]
    fn a_script_is_no_link_and_no_note_is_no_html() {
        let html = html(&update(Some(note("x", "javascript:alert(1)")))).unwrap();
        assert!(!html.contains("javascript") && !html.contains("<a"), "{html}");
        assert_eq!(super::html(&update(None)), None);
    }

    proptest! {
        #[test]
        fn no_word_of_a_ticket_becomes_markup(word in ".*") {
            let known = html(&update(Some(note("x", "https://kb.example")))).unwrap();
            let html = html(&update(Some(note(&word, "https://kb.example")))).unwrap();
            let tags = |html: &str| html.matches(['<', '>', '"']).count();
            prop_assert_eq!(tags(&html), tags(&known));
        }
    }
}
