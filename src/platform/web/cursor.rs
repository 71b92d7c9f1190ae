//! Pages of a list as the API sends them: `{count, next, previous, results}`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::{ErrorDetail, Problem};
use crate::platform::db::cursor::{Page, PageCursor, PageRequest};

/// Rows a page has when nobody says.
pub const DEFAULT_LIMIT: u32 = 25;
/// Most rows of a page.
pub const MOST: u32 = 100;

/// Reads the two parameters that every list takes.
///
/// # Errors
/// A limit outside 1 to [`MOST`], or a cursor that no page of ours gave.
pub fn page_request(cursor: Option<&str>, limit: Option<u32>) -> Result<PageRequest, Problem> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MOST).contains(&limit) {
        let text = format!("limit must be a number from 1 to {MOST}.");
        return Err(Problem::invalid_value(ErrorDetail::of("limit", "out_of_range", text)));
    }
    let cursor = match cursor {
        None | Some("") => None,
        Some(text) => Some(PageCursor::parse(text).ok_or_else(|| {
            let text = "cursor must be taken from next or previous of another page.";
            Problem::invalid_value(ErrorDetail::of("cursor", "bad_cursor", text))
        })?),
    };
    Ok(PageRequest { cursor, limit: usize::try_from(limit).unwrap_or(1) })
}

/// A page as it is sent.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub struct PageOut<T> {
    /// Rows in the whole list, with the filters of this request.
    pub count: usize,
    /// Address of the page after this one.
    pub next: Option<String>,
    /// Address of the page before this one.
    pub previous: Option<String>,
    /// The rows of this page.
    pub results: Vec<T>,
}

impl<T> PageOut<T> {
    /// The page of a cut. `address` is the list's address; `query` are the parameters other than the cursor.
    pub fn new<R>(
        cut: Page<R>,
        address: &str,
        query: &[(&str, String)],
        row_of: impl Fn(&R) -> String,
        show: impl Fn(R) -> T,
    ) -> Self {
        let at = |cursor: PageCursor| {
            let mut text = url::form_urlencoded::Serializer::new(String::new());
            let text = text.extend_pairs(query).append_pair("cursor", &cursor.text()).finish();
            format!("{address}?{text}")
        };
        let next = cut.rows.last().filter(|_| cut.has_after).map(|row| at(PageCursor::After(row_of(row))));
        let previous = cut.rows.first().filter(|_| cut.has_before).map(|row| at(PageCursor::Before(row_of(row))));
        Self { count: cut.count, next, previous, results: cut.rows.into_iter().map(show).collect() }
    }
}
