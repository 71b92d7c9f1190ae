//! The configuration with a reference in the place of every secret, and of all text that an engine would expand itself.

use serde_json::{Map, Value};

use super::HandOffInput;
use crate::base::forms::FieldPath;
use crate::features::oauth;
use crate::schema::form::{shown_path, sketch};

/// Something that has to be put somewhere: a secret, or text that must not be written down where a shell expands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where it stands in the configuration, as a dot path.
    pub field: String,
    /// The name it has for the engine.
    pub name: String,
    path: FieldPath,
}

/// How an engine writes a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `${SHOP_TOKEN}`
    Shell,
    /// A variable of Terraform; marked here, written without quotes later.
    Terraform,
    /// Left out: dlt finds it by its place.
    Dlt,
}

/// Letters, digits and `_`.
pub(super) fn plain_name(text: &str) -> String {
    let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    letters.collect::<String>().trim_matches('_').to_owned()
}

/// What stands in JSON for a Terraform variable until it loses its quotes.
pub(super) fn terraform_mark(name: &str) -> String {
    format!("\u{1}{name}\u{1}")
}

fn name(input: &HandOffInput<'_>, path: &FieldPath, style: Style) -> String {
    let slug = plain_name(&input.connection.slug);
    match style {
        Style::Shell => format!("{slug}_{}", plain_name(&path.dot())).to_uppercase(),
        Style::Terraform => format!("{slug}_{}", plain_name(&path.dot())).to_lowercase(),
        Style::Dlt => {
            let parts: Vec<String> = path.segments().map(|part| plain_name(&part)).collect();
            format!("SOURCES__{slug}__{}", parts.join("__")).to_uppercase()
        }
    }
}

/// The whole configuration with references, and the list of them.
pub(super) fn config(input: &HandOffInput<'_>, style: Style) -> (Map<String, Value>, Vec<Reference>) {
    let mut tree = sketch(&input.connector.spec, &input.connection.known_to_members());
    let mut references = Vec::new();
    let place = |path: &FieldPath| shown_path(&input.connection.config, path);
    let mut paths: Vec<FieldPath> = input.connection.secret_paths.iter().map(place).collect();
    paths.extend(kept_with_sign_in(&tree));
    if style == Style::Shell {
        let more: Vec<FieldPath> = expanded(&tree).into_iter().filter(|path| !paths.contains(path)).collect();
        paths.extend(more);
    }
    for path in &paths {
        // A secret of a branch that is not chosen is no part of the configuration.
        let Some(place) = tree.pointer_mut(path.as_str()) else { continue };
        let usual = name(input, path, style);
        let name = if style == Style::Dlt { usual } else { free_name(&usual, &references) };
        *place = match style {
            Style::Shell => Value::String(format!("${{{name}}}")),
            Style::Terraform => Value::String(terraform_mark(&name)),
            Style::Dlt => Value::Null,
        };
        references.push(Reference { field: path.dot(), name, path: path.clone() });
    }
    match tree {
        Value::Object(object) => (object, references),
        _ => (Map::new(), references),
    }
}

/// Two places never share a name: a plain value must not be given what is due to a secret.
fn free_name(wanted: &str, taken: &[Reference]) -> String {
    let mut name = wanted.to_owned();
    let mut number = 2;
    while taken.iter().any(|one| one.name == name) {
        name = format!("{wanted}_{number}");
        number += 1;
    }
    name
}

/// Where plain text stands that a shell would read as a reference, and so could fetch a secret of the machine that expands the file.
fn expanded(tree: &Value) -> Vec<FieldPath> {
    fn collect(value: &Value, at: &FieldPath, found: &mut Vec<FieldPath>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(key, inner)| {
                if key.contains('$') { found.push(at.clone()) } else { collect(inner, &at.child(key), found) }
            }),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(place, inner)| collect(inner, &at.index(place), found));
            }
            Value::String(text) if text.contains('$') => found.push(at.clone()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(tree, &FieldPath::root(), &mut found);
    found
}

/// Where something stands that only the sign-in with a provider has, and that the spec calls no secret.
fn kept_with_sign_in(tree: &Value) -> Vec<FieldPath> {
    fn collect(value: &Value, at: &FieldPath, found: &mut Vec<FieldPath>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(key, inner)| collect(inner, &at.child(key), found)),
            Value::String(text) if oauth::is_mark(text) => found.push(at.clone()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(tree, &FieldPath::root(), &mut found);
    found
}

impl Reference {
    /// The names on the way to it.
    pub(super) fn segments(&self) -> Vec<String> {
        self.path.segments().map(std::borrow::Cow::into_owned).collect()
    }
}
