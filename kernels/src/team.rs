//! Threads that help one another with one text.
//!
//! The leader goes through stages; the units of a stage are taken one by one by whoever is there, and
//! the next stage begins when all units are done. Helpers may come late or never: no stage waits for a
//! thread that has not taken a unit. Waiting is spinning, since a stage lasts microseconds.

use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// Bits of `state` that count the units taken, and those that hold the number of units.
const BITS: u32 = 20;
const MASK: u64 = (1 << BITS) - 1;
/// Units that helpers are called for; the other half of the count is for threads that come too late.
const MOST_UNITS: usize = 1 << (BITS - 1);
/// Turns of waiting before a thread offers its core to others.
const PATIENCE: u32 = 2_000;

/// Keeps what is in it apart from its neighbours.
#[repr(align(128))]
struct Lone<T>(T);

/// A leader and its helpers.
pub struct Team {
    /// The stage's number, its units, and how many of these are taken: one word, so that a unit can
    /// never be taken of another stage than the one it is run for.
    state: AtomicU64,
    /// Units of this stage that are done. On a cache line of its own, since it changes while those who
    /// wait look at `state`.
    done: Lone<AtomicUsize>,
    /// Helpers that are there now.
    helpers: AtomicUsize,
    open: AtomicBool,
    /// Whether a stage is under way.
    led: AtomicBool,
    failed: AtomicBool,
    work: UnsafeCell<Option<*const Work<'static>>>,
}

// SAFETY: `work` is written only by the one thread that has set `led`, only while no unit of a stage is out,
// and read only by threads that have taken one; all that is ordered by `led`, `state` and `done`.
unsafe impl Sync for Team {}
// SAFETY: the pointer is used only during `run`, whose caller keeps what it points to alive.
unsafe impl Send for Team {}

impl Default for Team {
    fn default() -> Self {
        Self {
            state: AtomicU64::new(0),
            done: Lone(AtomicUsize::new(0)),
            helpers: AtomicUsize::new(0),
            open: AtomicBool::new(false),
            led: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            work: UnsafeCell::new(None),
        }
    }
}

impl std::fmt::Debug for Team {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Team").field("open", &self.open).finish_non_exhaustive()
    }
}

impl Team {
    /// Lets helpers in. For the leader, as is [`Team::close`].
    pub fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// Sends helpers away.
    pub fn close(&self) {
        self.open.store(false, Ordering::Release);
    }

    /// Threads that a stage may be shared by now, at least 1.
    pub(crate) fn size(&self) -> usize {
        if self.open.load(Ordering::Relaxed) { 1 + self.helpers.load(Ordering::Relaxed) } else { 1 }
    }

    /// Runs `work` for each unit in 0..units, this thread and the helpers together; returns when all
    /// are done. Panics if a unit panicked. Whoever comes while another leads, or from within a unit,
    /// goes alone.
    pub(crate) fn run(&self, units: usize, work: &Work<'_>) {
        let alone = units <= 1 || units > MOST_UNITS || !self.open.load(Ordering::Relaxed);
        if alone || self.led.swap(true, Ordering::Acquire) {
            (0..units).for_each(work);
            return;
        }
        self.lead(units, work);
        let failed = self.failed.swap(false, Ordering::Relaxed);
        self.led.store(false, Ordering::Release);
        assert!(!failed, "a unit panicked");
    }

    /// The stage itself. Nothing in here may unwind while units are out: they use what `work` borrows.
    fn lead(&self, units: usize, work: &Work<'_>) {
        self.done.0.store(0, Ordering::Relaxed);
        // SAFETY: all units of the last stage are done, so nobody reads the cell; and the pointer is not
        // followed after this function returns, since it returns only when all units are done.
        unsafe {
            *self.work.get() = Some(std::mem::transmute::<*const Work<'_>, *const Work<'static>>(work))
        };
        let stage = (self.state.load(Ordering::Relaxed) >> (2 * BITS)) + 1;
        self.state.store(stage << (2 * BITS) | (units as u64) << BITS, Ordering::Release);
        while self.take_unit() {}
        let mut turns = 0;
        while self.done.0.load(Ordering::Acquire) < units {
            wait(&mut turns);
        }
    }

    /// Works for the leader until the team is closed, or until the helper is `wanted` elsewhere.
    pub fn help(&self, wanted: &dyn Fn() -> bool) {
        let mut turns = 0;
        self.helpers.fetch_add(1, Ordering::Relaxed);
        while self.open.load(Ordering::Acquire) && !wanted() {
            if self.take_unit() {
                turns = 0;
            } else {
                wait(&mut turns);
            }
        }
        self.helpers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes a unit and runs it; false if none is left.
    fn take_unit(&self) -> bool {
        let left = |state: u64| (state & MASK) < (state >> BITS & MASK);
        // Looking first keeps those who wait from counting the state up for ever.
        if !left(self.state.load(Ordering::Relaxed)) {
            return false;
        }
        let state = self.state.fetch_add(1, Ordering::Acquire);
        if !left(state) {
            return false;
        }
        // SAFETY: a unit is taken, so the stage is not over and the leader leaves the cell alone.
        if let Some(work) = unsafe { *self.work.get() } {
            // SAFETY: the leader's `run` has not returned, so what `work` points to is alive.
            let work = unsafe { &*work };
            if catch_unwind(AssertUnwindSafe(|| work((state & MASK) as usize))).is_err() {
                self.failed.store(true, Ordering::Relaxed);
            }
        }
        self.done.0.fetch_add(1, Ordering::Release);
        true
    }
}

fn wait(turns: &mut u32) {
    *turns += 1;
    if *turns < PATIENCE {
        spin_loop();
    } else {
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests;
