//! Coverage as a page shows it: tables, pictures and flags with their evidence.

use jiff::Timestamp;

use super::figures::{counted, number, percent, sentence, share};
use super::model_view::Fact;
use super::span::Span;
use super::table::{Address, Cell, Column, Filter, Table};
use super::view::{article_href, escaped, path};
use crate::audit::{
    ArticleFinding, CategoryCoverage, Coverage, DEFAULT_TOP, Filter as Which, Flag, Question, Share,
    TroubleReport, UsedArticle, Window,
};
use crate::charts::{Figure, IntervalBar, IntervalBars, Naming, Pareto, ParetoBar};

/// Numbers of categories that may be chosen.
const TOPS: [(&str, &str); 4] =
    [("20", "the top 20"), ("10", "the top 10"), ("50", "the top 50"), ("1000", "all")];
/// Categories of one picture.
const DRAWN: usize = 12;
const TICKETS: [&str; 2] = ["ticket", "tickets"];

/// What is asked of the audits by an address; `now` is when.
///
/// # Errors
/// A sentence about a time that is none.
pub(super) fn question(address: &Address, now: Timestamp) -> Result<Question, String> {
    let span = Span::asked(address, now)?;
    let given =
        |name: &str| address.get(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let top = Filter::choice("top", "", TOPS).chosen(address).parse().unwrap_or(DEFAULT_TOP);
    Ok(Question {
        window: Window { from: span.from, to: span.to },
        filter: Which {
            category: given("category"),
            channel: given("channel"),
            organization: given("organization"),
            agent_group: given("agent_group"),
        },
        top,
        reviewed_since: None,
    })
}

/// What narrows tickets down, on the pages of the audit.
pub(super) fn which() -> Vec<Filter> {
    vec![
        Filter::words("category", "Category"),
        Filter::words("channel", "Channel"),
        Filter::words("organization", "Organization"),
        Filter::words("agent_group", "Agent group"),
    ]
}

/// The filter of this page, but for the time.
pub(super) fn filters() -> Vec<Filter> {
    let articles = Filter::choice(
        "articles",
        "Articles",
        [("", "those that tickets used"), ("all", "all, compared with each other")],
    );
    [which(), vec![Filter::choice("top", "Categories", TOPS), articles]].concat()
}

/// Whether all articles are to be looked through, which takes longer.
pub(super) fn all_articles(address: &Address) -> bool {
    address.get("articles") == Some("all")
}

/// The time of a report in words.
pub(super) fn time(report: &Coverage) -> String {
    let Window { from, to } = report.window;
    let read = report.as_of.strftime("%-d %b %Y, %H:%M");
    format!("Tickets of {}; read {read} UTC.", Span { from, to }.words())
}

/// The figures at the top.
pub(super) fn facts(report: &Coverage) -> Vec<Fact> {
    let before =
        report.previous_tickets.map_or_else(String::new, |before| format!(", {before} in the time before"));
    let flagged = report.categories.iter().filter(|category| !category.flags.is_empty()).count();
    vec![
        ("Tickets", format!("{}{before}", report.tickets)),
        ("With an adequate article", report.adequate.as_ref().map_or("not known".into(), with_interval)),
        ("Expected without one", format!("{:.0}", report.pareto.unanswered)),
        ("Categories with a flag", format!("{flagged} of {} shown", report.categories.len())),
    ]
}

/// A share with its interval and what it stands on.
pub(super) fn with_interval(share: &Share) -> String {
    let on = counted(share.tickets, TICKETS);
    format!("{} (between {} and {}, {on})", percent(share.share), percent(share.low), percent(share.high))
}

/// What a reader must know, each as a sentence.
pub(super) fn warnings(report: &Coverage) -> Vec<String> {
    let mut told: Vec<String> = report.warnings.iter().map(|warning| sentence(warning)).collect();
    if report.more_categories > 0 {
        let more = counted(report.more_categories as u64, ["category", "categories"]);
        told.push(format!("{more} more with {} are not shown.", counted(report.more_tickets, TICKETS)));
    }
    told
}

/// One row for each category.
pub(super) fn categories(report: Option<&Coverage>, address: &Address) -> Table {
    let row = |category: &CategoryCoverage| {
        let flags: Vec<&str> = category.flags.iter().map(|flag| flag.kind.label()).collect();
        let of = |end: fn(&Share) -> f64| share(category.adequate.as_ref().map(end));
        vec![
            Cell::Link {
                href: address.with(&[("category", &category.category)], ""),
                words: path(&category.category),
            },
            Cell::count(category.tickets),
            category.trend.map_or(Cell::Nothing, |trend| Cell::Number {
                value: trend,
                shown: format!("{:+.0} %", 100.0 * trend),
            }),
            of(|share| share.share),
            of(|share| share.low),
            of(|share| share.high),
            Cell::number(category.unanswered, 1),
            if flags.is_empty() { Cell::Nothing } else { Cell::words(flags.join(", ")) },
            category.best_articles.first().map_or(Cell::Nothing, article),
        ]
    };
    Table {
        id: "categories",
        caption: "Categories by volume".into(),
        one_many: ["category", "categories"],
        if_empty: "There is no category to show.".into(),
        columns: vec![
            Column::words("category", "Category"),
            Column::numbers("tickets", "Tickets"),
            Column::numbers("trend", "Change"),
            Column::numbers("adequate", "Adequate"),
            Column::numbers("adequate_low", "at least"),
            Column::numbers("adequate_high", "at most"),
            Column::numbers("unanswered", "Unanswered"),
            Column::words("flags", "Flags"),
            Column::words("best_article", "Best article"),
        ],
        rows: report.map(|report| report.categories.iter().map(row).collect()).unwrap_or_default(),
    }
}

fn article(used: &UsedArticle) -> Cell {
    match used.deleted_at {
        None => Cell::Link { href: article_href(&used.id), words: used.title.clone() },
        Some(_) => Cell::words(format!("{} (deleted)", used.title)),
    }
}

/// The share with an adequate article of the categories with most tickets.
pub(super) fn adequate(report: Option<&Coverage>) -> Figure {
    let categories = report.map(|report| report.categories.as_slice()).unwrap_or_default();
    let bar = |category: &CategoryCoverage| {
        let share = category.adequate.as_ref()?;
        Some(IntervalBar {
            name: path(&category.category),
            value: share.share,
            interval: Some((share.low, share.high)),
            mark: None,
            shown: format!("{} ({}–{})", percent(share.share), whole(share.low), percent(share.high)),
        })
    };
    IntervalBars {
        naming: Naming {
            id: "adequate",
            title: "Share of tickets with an adequate article, with 95 % intervals; most tickets first",
            if_empty: "No ticket of this time was searched for an article, so no share is known.",
        },
        of: "category",
        value: "share with an adequate article",
        mark: "",
        most: Some(1.0),
        bars: categories.iter().filter_map(bar).take(DRAWN).collect(),
    }
    .figure()
}

fn whole(share: f64) -> String {
    format!("{:.0}", 100.0 * share)
}

/// Which categories make up most of what is not answered.
pub(super) fn pareto(report: Option<&Coverage>) -> Figure {
    let steps = report.map(|report| report.pareto.steps.as_slice()).unwrap_or_default();
    let bars = steps.iter().map(|step| ParetoBar { name: path(&step.category), amount: step.unanswered });
    Pareto {
        naming: Naming {
            id: "pareto",
            title: "Which categories make up 80 % of the tickets that no article answers",
            if_empty: "No ticket of this time was searched for an article, so nothing is known to be unanswered.",
        },
        of: "category",
        amount: "tickets",
        cover: 0.8,
        most: DRAWN,
        bars: bars.collect(),
    }
    .figure()
}

/// A flag of a category with its evidence.
#[derive(Debug)]
pub(super) struct FlagView {
    pub(super) category: String,
    pub(super) kind: &'static str,
    pub(super) reason: String,
    pub(super) rate: String,
    pub(super) articles: Vec<ArticleLink>,
    pub(super) tickets: Vec<TicketLink>,
}

/// A link to an article, with what is said of it here.
#[derive(Debug)]
pub(super) struct ArticleLink {
    /// `None` where it was deleted.
    pub(super) href: Option<String>,
    pub(super) title: String,
    pub(super) told: String,
}

/// A link to what is kept of a ticket.
#[derive(Debug)]
pub(super) struct TicketLink {
    pub(super) href: String,
    pub(super) id: String,
}

impl TicketLink {
    pub(super) fn new(id: &str) -> Self {
        Self { href: ticket_href(id), id: id.to_owned() }
    }
}

/// Where what is kept of a ticket is read.
pub(super) fn ticket_href(id: &str) -> String {
    format!("/v1/tickets/{}", escaped(id))
}

/// All flags, in the order of the categories.
pub(super) fn flags(report: &Coverage) -> Vec<FlagView> {
    let of = |category: &CategoryCoverage, flag: &Flag| FlagView {
        category: path(&category.category),
        kind: flag.kind.label(),
        reason: sentence(&flag.reason),
        rate: with_interval(&flag.rate),
        articles: flag.articles.iter().map(article_link).collect(),
        tickets: flag.tickets.iter().map(|id| TicketLink::new(id)).collect(),
    };
    report
        .categories
        .iter()
        .flat_map(|category| category.flags.iter().map(move |flag| of(category, flag)))
        .collect()
}

/// What to say where there is no flag.
pub(super) fn no_flags(report: &Coverage) -> &'static str {
    if report.adequate.is_some() {
        "No category is flagged: nothing is missing, outdated or not resolving with enough certainty."
    } else {
        "No ticket of this time was searched for an article, so nothing can be said."
    }
}

