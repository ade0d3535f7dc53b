//! The figures of the trade as a page shows them.

use super::figures::{counted, number, percent, sentence, share, words};
use super::model_view::Fact;
use super::table::{Address, Cell, Column, Filter, Table};
use super::view::path;
use crate::audit::Share;
use crate::audit::performance::{By, Durations, Performance, PerformanceGroup, PerformanceWeek};
use crate::charts::{Figure, Line, LinePoint, Naming};

/// What to say where no ticket came in.
pub(super) const NONE: &str =
    "No ticket came in at this time, so there are no figures. Choose a longer time.";

const BY: [(&str, &str, By); 4] = [
    ("category", "category", By::Category),
    ("agent_group", "agent group", By::AgentGroup),
    ("channel", "channel", By::Channel),
    ("priority", "priority", By::Priority),
];

/// By what the address asks to sum up.
pub(super) fn by(address: &Address) -> By {
    let asked = address.get("by");
    BY.iter().find(|(key, ..)| Some(*key) == asked).map_or_else(By::default, |(.., by)| *by)
}

/// The filter of this page, but for the time.
pub(super) fn filters() -> Vec<Filter> {
    vec![Filter::choice("by", "Sum up by", BY.map(|(key, words, _)| (key, words)))]
}

/// What a reader must know, each as a sentence.
pub(super) fn warnings(report: &Performance) -> Vec<String> {
    report.warnings.iter().map(|warning| sentence(warning)).collect()
}

/// Minutes as people say them.
fn took(minutes: f64) -> String {
    match minutes {
        minutes if minutes < 120.0 => format!("{minutes:.0} min"),
        minutes if minutes < 48.0 * 60.0 => format!("{:.1} h", minutes / 60.0),
        minutes => format!("{:.1} days", minutes / (24.0 * 60.0)),
    }
}

fn median(durations: &Durations) -> String {
    match (durations.median, durations.p90) {
        (Some(median), Some(p90)) => {
            let tickets = counted(durations.tickets, ["ticket", "tickets"]);
            format!("{} (nine of ten within {}; {tickets})", took(median), took(p90))
        }
        _ => "not known".to_owned(),
    }
}

fn told(share: Option<Share>, what: [&str; 2]) -> String {
    share.map_or_else(
        || "not known".to_owned(),
        |share| {
            let of = counted(share.tickets, what);
            format!("{} ({} to {}; {of})", percent(share.share), percent(share.low), percent(share.high))
        },
    )
}

/// The figures at the top.
pub(super) fn facts(report: &Performance) -> Vec<Fact> {
    let total = &report.total;
    let tickets = ["ticket", "tickets"];
    let mean = total.resolution.mean.map_or_else(|| "not known".to_owned(), took);
    let nps = report.nps.value.map_or_else(
        || "not known".to_owned(),
        |value| format!("{value:.0} ({})", counted(report.nps.n, ["answer", "answers"])),
    );
    let csat = report.csat.value.map_or_else(
        || "not known".to_owned(),
        |value| format!("{} ({})", percent(value), counted(report.csat.n, ["rating", "ratings"])),
    );
    vec![
        ("Tickets", format!("{}, {} open, {} waiting for a reply", total.tickets, total.open, total.waiting)),
        ("FRT, median", median(&total.first_reply)),
        ("MTTR", mean),
        ("Resolution, median", median(&total.resolution)),
        ("FCR", told(total.first_contact, tickets)),
        ("Solved by the deadline", told(total.solved_in_time, tickets)),
        ("Answered by the deadline", told(total.answered_in_time, tickets)),
        ("Reopened", told(total.reopened, tickets)),
        ("Escalated", told(total.escalated, tickets)),
        ("Deflection", told(report.deflection, ["visit", "visits"])),
        ("CSAT", csat),
        ("NPS", nps),
    ]
}

/// One row for each group.
pub(super) fn groups(report: Option<&Performance>) -> Table {
    let of = |value: Option<Share>| share(value.map(|value| value.share));
    let row = |group: &PerformanceGroup| {
        vec![
            words(Some(&group.name.as_deref().map_or_else(|| "not known".to_owned(), path))),
            Cell::count(group.tickets),
            Cell::count(group.open),
            Cell::count(group.waiting),
            number(group.first_reply.median, 0),
            number(group.resolution.mean, 0),
            number(group.resolution.median, 0),
            of(group.first_contact),
            of(group.solved_in_time),
            of(group.answered_in_time),
            of(group.reopened),
            of(group.escalated),
        ]
    };
    Table {
        id: "groups",
        caption: "Groups, those with most tickets first; times in minutes".into(),
        one_many: ["group", "groups"],
        if_empty: "There is no group to show.".into(),
        columns: vec![
            Column::words("group", "Group"),
            Column::numbers("tickets", "Tickets"),
            Column::numbers("open", "Open"),
            Column::numbers("waiting", "Waiting"),
            Column::numbers("first_reply", "FRT, median"),
            Column::numbers("resolution_mean", "MTTR"),
            Column::numbers("resolution", "Resolution, median"),
            Column::numbers("first_contact", "FCR"),
            Column::numbers("solved_in_time", "Solved in time"),
            Column::numbers("answered_in_time", "Answered in time"),
            Column::numbers("reopened", "Reopened"),
            Column::numbers("escalated", "Escalated"),
        ],
        rows: report.map(|report| report.groups.iter().map(row).collect()).unwrap_or_default(),
    }
}

/// A number with its interval.
type Drawn = (Option<f64>, Option<(f64, f64)>);

/// How the weeks went: the first reply, and what was solved in time.
pub(super) fn pictures(report: Option<&Performance>) -> [Figure; 2] {
    let weeks = report.map(|report| report.weeks.as_slice()).unwrap_or_default();
    let line = |naming, up, range, value: &dyn Fn(&PerformanceWeek) -> Drawn| {
        let points = weeks.iter().map(|week| {
            let (value, interval) = value(week);
            let name = week.to.strftime("%Y-%m-%d").to_string();
            LinePoint { name, at: week.to.as_second() as f64, value, interval }
        });
        Line { naming, across: "end of the week", up, range, points: points.collect(), marked: None }.figure()
    };
    let replies = Naming {
        id: "replies",
        title: "Median minutes to the first reply, by week",
        if_empty: "No first reply of a whole week of this time is known.",
    };
    let in_time = Naming {
        id: "in-time",
        title: "Share of tickets solved by their deadline, by week",
        if_empty: "No deadline of a whole week of this time is known.",
    };
    [
        line(replies, "minutes", None, &|week| (week.figures.first_reply.median, None)),
        line(in_time, "share", Some((0.0, 1.0)), &|week| {
            let share = week.figures.solved_in_time;
            (share.map(|share| share.share), share.map(|share| (share.low, share.high)))
        }),
    ]
}
