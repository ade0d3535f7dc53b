//! The process that trains: the same program, at the lowest priority, which ends with the one that began it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::RetrainError;

/// How often it is looked whether the process has ended.
const LOOK: Duration = Duration::from_millis(200);
/// Where it says why it failed, in the working folder.
const SAID: &str = "said.txt";
/// Longest reason that is kept, in characters.
const LONGEST: usize = 500;

/// Has `program` train what the order in `work` asks for, and waits for its end. It ends when this is dropped, and
/// when this process ends however that may be: its standard input is then closed.
pub(super) async fn train(program: &Path, work: &Path) -> Result<(), RetrainError> {
    let failed = |error: io::Error| RetrainError::Child(format!("could not be started: {error}"));
    let mut running = Running(begin(program, work).map_err(failed)?);
    let status = loop {
        match running.0.try_wait().map_err(failed)? {
            Some(status) => break status,
            None => tokio::time::sleep(LOOK).await,
        }
    };
    if status.success() {
        return Ok(());
    }
    let said = fs::read(work.join(SAID)).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let reason = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let reason: String = reason.chars().take(LONGEST).collect();
    Err(RetrainError::Child(format!("failed ({status}): {reason}")))
}

/// Starts it through `nice`, which every Unix has: then it takes what nobody else wants. Where there is none, its
/// few threads have to do.
fn begin(program: &Path, work: &Path) -> io::Result<Child> {
    let mut nice = Command::new("nice");
    nice.args(["-n", "19"]).arg(program);
    let begun = spawn(&mut nice, work);
    match begun {
        Err(error) if error.kind() == io::ErrorKind::NotFound => spawn(&mut Command::new(program), work),
        begun => begun,
    }
}

fn spawn(command: &mut Command, work: &Path) -> io::Result<Child> {
    let said = File::create(work.join(SAID))?;
    // Small products that all cores share would only take time from those who ask.
    let command = command.args(["retrain", "--work"]).arg(work).env("RAYON_NUM_THREADS", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(said).spawn()
}

/// A process that ends when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and is only taken note of.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Ends this process when the one that began it is gone: when standard input is closed.
pub fn until_abandoned() {
    std::thread::spawn(|| {
        let mut input = io::stdin().lock();
        let mut byte = [0];
        while matches!(input.read(&mut byte), Ok(1..)) {}
        std::process::exit(1);
    });
}
