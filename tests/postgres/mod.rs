//! A PostgreSQL to test with: the one that DESKHAND_TEST_POSTGRES names, else one that is started for this process
//! and is gone with it, else none.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::Secret;

/// Makes a cluster, says where its socket is, and stops it when nobody holds the other end of its input any more,
/// however that came about.
const SERVE: &str = r#"
set -e
dir=$(mktemp -d /tmp/deskhand-postgres.XXXXXX)
"$BIN/initdb" -D "$dir/data" -U deskhand -A trust -E UTF8 --no-locale -N >/dev/null 2>&1
"$BIN/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c port=5432 -c fsync=off -c max_connections=500 \
    -c shared_buffers=64MB -c max_locks_per_transaction=256 >"$dir/log" 2>&1 </dev/null &
server=$!
for try in $(seq 600); do grep -q ready "$dir/data/postmaster.pid" 2>/dev/null && break; sleep 0.1; done
echo "$dir"
read -r line || true
kill -QUIT $server
wait $server || true
rm -rf "$dir"
"#;

/// A server, and the process that ends with this one.
struct Server {
    url: String,
    _keeper: Option<Child>,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

/// The address of a PostgreSQL, if there is one; says so once where there is none.
pub fn server() -> Option<&'static str> {
    let server = SERVER.get_or_init(|| {
        let started = match std::env::var("DESKHAND_TEST_POSTGRES") {
            Ok(url) => Some(Server { url, _keeper: None }),
            Err(_) => start(),
        };
        if started.is_none() {
            // Past the test harness, which keeps what `eprintln!` says to itself.
            let told = "NOT TESTED: there is no PostgreSQL here (postgres and initdb on the path or in /usr/lib/postgresql); what is to be tested with it is not\n";
            std::io::stderr().write_all(told.as_bytes()).unwrap();
        }
        started
    });
    server.as_ref().map(|server| server.url.as_str())
}

/// Where the programs of PostgreSQL are.
pub fn programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    installed.sort();
    let mut all = on_path.chain(installed.into_iter().rev());
    all.find(|folder| ["initdb", "postgres", "pg_ctl"].iter().all(|program| folder.join(program).is_file()))
}

/// A command that runs as somebody who may run PostgreSQL, which root may not.
pub fn as_postgres(program: &str) -> Command {
    let is_root =
        Path::new("/proc/self").metadata().is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--", program]);
    command
}

fn start() -> Option<Server> {
    let mut keeper = as_postgres("sh")
        .args(["-c", SERVE])
        .env("BIN", programs()?)
        .current_dir("/tmp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut folder = String::new();
    BufReader::new(keeper.stdout.take()?).read_line(&mut folder).ok()?;
    let folder = folder.trim();
    let url = format!("postgres://deskhand@localhost/postgres?host={folder}");
    (!folder.is_empty()).then_some(Server { url, _keeper: Some(keeper) })
}

/// An empty store in PostgreSQL that belongs to this folder, or the one that was made for it before.
pub async fn store_of(folder: &Path) -> Option<Secret> {
    let mut hasher = DefaultHasher::new();
    (std::process::id(), folder).hash(&mut hasher);
    let schema = format!("test_{:016x}", hasher.finish());
    let mut connection = PgConnection::connect(server()?).await.expect("the server answers");
    let made = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
    sqlx::query(AssertSqlSafe(made)).execute(&mut connection).await.expect("a schema is made");
    connection.close().await.unwrap();
    Some(in_schema(server()?, &schema))
}

fn in_schema(url: &str, schema: &str) -> Secret {
    let and = if url.contains('?') { '&' } else { '?' };
    Secret::from(format!("{url}{and}application_name={schema}&options=-c%20search_path%3D{schema}"))
}

/// A connection to the store of this folder, past Deskhand.
pub async fn connection(url: &Secret) -> PgConnection {
    PgConnection::connect(url.expose()).await.expect("the server answers")
}

/// A server of a test's own, which it may stop and start; gone with it.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
}

impl Cluster {
    /// Starts one; `None` where there are no programs for it.
    pub fn start() -> Option<Self> {
        let programs = programs()?;
        let made = as_postgres("mktemp").args(["-d", "/tmp/deskhand-cluster.XXXXXX"]).output().ok()?;
        let folder = PathBuf::from(String::from_utf8(made.stdout).ok()?.trim());
        let cluster = Self { folder, programs };
        let data = cluster.folder.join("data");
        let mut initdb = as_postgres(&cluster.programs.join("initdb").display().to_string());
        initdb.args(["-U", "deskhand", "-A", "trust", "-E", "UTF8", "--no-locale", "-N", "-D"]).arg(&data);
        assert!(initdb.current_dir("/tmp").stdout(Stdio::null()).status().ok()?.success());
        cluster.control(&["start"]);
        Some(cluster)
    }

    /// As after a crash of the server: connections break, and what was not committed is gone.
    pub fn restart(&self) {
        self.control(&["restart", "-m", "immediate"]);
    }

    fn control(&self, what: &[&str]) {
        let folder = self.folder.display();
        let mut control = as_postgres(&self.programs.join("pg_ctl").display().to_string());
        control.args(what).arg("-w").arg("-D").arg(self.folder.join("data"));
        control.arg("-l").arg(self.folder.join("log"));
        if what != ["stop", "-m", "immediate"] {
            control
                .arg("-o")
                .arg(format!("-k {folder} -c listen_addresses= -c port=5432 -c max_connections=200"));
        }
        let done = control.current_dir("/tmp").stdin(Stdio::null()).stdout(Stdio::null()).status();
        assert!(done.unwrap().success(), "pg_ctl {what:?}");
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("postgres://deskhand@localhost/postgres?host={}", self.folder.display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.control(&["stop", "-m", "immediate"]);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
