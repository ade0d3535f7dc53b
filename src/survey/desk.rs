//! Where surveys are kept and looked at: each read by the model, each low one with a follow-up.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::kept::{KeptFollowUp, Survey, SurveyPage};
use super::submitted::{Fault, NewSurvey};
use super::trends::{Summary, Trends, Window};
use super::{Comment, CommentAnswer, Rating, SurveyError, Surveys};
use crate::config::{LowScores, SurveySettings};
use crate::model::Lane;
use crate::store::{
    FollowUpChange, FollowUpClock, FollowUpRecord, FollowUpState, KeptSurvey, NewFollowUp, RatingScale,
    Store, StoreError, SurveyFilter, SurveyGroup, SurveyPlace, SurveyReading, SurveyRecord, SurveyTicket,
};

/// Most surveys of one page.
pub(super) const MAX_PAGE: u32 = 200;

/// So long after its time a reminder still makes sense.
const REMINDED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// Keeps and shows surveys. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SurveyDesk {
    reader: Surveys,
    store: Store,
    settings: Arc<SurveySettings>,
}

/// How surveys are taken in.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// Whether somebody waits for the model.
    pub lane: Lane,
    /// Whether low scores open follow-ups; not for those of old, whose calls were made elsewhere.
    pub follow_ups: bool,
}

/// Which surveys to list.
#[derive(Debug, Clone, Default)]
pub struct SurveyQuery {
    /// Which.
    pub filter: SurveyFilter,
    /// Only those with a follow-up in one of these states.
    pub follow_up: Option<Vec<FollowUpState>>,
    /// Where to go on: `next` of the page before.
    pub after: Option<String>,
    /// How many at most; the page holds no more than 200.
    pub limit: u32,
}

/// Which follow-ups to list.
#[derive(Debug, Clone, Default)]
pub struct FollowUpQuery {
    /// In which states; empty: all that are not closed.
    pub states: Vec<FollowUpState>,
    /// Of whom.
    pub owner: Option<String>,
    /// Where to go on: `next` of the page before.
    pub after: Option<String>,
    /// How many at most; the page holds no more than 200.
    pub limit: u32,
}

/// What became of a survey that was to be kept: warnings, or why it is not.
pub type KeptOrNot = Result<Vec<String>, Vec<Fault>>;

impl SurveyDesk {
    /// Reads comments by `reader` and keeps surveys in `store`.
    pub fn new(reader: Surveys, store: Store, settings: SurveySettings) -> Self {
        Self { reader, store, settings: Arc::new(settings) }
    }

    /// Reads and keeps surveys, each in place of the one with the same id; returns when they are durable. One
    /// result for each, in order. `now` is when.
    ///
    /// # Errors
    /// [`SurveyError`] of the model or the store; then none of them is kept.
    pub async fn keep(
        &self,
        surveys: &[NewSurvey],
        keeping: Keeping,
        now: Timestamp,
    ) -> Result<Vec<KeptOrNot>, SurveyError> {
        let checked: Vec<Result<SurveyRecord, Vec<Fault>>> =
            surveys.iter().map(|survey| survey.checked(now)).collect();
        let good: Vec<&SurveyRecord> = checked.iter().flatten().collect();
        let mut readings = self.read(&good, keeping.lane).await?.into_iter();
        let (mut batch, mut results) = (Vec::with_capacity(good.len()), Vec::with_capacity(surveys.len()));
        for survey in checked {
            match survey {
                Err(faults) => results.push(Err(faults)),
                Ok(survey) => {
                    let (kept, warnings) =
                        self.prepared(survey, readings.next().unwrap_or_default(), keeping).await?;
                    batch.push(kept);
                    results.push(Ok(warnings));
                }
            }
        }
        if !batch.is_empty() {
            self.store.keep_surveys(batch, now).await?;
        }
        Ok(results)
    }

