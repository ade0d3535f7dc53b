#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A ticket of one of several themes: the theme's direction and a little of its own.
fn ticket(theme: usize, number: usize) -> GapTicket {
    let mut embedding = vec![0.0_f32; 16];
    embedding[theme] = 1.0;
    embedding[8 + (theme + number) % 8] += 0.3;
    GapTicket {
        id: format!("t{theme}-{number}"),
        subject: format!("theme {theme} word{theme}"),
        text: format!("theme {theme} word{theme} other{number}"),
        embedding: cluster::unit(embedding),
        answer_confidence: 0.2,
        ..GapTicket::default()
    }
}

fn themes(sizes: &[usize]) -> Vec<GapTicket> {
    let of = |(theme, size): (usize, &usize)| (0..*size).map(move |number| ticket(theme, number));
    sizes.iter().enumerate().flat_map(of).collect()
}

fn known(gaps: &[Gap]) -> Vec<KnownGap> {
    let known = |gap: &Gap| KnownGap {
        id: gap.id.clone(),
        members: gap.members.clone(),
        centroid: gap.centroid.clone(),
    };
    gaps.iter().map(known).collect()
}

/// The id of each ticket's group.
fn ids(gaps: &[Gap]) -> BTreeMap<String, String> {
    gaps.iter().flat_map(|gap| gap.members.iter().map(|member| (member.clone(), gap.id.clone()))).collect()
}

#[test]
fn tickets_of_one_theme_make_a_group_named_by_its_words() {
    let gaps = groups(&themes(&[8, 6, 4]), &[]);
    assert_eq!(gaps.iter().map(|gap| gap.tickets).collect::<Vec<_>>(), [8, 6, 4]);
    assert_eq!(gaps[0].name.split(", ").next(), Some("word0"));
    assert!((gaps[2].cumulative - 1.0).abs() < 1e-9);
}

#[test]
fn a_group_costs_its_tickets_times_minutes_times_dissatisfaction() {
    let mut tickets = themes(&[4, 3]);
    for ticket in &mut tickets[4..] {
        ticket.handling_minutes = Some(30);
        ticket.sentiment = Some(-1.0);
    }
    let gaps = groups(&tickets, &[]);
    assert!((gaps[0].cost - 3.0 * 30.0 * 1.5).abs() < 1e-9);
    // Those that do not say are taken to cost what the house's median ticket does.
    assert!((gaps[1].cost - 4.0 * 30.0).abs() < 1e-9);
}

#[test]
fn a_pair_makes_no_group_and_no_tickets_make_none() {
    assert!(groups(&themes(&[2]), &[]).is_empty());
    assert!(groups(&[], &[]).is_empty());
}

#[test]
fn a_group_of_another_window_is_known_by_its_middle() {
    let first = groups(&themes(&[6, 5]), &[]);
    let mut later = themes(&[6, 5]);
    later.iter_mut().for_each(|ticket| ticket.id = format!("later-{}", ticket.id));
    let found: Vec<String> = groups(&later, &known(&first)).into_iter().map(|gap| gap.id).collect();
    assert_eq!(found, first.iter().map(|gap| gap.id.clone()).collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_same_tickets_in_any_order_give_the_same_ids(
        sizes in prop::collection::vec(3_usize..9, 1..6), shift in 0_usize..40
    ) {
        let tickets = themes(&sizes);
        let mut turned = tickets.clone();
        turned.rotate_left(shift % tickets.len());
        let (one, other) = (groups(&tickets, &[]), groups(&turned, &[]));
        prop_assert_eq!(ids(&one), ids(&other));
        prop_assert_eq!(ids(&one), ids(&groups(&turned, &known(&one))));
    }

    #[test]
    fn more_tickets_keep_the_ids_and_two_groups_never_share_one(
        sizes in prop::collection::vec(3_usize..9, 1..6), more in prop::collection::vec(0_usize..6, 6)
    ) {
        let before = groups(&themes(&sizes), &[]);
        let mut grown: Vec<usize> = sizes.iter().zip(&more).map(|(size, more)| size + more).collect();
        grown.push(4);
        let after = groups(&themes(&grown), &known(&before));
        let (then, now) = (ids(&before), ids(&after));
        for (ticket, id) in &then {
            prop_assert_eq!(now.get(ticket), Some(id));
        }
        let distinct: std::collections::BTreeSet<&String> = after.iter().map(|gap| &gap.id).collect();
        prop_assert_eq!(distinct.len(), after.len());
    }
}
