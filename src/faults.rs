//! Places at which tests let things go wrong: an error, a full disk, a wait, a panic (`tests/failpoints.rs`). Only
//! builds of tests and benches have them, by a feature of the crate `fail`; in all others [`at`] is nothing.

use std::io;

/// Carries out what a test has set for this place.
///
/// # Errors
/// What the test asked for: `return` for an error of the system, `return(full)` for a full disk.
#[inline]
pub fn at(place: &'static str) -> io::Result<()> {
    fail::fail_point!(place, |told: Option<String>| Err(match told.as_deref() {
        Some("full") => io::ErrorKind::StorageFull.into(),
        _ => io::Error::other(format!("the failpoint {place}")),
    }));
    // In other builds nothing above reads it.
    let _ = place;
    Ok(())
}
