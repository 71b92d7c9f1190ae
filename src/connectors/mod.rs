//! Connectors: the types of systems one can connect. They are data files (slug, name, spec, guide, known streams), built in
//! or found in `VESTIBULE_CONNECTORS_DIR`; a file there replaces the built-in connector of the same kind and slug.
//!
//! Invariants: (kind, slug) names one connector; a connector in the list has a spec that compiled.

pub mod api;
mod catalogue;
mod file;
mod guide;
pub mod import;
mod runtime;
pub mod spec;
pub mod spec_form;

use std::sync::Arc;

pub use catalogue::Connectors;
pub use file::{ConnectorFile, KnownStream, Mark};
pub use runtime::{AirbyteBlock, HttpBlock, HttpError, HttpRequest, NoOptions, RuntimeBlock};

use spec::Spec;

/// Whether data is read from a system or written to it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Data is read from it.
    Source,
    /// Data is written to it.
    Destination,
}

impl Kind {
    /// `source` or `destination`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }

    /// Reads `source` or `destination`.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "source" => Some(Self::Source),
            "destination" => Some(Self::Destination),
            _ => None,
        }
    }

    fn from_column(text: String) -> Result<Self, String> {
        Self::from_text(&text).ok_or_else(|| format!("unknown kind {text}"))
    }
}

crate::db::types::text_column!(Kind, Kind::from_column, Kind::as_str);

/// One connector, ready to use.
#[derive(Debug)]
pub struct Connector {
    /// What its file says.
    pub file: ConnectorFile,
    /// The compiled spec.
    pub spec: Spec,
    /// The setup guide as safe HTML; empty when there is none.
    pub guide_html: String,
    /// Whether it came from the operator's folder.
    pub is_custom: bool,
}

impl Connector {
    /// Compiles a file's spec.
    ///
    /// # Errors
    /// The spec cannot be used at all.
    pub fn new(file: ConnectorFile, is_custom: bool) -> anyhow::Result<Arc<Self>> {
        let spec = Spec::compile(&file.spec).map_err(|error| anyhow::anyhow!("{}: {error}", file.slug))?;
        let guide_html = guide::to_html(&file.guide);
        Ok(Arc::new(Self { file, spec, guide_html, is_custom }))
    }

    /// The name, like "Facebook Ads".
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// How to call the recipient's side of it, like "Postgres database".
    pub fn system(&self) -> &str {
        if self.file.system.is_empty() { &self.file.name } else { &self.file.system }
    }
}
