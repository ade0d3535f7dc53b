//! `/accounts/{kind}/{id}`: a requester's or an organization's last 90 days.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::article_page::message;
use super::coverage_view::ticket_href;
use super::figures::words;
use super::frame::Frame;
use super::model_view::Fact;
use super::problem::Problem;
use super::signals_view;
use super::table::{Address, Cell, Column, Table, TableView};
use super::view::{escaped, path};
use super::{Pages, page};
use crate::charts::{Bar, Bars, Figure, Naming};
use crate::signals::{AccountTicket, AccountView};
use crate::store::{AccountSurvey, SignalState, Subject, SubjectKind, TicketStatus};

#[derive(Template)]
#[template(path = "ui/account.html")]
struct AccountTemplate {
    frame: Frame,
    title: String,
    time: String,
    facts: Vec<Fact>,
    weeks: Figure,
    categories: TableView,
    signals: TableView,
    tickets: TableView,
    surveys: TableView,
}

/// The account that the address names.
pub(super) async fn show(
    State(pages): State<Pages>,
    Path((kind, id)): Path<(String, String)>,
    address: Address,
) -> Response {
    let (kind, name) = match kind.as_str() {
        "requester" => (SubjectKind::Requester, "Requester"),
        "organization" => (SubjectKind::Organization, "Organization"),
        _ => return message(Problem::no_account()),
    };
    // The clock is read here, at the edge; below, time is a parameter.
    let now = Timestamp::now();
    let title = format!("{name} {id}");
    match pages.signals.account(&Subject { kind, id }, now).await {
        Ok(Some(view)) => respond(&view, title, &address, pages.signals.zone()),
        Ok(None) => message(Problem::no_account()),
        Err(error) => {
            tracing::error!(%error, "the page of an account could not be made");
            message(Problem::failed())
        }
    }
}

fn respond(view: &AccountView, title: String, address: &Address, zone: &TimeZone) -> Response {
    let chosen = |id: &str| format!("/signals?state=all&signal={}#signal", escaped(id));
    let mut signals = signals_view::table(&view.signals, zone, chosen);
    let mut tickets = tickets(&view.tickets, zone);
    let mut surveys = surveys(&view.surveys, zone);
    let mut categories = categories(view);
    let tables = [&mut signals, &mut tickets, &mut surveys, &mut categories];
    if let Some(file) = tables.into_iter().find_map(|table| table.csv(address)) {
        return file;
    }
    let template = AccountTemplate {
        frame: Frame::default(),
        time: format!("Since {}.", day(view.from, zone)),
        facts: facts(view),
        weeks: weeks(view, zone),
        categories: categories.view(address),
        signals: signals.view(address),
        tickets: tickets.view(address),
        surveys: surveys.view(address),
        title,
    };
    page(StatusCode::OK, &template)
}

fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string()
}

fn time(at: Option<Timestamp>, zone: &TimeZone) -> Cell {
    let shown = at.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string());
    words(shown.as_deref())
}

fn facts(view: &AccountView) -> Vec<Fact> {
    let unsolved = view.tickets.iter().filter(|ticket| ticket.status != Some(TicketStatus::Solved)).count();
    let low = view.surveys.iter().filter(|survey| survey.low).count();
    let open = view.signals.iter().filter(|signal| signal.state() == SignalState::Open).count();
    vec![
        ("Open signals", open.to_string()),
        ("Tickets", view.tickets.len().to_string()),
        ("Not known to be solved", unsolved.to_string()),
        ("Reopened", view.tickets.iter().filter(|ticket| ticket.reopened > 0).count().to_string()),
        ("Low scores", format!("{low} of {}", view.surveys.len())),
    ]
}

fn weeks(view: &AccountView, zone: &TimeZone) -> Figure {
    let bar = |week: &crate::signals::Week| Bar { name: day(week.from, zone), amount: week.tickets as f64 };
    Bars {
        naming: Naming {
            id: "weeks",
            title: "Tickets by week",
            if_empty: "No ticket came in in these 90 days.",
        },
        across: "week",
        up: "tickets",
        bars: view.weeks.iter().map(bar).collect(),
    }
    .figure()
}

fn categories(view: &AccountView) -> Table {
    let row = |(category, count): &(String, u64)| vec![Cell::words(path(category)), Cell::count(*count)];
    Table {
        id: "categories",
        caption: "Categories".into(),
        one_many: ["category", "categories"],
        if_empty: "No ticket of these days has a category.".into(),
        columns: vec![Column::words("category", "Category"), Column::numbers("tickets", "Tickets")],
        rows: view.categories.iter().map(row).collect(),
    }
}

fn tickets(tickets: &[AccountTicket], zone: &TimeZone) -> Table {
    let row = |ticket: &AccountTicket| {
        let status = ticket.status.map(|status| match status {
            TicketStatus::Open => "open",
            TicketStatus::Solved => "solved",
        });
        vec![
            Cell::Link { href: ticket_href(&ticket.id), words: ticket.id.clone() },
            time(ticket.created_at, zone),
            words(ticket.category.as_deref().map(path).as_deref()),
            words(ticket.priority.as_deref()),
            words(status),
            time(ticket.solved_at, zone),
            Cell::count(ticket.reopened.into()),
        ]
    };
    Table {
        id: "tickets",
        caption: "Tickets, the newest first".into(),
        one_many: ["ticket", "tickets"],
        if_empty: "No ticket came in in these 90 days.".into(),
        columns: vec![
            Column::words("ticket", "Ticket"),
            Column::words("created_at", "Came in"),
            Column::words("category", "Category"),
            Column::words("priority", "Priority"),
            Column::words("status", "State"),
            Column::words("solved_at", "Solved"),
            Column::numbers("reopened", "Reopened"),
        ],
        rows: tickets.iter().map(row).collect(),
    }
}

fn surveys(surveys: &[AccountSurvey], zone: &TimeZone) -> Table {
    let row = |survey: &AccountSurvey| {
        let ticket = survey.ticket_id.as_ref();
        vec![
            Cell::words(survey.id.clone()),
            time(Some(survey.answered_at), zone),
            survey.rating.map_or(Cell::Nothing, |(rating, _)| Cell::number(rating, 0)),
            Cell::words(if survey.low { "low" } else { "not low" }),
            words(survey.sentiment.as_deref()),
            ticket.map_or(Cell::Nothing, |id| Cell::Link { href: ticket_href(id), words: id.clone() }),
        ]
    };
    Table {
        id: "surveys",
        caption: "Surveys, the newest first".into(),
        one_many: ["survey", "surveys"],
        if_empty: "No survey was answered in these 90 days.".into(),
        columns: vec![
            Column::words("survey", "Survey"),
            Column::words("answered_at", "Answered"),
            Column::numbers("rating", "Rating"),
            Column::words("low", "Score"),
            Column::words("sentiment", "Comment"),
            Column::words("ticket", "Ticket"),
        ],
        rows: surveys.iter().map(row).collect(),
    }
}
