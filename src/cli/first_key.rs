//! The first key of a service that asks for keys: made where there is none that could make others.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;

use crate::access::{Access, Key, NewKey};
use crate::config::Scope;

/// Its file in the data folder.
const FILE: &str = "first-admin-key";

/// Makes a key that may do everything, unless there is one; writes it into a file that only this user may read, and
/// says on stderr where. Not to stderr itself, which service managers keep in their logs.
pub(super) async fn make(access: &Access, data: &Path) -> anyhow::Result<()> {
    let now = Timestamp::now();
    if !access.settings().is_on() || access.has_admin(now) {
        return Ok(());
    }
    let key = Key::generate()?;
    let path = data.join(FILE);
    // The file first: a key that nobody has would keep this from ever making another.
    let told = || format!("the first admin key cannot be written to {}", path.display());
    write(&path, &key.expose()).with_context(told)?;
    let new = NewKey { name: "first admin".into(), scopes: vec![Scope::Admin], expires_at: None };
    access.add_key(&key, new, now).await?;
    writeln!(
        io::stderr(),
        "There was no admin key, so one was made: it is in {}. Move it to a safe place, and make others with POST /v1/keys.",
        path.display()
    )?;
    Ok(())
}

fn write(path: &Path, key: &str) -> io::Result<()> {
    // One from a start that went wrong, perhaps with other rights.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = create(path)?;
    writeln!(file, "{key}")?;
    file.sync_all()
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
