//! A stage is run whole, once, by whoever is there.

use std::sync::atomic::AtomicUsize;

use proptest::prelude::*;

use super::*;
use crate::testing::cases;

/// Helps, with an end to `patience`: a helper that counts down while it waits and then goes elsewhere.
fn help_for(team: &Team, patience: usize) {
    let turns = AtomicUsize::new(0);
    team.help(&|| turns.fetch_add(1, Ordering::Relaxed) >= patience);
}

/// A team that is open until this is dropped, so that a failing test does not wait for its helpers.
struct Opened<'a>(&'a Team);

fn open(team: &Team) -> Opened<'_> {
    team.open();
    Opened(team)
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Leads stages of these numbers of units; each unit notes that it ran, in memory that is not atomic.
fn lead(team: &Team, stages: &[usize]) {
    for &units in stages {
        let notes: Vec<UnsafeCell<usize>> = (0..units).map(|_| UnsafeCell::new(0)).collect();
        let notes = Notes(&notes);
        team.run(units, &|unit| notes.add(unit));
        assert!(notes.0.iter().all(|note| unsafe { *note.get() } == 1), "a stage of {units} units");
    }
}

/// A place for each unit. If two threads got the same unit, or the leader did not wait for all, this
/// would be a race, which the thread sanitizer and Miri see.
struct Notes<'a>(&'a [UnsafeCell<usize>]);

// SAFETY: each place is written by the one thread that has its unit; that is what is tested.
unsafe impl Sync for Notes<'_> {}

impl Notes<'_> {
    fn add(&self, unit: usize) {
        // SAFETY: as above.
        unsafe { *self.0[unit].get() += 1 }
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn every_unit_of_every_stage_is_run_once_whoever_comes_late_or_leaves_early(
        stages in prop::collection::vec(0usize..70, 1..40),
        early in prop::collection::vec(prop_oneof![0usize..2_000, Just(usize::MAX)], 0..3),
        late in prop::collection::vec(prop_oneof![0usize..2_000, Just(usize::MAX)], 0..3),
    ) {
        let team = Team::default();
        let team = &team;
        let helper = |patience| move || help_for(team, patience);
        std::thread::scope(|scope| {
            let _opened = open(team);
            let (before, after) = stages.split_at(stages.len() / 2);
            early.into_iter().for_each(|patience| { scope.spawn(helper(patience)); });
            lead(team, before);
            late.into_iter().for_each(|patience| { scope.spawn(helper(patience)); });
            lead(team, after);
        });
    }

    #[test]
    fn two_leaders_of_one_team_do_not_disturb_each_other(
        one in prop::collection::vec(0usize..40, 1..30), other in prop::collection::vec(0usize..40, 1..30),
    ) {
        let team = Team::default();
        std::thread::scope(|scope| {
            let _opened = open(&team);
            scope.spawn(|| team.help(&|| false));
            let leaders = [scope.spawn(|| lead(&team, &one)), scope.spawn(|| lead(&team, &other))];
            let failed = leaders.map(|leader| leader.join().is_err());
            assert_eq!(failed, [false, false]);
        });
    }
}

#[test]
fn a_unit_may_run_a_stage_itself() {
    let team = Team::default();
    let count = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let _opened = open(&team);
        scope.spawn(|| team.help(&|| false));
        team.run(5, &|_| {
            team.run(7, &|_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
        });
    });
    assert_eq!(count.into_inner(), 35);
}

#[test]
#[cfg_attr(miri, ignore = "half a million units take Miri minutes")]
fn a_stage_of_more_units_than_can_be_counted_is_run_alone() {
    let team = Team::default();
    team.open();
    let count = AtomicUsize::new(0);
    team.run(MOST_UNITS + 3, &|_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(count.into_inner(), MOST_UNITS + 3);
}

#[test]
fn stages_go_on_after_their_count_has_come_round() {
    let team = Team::default();
    // As after sixteen million stages.
    team.state.store(u64::MAX << (2 * BITS), Ordering::Relaxed);
    team.open();
    lead(&team, &[3, 5, 2]);
}

#[test]
fn a_panic_of_a_unit_reaches_the_leader_and_frees_the_helpers() {
    let team = Team::default();
    std::thread::scope(|scope| {
        let _opened = open(&team);
        scope.spawn(|| team.help(&|| false));
        let failed = catch_unwind(AssertUnwindSafe(|| team.run(8, &|unit| assert_ne!(unit, 5))));
        assert!(failed.is_err());
        team.run(8, &|_| {});
    });
}
