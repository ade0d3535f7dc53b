//! How customers are satisfied: by group, over time, and where least. Surveys in, one summary out; no store
//! and no clock.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::figures::{Figure, Tally, Volatility};
use crate::store::{RatingScale, SurveyFigures, SurveyGroup};

/// Days that each point of the series looks back on.
pub const ROLLING_DAYS: i64 = 90;
/// Days from one point of the series to the next, and of a week.
const STEP_DAYS: i64 = 7;
/// Longest window, in days: ten years.
pub const MAX_WINDOW_DAYS: i64 = 3_660;
/// Groups of a summary, those with most answers.
const MAX_GROUPS: usize = 1_000;
/// How many of the lowest are named.
const LOWEST: usize = 3;
/// Groups with too few answers that are named.
const MAX_TOO_FEW: usize = 100;

/// The surveys answered from `from` on and before `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    from: Timestamp,
    to: Timestamp,
}

/// Why there is no such window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// It ends before it begins, or holds no time.
    #[error("must be later than from; the window holds no time")]
    Empty,
    /// It is longer than a summary goes.
    #[error("is more than {MAX_WINDOW_DAYS} days after from; ask for a shorter window")]
    TooLong,
}

impl Window {
    /// From when to when; the beginning is part of it, the end is not. Without a beginning it is
    /// [`ROLLING_DAYS`] long.
    ///
    /// # Errors
    /// [`WindowError`], of the field `to`.
    pub fn new(from: Option<Timestamp>, to: Timestamp) -> Result<Self, WindowError> {
        let from = from.unwrap_or_else(|| before(to, ROLLING_DAYS));
        if from >= to {
            return Err(WindowError::Empty);
        }
        if to.duration_since(from) > days(MAX_WINDOW_DAYS) {
            return Err(WindowError::TooLong);
        }
        Ok(Self { from, to })
    }

    /// From when on surveys are needed: the first points of the series look back beyond the window.
    pub fn reads_from(&self) -> Timestamp {
        before(self.from, ROLLING_DAYS)
    }

    /// When it ends.
    pub fn to(&self) -> Timestamp {
        self.to
    }
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn before(at: Timestamp, count: i64) -> Timestamp {
    at.saturating_sub(days(count)).unwrap_or(Timestamp::MIN)
}

/// The measures of some answers, each with the number of answers that it stands on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = SurveyMeasures)]
pub struct Measures {
    /// Surveys that were answered.
    pub answers: u64,
    /// CSAT: share of the two upper boxes (4 and 5 of 5, 9 and 10 of 10) and of thumbs up, 0 to 1, with
    /// Wilson's interval. NPS ratings are not among them.
    pub csat: Figure,
    /// NPS: promoters (9 and 10) less detractors (0 to 6) in hundredths of the answers, -100 to 100; the
    /// interval is the normal one by the standard error of the difference, with two promoters and two
    /// detractors thought in addition.
    pub nps: Figure,
    /// Mean score of the comments' sentiment, -1 to 1; normal interval, with two answers thought in addition
    /// at either end.
    pub sentiment: Figure,
    /// Mean of all ratings between the ends of their scales, 0 to 1; interval as of the sentiment.
    pub satisfaction: Figure,
}

/// One point of the series.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = SurveyPoint)]
pub struct Point {
    /// The time before which its answers were given.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Of the 90 days before.
    pub rolling: Measures,
    /// Of the 7 days before.
    pub week: Measures,
}

/// How measures move from week to week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = SurveyVolatilities)]
pub struct Volatilities {
    /// Of the weekly mean satisfaction.
    pub satisfaction: Volatility,
    /// Of the weekly mean sentiment.
    pub sentiment: Volatility,
}

/// Surveys that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = SurveyGroupFigures)]
pub struct Group {
    /// Its name; null for surveys of which it is not known.
    pub name: Option<String>,
    /// What they say.
    #[serde(flatten)]
    pub measures: Measures,
    /// How it moves.
    pub volatility: Volatilities,
}

/// One of the lowest.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = LowestGroup)]
pub struct Low {
    /// The group.
    pub name: String,
    /// Its mean satisfaction.
    pub satisfaction: Figure,
}

/// A group that has too few ratings to be called low or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TooFewAnswers)]
pub struct TooFew {
    /// The group.
    pub name: String,
    /// Its ratings.
    pub n: u64,
}

/// Where satisfaction is lowest, among the groups with enough ratings.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = LowestGroups)]
pub struct Lowest {
    /// Ratings from which a group counts (`surveys.min_answers`).
    pub min_answers: u64,
    /// The three lowest by mean satisfaction, the lowest first; fewer where fewer have enough.
    pub groups: Vec<Low>,
    /// Groups with too few ratings, those with most first, at most 100.
    pub too_few: Vec<TooFew>,
    /// How many groups have too few.
    pub too_few_count: usize,
}

/// What customers say in a window.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = SurveySummary)]
pub struct Summary {
    /// Beginning of the window.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Its end, not part of it.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// By what the groups are.
    pub by: SurveyGroup,
    /// All of them.
    pub total: Measures,
    /// How it moves over the whole weeks of the window, counted back from its end.
    pub volatility: Volatilities,
    /// Points a week apart, the latest at the window's end, the earliest first.
    pub series: Vec<Point>,
    /// The groups, those with most answers first, at most 1,000.
    pub groups: Vec<Group>,
    /// How many groups there are.
    pub groups_total: usize,
    /// Where satisfaction is lowest.
    pub lowest: Lowest,
    /// What is to be said of it.
    pub warnings: Vec<String>,
}

/// Counters of all measures.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    answers: u64,
    csat: Tally,
    nps: Tally,
    sentiment: Tally,
    satisfaction: Tally,
}

