//! What stands before several instances: an nginx with the settings of `docs/operations`, and where there is none, a
//! client that takes them in turn.

#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::process::Service;

/// What a site is told to use.
const EXAMPLE: &str = include_str!("../../docs/operations/nginx.conf");
const INSTANCES: &str = "    server deskhand:8080 resolve max_fails=1 fail_timeout=5s;\n";

/// Runs nginx until nobody holds the other end of its input any more, however that came about.
const RUN: &str = r#"
"$0" -p "$1" -c "$1/nginx.conf" -e "$1/error.log" &
read -r line || true
kill $!
wait $!
"#;

/// Where requests go.
pub(crate) enum Front {
    Nginx(Nginx),
    Turns { addresses: Vec<String>, turn: AtomicUsize },
}

impl Front {
    /// One that divides requests among the services at these addresses; what it needs lies in `folder`.
    pub(crate) fn before(addresses: &[String], folder: &Path) -> Self {
        if let Some(program) = program() {
            return Self::Nginx(Nginx::start(&program, addresses, folder));
        }
        let told = "NOT TESTED: there is no nginx here ($NGINX, on the path or /usr/sbin/nginx); a client takes the instances in turn\n";
        std::io::stderr().write_all(told.as_bytes()).unwrap();
        Self::Turns { addresses: addresses.to_vec(), turn: AtomicUsize::new(0) }
    }

    /// The status of an answer; `None` if there was none.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> Option<u16> {
        let address = match self {
            Self::Nginx(nginx) => &nginx.address,
            Self::Turns { addresses, turn } => next(addresses, turn)?,
        };
        Service::request_at(address, method, path, headers, body).map(|(status, _)| status)
    }
}

/// The next one that can be reached.
fn next<'a>(addresses: &'a [String], turn: &AtomicUsize) -> Option<&'a String> {
    let mut tried =
        addresses.iter().map(|_| &addresses[turn.fetch_add(1, Ordering::Relaxed) % addresses.len()]);
    tried.find(|address| TcpStream::connect(address).is_ok())
}

fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("NGINX") {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("nginx")).find(|program| program.is_file())
}

/// A running nginx; it ends when this is dropped, or with the process that started it.
pub(crate) struct Nginx {
    keeper: Child,
    address: String,
}

impl Nginx {
    fn start(program: &Path, addresses: &[String], folder: &Path) -> Self {
        std::fs::create_dir(folder).unwrap();
        // Somebody else may take the port between the look and the start.
        for _ in 0..3 {
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
            std::fs::write(folder.join("nginx.conf"), settings(&address, addresses)).unwrap();
            let mut sh = Command::new("sh");
            sh.args(["-c", RUN]).arg(program).arg(folder).stdin(Stdio::piped());
            let nginx =
                Self { keeper: sh.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(), address };
            if (0..100).any(|_| nginx.listens()) {
                return nginx;
            }
        }
        unreachable!("nginx: {}", std::fs::read_to_string(folder.join("error.log")).unwrap_or_default());
    }

    fn listens(&self) -> bool {
        thread::sleep(Duration::from_millis(20));
        TcpStream::connect(&self.address).is_ok()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The example with these addresses instead of its own, and all that nginx writes in its own folder.
fn settings(listen: &str, instances: &[String]) -> String {
    let instances: String =
        instances.iter().map(|at| format!("    server {at} max_fails=1 fail_timeout=5s;\n")).collect();
    assert!(
        EXAMPLE.contains(INSTANCES) && EXAMPLE.contains("    listen 443 ssl;\n"),
        "the example has changed"
    );
    let lines = EXAMPLE.lines().filter(|line| !line.trim_start().starts_with("ssl_"));
    let site: String = lines.map(|line| format!("{line}\n")).collect();
    let site = site.replace(INSTANCES, &instances).replace("listen 443 ssl;", &format!("listen {listen};"));
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|of| format!("{of}_temp_path {of};\n"))
        .concat();
    format!(
        "daemon off;\npid pid;\nerror_log error.log;\nworker_processes 2;\nevents {{ worker_connections 256; }}\nhttp {{\n{folders}{site}}}\n"
    )
}
