//! The real binary as a process, for tests.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What a finished process left.
pub struct Run {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

fn command(args: &[&str]) -> Command {
    // Another build, such as the optimised one, for runs of hours.
    let binary = std::env::var_os("DESKHAND_TEST_BINARY");
    let mut command = Command::new(binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_deskhand").into()));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DESKHAND_")) {
        command.env_remove(name);
    }
    command
}

/// Tells whoever runs the tests, past the harness, which keeps what `eprintln!` says to itself.
#[allow(clippy::explicit_write, reason = "eprintln! is kept by the test harness")]
pub fn say(told: &str) {
    writeln!(std::io::stderr(), "{told}").unwrap();
}

/// Asks again and again until it is so; how long that took.
pub fn soon(what: &str, within: Duration, ask: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !ask() {
        assert!(began.elapsed() < within, "{what}: not within {within:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    began.elapsed()
}

/// Runs a command to its end.
pub fn deskhand(args: &[&str]) -> Run {
    finished(command(args))
}

/// Runs a command to its end, in an environment with these besides.
pub fn deskhand_in(environment: &[(&str, &str)], args: &[&str]) -> Run {
    let mut command = command(args);
    command.envs(environment.iter().copied());
    finished(command)
}

/// Runs a command and kills it so long after.
pub fn run_and_kill(args: &[&str], after: Duration) {
    let mut child = command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Runs a command to its end after a shell has carried out `setup`, such as a limit.
pub fn deskhand_within(setup: &str, args: &[String]) -> Run {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{setup}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_deskhand")]);
    shell.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DESKHAND_")) {
        shell.env_remove(name);
    }
    finished(shell)
}

fn finished(mut command: Command) -> Run {
    let output = command.output().unwrap();
    Run {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What a command that must succeed printed.
pub fn ok(run: Run) -> String {
    assert!(run.status.success(), "{}\n{}", run.status, run.stderr);
    run.stdout
}

/// JSON Lines.
pub fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Writes a file and gives its path.
pub fn write(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A running service; killed when dropped.
pub struct Service {
    child: Child,
    pub address: String,
}

impl Service {
    /// Starts `deskhand serve` on a free port and waits for its ready line.
    pub fn start(args: &[&str]) -> Self {
        Self::start_in(&[], args, Stdio::null())
    }

    /// The same in an environment with these besides, and a place for its log.
    pub fn start_in(environment: &[(&str, &str)], args: &[&str], log: impl Into<Stdio>) -> Self {
        let mut child = command(&[&["serve", "--listen", "127.0.0.1:0"], args].concat())
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit("http://").next().unwrap().to_string();
        assert!(line.contains("ready"), "{line}");
        Self { child, address }
    }

    /// Starts one and kills it so long after, however far it has come.
    pub fn start_and_kill(args: &[&str], after: Duration) {
        run_and_kill(&[&["serve", "--listen", "127.0.0.1:0"], args].concat(), after);
    }

    /// One request on a connection of its own; status and body.
    pub fn request(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        Self::request_at(&self.address, method, path, &[], body)
    }

    /// The same to a service at this address, with further headers.
    pub fn request_at(
        address: &str,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        let said = headers.iter().any(|(name, _)| name == "content-type");
        let json = if said { "" } else { "content-type: application/json\r\n" };
        let further: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{json}{further}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len(),
        )
        .ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, body.to_string()))
    }

    /// A request whose answer is JSON.
    pub fn json(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let (status, body) = self.request(method, path, &text).unwrap();
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    /// The same with a key.
    pub fn json_as(&self, key: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let key = [("authorization".to_owned(), format!("Bearer {key}"))];
        let (status, body) = Self::request_at(&self.address, method, path, &key, &text).unwrap();
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    /// As `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As a service manager stops it; gives the exit status.
    pub fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        self.child.wait().unwrap()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