impl Counts {
    fn add(&mut self, survey: &SurveyFigures) {
        self.answers += 1;
        if let Some((rating, scale)) = survey.rating {
            match scale {
                RatingScale::OneToFive => self.csat.add(one_if(rating >= 4.0)),
                RatingScale::OneToTen => self.csat.add(one_if(rating >= 9.0)),
                RatingScale::Thumbs => self.csat.add(one_if(rating >= 1.0)),
                RatingScale::Nps => self.nps.add(one_if(rating >= 9.0) - one_if(rating <= 6.0)),
            }
        }
        if let Some(score) = survey.score {
            self.sentiment.add(f64::from(score));
        }
        if let Some(satisfaction) = survey.satisfaction {
            self.satisfaction.add(satisfaction);
        }
    }

    fn measures(&self) -> Measures {
        Measures {
            answers: self.answers,
            csat: self.csat.share(),
            nps: self.nps.mean_on([-1.0, 1.0]).times(100.0),
            sentiment: self.sentiment.mean_on([-1.0, 1.0]),
            satisfaction: self.satisfaction.mean_on([0.0, 1.0]),
        }
    }
}

fn one_if(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

/// Weeks back from the window's end, 0 the last; satisfaction and sentiment of each.
#[derive(Debug, Default)]
struct Weeks(BTreeMap<usize, (Tally, Tally)>);

impl Weeks {
    fn add(&mut self, week: usize, survey: &SurveyFigures) {
        let (satisfaction, sentiment) = self.0.entry(week).or_default();
        survey.satisfaction.into_iter().for_each(|value| satisfaction.add(value));
        survey.score.into_iter().for_each(|score| sentiment.add(f64::from(score)));
    }

    fn volatility(&self) -> Volatilities {
        Volatilities {
            satisfaction: Volatility::of(self.0.values().map(|(satisfaction, _)| satisfaction)),
            sentiment: Volatility::of(self.0.values().map(|(_, sentiment)| sentiment)),
        }
    }
}

#[derive(Debug, Default)]
struct OfGroup {
    counts: Counts,
    weeks: Weeks,
}

/// Counts surveys, one after another, in any order.
#[derive(Debug)]
pub struct Trends {
    window: Window,
    by: SurveyGroup,
    total: OfGroup,
    /// Of the points of the series, the latest first: 90 days and 7 days.
    points: Vec<(Counts, Counts)>,
    groups: HashMap<Option<String>, OfGroup>,
}

impl Trends {
    /// Of a window, by what.
    pub fn new(window: Window, by: SurveyGroup) -> Self {
        let length = window.to.duration_since(window.from).as_nanos();
        // Points lie after the beginning of the window.
        let points = usize::try_from((length - 1) / days(STEP_DAYS).as_nanos() + 1).unwrap_or(1);
        Self {
            window,
            by,
            total: OfGroup::default(),
            points: vec![Default::default(); points],
            groups: HashMap::new(),
        }
    }

    /// Counts one. Those outside of the window count in the series only, or nowhere.
    pub fn add(&mut self, survey: SurveyFigures) {
        let ago = self.window.to.duration_since(survey.answered_at).as_nanos();
        if ago <= 0 {
            return;
        }
        let (step, rolling) = (days(STEP_DAYS).as_nanos(), days(ROLLING_DAYS).as_nanos());
        let count = |nanos: i128| usize::try_from(nanos.max(0)).unwrap_or(usize::MAX);
        // The week `[to - 7(k+1), to - 7k)` holds what is more than 7k and at most 7(k+1) days ago.
        let week = count((ago - 1) / step);
        if let Some((_, last_days)) = self.points.get_mut(week) {
            last_days.add(&survey);
        }
        // Points whose 90 days hold it: from the first at which it is at most 90 days ago to that week's end.
        let first = count((ago - rolling + step - 1).div_euclid(step));
        for (rolling, _) in self.points.iter_mut().take(week.saturating_add(1)).skip(first) {
            rolling.add(&survey);
        }
        if survey.answered_at < self.window.from {
            return;
        }
        let whole = i128::try_from(week + 1).unwrap_or(i128::MAX).saturating_mul(step)
            <= self.window.to.duration_since(self.window.from).as_nanos();
        let groups = self.groups.entry(survey.group.clone()).or_default();
        for counted in [&mut self.total, groups] {
            counted.counts.add(&survey);
            if whole {
                counted.weeks.add(week, &survey);
            }
        }
    }

    /// What all of it comes to. Groups with fewer ratings than `min_answers` are not called the lowest.
    pub fn summary(self, min_answers: u64) -> Summary {
        let Self { window, by, total, points, groups } = self;
        let at = |point: usize| before(window.to, STEP_DAYS * i64::try_from(point).unwrap_or(0));
        let series = points.iter().enumerate().rev().map(|(point, (rolling, week))| Point {
            at: at(point),
            rolling: rolling.measures(),
            week: week.measures(),
        });
        let series = series.collect();
        let mut groups: Vec<Group> = groups.into_iter().map(|(name, of)| of.told(name)).collect();
        groups.sort_by(|a, b| (b.measures.answers, &a.name).cmp(&(a.measures.answers, &b.name)));
        let (lowest, groups_total) = (lowest(&groups, min_answers), groups.len());
        groups.truncate(MAX_GROUPS);
        let mut warnings = Vec::new();
        if total.counts.answers == 0 {
            warnings.push("no survey of this window fits: there are no figures".to_owned());
        }
        if groups_total > groups.len() {
            warnings.push(format!("{} of {groups_total} groups are left out", groups_total - groups.len()));
        }
        Summary {
            from: window.from,
            to: window.to,
            by,
            total: total.counts.measures(),
            volatility: total.weeks.volatility(),
            series,
            groups,
            groups_total,
            lowest,
            warnings,
        }
    }
}

impl OfGroup {
    fn told(self, name: Option<String>) -> Group {
        Group { name, measures: self.counts.measures(), volatility: self.weeks.volatility() }
    }
}

fn lowest(groups: &[Group], min_answers: u64) -> Lowest {
    let named = groups.iter().filter_map(|group| Some((group.name.clone()?, group.measures.satisfaction)));
    let (enough, too_few): (Vec<_>, Vec<_>) =
        named.partition(|(_, satisfaction)| satisfaction.n >= min_answers);
    let mut low: Vec<Low> =
        enough.into_iter().map(|(name, satisfaction)| Low { name, satisfaction }).collect();
    let value = |low: &Low| low.satisfaction.value.unwrap_or(f64::INFINITY);
    low.sort_by(|a, b| value(a).total_cmp(&value(b)).then_with(|| a.name.cmp(&b.name)));
    low.truncate(LOWEST);
    let mut few: Vec<TooFew> =
        too_few.into_iter().map(|(name, satisfaction)| TooFew { name, n: satisfaction.n }).collect();
    few.sort_by(|a, b| (b.n, &a.name).cmp(&(a.n, &b.name)));
    let too_few_count = few.len();
    few.truncate(MAX_TOO_FEW);
    Lowest { min_answers, groups: low, too_few: few, too_few_count }
}
