//! Calls after low scores as a page shows them: a list, and one of them with its form.

use super::coverage_view::ticket_href;
use super::figures::{number, words};
use super::table::{Address, Cell, Column, Filter, Table};
use super::view::path;
use crate::store::{ContactOutcome, FollowUpState, RatingScale, RootCause};
use crate::survey::{KeptFollowUp, Survey};

/// Which surveys may be listed.
const LISTS: [(&str, &str); 7] = [
    ("", "calls to be made"),
    ("overdue", "overdue calls"),
    ("due_soon", "calls due soon"),
    ("contacted", "calls made, not closed"),
    ("closed", "closed calls"),
    ("all", "all calls"),
    ("low", "low scores of this time"),
];

/// Outcomes of a call by their names in forms, with words.
pub(super) const OUTCOMES: [(&str, &str, ContactOutcome); 3] = [
    ("reached", "reached", ContactOutcome::Reached),
    ("not_reached", "not reached", ContactOutcome::NotReached),
    ("declined", "did not want to talk", ContactOutcome::Declined),
];

/// Causes of a low score by their names in forms, with words.
pub(super) const CAUSES: [(&str, &str, RootCause); 3] = [
    ("technical", "technical: something did not work", RootCause::Technical),
    ("communicative", "communicative: it was not said, or said badly", RootCause::Communicative),
    ("process", "process: the way things are done", RootCause::Process),
];

/// The filter of the list.
pub(super) fn filters() -> Vec<Filter> {
    vec![Filter::choice("list", "List", LISTS), Filter::words("owner", "Calls of")]
}

/// Whether low scores are to be listed rather than calls.
pub(super) fn lists_low(address: &Address) -> bool {
    address.get("list") == Some("low")
}

/// The states of the calls that the address asks for; none: all that are not closed.
pub(super) fn states(address: &Address) -> Vec<FollowUpState> {
    match address.get("list") {
        Some("overdue") => vec![FollowUpState::Overdue],
        Some("due_soon") => vec![FollowUpState::DueSoon],
        Some("contacted") => vec![FollowUpState::Contacted],
        Some("closed") => vec![FollowUpState::Closed],
        Some("all") => [FollowUpState::UNCLOSED.as_slice(), &[FollowUpState::Closed]].concat(),
        _ => Vec::new(),
    }
}

fn state(follow_up: &KeptFollowUp) -> &'static str {
    match follow_up.state {
        FollowUpState::Open => "open",
        FollowUpState::DueSoon => "due soon",
        FollowUpState::Overdue => "overdue",
        FollowUpState::Contacted => "contacted",
        FollowUpState::Closed => "closed",
    }
}

fn rating(survey: &Survey) -> Option<String> {
    let rating = survey.rating?;
    Some(match survey.rating_scale? {
        RatingScale::OneToFive => format!("{rating} of 5"),
        RatingScale::OneToTen => format!("{rating} of 10"),
        RatingScale::Nps => format!("{rating} (NPS)"),
        RatingScale::Thumbs if rating > 0.0 => "thumb up".to_owned(),
        RatingScale::Thumbs => "thumb down".to_owned(),
    })
}

fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// One row for each survey, in the order given.
pub(super) fn list(surveys: &[Survey], address: &Address) -> Table {
    let row = |survey: &Survey| {
        let call = survey.follow_up.as_ref();
        let href = address.with(&[("follow_up", &survey.id), ("said", "")], "follow-up");
        vec![
            Cell::Link { href, words: survey.id.clone() },
            call.map_or(Cell::words("no call"), |call| Cell::words(state(call))),
            call.map_or(Cell::Nothing, |call| Cell::words(time(call.due_at))),
            words(call.and_then(|call| call.owner.as_deref())),
            words(survey.category.as_deref().map(path).as_deref()),
            number(survey.satisfaction, 2),
            words(survey.reading.as_ref().map(|reading| reading.sentiment.as_str())),
            words(call.and_then(|call| call.contact.outcome).map(|outcome| name_of(&OUTCOMES, outcome))),
            words(call.and_then(|call| call.contact.root_cause).map(|cause| name_of(&CAUSES, cause))),
        ]
    };
    let low = lists_low(address);
    Table {
        id: "calls",
        caption: if low { "Low scores, the latest first" } else { "Calls, those due soonest first" }.into(),
        one_many: ["survey", "surveys"],
        if_empty: if low { "There is no low score in this time." } else { "There is no such call." }.into(),
        columns: vec![
            Column::words("survey", "Survey"),
            Column::words("state", "State"),
            Column::words("due", "Due"),
            Column::words("owner", "Owner"),
            Column::words("category", "Category"),
            Column::numbers("satisfaction", "Rating, 0 to 1"),
            Column::words("sentiment", "Sentiment"),
            Column::words("outcome", "Outcome"),
            Column::words("root_cause", "Cause"),
        ],
        rows: surveys.iter().map(row).collect(),
    }
}

fn name_of<T: PartialEq>(names: &[(&'static str, &'static str, T)], value: T) -> &'static str {
    names.iter().find(|(.., known)| *known == value).map_or("", |(name, ..)| name)
}

/// A survey with the form of its call.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) state: &'static str,
    pub(super) overdue: bool,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) ticket: Option<(String, String)>,
    pub(super) comment: String,
    pub(super) owner: String,
    pub(super) note: String,
    pub(super) outcomes: Vec<Choice>,
    pub(super) causes: Vec<Choice>,
    pub(super) closed: bool,
    /// What the page was asked for, so that it looks the same afterwards.
    pub(super) back: String,
}

/// What may be chosen in the form.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) words: &'static str,
    pub(super) chosen: bool,
}

fn choices<T: Copy + PartialEq>(
    names: &[(&'static str, &'static str, T)],
    value: Option<T>,
    none: &'static str,
) -> Vec<Choice> {
    let known =
        names.iter().map(|(name, words, of)| Choice { value: name, words, chosen: value == Some(*of) });
    std::iter::once(Choice { value: "", words: none, chosen: value.is_none() }).chain(known).collect()
}

impl Case {
    /// `address` is that of the page.
    pub(super) fn new(survey: Survey, address: &Address) -> Self {
        let call = survey.follow_up.as_ref();
        let contact = call.map(|call| call.contact.clone());
        let of = |name, value: Option<String>| value.map(|value| (name, value));
        let facts = [
            of("Answered", Some(time(survey.answered_at))),
            of("Rating", rating(&survey)),
            of("Sentiment", survey.reading.as_ref().map(|reading| reading.sentiment.clone())),
            of("Category", survey.category.as_deref().map(path)),
            of("Organization", survey.organization_id.clone()),
            of("Call until", call.map(|call| time(call.due_at))),
            of("Called", contact.as_ref().and_then(|contact| contact.contacted_at).map(time)),
            of("Closed", call.and_then(|call| call.closed_at).map(time)),
        ];
        Self {
            state: call.map_or("no call", state),
            overdue: call.is_some_and(|call| call.state == FollowUpState::Overdue),
            facts: facts.into_iter().flatten().collect(),
            ticket: survey.ticket_id.as_ref().map(|id| (ticket_href(id), id.clone())),
            comment: survey.comment.clone().unwrap_or_default(),
            owner: call.and_then(|call| call.owner.clone()).unwrap_or_default(),
            note: contact.as_ref().and_then(|contact| contact.note.clone()).unwrap_or_default(),
            outcomes: choices(&OUTCOMES, contact.as_ref().and_then(|c| c.outcome), "not called yet"),
            causes: choices(&CAUSES, contact.as_ref().and_then(|c| c.root_cause), "not known yet"),
            closed: call.is_some_and(|call| call.closed_at.is_some()),
            back: address.with(&[("follow_up", &survey.id), ("said", "")], "").replacen(
                address.path(),
                "",
                1,
            ),
            id: survey.id,
        }
    }
}
