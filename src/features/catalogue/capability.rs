//! What this installation can do with a connector: its engine, held against the programs that are there, and the apps that are set.

use schemars::JsonSchema;
use serde::Serialize;

use crate::connectors::Connector;
use crate::engines::{Ability, Engines};

/// What can be done with a connector here and now. Pages, programs and documentation say it from this alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own, and a member of the API")]
pub struct Capability {
    /// The real system is asked whether the details work; otherwise there is no validation, and finalising needs none.
    pub check: bool,
    /// The streams are told by a validation.
    pub discover: bool,
    /// Records are extracted; otherwise a source is finalised without streams.
    pub read: bool,
    /// Records of sources can be written to it.
    pub write: bool,
    /// A recipient can sign in with the provider instead of pasting keys.
    pub sign_in: bool,
    /// The details can be handed to an engine of your own.
    pub hand_off: bool,
}

impl Capability {
    /// From what the connector's engine can do; `has_app` says whether the app of the connector's provider is set.
    pub fn of(engines: &Engines, connector: &Connector, has_app: bool) -> Self {
        let Ability { check, discover, read, write } = engines.ability(connector);
        let sign_in = has_app && connector.oauth().is_some();
        // The details of everything can be fetched.
        Self { check, discover, read, write, sign_in, hand_off: true }
    }

    /// The same in words for a tile: what it does, or that it is for handing off alone.
    pub fn tags(self) -> Vec<&'static str> {
        let all = [("Checks", self.check), ("Reads", self.read), ("Writes", self.write)];
        let tags: Vec<_> = all.into_iter().filter_map(|(tag, does)| does.then_some(tag)).collect();
        if tags.is_empty() { vec!["Hand-off only"] } else { tags }
    }
}