fn article_link(used: &UsedArticle) -> ArticleLink {
    ArticleLink {
        href: used.deleted_at.is_none().then(|| article_href(&used.id)),
        title: used.title.clone(),
        told: counted(used.tickets, TICKETS) + &used.remarks(),
    }
}

/// Articles with faults: those that tickets used, and of all articles what a look through them found.
pub(super) fn articles(report: Option<&Coverage>, trouble: Option<&TroubleReport>) -> Table {
    let used = report.map(|report| report.articles.as_slice()).unwrap_or_default();
    let mut rows: Vec<Vec<Cell>> = used.iter().map(finding).collect();
    rows.extend(trouble.into_iter().flat_map(in_trouble));
    Table {
        id: "articles",
        caption: "Articles in trouble".into(),
        one_many: ["fault", "faults"],
        if_empty: "No article was found at fault.".into(),
        columns: vec![
            Column::words("article", "Article"),
            Column::words("fault", "Fault"),
            Column::words("why", "Why"),
            Column::numbers("tickets", "Tickets"),
        ],
        rows,
    }
}

fn finding(finding: &ArticleFinding) -> Vec<Cell> {
    let why = sentence(&finding.reasons.join("; "));
    named(&finding.id, &finding.title, finding.kind.label(), why, Some(finding.uses))
}

