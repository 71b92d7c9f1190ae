//! What the details of a destination come to: the words that dlt has for it, and the hosts it leads to.

use serde_json::Value;

/// A host that is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedHost {
    pub(super) host: String,
    pub(super) port: u16,
    /// The database there, where it is one that the server's own could be.
    pub(super) database: Option<String>,
    /// Nothing is encrypted on the way.
    pub(super) is_open: bool,
}

/// What a destination's details come to.
pub(super) struct Spot {
    pub(super) factory: &'static str,
    pub(super) arguments: Value,
    /// Where tables are: a schema, a dataset, a folder.
    pub(super) dataset: String,
    pub(super) address: String,
    pub(super) hosts: Vec<NamedHost>,
    /// A table that was made can be taken back.
    pub(super) can_take_back: bool,
    /// The certificate of the authority that the server's own has to be signed by, where one was given.
    pub(super) authority: Option<String>,
}

/// The members of a configuration.
pub(super) struct Details<'a>(pub(super) &'a Value);

impl<'a> Details<'a> {
    /// A text; empty when there is none.
    pub(super) fn text(&self, pointer: &str) -> &'a str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default().trim()
    }

    /// A number of a port, which may stand as text.
    pub(super) fn port(&self, pointer: &str, usual: u16) -> u16 {
        let value = self.0.pointer(pointer);
        let number = value.and_then(Value::as_u64).and_then(|number| u16::try_from(number).ok());
        number.or_else(|| value?.as_str()?.trim().parse().ok()).unwrap_or(usual)
    }
}
