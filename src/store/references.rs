//! What refers to tickets that are gone: groups and signals name their ids, and kept answers quote what solved them.
//!
//! Looking goes over everything that may refer to something, page by page and beside all else; what is found is then
//! written in small transactions. What is gone is told by the tickets that are there, so that a look which was cut
//! off is made good by the next.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::forget::Forget;
use super::signal::Evidence;
use super::sql::{self, Connection, Json, Row};
use super::{Store, StoreError, column};

/// Rows that are read at a time.
const PAGE: i64 = 200;
/// Ids that are looked up at a time.
const IDS: usize = 500;

/// Rows with other content: predictions by their id, updates by their number.
#[derive(Debug, Default)]
pub(super) struct Contents {
    answers: Vec<(String, Json)>,
    updates: Vec<(i64, Json)>,
}

/// Groups and signals that name something that is gone.
#[derive(Debug, Default)]
pub(super) struct Broken {
    tickets: HashSet<String>,
    surveys: HashSet<String>,
    signals: Vec<String>,
    gaps: Vec<String>,
    /// Whether the words that name a group, which come from its tickets, go too.
    rename: bool,
}

/// A table whose rows quote tickets or name them.
#[derive(Debug, Clone, Copy)]
enum Quoting {
    Answers,
    Updates,
}

/// A group or a signal, with what it names.
struct Naming {
    is_gap: bool,
    id: String,
    tickets: BTreeSet<String>,
    surveys: BTreeSet<String>,
}

impl Naming {
    fn of_signal(row: &Row) -> Result<Self, sqlx::Error> {
        let evidence: Evidence = column::json(row, "evidence")?;
        let mut tickets: BTreeSet<String> = evidence.ticket_ids.into_iter().collect();
        if row.try_get::<&str>("subject_kind")? == "incident" {
            tickets.insert(row.try_get("subject_id")?);
        }
        let surveys = evidence.survey_ids.into_iter().collect();
        Ok(Self { is_gap: false, id: row.try_get("id")?, tickets, surveys })
    }

    fn of_gap(row: &Row, no_ticket: &str) -> Result<Self, sqlx::Error> {
        let mut tickets: BTreeSet<String> = column::json(row, "members")?;
        tickets.retain(|id| !id.starts_with(no_ticket));
        Ok(Self { is_gap: true, id: row.try_get("id")?, tickets, surveys: BTreeSet::new() })
    }
}

impl Store {
    /// Takes out of groups, signals, kept answers and updates what refers to tickets and surveys that are gone; how
    /// many rows were changed. Members of groups that begin with `no_ticket` are none. With `rename`, groups that lost
    /// a ticket lose their telling words too, until the next audit finds others, and those without any ticket go.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then some of it is left for the next time.
    pub async fn forget_references(&self, no_ticket: &str, rename: bool) -> Result<u64, StoreError> {
        let mut rows = 0;
        let broken = self.broken(no_ticket, rename).await?;
        if !(broken.signals.is_empty() && broken.gaps.is_empty()) {
            rows += self.forget(Forget::References(broken)).await?.rows;
        }
        for quoting in [Quoting::Answers, Quoting::Updates] {
            rows += self.unquote(quoting).await?;
        }
        Ok(rows)
    }

    /// Which groups and signals name something that is gone.
    async fn broken(&self, no_ticket: &str, rename: bool) -> Result<Broken, StoreError> {
        let mut named = Vec::new();
        for row in self.rows("SELECT id, subject_kind, subject_id, evidence FROM signals").await? {
            named.push(Naming::of_signal(&row).map_err(|error| self.failed(error))?);
        }
        for row in self.rows("SELECT id, members FROM gap_groups").await? {
            named.push(Naming::of_gap(&row, no_ticket).map_err(|error| self.failed(error))?);
        }
        let tickets = named.iter().flat_map(|naming| naming.tickets.clone()).collect();
        let surveys = named.iter().flat_map(|naming| naming.surveys.clone()).collect();
        let mut broken = Broken {
            tickets: self.gone("tickets", tickets).await?,
            surveys: self.gone("surveys", surveys).await?,
            rename,
            ..Broken::default()
        };
        for Naming { is_gap, id, tickets, surveys } in named {
            let hit = tickets.iter().any(|id| broken.tickets.contains(id))
                || surveys.iter().any(|id| broken.surveys.contains(id));
            match (hit, is_gap) {
                (true, true) => broken.gaps.push(id),
                (true, false) => broken.signals.push(id),
                (false, _) => {}
            }
        }
        Ok(broken)
    }

