//! A file of past tickets, as the commands that read one are told about it.

use std::io::Write as _;
use std::path::Path;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::rows::Progress;
use crate::history::{self, ColumnWish, DateOrder, History, HistoryError, ValueWish, Wishes};

/// Flags that say what a file does not say itself.
#[derive(Args)]
pub(super) struct HistoryFlags {
    /// Where the file comes from [default: known by its columns]
    #[arg(long, value_enum)]
    product: Option<Product>,
    /// What a column is, or `none`; may be given several times: --column "Ticket title=subject"
    #[arg(long, value_name = "COLUMN=FIELD")]
    column: Vec<ColumnWish>,
    /// What a value means, or `none`; may be given several times: --value "priority:Sev1=P1"
    #[arg(long, value_name = "FIELD:VALUE=LABEL")]
    value: Vec<ValueWish>,
    /// Whether day or month comes first in dates such as 03/04/2026
    #[arg(long, value_enum)]
    date_order: Option<Order>,
    /// Where the clocks stand whose times have no zone, such as Europe/Berlin
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    time_zone: Option<TimeZone>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Product {
    Zendesk,
    Zammad,
    Freshdesk,
    Servicenow,
    Jira,
    Plain,
}

#[derive(Clone, Copy, ValueEnum)]
enum Order {
    /// The day first
    Dmy,
    /// The month first
    Mdy,
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_| "there is no such time zone; write a name such as Europe/Berlin, or UTC".to_owned())
}

impl HistoryFlags {
    fn wishes(&self) -> Wishes {
        Wishes {
            product: self.product.map(|product| match product {
                Product::Zendesk => history::Product::Zendesk,
                Product::Zammad => history::Product::Zammad,
                Product::Freshdesk => history::Product::Freshdesk,
                Product::Servicenow => history::Product::ServiceNow,
                Product::Jira => history::Product::Jira,
                Product::Plain => history::Product::Plain,
            }),
            columns: self.column.clone(),
            values: self.value.clone(),
            date_order: self.date_order.map(|order| match order {
                Order::Dmy => DateOrder::Dmy,
                Order::Mdy => DateOrder::Mdy,
            }),
            time_zone: self.time_zone.clone(),
        }
    }

    /// Reads the file once, and shows on stderr what it is taken for; gives how many rows it has, too.
    pub(super) async fn open(&self, path: &Path) -> anyhow::Result<(History, u64)> {
        let (path, wishes) = (path.to_owned(), self.wishes());
        let opened = tokio::task::spawn_blocking(move || {
            let progress = Progress::new("rows looked at", None);
            let opened = History::open(&path, &wishes, &|rows| progress.to(rows));
            progress.finish();
            opened
        });
        let (history, shown) = opened.await??;
        write!(std::io::stderr(), "{shown}")?;
        Ok((history, shown.rows))
    }
}

/// The next rows, read aside.
pub(super) async fn next(
    mut history: History,
    rows: usize,
) -> anyhow::Result<(History, Vec<history::PastRow>)> {
    let read = tokio::task::spawn_blocking(move || {
        let batch = history.batch(rows)?;
        Ok::<_, HistoryError>((history, batch))
    });
    Ok(read.await??)
}
