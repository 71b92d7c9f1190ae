//! Where a sign-in's outputs go, by the output specifications.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::keep_known_places;
use crate::connectors::provider::problems::exists;
use crate::connectors::provider::{Constant, DotPath, Landing, LandingOutput, Predicate, ProviderBlock};
use crate::schema::spec::Spec;

const CONFIG_PATH: &str = "path_in_connector_config";

/// Puts the maker's places in the stead of ours.
pub(super) fn land(block: &mut ProviderBlock, auth: &Value, config: &Value, spec: &Spec, notes: &mut Vec<String>) {
    let when = predicate(auth, notes);
    let mut landing = Landing { when: when.clone(), ..Landing::default() };
    for (name, path) in places(config, "complete_oauth_output_specification") {
        match name.as_str() {
            "access_token" => landing.outputs.insert(LandingOutput::AccessToken, path),
            "refresh_token" => landing.outputs.insert(LandingOutput::RefreshToken, path),
            "token_expiry_date" => landing.outputs.insert(LandingOutput::TokenExpiryDate, path),
            // The shop and its like are answers we asked for ourselves.
            other if block.inputs.iter().any(|input| input.name == other) => None,
            other if block.token.keep.iter().any(|kept| kept == other) => landing.kept.insert(other.to_owned(), path),
            other => {
                notes.push(format!("{path}: nothing in the provider's answer is known to be its {other}"));
                None
            }
        };
    }
    let fits = |path: &DotPath| exists(spec.root(), path.keys(), when.as_ref());
    let other = block.landing.without_refresh_token.take();
    landing.without_refresh_token = other.filter(|other| {
        other.paths().all(|path| exists(spec.root(), path.keys(), other.when.as_ref()))
            && landing.outputs.contains_key(&LandingOutput::RefreshToken)
    });
    block.landing = landing;
    block.constants = constants(block, config);
    keep_known_places(&mut block.inputs, fits);
    if let Some(accounts) = block.accounts.take_if(|accounts| !fits(&accounts.target.path)) {
        notes.push(format!(
            "{}: the spec has no such place, so {} are not offered",
            accounts.target.path, accounts.noun
        ));
    }
}

fn predicate(auth: &Value, notes: &mut Vec<String>) -> Option<Predicate> {
    let path = DotPath::of(&keys(auth.get("predicate_key"))?);
    match (path, auth.get("predicate_value").filter(|value| !value.is_null())) {
        (Some(path), Some(value)) => Some(Predicate { path, value: value.clone() }),
        _ => {
            notes.push("its predicate has no value, or a key that cannot be written as a path".to_owned());
            None
        }
    }
}

/// Values of the operator's app that the connector wants, under our names; what only ours has (a developer token the spec forgets) stays.
fn constants(block: &ProviderBlock, config: &Value) -> BTreeMap<String, Constant> {
    let mut constants: BTreeMap<String, Constant> = block
        .constants
        .iter()
        .map(|(name, constant)| (name.clone(), Constant { path: None, ..constant.clone() }))
        .collect();
    for (name, path) in places(config, "complete_oauth_server_output_specification") {
        let ours = match name.as_str() {
            "app_id" | "client_key" => "client_id",
            "secret" | "app_secret" => "client_secret",
            other => other,
        };
        let constant = constants.entry(ours.to_owned()).or_insert_with(|| Constant {
            path: None,
            label: if ours.starts_with("client_") { String::new() } else { in_words(ours) },
            hint: String::new(),
        });
        constant.path = Some(path);
    }
    constants
}

/// Names and places of an output specification.
pub(super) fn places(config: &Value, name: &str) -> Vec<(String, DotPath)> {
    let properties = config.get(name).and_then(|spec| spec.get("properties")).and_then(Value::as_object);
    let place =
        |(name, property): (&String, &Value)| Some((name.clone(), DotPath::of(&keys(property.get(CONFIG_PATH))?)?));
    properties.unwrap_or(&Map::new()).iter().filter_map(place).collect()
}

pub(super) fn keys(value: Option<&Value>) -> Option<Vec<String>> {
    value?.as_array()?.iter().map(|key| key.as_str().map(str::to_owned)).collect()
}

/// `developer_token` as "Developer token".
pub(super) fn in_words(name: &str) -> String {
    let text = name.replace(['_', '-'], " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