    async fn rows(&self, statement: &'static str) -> Result<Vec<Row>, StoreError> {
        sql::query(statement).fetch_all(self.readers()).await.map_err(|error| self.failed(error))
    }

    /// Those of `ids` that this table does not have.
    async fn gone(&self, table: &'static str, ids: BTreeSet<String>) -> Result<HashSet<String>, StoreError> {
        let mut gone: HashSet<String> = ids.into_iter().collect();
        let all: Vec<String> = gone.iter().cloned().collect();
        for part in all.chunks(IDS) {
            let ids = column::json_text(part).map_err(|error| self.failed(error))?;
            let query = format!("SELECT id FROM {table} WHERE id IN (SELECT value FROM json_each($1))");
            let query = sql::query_scalar::<String>(AssertSqlSafe(query)).bind(ids);
            for id in query.fetch_all(self.readers()).await.map_err(|error| self.failed(error))? {
                gone.remove(&id);
            }
        }
        Ok(gone)
    }

    /// Takes quotes of tickets that are gone out of kept answers or updates; how many had any.
    async fn unquote(&self, quoting: Quoting) -> Result<u64, StoreError> {
        let (mut after, mut number, mut rows) = (String::new(), 0_i64, 0);
        loop {
            let query = sql::query(quoting.page());
            let page = match quoting {
                Quoting::Answers => query.bind(&after),
                Quoting::Updates => query.bind(number),
            };
            let page = page.bind(PAGE).fetch_all(self.readers()).await.map_err(|error| self.failed(error))?;
            let mut read = Vec::with_capacity(page.len());
            for row in &page {
                let content: Value = column::json(row, "content").map_err(|error| self.failed(error))?;
                match quoting {
                    Quoting::Answers => after = row.try_get("id").map_err(|error| self.failed(error))?,
                    Quoting::Updates => number = row.try_get("id").map_err(|error| self.failed(error))?,
                }
                read.push((after.clone(), number, content));
            }
            if read.is_empty() {
                return Ok(rows);
            }
            let named = read.iter().flat_map(|(_, _, content)| quoting.named(content)).collect();
            let gone = self.gone("tickets", named).await?;
            let contents = quoting.without(read, &gone).map_err(|error| self.failed(error))?;
            if !(contents.answers.is_empty() && contents.updates.is_empty()) {
                rows += self.forget(Forget::Contents(contents)).await?.rows;
            }
        }
    }
}

impl Quoting {
    fn page(self) -> &'static str {
        match self {
            Self::Answers => {
                r#"SELECT id, answer AS content FROM predictions WHERE id > $1
                   AND (answer LIKE '%"similar_tickets":[{%' OR answer LIKE '%"open_tickets":[{%')
                   ORDER BY id LIMIT $2"#
            }
            Self::Updates => {
                r#"SELECT id, content FROM updates WHERE id > $1 AND content LIKE '%"similar":["%'
                   ORDER BY id LIMIT $2"#
            }
        }
    }

    /// The lists in which tickets stand.
    fn lists(self) -> &'static [&'static str] {
        match self {
            Self::Answers => &["/similar_tickets", "/open_tickets"],
            Self::Updates => &["/note/similar"],
        }
    }

    /// Ids of the tickets that a content names.
    fn named(self, content: &Value) -> Vec<String> {
        let lists = self.lists().iter().filter_map(|list| content.pointer(list)?.as_array());
        lists.flatten().filter_map(|entry| ticket_of(entry).map(str::to_owned)).collect()
    }

    /// Those that name tickets that are gone, without them.
    fn without(
        self,
        read: Vec<(String, i64, Value)>,
        gone: &HashSet<String>,
    ) -> Result<Contents, sqlx::Error> {
        let mut contents = Contents::default();
        for (id, number, mut content) in read {
            let before = self.named(&content).len();
            for list in self.lists() {
                if let Some(entries) = content.pointer_mut(list).and_then(Value::as_array_mut) {
                    entries.retain(|entry| ticket_of(entry).is_none_or(|id| !gone.contains(id)));
                }
            }
            if self.named(&content).len() == before {
                continue;
            }
            let content = column::json_text(&content)?;
            match self {
                Self::Answers => contents.answers.push((id, content)),
                Self::Updates => contents.updates.push((number, content)),
            }
        }
        Ok(contents)
    }
}

