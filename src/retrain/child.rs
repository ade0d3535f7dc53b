//! The process that trains: the same program, at the lowest priority, which ends with the one that began it.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::RetrainError;

/// What is kept of what a training that failed said, in bytes.
const SAID: usize = 2_000;
/// The niceness of the lowest priority.
#[cfg(unix)]
const LOWEST: i32 = 19;

/// Has `program` train what the order in `work` asks for, and waits for its end. It ends when this is dropped, and
/// when this process ends however that may be: its standard input is then closed.
pub(super) async fn train(program: &Path, work: &Path) -> Result<(), RetrainError> {
    let failed = |error: std::io::Error| RetrainError::Child(format!("could not be started: {error}"));
    let mut child = Command::new(program)
        .args(["retrain", "--work"])
        .arg(work)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    // Held open for as long as the child may live.
    let input = child.stdin.take();
    let mut said = Vec::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_end(&mut said).await.map_err(failed)?;
    }
    let status = child.wait().await.map_err(failed)?;
    drop(input);
    if status.success() {
        return Ok(());
    }
    let last = &said[said.len().saturating_sub(SAID)..];
    let last = String::from_utf8_lossy(last);
    let reason = last.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(RetrainError::Child(format!("failed ({status}): {reason}")))
}

/// Gives this process the lowest priority, where the system has one: it takes what nobody else wants.
pub fn of_lowest_priority() {
    #[cfg(unix)]
    // Where it is refused the training is as polite as its few threads.
    let _ = rustix::process::nice(LOWEST);
}

/// Ends this process when the one that began it is gone: when standard input is closed.
pub fn until_abandoned() {
    std::thread::spawn(|| {
        let mut input = std::io::stdin().lock();
        let mut byte = [0];
        while matches!(input.read(&mut byte), Ok(1..)) {}
        std::process::exit(1);
    });
}
