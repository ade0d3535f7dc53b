//! The real binary as it is run by a site: its own process, its own data folder, a log that is written.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

/// A running service; killed when dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    pub address: String,
    /// From the start of the process to its ready line.
    pub ready_after: Duration,
}

impl Service {
    /// Starts `deskhand serve --demo` with the data folder and the log in `dir`.
    pub fn start(dir: &Path) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_deskhand"))
            .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir.join("data"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(Stdio::piped())
            .stderr(File::create(dir.join("log"))?)
            .spawn()?;
        let stdout = child.stdout.take().context("the service has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready_after = started.elapsed();
        let address = line.trim().rsplit("http://").next().unwrap_or_default().to_string();
        let service = Self { child, address, ready_after };
        ensure!(line.contains("ready"), "the service did not start; see `deskhand serve --demo`");
        Ok(service)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a service manager does, so that everything is on the disk.
    pub fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").args(["-TERM", &self.pid().to_string()]).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
