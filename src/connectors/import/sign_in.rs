//! How to sign in with the provider, out of what a connector's maker says about it.

use std::sync::LazyLock;

use serde_json::Value;

use crate::connectors::provider::ProviderBlock;
use crate::connectors::provider::airbyte::convert;
use crate::connectors::{ConnectorFile, Connectors};
use crate::schema::spec::Spec;

/// The blocks of the built-in connectors.
static OURS: LazyLock<Vec<(String, ProviderBlock)>> = LazyLock::new(|| {
    // The built-in connectors are tested to load; without them nothing is known.
    let built_in = Connectors::load(None);
    let block = |file: &ConnectorFile| Some((file.slug.clone(), file.oauth.as_deref()?.clone()));
    built_in.map(|all| all.all().iter().filter_map(|one| block(&one.file)).collect()).unwrap_or_default()
});

/// Puts a block into the file when there is one to be made; gives what was not understood.
pub(super) fn add(file: &mut ConnectorFile, auth: &Value) -> Vec<String> {
    let Ok(spec) = Spec::compile(&file.spec) else { return Vec::new() };
    let conversion = convert(auth, &spec, &file.slug, &file.name, &OURS);
    file.oauth = conversion.block;
    conversion.notes
}
