//! What an answer says of failure: the provider's name for it, and how long to wait.

use std::time::Duration;

use serde_json::Value;

use super::pick;
use crate::base::http_client::Response;
use crate::connectors::provider::ErrorShape;

/// The name of the error in an answer that claims success; `None` when all is well.
pub(super) fn fails(body: &Value, shape: &ErrorShape) -> Option<String> {
    let mark = pick::at(body, &shape.path)?;
    if *mark == shape.good {
        return None;
    }
    let name =
        (!shape.name.is_empty()).then(|| pick::text_at(body, &shape.name)).flatten().or_else(|| pick::text(mark));
    Some(name.map_or_else(|| "unnamed".to_owned(), |name| short_name(&name)))
}

/// The name of the error where providers write it: `error`, `error.code`, `error.type`, `status`, `code`.
pub(super) fn error_name(body: &Value) -> String {
    let error = body.get("error");
    let inside = |key: &str| error.and_then(|error| error.get(key));
    let places = [error, inside("code"), inside("type"), inside("status"), body.get("status"), body.get("code")];
    let found = places.into_iter().flatten().filter_map(pick::text).find(|text| !text.is_empty());
    found.map(|name| short_name(&name)).unwrap_or_default()
}

/// A provider's name for something, cut to what a name can be: nothing it quotes of ours comes through.
pub(super) fn short_name(name: &str) -> String {
    let letter = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if name.len() <= 60 && !name.is_empty() && name.chars().all(letter) {
        name.to_owned()
    } else {
        "unnamed".to_owned()
    }
}

/// `Retry-After` in seconds (RFC 9110 10.2.3); the form with a date is not used by these providers and counts as none.
pub(super) fn retry_after(answer: &Response) -> Option<Duration> {
    answer.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}
