//! Signing in at a link that asks for some fields only: it is offered where it answers nothing else.

use crate::base::forms::FieldPath;
use crate::connectors::Connector;
use crate::connectors::provider::DotPath;
use crate::schema::form::Asks;

fn filled(connector: &Connector) -> Vec<FieldPath> {
    let block = connector.oauth().map(|block| block.filled_paths());
    block.into_iter().flatten().map(DotPath::field).collect()
}

/// Whether signing in answers only what a link asks for.
pub fn answers_only(connector: &Connector, asks: &Asks) -> bool {
    filled(connector).iter().all(|path| asks.names(path))
}

/// What a link asks for, and all that signing in answers when it answers some of that.
pub fn with_sign_in(connector: &Connector, asks: Asks) -> Asks {
    let filled = filled(connector);
    if filled.iter().any(|path| asks.names(path)) { asks.with(filled) } else { asks }
}
