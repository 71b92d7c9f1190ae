//! Is a draft complete, and if so, what configuration does the connector get?

use serde_json::Value;
use zeroize::Zeroize as _;

use super::assemble::Assembly;
use super::{Audience, KnownValues, Spec, Values};
use crate::base::forms::{FieldError, FieldRef};

/// A finished configuration. It holds every secret, so it cannot be printed.
#[derive(Clone, PartialEq)]
pub struct FinalConfig(Value);

impl FinalConfig {
    /// The configuration with its secrets, for the connector alone.
    #[must_use]
    pub const fn expose(&self) -> &Value {
        &self.0
    }

    /// The same values in another shape; they are wiped from memory like these.
    #[must_use]
    pub fn reshaped(&self, reshape: impl FnOnce(&Value) -> Value) -> Self {
        Self(reshape(&self.0))
    }

    /// The same, owned.
    #[must_use]
    pub fn into_exposed(mut self) -> Value {
        std::mem::take(&mut self.0)
    }
}

impl Drop for FinalConfig {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        _ => {}
    }
}

impl std::fmt::Debug for FinalConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FinalConfig(…)")
    }
}

/// What a draft comes to.
#[derive(Debug)]
pub struct Completion {
    /// Required fields without a value, in the order of the form.
    pub missing: Vec<FieldRef>,
    /// Values that break a rule of their field.
    pub problems: Vec<FieldError>,
    /// The configuration with defaults, constants and hidden values; only when nothing is missing and nothing wrong.
    pub config: Option<FinalConfig>,
    /// Where the spec's own schema still refuses that configuration: for the operator's log, without any value. The
    /// form and the schema then disagree, and the schema has usually a rule that no form can show.
    pub disagreement: Option<String>,
}

/// Judges and completes.
#[must_use]
pub fn complete(spec: &Spec, values: &Values) -> Completion {
    let mut assembly = Assembly::new(&values.secrets, false);
    let config = assembly.whole(spec.root(), &values.plain);
    let (missing, problems): (Vec<FieldError>, Vec<FieldError>) =
        assembly.found.into_iter().partition(|error| error.code.is_missing());
    let whole = missing.is_empty() && problems.is_empty();
    let disagreement = whole.then(|| spec.disagreement(&config)).flatten();
    Completion {
        missing: missing.iter().map(reference).collect(),
        problems,
        config: whole.then_some(FinalConfig(config)),
        disagreement,
    }
}

/// The configuration as far as it is known, for hand-offs: defaults and constants are in it, and null in the place of every secret.
#[must_use]
pub fn sketch(spec: &Spec, known: &KnownValues) -> Value {
    Assembly::new(&known.secret_paths, false).whole(spec.root(), &known.plain)
}

/// The same with the rows of a list by their ids, so that two of them can be compared row by row.
pub(super) fn sketch_by_row(spec: &Spec, known: &KnownValues) -> Value {
    Assembly::new(&known.secret_paths, false).by_row().whole(spec.root(), &known.plain)
}

/// The required fields nobody has filled: those of the chosen branches only, and none that has a default.
#[must_use]
pub fn missing_required(spec: &Spec, known: &KnownValues) -> Vec<FieldRef> {
    let mut assembly = Assembly::new(&known.secret_paths, false);
    assembly.whole(spec.root(), &known.plain);
    missing_in(assembly)
}

/// The same of those that somebody is asked for.
#[must_use]
pub fn missing_asked(spec: &Spec, known: &KnownValues, who: &Audience) -> Vec<FieldRef> {
    let mut assembly = Assembly::new(&known.secret_paths, false).asking(who.asks());
    assembly.whole(spec.root(), &known.plain);
    missing_in(assembly)
}

fn missing_in(assembly: Assembly<'_>) -> Vec<FieldRef> {
    assembly.found.iter().filter(|error| error.code.is_missing()).map(reference).collect()
}

pub(super) fn reference(error: &FieldError) -> FieldRef {
    let title =
        error.within.as_ref().map_or_else(|| error.label.clone(), |within| format!("{within}: {}", error.label));
    FieldRef { path: error.path.clone(), title, secret: error.secret }
}
