//! The `advanced_auth` of an imported connector as a block, as far as it goes.
//!
//! Why: many connectors of other makers say where a sign-in's outputs go, and some also say how the sign-in is done. Where the
//! provider is one whose block we have, ours says how; else their own templates do, when all of them are understood. What is not
//! understood is told, and the connector keeps its pasted credentials.
//!
//! Source: the `AdvancedAuth` and `OauthConnectorInputSpecification` messages of the Airbyte protocol.

mod declared;
mod landing;
mod template;

use serde_json::Value;

use super::{InputRule, ProviderBlock};
use crate::schema::spec::Spec;

/// Our blocks, by the short name of their connector.
pub type OwnBlocks<'a> = &'a [(String, ProviderBlock)];

/// What came of an `advanced_auth`.
#[derive(Debug, Clone, Default)]
pub struct Conversion {
    /// The block, when there is one that can be used.
    pub block: Option<Box<ProviderBlock>>,
    /// What was not understood, in words for the operator.
    pub notes: Vec<String>,
}

/// Names other makers give connectors that we have under another name.
const OTHER_NAMES: [(&str, &str); 5] = [
    ("facebook-marketing", "facebook-ads"),
    ("google-analytics-data-api", "google-analytics-4"),
    ("tiktok-marketing", "tiktok-ads"),
    ("google-ads-api", "google-ads"),
    ("linkedin", "linkedin-ads"),
];

/// Makes a block of an `advanced_auth`.
pub fn convert(auth: &Value, spec: &Spec, slug: &str, name: &str, known: OwnBlocks<'_>) -> Conversion {
    let mut notes = Vec::new();
    let refused = |notes: Vec<String>| Conversion { block: None, notes };
    if auth.get("auth_flow_type").and_then(Value::as_str).is_some_and(|kind| kind != "oauth2.0") {
        return refused(vec!["it signs in by something else than OAuth 2.0".to_owned()]);
    }
    let config = auth.get("oauth_config_specification").unwrap_or(&Value::Null);
    let ours = OTHER_NAMES.iter().find(|(theirs, _)| *theirs == slug).map_or(slug, |(_, ours)| *ours);
    let ours = known.iter().find(|(known, _)| known == ours).map(|(_, block)| block.clone());
    let block = match (ours, config.get("oauth_connector_input_specification")) {
        (Some(block), _) => Ok(block),
        (None, Some(declared)) if declared.is_object() => declared::block(declared, config, spec, (slug, name), known),
        (None, _) => Err("it does not say how signing in is done, and its provider is not one we know".to_owned()),
    };
    let mut block = match block {
        Ok(block) => block,
        Err(note) => return refused(vec![note]),
    };
    landing::land(&mut block, auth, config, spec, &mut notes);
    let problems = block.problems(spec);
    if problems.is_empty() {
        return Conversion { block: Some(Box::new(block)), notes };
    }
    notes.extend(problems);
    refused(notes)
}

/// Questions whose answer stands at a place the spec has; a place it does not have is forgotten.
fn keep_known_places(inputs: &mut [InputRule], exists: impl Fn(&super::DotPath) -> bool) {
    for input in inputs {
        input.path = input.path.take().filter(&exists);
    }
}