    /// What the model reads in each comment, with warnings; nothing where there is none.
    async fn read(
        &self,
        surveys: &[&SurveyRecord],
        lane: Lane,
    ) -> Result<Vec<(Option<CommentAnswer>, Vec<String>)>, SurveyError> {
        let comment = |survey: &&SurveyRecord| {
            survey.comment.clone().map(|text| Comment {
                id: None,
                text,
                question: survey.question.clone(),
                rating: survey.rating.map(|(rating, _)| Rating::Number(rating)),
                rating_scale: survey.rating.map(|(_, scale)| scale),
            })
        };
        let comments: Vec<Option<Comment>> = surveys.iter().map(comment).collect();
        let written: Vec<Comment> = comments.iter().flatten().cloned().collect();
        let (answers, unread) = match self.reader.read(&written, lane).await {
            Ok(answers) => (answers, None),
            Err(error @ SurveyError::NoHead(_)) => {
                (Vec::new(), Some(format!("the comment was kept but not read: {error}")))
            }
            Err(error) => return Err(error),
        };
        let mut answers = answers.into_iter();
        let told = comments.iter().map(|comment| match comment {
            None => (None, Vec::new()),
            Some(_) => match answers.next() {
                Some(mut answer) => {
                    let warnings = std::mem::take(&mut answer.warnings);
                    (Some(answer), warnings)
                }
                None => (None, unread.clone().into_iter().collect()),
            },
        });
        Ok(told.collect())
    }

    /// The survey as it is kept, with warnings.
    async fn prepared(
        &self,
        mut survey: SurveyRecord,
        (answer, mut warnings): (Option<CommentAnswer>, Vec<String>),
        keeping: Keeping,
    ) -> Result<(KeptSurvey, Vec<String>), StoreError> {
        survey.reading = answer.map(reading);
        survey.low = is_low(&survey, &self.settings.low);
        let ticket = match &survey.ticket_id {
            Some(id) => self.store.survey_ticket(id).await?,
            None => None,
        };
        if survey.ticket_id.is_some() && ticket.is_none() {
            warnings.push("ticket_id: no such ticket is kept here; it is kept as it is".to_owned());
        }
        if let (Some(category), Some(head)) = (&survey.category, self.reader.model.head("category"))
            && !head.spec().labels.contains(category)
        {
            warnings
                .push("category is not a label of this bundle's taxonomy; it is kept as it is".to_owned());
        }
        let opens = survey.low && keeping.follow_ups;
        let follow_up = opens.then(|| self.opening(&survey, ticket.as_ref(), survey.answered_at));
        Ok((KeptSurvey { survey, follow_up }, warnings))
    }

    /// What a follow-up of the survey begins with, if the time to call begins at `begin`.
    fn opening(&self, survey: &SurveyRecord, ticket: Option<&SurveyTicket>, begin: Timestamp) -> NewFollowUp {
        let said = |own: &Option<String>, of_ticket: fn(&SurveyTicket) -> &Option<String>| {
            own.clone().or_else(|| ticket.and_then(|ticket| of_ticket(ticket).clone()))
        };
        let organization = said(&survey.organization_id, |ticket| &ticket.organization_id);
        let agent_group = said(&survey.agent_group, |ticket| &ticket.agent_group);
        let category = said(&survey.category, |ticket| &ticket.category);
        let owner =
            self.settings.owners.owner(organization.as_deref(), agent_group.as_deref(), category.as_deref());
        let hours = SignedDuration::from_hours(i64::from(self.settings.follow_up_hours));
        NewFollowUp { owner: owner.map(str::to_owned), due_at: begin.saturating_add(hours).unwrap_or(begin) }
    }

