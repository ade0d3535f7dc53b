#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::ui::samples;

fn view() -> AnswerView {
    AnswerView::new(samples::answer(), &Ticket::default(), &[], 64)
}

#[test]
fn a_confidence_just_below_its_threshold_does_not_look_equal_to_it() {
    assert_eq!((percent(0.7999), percent(0.8)), (79, 80));
    assert_eq!((percent(0.29), percent(1.0), percent(f32::NAN)), (29, 100, 0));
}

#[test]
fn a_category_is_told_as_a_path_with_the_labels_next_to_it() {
    let category = view().category.unwrap();
    assert_eq!(
        (category.parents.join("/"), category.leaf.as_str()),
        ("Network".into(), "VPN and remote access")
    );
    assert_eq!((category.gauge.percent, category.gauge.threshold), (94, 80));
    assert!(category.others.is_empty(), "4% is not worth naming");
}

#[test]
fn impact_and_urgency_come_before_what_else_a_bundle_was_trained_for() {
    let mut answer = samples::answer();
    answer.predictions.insert("ask_again".into(), samples::prediction(&[("yes", 0.5)]));
    let tasks: Vec<String> = AnswerView::new(answer, &Ticket::default(), &[], 64)
        .levels
        .into_iter()
        .map(|level| level.task)
        .collect();
    assert_eq!(tasks, ["Impact", "Urgency", "Ask again"]);
}

#[test]
fn a_mismatch_is_shown_only_when_the_model_is_sure() {
    assert_eq!(view().category.unwrap().mismatch.as_deref(), Some("Network › Wi-Fi and LAN"));
    let mut answer = samples::answer();
    let category = answer.predictions.get_mut("category").unwrap();
    category.mismatch.as_mut().unwrap().flagged = false;
    assert_eq!(AnswerView::new(answer, &Ticket::default(), &[], 64).category.unwrap().mismatch, None);
}

#[test]
fn the_words_that_decided_are_told_as_a_reader_sees_them() {
    let mut answer = samples::answer();
    let reason = |field, start, end| Reason { field, start, end, weight: 0.1 };
    answer.predictions.get_mut("impact").unwrap().reasons =
        Some(vec![reason(Field::Body, 3, 15), reason(Field::Subject, 1, 4)]);
    let ticket = Ticket {
        subject: "«VPN»".into(),
        body: "<p>caf&eacute;s</p>".into(),
        body_format: Format::Html,
        ..Ticket::default()
    };
    assert_eq!(AnswerView::new(answer, &ticket, &[], 64).levels[0].reasons, ["cafés", "VPN"]);
}

#[test]
fn a_suggested_article_links_to_the_section_that_answers() {
    let articles = view().articles;
    assert_eq!(articles[0].href, "/articles/kb-larkvpn-connect-from-home#what-the-message-means");
    assert_eq!(articles[1].href, "/articles/kb-benchvdi-session-stuck#from-the-console");
    assert_eq!(article_href("../a b?é"), "/articles/..%2Fa%20b%3F%C3%A9");
}

#[test]
fn articles_that_hardly_answer_are_named_apart_and_a_poor_best_one_is_owned_up_to() {
    let with_scores = |scores: [f32; 2]| {
        let mut answer = samples::answer();
        answer.articles.iter_mut().zip(scores).for_each(|(article, score)| article.score = score);
        let view = AnswerView::new(answer, &Ticket::default(), &[], 64);
        (view.articles.len(), view.far_articles.len(), view.caution.is_some())
    };
    assert_eq!(with_scores([0.8, 0.2]), (2, 0, false));
    assert_eq!(with_scores([0.8, 0.01]), (1, 1, false));
    assert_eq!(with_scores([0.4, 0.01]), (1, 1, true));
    assert_eq!(with_scores([0.05, 0.01]), (0, 2, true));
}

#[test]
fn only_addresses_of_the_web_are_linked() {
    assert!(view().articles[0].url.is_some());
    assert!(view().articles[1].url.is_none(), "javascript:");
    assert!(is_web("HTTPS://x.example") && !is_web("//x.example") && !is_web(" javascript:alert(1)"));
}

#[test]
fn a_solved_ticket_names_the_articles_that_the_reader_may_see() {
    let used = [samples::article("", Format::Markdown)];
    let ticket = AnswerView::new(samples::answer(), &Ticket::default(), &used, 64).similar.remove(0);
    assert_eq!(ticket.articles[0].title, used[0].title);
    assert_eq!(ticket.solved.unwrap().words, "3 Nov 2026");
    assert!(view().similar[0].articles.is_empty());
}