/// The ticket that an entry of a list is about: an answer quotes it, an update gives its id.
fn ticket_of(entry: &Value) -> Option<&str> {
    entry.as_str().or_else(|| entry.get("id")?.as_str())
}

/// Writes the contents; how many rows.
pub(super) async fn rewrite(connection: &mut Connection, contents: &Contents) -> Result<u64, sqlx::Error> {
    for (id, answer) in &contents.answers {
        let query = sql::query("UPDATE predictions SET answer = $2 WHERE id = $1");
        query.bind(id).bind(answer.clone()).execute(&mut *connection).await?;
    }
    for (id, content) in &contents.updates {
        let query = sql::query("UPDATE updates SET content = $2 WHERE id = $1 AND content <> ''");
        query.bind(*id).bind(content.clone()).execute(&mut *connection).await?;
    }
    Ok((contents.answers.len() + contents.updates.len()) as u64)
}

/// Takes what is gone out of groups and signals; how many rows.
pub(super) async fn tidy(connection: &mut Connection, broken: &Broken) -> Result<u64, sqlx::Error> {
    for id in &broken.signals {
        tidy_signal(connection, id, broken).await?;
    }
    for id in &broken.gaps {
        tidy_gap(connection, id, broken).await?;
    }
    Ok((broken.signals.len() + broken.gaps.len()) as u64)
}

/// A signal without grounds does not stand. An incident is named by its first ticket that is left.
async fn tidy_signal(connection: &mut Connection, id: &str, broken: &Broken) -> Result<(), sqlx::Error> {
    let row = sql::query("SELECT subject_kind, subject_id, evidence FROM signals WHERE id = $1")
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(()) };
    let mut evidence: Evidence = column::json(&row, "evidence")?;
    evidence.ticket_ids.retain(|id| !broken.tickets.contains(id));
    evidence.survey_ids.retain(|id| !broken.surveys.contains(id));
    let mut subject: String = row.try_get("subject_id")?;
    let incident = row.try_get::<&str>("subject_kind")? == "incident";
    if incident && broken.tickets.contains(&subject) {
        subject = evidence.ticket_ids.first().cloned().unwrap_or_default();
    }
    let taken: i64 = sql::query_scalar(
        "SELECT count(*) FROM signals WHERE subject_kind = 'incident' AND subject_id = $1 AND id <> $2
         AND resolved_at IS NULL",
    )
    .bind(&subject)
    .bind(id)
    .fetch_one(&mut *connection)
    .await?;
    let gone = incident && (subject.is_empty() || taken > 0);
    if gone || (evidence.ticket_ids.is_empty() && evidence.survey_ids.is_empty()) {
        sql::query("DELETE FROM signals WHERE id = $1").bind(id).execute(connection).await?;
        return Ok(());
    }
    sql::query("UPDATE signals SET evidence = $2, subject_id = $3 WHERE id = $1")
        .bind(id)
        .bind(column::json_text(&evidence)?)
        .bind(subject)
        .execute(connection)
        .await?;
    Ok(())
}

/// A group without tickets goes, unless people decided about it and it may keep its name.
async fn tidy_gap(connection: &mut Connection, id: &str, broken: &Broken) -> Result<(), sqlx::Error> {
    let row = sql::query("SELECT name, state, members FROM gap_groups WHERE id = $1")
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(()) };
    let mut members: Vec<String> = column::json(&row, "members")?;
    members.retain(|id| !broken.tickets.contains(id));
    let undecided = matches!(row.try_get::<&str>("state")?, "open" | "expired");
    if members.is_empty() && (undecided || broken.rename) {
        sql::query("DELETE FROM gap_groups WHERE id = $1").bind(id).execute(connection).await?;
        return Ok(());
    }
    let name: String = match broken.rename {
        true => format!("a group of {}", members.len()),
        false => row.try_get("name")?,
    };
    sql::query("UPDATE gap_groups SET members = $2, name = $3 WHERE id = $1")
        .bind(id)
        .bind(column::json_text(&members)?)
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}
