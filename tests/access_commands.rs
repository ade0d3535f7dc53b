//! Keys, users and the trail by command, and what the service does with them, through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;

use std::io::Write as _;
use std::process::{Command, Stdio};

use process::{Service, deskhand, ok, write};
use serde_json::{Value, json};

fn run_with_line(args: &[&str], line: &str) -> std::process::Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_deskhand"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn the_first_start_makes_an_admin_key_and_further_ones_follow_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    let config = write(dir.path(), "deskhand.toml", "[access]\nauthentication = \"on\"\n");
    let service = Service::start(&["--data", &data, "--config", &config]);
    let file = dir.path().join("data/first-admin-key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let admin = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    assert_eq!(service.request("GET", "/health/live", "").unwrap().0, 200);
    assert_eq!(service.request("GET", "/info", "").unwrap().0, 401);
    let as_admin = |method: &str, path: &str, body: &Value| service.json_as(&admin, method, path, body);
    let new = json!({"name": "helpdesk", "scopes": ["triage"]});
    let (status, made) = as_admin("POST", "/v1/keys", &new);
    assert_eq!(status, 200, "{made}");
    let ticket = json!({"ticket": {"id": "1", "subject": "VPN drops", "body": "Every ten minutes."}});
    let helpdesk = made["key"].as_str().unwrap();
    assert_eq!(service.json_as(helpdesk, "POST", "/v1/triage", &ticket).0, 200);
    assert_eq!(service.json_as(helpdesk, "GET", "/v1/keys", &Value::Null).0, 403);
    assert!(service.terminate().success());
    std::fs::remove_file(&file).unwrap();
    let service = Service::start(&["--data", &data, "--config", &config]);
    assert!(!file.exists(), "there is an admin key already");
    assert_eq!(service.json_as(&admin, "GET", "/v1/keys", &Value::Null).0, 200);
}

#[test]
fn a_service_that_others_could_reach_does_not_start_without_authentication() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    for address in ["0.0.0.0:0", "[::]:0"] {
        let run = deskhand(&["serve", "--listen", address, "--data", &data]);
        assert_eq!(run.status.code(), Some(1));
        assert!(
            run.stderr.contains("authentication is off") && run.stderr.contains("[access]"),
            "{}",
            run.stderr
        );
        assert!(run.stdout.is_empty() && !dir.path().join("data").exists());
    }
}

#[test]
fn keys_and_users_are_made_while_the_service_does_not_run_and_open_it_when_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    let made = ok(deskhand(&[
        "keys",
        "create",
        "--name",
        "h",
        "--scope",
        "triage,survey",
        "--expires",
        "90d",
        "--data",
        &data,
    ]));
    let key = made.trim().to_owned();
    let gone = ok(deskhand(&["keys", "create", "--name", "old", "--scope", "admin", "--data", &data]));
    let gone = gone.trim().to_owned();
    let id = gone.split('_').nth(1).unwrap();
    ok(deskhand(&["keys", "revoke", id, "--data", &data]));
    let again = deskhand(&["keys", "revoke", id, "--data", &data]);
    assert!(again.status.code() == Some(1) && again.stderr.contains("keys list"), "{}", again.stderr);
    let listed = ok(deskhand(&["keys", "list", "--data", &data]));
    assert!(
        listed.contains(",h,triage survey,") && listed.contains(id) && !listed.contains(&key),
        "{listed}"
    );
    let unknown = deskhand(&["keys", "create", "--name", "h", "--scope", "root", "--data", &data]);
    assert!(
        unknown.status.code() == Some(2) && unknown.stderr.contains("suggest-customer"),
        "{}",
        unknown.stderr
    );

    let added = run_with_line(
        &["users", "add", "Mira", "--role", "agent", "--data", &data],
        "a horse and a battery\n",
    );
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let short = run_with_line(&["users", "add", "noor", "--role", "agent", "--data", &data], "hunter2\n");
    let told = String::from_utf8(short.stderr).unwrap();
    assert!(!short.status.success() && told.contains("12 characters") && !told.contains("hunter2"), "{told}");
    ok(deskhand(&["users", "role", "mira", "owner", "--data", &data]));
    assert!(ok(deskhand(&["users", "list", "--data", &data])).contains("mira,owner,"));

    let config = write(dir.path(), "deskhand.toml", "[access]\nauthentication = \"on\"\n");
    let service = Service::start(&["--data", &data, "--config", &config]);
    assert_eq!(service.json_as(&key, "GET", "/v1/surveys", &Value::Null).0, 200);
    assert_eq!(service.json_as(&gone, "GET", "/v1/surveys", &Value::Null).0, 401);
    let locked = deskhand(&["keys", "list", "--data", &data]);
    assert!(locked.status.code() == Some(1) && locked.stderr.contains("HTTP API"), "{}", locked.stderr);
}

#[test]
fn the_trail_is_followed_by_command_and_tells_where_it_breaks() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    for name in ["a", "b", "c"] {
        ok(deskhand(&["keys", "create", "--name", name, "--scope", "triage", "--data", &data]));
    }
    let whole = ok(deskhand(&["trail", "verify", "--data", &data]));
    let noted = whole.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(whole.contains("whole: 3 entries") && noted.starts_with("3:"), "{whole}");
    let shown = process::lines(&ok(deskhand(&["trail", "show", "--after", "1", "--data", &data])));
    assert_eq!(
        (shown.len(), &shown[0]["action"], &shown[0]["detail"]["name"]),
        (2, &json!("key.create"), &json!("b"))
    );
    assert!(shown[0]["who"].as_str().unwrap().starts_with("command:"));
    ok(deskhand(&["keys", "create", "--name", "d", "--scope", "triage", "--data", &data]));
    ok(deskhand(&["trail", "verify", "--noted", &noted, "--data", &data]));
    let other = format!("3:{}", "0".repeat(64));
    let broken = deskhand(&["trail", "verify", "--noted", &other, "--data", &data]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(broken.stdout.contains("breaks at entry 3"), "{}", broken.stdout);
}
