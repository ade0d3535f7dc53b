//! Surveys as a page shows them: figures with their intervals, a rolling line, groups.

use super::figures::{counted, number, percent, sentence};
use super::model_view::Fact;
use super::span::Span;
use super::table::{Address, Cell, Column, Filter, Table};
use super::view::path;
use crate::charts::{Figure as Picture, IntervalBar, IntervalBars, Line, LinePoint, Naming};
use crate::store::{SurveyFilter, SurveyGroup};
use crate::survey::{Figure, Group, MAX_WINDOW_DAYS, Measures, Summary, Window};

/// What to say where nobody answered.
pub(super) const NONE: &str =
    "No survey of this time fits, so there are no figures. Choose a longer time, or leave out a filter.";
/// Groups of one picture.
const DRAWN: usize = 12;
const ANSWERS: [&str; 2] = ["answer", "answers"];

const BY: [(&str, &str, SurveyGroup); 4] = [
    ("category", "category", SurveyGroup::Category),
    ("agent_group", "agent group", SurveyGroup::AgentGroup),
    ("organization", "organization", SurveyGroup::Organization),
    ("channel", "channel", SurveyGroup::Channel),
];

/// What the pictures show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Share of the upper boxes.
    Csat,
    /// Promoters less detractors.
    Nps,
    /// Mean score of the comments.
    Sentiment,
    /// Mean rating on its scale.
    Satisfaction,
}

impl Measure {
    const ALL: [Self; 4] = [Self::Csat, Self::Nps, Self::Sentiment, Self::Satisfaction];

    fn key(self) -> &'static str {
        match self {
            Self::Csat => "csat",
            Self::Nps => "nps",
            Self::Sentiment => "sentiment",
            Self::Satisfaction => "satisfaction",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Csat => "CSAT",
            Self::Nps => "NPS",
            Self::Sentiment => "Sentiment",
            Self::Satisfaction => "Mean rating",
        }
    }

    /// Both ends of its scale.
    fn range(self) -> (f64, f64) {
        match self {
            Self::Csat | Self::Satisfaction => (0.0, 1.0),
            Self::Nps => (-100.0, 100.0),
            Self::Sentiment => (-1.0, 1.0),
        }
    }

    fn of(self, measures: &Measures) -> Figure {
        match self {
            Self::Csat => measures.csat,
            Self::Nps => measures.nps,
            Self::Sentiment => measures.sentiment,
            Self::Satisfaction => measures.satisfaction,
        }
    }

    fn shown(self, value: f64) -> String {
        match self {
            Self::Csat | Self::Satisfaction => percent(value),
            Self::Nps => format!("{value:+.0}"),
            Self::Sentiment => format!("{value:+.2}"),
        }
    }

    /// The one that the address asks for.
    pub(super) fn asked(address: &Address) -> Self {
        let asked = address.get("measure");
        Self::ALL.into_iter().find(|measure| Some(measure.key()) == asked).unwrap_or(Self::Csat)
    }
}

/// The window of a time; all time is as long as a summary may be.
///
/// # Errors
/// A sentence about a time that is too long.
pub(super) fn window(span: Span) -> Result<Window, String> {
    let longest = jiff::SignedDuration::from_hours(24 * MAX_WINDOW_DAYS);
    let from = span.from.or_else(|| span.to.checked_sub(longest).ok());
    Window::new(from, span.to)
        .map_err(|_| format!("A summary goes over {MAX_WINDOW_DAYS} days at most. Choose a shorter time."))
}

