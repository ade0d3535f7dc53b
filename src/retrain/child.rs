//! The process that trains: the same program, at the lowest priority, which ends with the one that began it.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::RetrainError;
use super::turn::Turn;
use crate::pause;

/// How often it is looked whether the process has ended, and whose turn it is.
const LOOK: Duration = Duration::from_millis(10);
/// What it is told on its standard input: to wait from the next step on, and to go on.
const WAIT: u8 = b'w';
const GO_ON: u8 = b'g';
/// Starts a program so that it takes only what nobody else wants: by the scheduler's own class for that, where `chrt` can
/// set it, since the lowest priority alone keeps others waiting for milliseconds; and by that.
const BEHIND: &str = "chrt --idle --pid 0 $$ >/dev/null 2>&1; exec nice -n 19 \"$@\"";
/// Where it says why it failed, in the working folder.
const SAID: &str = "said.txt";
/// Longest reason that is kept, in characters.
const LONGEST: usize = 500;

/// Any number that changes with every question that people ask.
pub type Asked = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Has `program` train what the order in `work` asks for, and waits for its end. While people ask, it waits for most of the
/// time. It ends when this is dropped, and when this process ends however that may be: its standard input is then closed.
pub(super) async fn train(program: &Path, work: &Path, asked: &Asked) -> Result<(), RetrainError> {
    let failed = |error: io::Error| RetrainError::Child(format!("could not be started: {error}"));
    let mut running = Running { child: begin(program, work).map_err(failed)?, works: true };
    let (mut turn, began) = (Turn::default(), Instant::now());
    let status = loop {
        if let Some(status) = running.child.try_wait().map_err(failed)? {
            break status;
        }
        running.tell(turn.is_trainings(asked(), began.elapsed()));
        tokio::time::sleep(LOOK).await;
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

/// Starts it behind everything else. Where there is no shell, its few threads have to do.
fn begin(program: &Path, work: &Path) -> io::Result<Child> {
    let mut behind = Command::new("sh");
    behind.args(["-c", BEHIND, "sh"]).arg(program);
    let begun = spawn(&mut behind, work);
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
struct Running {
    child: Child,
    /// What it was told last.
    works: bool,
}

impl Running {
    fn tell(&mut self, works: bool) {
        if works == self.works {
            return;
        }
        self.works = works;
        if let Some(input) = &mut self.child.stdin {
            // One that does not listen any more has ended, which is seen at the next look.
            let _ = input.write_all(&[if works { GO_ON } else { WAIT }]);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and is only taken note of.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In the process that trains: waits and goes on as it is told, and ends when the one that began it is gone.
pub fn until_abandoned() {
    std::thread::spawn(|| {
        let mut input = io::stdin().lock();
        let mut byte = [0];
        while matches!(input.read(&mut byte), Ok(1..)) {
            pause::set(byte == [WAIT]);
        }
        std::process::exit(1);
    });
}
