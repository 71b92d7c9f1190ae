//! What a receipt says of a submission: names of fields, never values, and a number to quote.

use std::collections::BTreeSet;

use askama::Template;

use super::link::{KnownLink, RecipientLink};
use super::words::{Asker, When};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldRef;
use crate::base::rng::Rng;
use crate::features::oauth::signed_in_at;
use crate::platform::app::App;
use crate::platform::web::frame::RecipientFrame;

/// Letters and digits that are not taken for each other.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// A fresh number, like VB-7QF2-K9XM.
pub(super) fn receipt_number(rng: &Rng) -> String {
    let code = rng.text(ALPHABET, 8);
    format!("VB-{}-{}", code.get(..4).unwrap_or_default(), code.get(4..).unwrap_or_default())
}

/// One field as a receipt names it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NamedField {
    /// How the form calls it.
    pub title: String,
    /// Whether its value is hidden.
    pub secret: bool,
}

/// The names of fields, as a row keeps them.
pub(crate) fn names(fields: &[FieldRef]) -> AppResult<String> {
    let named: Vec<NamedField> =
        fields.iter().map(|field| NamedField { title: field.title.clone(), secret: field.secret }).collect();
    serde_json::to_string(&named).map_err(AppError::internal)
}

/// The fields of a receipt, read back.
pub(crate) fn read_names(text: Option<&str>) -> AppResult<Vec<NamedField>> {
    text.map_or(Ok(Vec::new()), |text| serde_json::from_str(text).map_err(AppError::internal))
}

/// The names of fields in one line, for the activity log.
pub fn titles(fields: &[FieldRef]) -> String {
    let titles: BTreeSet<&str> = fields.iter().map(|field| field.title.as_str()).collect();
    titles.into_iter().collect::<Vec<_>>().join(", ")
}

/// What the row of a submission says on its receipt.
pub struct ReceiptRow<'a> {
    /// When it came.
    pub sent: When,
    /// Names of the fields that were sent, JSON.
    pub provided: Option<&'a str>,
    /// Names of the fields that were left empty, JSON.
    pub left_empty: Option<&'a str>,
    /// The number to quote.
    pub number: String,
    /// What it is a receipt of.
    pub of: ReceiptOf,
}

/// What a submission did.
pub enum ReceiptOf {
    /// It filled in a connection that was there.
    Filled {
        /// What the connection is called.
        connection: String,
    },
    /// It made connections.
    Made {
        /// How many.
        connections: i32,
        /// Who sent it, possibly empty.
        identity: String,
        /// Whether a member looks at it first.
        waits: bool,
        /// Where to add another connection, as long as the link works.
        again_url: Option<String>,
    },
}

/// The page after sending: names of fields, never values. It needs no token that still opens anything: its key comes from the form that
/// was sent, so only whoever sent it has it.
#[derive(Template)]
#[template(path = "recipient/receipt.html")]
pub struct ReceiptPage {
    frame: RecipientFrame,
    asker: Asker,
    connector: String,
    system: String,
    /// Where they signed in; empty when they typed keys.
    provider: String,
    /// The real system can be asked here whether the details work.
    checks: bool,
    sent: When,
    provided: Vec<NamedField>,
    left_empty: Vec<NamedField>,
    receipt: String,
    of: ReceiptOf,
}

impl ReceiptPage {
    /// The receipt of a submission that came through this link.
    pub(crate) fn new<L: RecipientLink>(app: &App, known: &KnownLink<L>, row: ReceiptRow<'_>) -> AppResult<Self> {
        let provided = read_names(row.provided)?;
        Ok(Self {
            frame: known.frame(app),
            asker: known.asker(),
            connector: known.connector_name(),
            system: known.system(),
            provider: signed_in_at(known.connector.as_deref(), provided.iter().map(|field| field.title.as_str())),
            checks: known.connector.as_deref().is_some_and(|connector| app.engines.ability(connector).check),
            sent: row.sent,
            provided,
            left_empty: read_names(row.left_empty)?,
            receipt: row.number,
            of: row.of,
        })
    }
}

impl ReceiptOf {
    fn again_url(&self) -> Option<&str> {
        match self {
            Self::Made { again_url, .. } => again_url.as_deref(),
            Self::Filled { .. } => None,
        }
    }
}