    /// The survey with this id as it stands at `now`.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn get(&self, id: &str, now: Timestamp) -> Result<Option<Survey>, SurveyError> {
        let found = self.store.survey(id).await?;
        Ok(found.map(|(survey, follow_up)| self.shown(survey, follow_up, now)))
    }

    /// Forgets a survey with its follow-up; false if there is none.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn delete(&self, id: &str) -> Result<bool, SurveyError> {
        Ok(self.store.delete_survey(id).await?)
    }

    /// A page of surveys, the latest answer first; or what is wrong with the query.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn list(
        &self,
        query: &SurveyQuery,
        now: Timestamp,
    ) -> Result<Result<SurveyPage, Fault>, SurveyError> {
        let after = match place(query.after.as_deref()) {
            Ok(after) => after,
            Err(fault) => return Ok(Err(fault)),
        };
        let limit = query.limit.clamp(1, MAX_PAGE);
        let states = query.follow_up.as_deref().map(|states| (states, self.clock(now)));
        let rows = self.store.surveys_page(&query.filter, states, after.as_ref(), limit + 1).await?;
        let at = |(survey, _): &(SurveyRecord, Option<FollowUpRecord>)| survey.answered_at;
        let next = next(&rows, limit, |row| (at(row), &row.0.id));
        let shown = rows.into_iter().take(limit as usize);
        let surveys = shown.map(|(survey, follow_up)| self.shown(survey, follow_up, now)).collect();
        Ok(Ok(SurveyPage { surveys, next }))
    }

    /// A page of surveys with follow-ups, those due soonest first; or what is wrong with the query.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn follow_ups(
        &self,
        query: &FollowUpQuery,
        now: Timestamp,
    ) -> Result<Result<SurveyPage, Fault>, SurveyError> {
        let after = match place(query.after.as_deref()) {
            Ok(after) => after,
            Err(fault) => return Ok(Err(fault)),
        };
        let limit = query.limit.clamp(1, MAX_PAGE);
        let states = if query.states.is_empty() { &FollowUpState::UNCLOSED[..] } else { &query.states };
        let owner = query.owner.as_deref();
        let rows =
            self.store.follow_ups_page(states, owner, self.clock(now), after.as_ref(), limit + 1).await?;
        let next = next(&rows, limit, |(survey, follow_up)| (follow_up.due_at, &survey.id));
        let shown = rows.into_iter().take(limit as usize);
        let surveys = shown.map(|(survey, follow_up)| self.shown(survey, Some(follow_up), now)).collect();
        Ok(Ok(SurveyPage { surveys, next }))
    }

    /// Tells, as an event, of customers who are to be called within `surveys.reminder_hours`, each once; how many were
    /// told. Of those for whom nobody asked within a day of that moment nothing is told any more.
    ///
    /// # Errors
    /// Those of any read and write; then nothing is told.
    pub async fn remind(&self, now: Timestamp) -> Result<usize, SurveyError> {
        let until = now.saturating_add(self.clock(now).reminder).unwrap_or(now);
        let from = until.saturating_sub(REMINDED_WITHIN).unwrap_or(until);
        Ok(self.store.remind(from, until, now).await?)
    }

    /// Changes the follow-up of a survey, and opens one due from now on where it has none. Gives the survey
    /// as it is then; `None` if there is none.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn follow_up(
        &self,
        id: &str,
        change: &FollowUpChange,
        now: Timestamp,
    ) -> Result<Option<Survey>, SurveyError> {
        // As it is read, what the survey does not say is filled from its ticket.
        let Some((survey, _)) = self.store.survey(id).await? else { return Ok(None) };
        let opening = self.opening(&survey, None, now);
        if !self.store.change_follow_up(id, &opening, change, now).await? {
            return Ok(None);
        }
        self.get(id, now).await
    }

    /// What the surveys of a window say, by group. Of the filter its times are not used.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn summary(
        &self,
        window: Window,
        filter: &SurveyFilter,
        by: SurveyGroup,
    ) -> Result<Summary, SurveyError> {
        let filter =
            SurveyFilter { from: Some(window.reads_from()), to: Some(window.to()), ..filter.clone() };
        let mut trends = Trends::new(window, by);
        self.store.each_survey(&filter, by, |survey| trends.add(survey)).await?;
        Ok(trends.summary(self.settings.min_answers))
    }

    fn clock(&self, now: Timestamp) -> FollowUpClock {
        let reminder = SignedDuration::from_hours(i64::from(self.settings.reminder_hours));
        FollowUpClock { now, reminder }
    }

    fn shown(&self, survey: SurveyRecord, follow_up: Option<FollowUpRecord>, now: Timestamp) -> Survey {
        let reminder = self.clock(now).reminder;
        Survey::new(survey, follow_up.map(|record| KeptFollowUp::at(record, now, reminder)))
    }
}

