//! Follow-ups: a list by state has exactly those that are in it.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

const STATES: [FollowUpState; 5] = [
    FollowUpState::Open,
    FollowUpState::DueSoon,
    FollowUpState::Overdue,
    FollowUpState::Contacted,
    FollowUpState::Closed,
];

fn survey(id: &str) -> SurveyRecord {
    SurveyRecord {
        id: id.into(),
        ticket_id: None,
        requester_id: None,
        organization_id: None,
        category: None,
        agent_group: None,
        channel: None,
        answered_at: Timestamp::UNIX_EPOCH,
        question: None,
        comment: None,
        rating: Some((1.0, RatingScale::OneToFive)),
        satisfaction: Some(0.0),
        low: true,
        reading: None,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[derive(Debug, Clone)]
struct Case {
    due: i64,
    outcome: Option<ContactOutcome>,
    closed: bool,
}

fn case() -> impl Strategy<Value = Case> {
    let outcome = prop_oneof![
        Just(None),
        Just(Some(ContactOutcome::Reached)),
        Just(Some(ContactOutcome::NotReached)),
        Just(Some(ContactOutcome::Declined)),
    ];
    (990_i64..1_010, outcome, any::<bool>()).prop_map(|(due, outcome, closed)| Case { due, outcome, closed })
}

/// Checks every list against the state of each follow-up.
async fn lists_agree(cases: &[Case], clock: FollowUpClock) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for (number, case) in cases.iter().enumerate() {
        let opening = NewFollowUp { owner: None, due_at: at(case.due) };
        let kept = KeptSurvey { survey: survey(&number.to_string()), follow_up: Some(opening.clone()) };
        store.keep_surveys(vec![kept], at(0)).await.unwrap();
        let change = FollowUpChange {
            outcome: Some(case.outcome),
            closed: Some(case.closed),
            ..FollowUpChange::default()
        };
        assert!(store.change_follow_up(&number.to_string(), &opening, &change, at(0)).await.unwrap());
    }
    let all = store.follow_ups_page(&STATES, None, clock, None, 100).await.unwrap();
    assert_eq!(all.len(), cases.len());
    for state in STATES {
        let listed = store.follow_ups_page(&[state], None, clock, None, 100).await.unwrap();
        let expected: Vec<_> = all
            .iter()
            .filter(|(_, follow_up)| follow_up.state(clock.now, clock.reminder) == state)
            .cloned()
            .collect();
        assert_eq!(listed, expected, "{state:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_list_by_state_has_exactly_the_follow_ups_in_it(
        cases in prop::collection::vec(case(), 1..12),
        reminder in 0_i64..8,
    ) {
        let clock = FollowUpClock { now: at(1_000), reminder: SignedDuration::from_secs(reminder) };
        tokio::runtime::Runtime::new().unwrap().block_on(lists_agree(&cases, clock));
    }
}

#[tokio::test]
async fn of_several_surveys_all_are_kept_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let bad = SurveyRecord { satisfaction: Some(2.0), ..survey("2") };
    let batch = [survey("1"), bad].map(|survey| KeptSurvey { survey, follow_up: None });
    assert!(store.keep_surveys(batch.to_vec(), at(0)).await.is_err());
    assert_eq!(store.survey("1").await.unwrap(), None);
}

#[tokio::test]
async fn there_is_no_follow_up_without_its_survey() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let opening = NewFollowUp { owner: None, due_at: at(0) };
    assert!(!store.change_follow_up("1", &opening, &FollowUpChange::default(), at(0)).await.unwrap());
    let kept = KeptSurvey { survey: survey("1"), follow_up: Some(opening) };
    store.keep_surveys(vec![kept], at(0)).await.unwrap();
    assert!(store.survey("1").await.unwrap().unwrap().1.is_some());
    assert!(store.delete_survey("1").await.unwrap());
    let clock = FollowUpClock { now: at(0), reminder: SignedDuration::ZERO };
    assert_eq!(store.follow_ups_page(&STATES, None, clock, None, 9).await.unwrap(), []);
}