fn named(id: &str, title: &str, fault: &str, why: String, tickets: Option<u64>) -> Vec<Cell> {
    let title = if title.is_empty() { id } else { title };
    vec![
        Cell::Link { href: article_href(id), words: title.to_owned() },
        Cell::words(fault),
        Cell::words(why),
        number(tickets.map(|tickets| tickets as f64), 0),
    ]
}

fn in_trouble(report: &TroubleReport) -> Vec<Vec<Cell>> {
    let never = "It was neither the best article of any ticket of this time nor sent on one.";
    let dated = |list: &[crate::audit::Troubled], fault: &'static str| -> Vec<Vec<Cell>> {
        list.iter().map(|it| named(&it.id, &it.title, fault, sentence(&it.reason), None)).collect()
    };
    let never = report
        .never_suggested
        .iter()
        .map(|it| named(&it.id, &it.title, "never suggested", never.into(), None));
    let refused = report.often_dismissed.iter().map(|it| {
        let why = format!("It was refused on {}.", with_interval(&it.share));
        named(&it.id, &it.title, "often refused", why, Some(it.share.tickets))
    });
    let same = report.duplicates.groups.iter().filter_map(|group| {
        let (first, others) = group.split_first()?;
        let others: Vec<&str> = others.iter().map(|other| other.title.as_str()).collect();
        let why = format!("The same words stand in {}.", others.join(", "));
        Some(named(&first.id, &first.title, "said twice", why, None))
    });
    let near = report.duplicates.near.iter().map(|pair| {
        let why = format!("It nearly says the same as {}.", pair.second.title);
        named(&pair.first.id, &pair.first.title, "nearly said twice", why, None)
    });
    let against = report.contradicting.iter().map(|pair| {
        let differ = pair.differences.first();
        let differ =
            differ.map_or_else(String::new, |it| format!(": \"{}\" against \"{}\"", it.first, it.second));
        named(&pair.first, "", "contradicted", format!("{} says otherwise{differ}.", pair.second), None)
    });
    let expired = dated(&report.expired, "expired");
    let due = dated(&report.review_overdue, "review overdue");
    never.chain(refused).chain(expired).chain(due).chain(same).chain(near).chain(against).collect()
}
