//! What must hold of every rule, whatever the history.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::config::{SignalSettings, Zone};
use crate::signals::check::{of_account, of_ticket};
use crate::store::SubjectKind;

const HOUR: i64 = 3_600;

/// A ticket of the last 100 days before `now`, in hours.
fn any_ticket(now: Timestamp) -> impl Strategy<Value = TicketTimeline> {
    let kinds = prop::sample::select(vec![
        EventKind::Acknowledged,
        EventKind::AgentReply,
        EventKind::RequesterReply,
        EventKind::Reopened,
    ]);
    let events = prop::collection::vec((0..2_400_i64, kinds), 0..6);
    let ago = move |hours: i64| now - SignedDuration::from_secs(hours * HOUR);
    (0..2_400_i64, events, -48..48_i64, prop::bool::weighted(0.3), 0..3_usize).prop_map(
        move |(created, events, due, is_solved, category)| {
            let mut events: Vec<TicketEvent> = events
                .into_iter()
                .map(|(hours, kind)| TicketEvent { at: ago(hours.min(created)), kind })
                .collect();
            events.sort_unstable();
            TicketTimeline {
                created_at: Some(ago(created)),
                due_at: (due % 3 != 0).then(|| ago(due)),
                first_response_due_at: (due % 2 == 0).then(|| ago(due)),
                status: is_solved.then_some(TicketStatus::Solved),
                category: ["A", "B"].get(category).map(|name| (*name).to_owned()),
                reopened: events.iter().filter(|event| event.kind == EventKind::Reopened).count() as u32,
                events,
                ..ticket("1", "2026-01-01T00:00:00Z")
            }
        },
    )
}

proptest! {
    #[test]
    fn what_a_rule_says_stays_true_until_it_asks_to_be_looked_at_again(
        (now, mut tickets, surveys) in (1_700_000_000..1_800_000_000_i64).prop_flat_map(|second| {
            let now = Timestamp::from_second(second).unwrap();
            let tickets = prop::collection::vec(any_ticket(now), 0..12);
            (Just(now), tickets, prop::collection::vec((0..2_400_i64, any::<bool>()), 0..4))
        }),
        share in 0.0..1.0_f64,
        name in prop::sample::select(vec![BERLIN, NEW_YORK, KOLKATA, "UTC", "Asia/Beirut"]),
    ) {
        let settings = SignalSettings { time_zone: Zone(zone(name)), ..SignalSettings::default() };
        tickets.sort_by_key(|ticket| ticket.created_at);
        let mut surveys: Vec<Answered> = surveys.into_iter().map(|(hours, low)| Answered {
            id: hours.to_string(), ticket_id: None, at: now - SignedDuration::from_secs(hours * HOUR), low,
        }).collect();
        surveys.sort_by_key(|survey| survey.at);
        let account = AccountHistory { tickets, surveys };
        let say = |now| {
            let of_tickets = account.tickets.iter().flat_map(|ticket| of_ticket(ticket, Some(40), &settings, now));
            let mut said: Vec<_> = of_tickets.collect();
            said.extend(of_account(&account, SubjectKind::Requester, &settings, now));
            said
        };
        for (place, (rule, verdict)) in say(now).into_iter().enumerate() {
            // Of what is never to be looked at again a year says enough.
            let until = verdict.again_at.unwrap_or(now + SignedDuration::from_hours(24 * 365));
            prop_assert!(until > now, "{rule:?} asks for a time that is over");
            let wait = (until.duration_since(now).as_secs() as f64 * share) as i64;
            for later in [now + SignedDuration::from_secs(wait), until - SignedDuration::from_secs(1)] {
                let holds = say(later.max(now))[place].1.evidence.is_some();
                prop_assert_eq!(holds, verdict.evidence.is_some(), "{:?} at {} and {}", rule, now, later);
            }
        }
    }
}
