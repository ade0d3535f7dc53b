//! serve
use clap::Args;
#[derive(Args)]
pub(super) struct Serve {}
impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<super::Outcome> {
        Ok(super::Outcome::Clean)
    }
}