/// Which surveys the address asks for; their time aside.
pub(super) fn filter(address: &Address) -> SurveyFilter {
    let given =
        |name: &str| address.get(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    SurveyFilter {
        category: given("category"),
        agent_group: given("agent_group"),
        organization: given("organization"),
        channel: given("channel"),
        ..SurveyFilter::default()
    }
}

/// By what the address asks to group.
pub(super) fn by(address: &Address) -> SurveyGroup {
    let asked = address.get("by");
    BY.iter().find(|(key, ..)| Some(*key) == asked).map_or(SurveyGroup::Category, |(.., by)| *by)
}

/// The filter of this page, but for the time and the calls.
pub(super) fn filters() -> Vec<Filter> {
    vec![
        Filter::choice("by", "Group by", BY.map(|(key, words, _)| (key, words))),
        Filter::choice("measure", "Picture of", Measure::ALL.map(|measure| (measure.key(), measure.words()))),
        Filter::words("category", "Category"),
        Filter::words("agent_group", "Agent group"),
        Filter::words("organization", "Organization"),
        Filter::words("channel", "Channel"),
    ]
}

/// The time of a summary in words.
pub(super) fn time(summary: &Summary) -> String {
    let span = Span { from: Some(summary.from), to: summary.to };
    format!("Surveys answered {}.", span.words())
}

/// A figure with its interval and what it stands on.
fn told(measure: Measure, figure: Figure) -> String {
    match (figure.value, figure.low, figure.high) {
        (Some(value), Some(low), Some(high)) => format!(
            "{} (between {} and {}, {})",
            measure.shown(value),
            measure.shown(low),
            measure.shown(high),
            counted(figure.n, ANSWERS)
        ),
        _ => "nobody answered".to_owned(),
    }
}

/// The figures at the top.
pub(super) fn facts(summary: &Summary) -> Vec<Fact> {
    let answers = ("Surveys", summary.total.answers.to_string());
    let figures = Measure::ALL.map(|measure| (measure.words(), told(measure, measure.of(&summary.total))));
    std::iter::once(answers).chain(figures).collect()
}

/// What a reader must know, each as a sentence; that there are no figures is said elsewhere.
pub(super) fn warnings(summary: &Summary) -> Vec<String> {
    if summary.total.answers == 0 {
        return Vec::new();
    }
    summary.warnings.iter().map(|warning| sentence(warning)).collect()
}

/// The 90 days before each week's end.
pub(super) fn rolling(summary: Option<&Summary>, measure: Measure) -> Picture {
    let series = summary.map(|summary| summary.series.as_slice()).unwrap_or_default();
    // Before the first answer there is nothing to draw.
    let first = series.iter().position(|point| measure.of(&point.rolling).n > 0).unwrap_or(series.len());
    let points = series[first..].iter().map(|point| {
        let figure = measure.of(&point.rolling);
        LinePoint {
            name: point.at.strftime("%Y-%m-%d").to_string(),
            at: point.at.as_second() as f64,
            value: figure.value,
            interval: figure.low.zip(figure.high),
        }
    });
    let title = format!("{} over the 90 days before each week's end, with its 95 % band", measure.words());
    Line {
        naming: Naming {
            id: "rolling",
            title: &title,
            if_empty: "Nobody gave an answer of this kind in this time.",
        },
        across: "end of the 90 days",
        up: measure.words(),
        range: Some(measure.range()),
        points: points.collect(),
        marked: None,
    }
    .figure()
}

/// The groups with most answers; of measures that go below nothing the mean rating is drawn.
pub(super) fn bars(summary: Option<&Summary>, measure: Measure) -> Picture {
    let measure = if measure.range().0 < 0.0 { Measure::Satisfaction } else { measure };
    let groups = summary.map(|summary| summary.groups.as_slice()).unwrap_or_default();
    let bar = |group: &Group| {
        let figure = measure.of(&group.measures);
        let (value, low, high) = (figure.value?, figure.low?, figure.high?);
        Some(IntervalBar {
            name: name(group),
            value,
            interval: Some((low, high)),
            mark: None,
            shown: format!("{} ({:.0}–{}, n {})", percent(value), 100.0 * low, percent(high), figure.n),
        })
    };
    let by = BY
        .iter()
        .find(|(.., by)| summary.is_some_and(|s| s.by == *by))
        .map_or("group", |(_, words, _)| words);
    let title = format!("{} by {by} with 95 % intervals; most answers first", measure.words());
    IntervalBars {
        naming: Naming {
            id: "bars",
            title: &title,
            if_empty: "Nobody gave a rating of this kind in this time.",
        },
        of: by,
        value: measure.words(),
        mark: "",
        most: Some(1.0),
        bars: groups.iter().filter_map(bar).take(DRAWN).collect(),
    }
    .figure()
}

fn name(group: &Group) -> String {
    group.name.as_deref().map_or_else(|| "not known".to_owned(), path)
}

/// One row for each group.
pub(super) fn groups(summary: Option<&Summary>, address: &Address) -> Table {
    let by = summary.map_or("category", |summary| {
        BY.iter().find(|(.., by)| *by == summary.by).map_or("category", |(key, ..)| key)
    });
    let row = |group: &Group| {
        let named = match &group.name {
            Some(own) => Cell::Link { href: address.with(&[(by, own)], ""), words: path(own) },
            None => Cell::words("not known"),
        };
        let measures = Measure::ALL.into_iter().flat_map(|measure| {
            let figure = measure.of(&group.measures);
            let cell = |value: Option<f64>| {
                value.map_or(Cell::Nothing, |value| Cell::Number { value, shown: measure.shown(value) })
            };
            [cell(figure.value), cell(figure.low), cell(figure.high), Cell::count(figure.n)]
        });
        let volatility = number(group.volatility.satisfaction.value, 2);
        [named, Cell::count(group.measures.answers)].into_iter().chain(measures).chain([volatility]).collect()
    };
    Table {
        id: "groups",
        caption: "Groups, those with most answers first".into(),
        one_many: ["group", "groups"],
        if_empty: "There is no group to show.".into(),
        columns: vec![
            Column::words("group", "Group"),
            Column::numbers("answers", "Surveys"),
            Column::numbers("csat", "CSAT"),
            Column::numbers("csat_low", "at least"),
            Column::numbers("csat_high", "at most"),
            Column::numbers("csat_n", "n"),
            Column::numbers("nps", "NPS"),
            Column::numbers("nps_low", "at least"),
            Column::numbers("nps_high", "at most"),
            Column::numbers("nps_n", "n"),
            Column::numbers("sentiment", "Sentiment"),
            Column::numbers("sentiment_low", "at least"),
            Column::numbers("sentiment_high", "at most"),
            Column::numbers("sentiment_n", "n"),
            Column::numbers("satisfaction", "Mean rating"),
            Column::numbers("satisfaction_low", "at least"),
            Column::numbers("satisfaction_high", "at most"),
            Column::numbers("satisfaction_n", "n"),
            Column::numbers("volatility", "Volatility"),
        ],
        rows: summary.map(|summary| summary.groups.iter().map(row).collect()).unwrap_or_default(),
    }
}

/// The three lowest, each in words.
pub(super) fn lowest(summary: &Summary) -> Vec<String> {
    let low = summary.lowest.groups.iter();
    low.map(|low| format!("{}: {}", path(&low.name), told(Measure::Satisfaction, low.satisfaction))).collect()
}

/// Who is not among them, in a sentence.
pub(super) fn few(summary: &Summary) -> String {
    let lowest = &summary.lowest;
    let few = counted(lowest.too_few_count as u64, ["group has", "groups have"]);
    let told = format!("{few} fewer than {} ratings and cannot be called low or not.", lowest.min_answers);
    match (lowest.groups.is_empty(), lowest.too_few_count) {
        (true, 0) => "No rating of this time says to which group it belongs.".to_owned(),
        (_, 0) => String::new(),
        _ => told,
    }
}
