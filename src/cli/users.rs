//! `deskhand users`: people who sign in to the pages, while the service does not run; `/v1/users` does the same
//! while it does.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{Data, Outcome};
use crate::config::Role;

/// Flags of `deskhand users`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand users add mira --role agent --data kb\n  printf '%s\\n' \"$PASSWORD\" | deskhand users password mira --data kb\n  deskhand users list --data kb\n\nA password is asked for at the terminal, or read from a line of stdin; never from a flag, which other\nusers of the machine could see.\nA data folder belongs to one process: while the service runs, use /v1/users of its HTTP API."
)]
pub(super) struct Users {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Add somebody
    Add {
        /// The name to sign in with: letters, digits and any of . _ @ -
        #[arg(value_name = "NAME")]
        name: String,
        /// What they are here for: agent (tickets, suggestions, surveys), owner (articles and audits too), admin
        #[arg(long, value_name = "ROLE")]
        role: Role,
        #[command(flatten)]
        data: Data,
    },
    /// Give somebody another password; their sign-ins end
    Password {
        /// Their name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        data: Data,
    },
    /// Give somebody another role; their sign-ins end
    Role {
        /// Their name
        #[arg(value_name = "NAME")]
        name: String,
        /// agent, owner or admin
        #[arg(value_name = "ROLE")]
        role: Role,
        #[command(flatten)]
        data: Data,
    },
    /// Remove somebody; their sign-ins end
    Remove {
        /// Their name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        data: Data,
    },
    /// List the users, as CSV
    List {
        #[command(flatten)]
        data: Data,
    },
}

impl Users {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        match self.what {
            What::Add { name, role, data } => {
                let password = password()?;
                let (access, store) = data.access().await?;
                let user = access.add_user(&name, &password, role, Timestamp::now()).await?;
                store.close().await?;
                say(&format!("{} may sign in.", user.name))
            }
            What::Password { name, data } => {
                let password = password()?;
                let (access, store) = data.access().await?;
                let user = access.change_user(&name, Some(&password), None).await?;
                store.close().await?;
                say(&format!("{} has another password.", user.name))
            }
            What::Role { name, role, data } => {
                let (access, store) = data.access().await?;
                let user = access.change_user(&name, None, Some(role)).await?;
                store.close().await?;
                say(&format!("{} is {} now.", user.name, user.role.word()))
            }
            What::Remove { name, data } => {
                let (access, store) = data.access().await?;
                access.remove_user(&name).await?;
                store.close().await?;
                say(&format!("{name} is removed."))
            }
            What::List { data } => list(&data).await,
        }
    }
}

async fn list(data: &Data) -> anyhow::Result<Outcome> {
    let (access, store) = data.access().await?;
    let users = access.users().await?;
    store.close().await?;
    let mut table = csv::Writer::from_writer(std::io::stdout().lock());
    table.write_record(["name", "role", "created_at"])?;
    for user in users {
        table.write_record([user.name.as_str(), user.role.word(), &format!("{:.0}", user.created_at)])?;
    }
    table.flush()?;
    Ok(Outcome::Clean)
}

/// A line of stdin, without its end; at a terminal it is asked for and, where the terminal can, not shown.
fn password() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    let asked = stdin.is_terminal();
    if asked {
        write!(std::io::stderr(), "Password: ")?;
        std::io::stderr().flush()?;
    }
    let hidden = asked.then(Hidden::new);
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("the password cannot be read from stdin")?;
    drop(hidden);
    if asked {
        writeln!(std::io::stderr())?;
    }
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        bail!("there is no password; write it as one line to stdin, or at the terminal");
    }
    Ok(password)
}

/// Keeps the terminal from showing what is typed for as long as it lives. `stty` is part of every Unix; where there
/// is none, what is typed is seen, as it would be without this.
struct Hidden;

impl Hidden {
    fn new() -> Self {
        Self::echo("-echo");
        Self
    }

    fn echo(word: &str) {
        let _ = std::process::Command::new("stty").arg(word).status();
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        Self::echo("echo");
    }
}

fn say(text: &str) -> anyhow::Result<Outcome> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(Outcome::Clean)
}
