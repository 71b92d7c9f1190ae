//! From tokens, chosen accounts and answers to what goes into the configuration.

use std::borrow::Cow;

use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::{Account, AppSecrets, Tokens};
use crate::base::forms::FieldError;
use crate::connectors::provider::{DotPath, Encoding, Inputs, Landing, LandingOutput, ProviderBlock, Template};
use crate::schema::form::{Submission, import_config};
use crate::schema::spec::Spec;

/// A part of a configuration, with secrets in it: it cannot be printed.
#[derive(Clone, Default, PartialEq)]
pub struct ConfigPatch(Map<String, Value>);

impl ConfigPatch {
    /// The part, with its secrets.
    pub const fn expose(&self) -> &Map<String, Value> {
        &self.0
    }

    /// As a change that can be put on a draft.
    ///
    /// # Errors
    /// The spec has no such places, or of another type; the errors hold no values.
    pub fn submission(&self, spec: &Spec) -> Result<Submission, Vec<FieldError>> {
        import_config(spec, &Value::Object(self.0.clone()))
    }

    fn put(&mut self, path: &DotPath, value: Value) {
        put(&mut self.0, path.keys(), value);
    }
}

impl std::fmt::Debug for ConfigPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ConfigPatch").field(&self.0.keys()).finish()
    }
}

/// What a sign-in writes into the configuration: the constant of its branch, tokens, until when, kept values, answers, and the chosen
/// accounts (`None` leaves what stands there; an empty choice takes it away, where the block allows one). `None` when an id cannot be
/// written as the connector wants it.
pub fn outputs(
    block: &ProviderBlock,
    tokens: &Tokens,
    inputs: &Inputs,
    chosen: Option<&[Account]>,
) -> Option<ConfigPatch> {
    let mut patch = ConfigPatch::default();
    let landing = landing_for(&block.landing, tokens);
    if let Some(when) = &landing.when {
        patch.put(&when.path, when.value.clone());
    }
    for (output, path) in &landing.outputs {
        let value = match output {
            LandingOutput::AccessToken => Some(json!(tokens.access_token.expose_secret())),
            LandingOutput::RefreshToken => tokens.refresh_token.as_ref().map(|token| json!(token.expose_secret())),
            LandingOutput::TokenExpiryDate => tokens.expires_at.map(|end| json!(end.iso())),
        };
        if let Some(value) = value {
            patch.put(path, value);
        }
    }
    for (name, path) in &landing.kept {
        if let Some(kept) = tokens.kept.get(name) {
            patch.put(path, json!(kept));
        }
    }
    for rule in &block.inputs {
        if let (Some(path), Some(answer)) = (&rule.path, inputs.get(&rule.name)) {
            patch.put(path, rule.config_value(answer));
        }
    }
    if let (Some(rules), Some(chosen)) = (&block.accounts, chosen) {
        patch.put(&rules.target.path, written(&rules.target.encoding, chosen)?);
    }
    Some(patch)
}

/// The landing that fits what came: another one when a needed refresh token did not.
pub(super) fn landing_for<'a>(landing: &'a Landing, tokens: &Tokens) -> &'a Landing {
    match &landing.without_refresh_token {
        Some(other) if tokens.refresh_token.is_none() => other,
        _ => landing,
    }
}

/// Chosen accounts as the connector wants them; null for none.
fn written(encoding: &Encoding, chosen: &[Account]) -> Option<Value> {
    let ids = || chosen.iter().map(|account| account.id.as_str());
    if chosen.is_empty() {
        return Some(Value::Null);
    }
    Some(match encoding {
        Encoding::ArrayString => json!(ids().collect::<Vec<_>>()),
        Encoding::ArrayInt => json!(ids().map(|id| id.parse::<i64>().ok()).collect::<Option<Vec<_>>>()?),
        Encoding::CommaString if ids().any(|id| id.contains(',')) => return None,
        Encoding::CommaString => json!(ids().collect::<Vec<_>>().join(",")),
        Encoding::Single if chosen.len() > 1 => return None,
        Encoding::Single => json!(ids().next()?),
        Encoding::Objects(template) => Value::Array(chosen.iter().map(|account| object(template, account)).collect()),
    })
}

fn object(template: &Value, account: &Account) -> Value {
    match template {
        Value::String(text) => {
            let slot = |name: &str| match name {
                "id" => Some(Cow::Borrowed(account.id.as_str())),
                "label" => Some(Cow::Borrowed(account.label.as_str())),
                _ => None,
            };
            let filled = Template::parse(text).ok().and_then(|template| template.fill(slot));
            filled.map_or_else(|| template.clone(), Value::String)
        }
        Value::Object(object_) => {
            Value::Object(object_.iter().map(|(key, value)| (key.clone(), object(value, account))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(|value| object(value, account)).collect()),
        other => other.clone(),
    }
}

/// Adds the values of the operator's app to a configuration that a program gets: they are the operator's and never saved with it.
pub fn add_constants(block: &ProviderBlock, app: &AppSecrets, config: &mut Map<String, Value>) {
    for (name, constant) in &block.constants {
        let value = match name.as_str() {
            "client_id" => Some(app.client_id.as_str()),
            "client_secret" => Some(app.client_secret.expose_secret()),
            other => app.constants.get(other).map(|value| value.expose_secret()),
        };
        if let (Some(path), Some(value)) = (&constant.path, value) {
            put(config, path.keys(), json!(value));
        }
    }
}

/// Writes a value at a path; what is in the way and no object gives way.
fn put(object: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => {
            object.insert(key.clone(), value);
        }
        [key, rest @ ..] => {
            let inner = object.entry(key.clone()).or_insert_with(|| json!({}));
            if !inner.is_object() {
                *inner = json!({});
            }
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
