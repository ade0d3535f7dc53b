//! What cannot be used is refused at the start, with what to do, through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;

use std::path::Path;

use process::{Service, deskhand, ok, write};

fn copy_bundle(to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// What `deskhand triage` says of a bundle.
fn refusal(bundle: &Path) -> String {
    let run =
        deskhand(&["triage", "--input", "samples/tickets.jsonl", "--model", &bundle.display().to_string()]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stdout.is_empty());
    run.stderr
}

#[test]
fn the_shipped_bundle_is_the_one_its_checksums_name() {
    ok(deskhand(&["doctor", "--data", "/nowhere/at/all"]));
}

#[test]
fn a_bundle_with_a_changed_file_is_refused_with_both_checksums() {
    let dir = tempfile::tempdir().unwrap();
    copy_bundle(dir.path());
    let heads = dir.path().join("heads.safetensors");
    let mut bytes = std::fs::read(&heads).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&heads, bytes).unwrap();
    let told = refusal(dir.path());
    assert!(
        told.contains("heads.safetensors")
            && told.contains("SHA-256")
            && told.contains("fetch the bundle again"),
        "{told}"
    );
}

#[test]
fn a_bundle_of_another_format_or_with_a_misspelt_field_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    copy_bundle(dir.path());
    let manifest = dir.path().join("bundle.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("format = 1", "format = 7")).unwrap();
    assert!(refusal(dir.path()).contains("format 7"));
    std::fs::write(&manifest, text.replace("languages =", "langauges =")).unwrap();
    assert!(refusal(dir.path()).contains("langauges"));
    std::fs::write(&manifest, text.replace("\"heads.safetensors\"", "\"../heads.safetensors\"")).unwrap();
    assert!(refusal(dir.path()).contains("plain file name"));
    assert!(refusal(&dir.path().join("nothing")).contains("not a bundle"));
}

#[test]
fn a_data_folder_belongs_to_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    let service = Service::start(&["--data", &data]);
    let articles = write(dir.path(), "a.jsonl", "{\"id\":\"a\",\"title\":\"A\",\"body\":\"b\"}\n");
    let run = deskhand(&["import", "articles", &articles, "--data", &data]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stderr.contains("another") || run.stderr.contains("Another"), "{}", run.stderr);
    assert!(service.terminate().success(), "a service that is asked to stop ends well");
    ok(deskhand(&["import", "articles", &articles, "--data", &data]));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    if !Path::new("/proc/self").exists() {
        return;
    }
    let run = deskhand(&["serve", "--listen", "127.0.0.1:0", "--data", "/proc/deskhand"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stderr.contains("/proc/deskhand"), "{}", run.stderr);
}

#[test]
fn a_database_that_is_none_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "deskhand.db", &"not a database ".repeat(400));
    let run = deskhand(&["serve", "--listen", "127.0.0.1:0", "--data", &dir.path().display().to_string()]);
    assert_eq!(run.status.code(), Some(1));
    assert!(std::fs::read_to_string(dir.path().join("deskhand.db")).unwrap().starts_with("not a database"));
}

#[test]
fn a_misspelt_setting_and_a_taken_port_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    let config = write(dir.path(), "deskhand.toml", "[server]\nlistn = \"127.0.0.1:0\"\n");
    let run = deskhand(&["serve", "--config", &config, "--data", &data]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stderr.contains("listn"), "{}", run.stderr);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = deskhand(&["serve", "--listen", &address, "--data", &data]);
    assert!(run.stderr.contains(&address), "{}", run.stderr);
}

#[test]
fn labels_that_the_bundle_does_not_know_are_counted_and_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let rows = "{\"body\":\"the printer jams\",\"category\":\"Hardware::Printer and peripherals\"}\n\
                {\"body\":\"the printer jams\",\"category\":\"Gardening\"}\n";
    let input = write(dir.path(), "rows.jsonl", rows);
    let report = ok(deskhand(&["evaluate", "--input", &input, "--format", "json"]));
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["tasks"]["category"]["rows"], 1);
    assert!(report["warnings"].to_string().contains("Gardening"), "{}", report["warnings"]);
}