/// Whether a score asks for a call: by the rating, and where there is none by clearly negative words.
fn is_low(survey: &SurveyRecord, low: &LowScores) -> bool {
    if let Some((rating, scale)) = survey.rating {
        let limit = match scale {
            RatingScale::OneToFive => low.one_to_five,
            RatingScale::OneToTen => low.one_to_ten,
            RatingScale::Nps => low.nps,
            RatingScale::Thumbs => 0.0,
        };
        return rating <= limit;
    }
    survey.reading.as_ref().is_some_and(|reading| {
        reading.sentiment == "negative" && reading.confidence >= low.comment_confidence
    })
}

fn reading(answer: CommentAnswer) -> SurveyReading {
    SurveyReading {
        sentiment: answer.sentiment.label,
        score: answer.sentiment.score,
        confidence: answer.sentiment.confidence,
        intensity: answer.sentiment.intensity,
        aspects: answer.aspects,
        rating_conflict: answer.rating_conflict,
        model_name: answer.model.name,
        model_version: answer.model.version,
    }
}

/// Where a page goes on, as `next` wrote it.
fn place(after: Option<&str>) -> Result<Option<SurveyPlace>, Fault> {
    let Some(after) = after else { return Ok(None) };
    let read = || {
        let (at, id) = after.split_once('/')?;
        Some(SurveyPlace { at: at.parse().ok()?, id: id.to_owned() })
    };
    let message = "is no place in the list; give what `next` of the page before says";
    read().map(Some).ok_or_else(|| Fault { field: "after", message: message.to_owned() })
}

/// The place behind the last row of a page, if there are more rows than it holds.
fn next<'a, R>(rows: &'a [R], limit: u32, of: impl Fn(&'a R) -> (Timestamp, &'a String)) -> Option<String> {
    let last = rows.get(limit as usize).and(rows.get(limit as usize - 1))?;
    let (at, id) = of(last);
    Some(format!("{at}/{id}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn survey(rating: Option<(f64, RatingScale)>, sentiment: &str, confidence: f32) -> SurveyRecord {
        let new = NewSurvey { id: "s".into(), comment: Some("Well".into()), ..NewSurvey::default() };
        let reading = SurveyReading {
            sentiment: sentiment.into(),
            score: 0.0,
            confidence,
            intensity: None,
            aspects: Vec::new(),
            rating_conflict: false,
            model_name: String::new(),
            model_version: String::new(),
        };
        SurveyRecord { rating, reading: Some(reading), ..new.checked(Timestamp::UNIX_EPOCH).unwrap() }
    }

    #[test]
    fn without_a_rating_only_a_clearly_negative_comment_is_low() {
        let low = LowScores::default();
        assert!(is_low(&survey(None, "negative", 0.6), &low));
        assert!(!is_low(&survey(None, "negative", 0.59), &low));
        assert!(!is_low(&survey(None, "mixed", 0.9), &low));
        // A rating says it all.
        assert!(!is_low(&survey(Some((5.0, RatingScale::OneToFive)), "negative", 0.9), &low));
        assert!(is_low(&survey(Some((0.0, RatingScale::Thumbs)), "positive", 0.9), &low));
        let none_of_nps = LowScores { nps: -1.0, ..low };
        assert!(!is_low(&survey(Some((0.0, RatingScale::Nps)), "negative", 0.9), &none_of_nps));
    }

    #[test]
    fn a_place_in_a_list_is_read_as_it_was_written_whatever_the_id() {
        let at: Timestamp = "2026-11-21T09:40:00.5Z".parse().unwrap();
        let rows: Vec<(Timestamp, String)> = vec![(at, "a/b/c".into()), (at, "d".into())];
        let told = next(&rows, 1, |(at, id)| (*at, id));
        assert_eq!(place(told.as_deref()).unwrap(), Some(SurveyPlace { at, id: "a/b/c".into() }));
        assert_eq!(next(&rows, 2, |(at, id)| (*at, id)), None);
        assert!(place(Some("d")).is_err());
    }
}
