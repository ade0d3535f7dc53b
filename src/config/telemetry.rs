//! Settings of the traces that are sent to a collector.

use std::collections::BTreeMap;

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::Secret;

/// How long each part of a request took, sent to a collector of the site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetrySettings {
    /// Where traces are posted to, by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; absent: nowhere.
    #[garde(inner(custom(address)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traces_url: Option<String>,
    /// Headers sent along, such as `authorization`; a value may be `file:` and the path of a file that holds it.
    #[garde(length(max = 20))]
    pub headers: BTreeMap<String, Secret>,
    /// What the collector calls this service.
    #[garde(length(min = 1, max = 100))]
    pub service_name: String,
    /// Share of requests that are traced, 0 to 1; one whose caller traces it follows the caller.
    #[garde(range(min = 0.0, max = 1.0))]
    pub sample: f64,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self { traces_url: None, headers: BTreeMap::new(), service_name: "deskhand".into(), sample: 1.0 }
    }
}

fn address(url: &str, (): &()) -> garde::Result {
    match url::Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.username().is_empty() => Ok(()),
        _ => Err(garde::Error::new("is no address such as http://127.0.0.1:4318/v1/traces")),
    }
}
