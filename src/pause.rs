//! Work that waits while others need the machine.
//!
//! A training takes from those who ask whatever its priority is: its core may be the other half of theirs, and its
//! numbers drive theirs out of the caches. So the process that trains waits, from one step to the next, when the service
//! says so. A process to which nobody says so never waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// What steps wait before.
#[derive(Debug, Default)]
pub struct Gate {
    closed: AtomicBool,
    turning: Mutex<()>,
    opened: Condvar,
}

/// The gate of this process.
static GATE: Gate = Gate { closed: AtomicBool::new(false), turning: Mutex::new(()), opened: Condvar::new() };

/// Before a step of work that can wait: does so for as long as this process is to.
pub fn here() {
    GATE.pass();
}

/// Has this process wait from the next step on, or go on.
pub fn set(waits: bool) {
    GATE.set(waits);
}

impl Gate {
    /// Returns when it is open: at once, after a look at one number, where it is.
    pub fn pass(&self) {
        if !self.closed.load(Ordering::Relaxed) {
            return;
        }
        let mut turning = self.turning.lock().unwrap_or_else(PoisonError::into_inner);
        while self.closed.load(Ordering::Relaxed) {
            turning = self.opened.wait(turning).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Closes or opens it.
    pub fn set(&self, closed: bool) {
        let _turning = self.turning.lock().unwrap_or_else(PoisonError::into_inner);
        self.closed.store(closed, Ordering::Relaxed);
        self.opened.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_comes_to_a_closed_gate_waits_until_it_is_opened() {
        let (gate, (passed, passing)) = (Gate::default(), channel());
        gate.pass();
        gate.set(true);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                gate.pass();
                passed.send(()).unwrap();
            });
            let early = passing.recv_timeout(Duration::from_millis(50));
            assert_eq!(early, Err(RecvTimeoutError::Timeout));
            gate.set(false);
            passing.recv().unwrap();
        });
        gate.pass();
    }
}
