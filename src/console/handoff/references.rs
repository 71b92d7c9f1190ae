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
    /// `${SHOP_TOKEN}`, which the engine expands itself, wherever it stands.
    Shell,
    /// A mark that becomes the same for people to see: a script of ours puts the value there by its place, and leaves all other text alone.
    Script,
    /// The same under the name that dlt looks for in the environment.
    Dlt,
    /// A mark that becomes a variable of Terraform.
    Terraform,
}

/// Letters, digits and `_`.
pub(super) fn plain_name(text: &str) -> String {
    let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    letters.collect::<String>().trim_matches('_').to_owned()
}

/// No text that is handed off has it, but for marks.
const MARK: char = '\u{1}';

/// What stands for a reference until the file is written.
pub(super) fn mark(name: &str) -> String {
    format!("{MARK}{name}{MARK}")
}

fn name(input: &HandOffInput<'_>, path: &FieldPath, style: Style) -> String {
    let slug = plain_name(&input.connection.slug);
    match style {
        Style::Shell | Style::Script => format!("{slug}_{}", plain_name(&path.dot())).to_uppercase(),
        Style::Terraform => format!("{slug}_{}", plain_name(&path.dot())).to_lowercase(),
        Style::Dlt => format!("SOURCES__{slug}__{}", plain_name(&path.dot())).to_uppercase(),
    }
}

/// The whole configuration with references, and the list of them.
pub(super) fn config(input: &HandOffInput<'_>, style: Style) -> (Map<String, Value>, Vec<Reference>) {
    let mut tree = sketch(&input.connector.spec, &input.connection.known_to_members());
    let mut references = Vec::new();
    let place = |path: &FieldPath| shown_path(&input.connection.config, path);
    let mut paths: Vec<FieldPath> = input.connection.secret_paths.iter().map(place).collect();
    paths.extend(kept_with_sign_in(&tree));
    let special = if style == Style::Shell { '$' } else { MARK };
    let more: Vec<FieldPath> = with_char(&tree, special).into_iter().filter(|path| !paths.contains(path)).collect();
    paths.extend(more);
    for path in &paths {
        // A secret of a branch that is not chosen is no part of the configuration.
        let Some(place) = tree.pointer_mut(path.as_str()) else { continue };
        let name = free_name(&name(input, path, style), &references);
        *place = Value::String(match style {
            Style::Shell => format!("${{{name}}}"),
            Style::Script | Style::Dlt | Style::Terraform => mark(&name),
        });
        references.push(Reference { field: path.dot(), name, path: path.clone() });
    }
    if let Some(mapping) = &input.connector.file.mapping {
        tree = mapping.apply(&tree);
        relocate(&tree, &mut references);
    }
    match tree {
        Value::Object(object) => (object, references),
        _ => (Map::new(), references),
    }
}

/// Says where the marks are after values have moved; the field stays what it is called here.
fn relocate(tree: &Value, references: &mut [Reference]) {
    fn find(value: &Value, mark: &str, at: &FieldPath) -> Option<FieldPath> {
        match value {
            Value::Object(object) => object.iter().find_map(|(key, inner)| find(inner, mark, &at.child(key))),
            Value::Array(list) => {
                list.iter().enumerate().find_map(|(place, inner)| find(inner, mark, &at.index(place)))
            }
            Value::String(text) => (text == mark).then(|| at.clone()),
            _ => None,
        }
    }
    for reference in references {
        if let Some(path) = find(tree, &mark(&reference.name), &FieldPath::root()) {
            reference.path = path;
        }
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

/// Where plain text has a character that would make it a reference: of the engine that expands the file, and so could fetch a secret of
/// that machine, or of ours.
fn with_char(tree: &Value, special: char) -> Vec<FieldPath> {
    fn collect(value: &Value, special: char, at: &FieldPath, found: &mut Vec<FieldPath>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(key, inner)| {
                let has_it = key.contains(special);
                if has_it { found.push(at.clone()) } else { collect(inner, special, &at.child(key), found) }
            }),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(place, inner)| collect(inner, special, &at.index(place), found));
            }
            Value::String(text) if text.contains(special) => found.push(at.clone()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(tree, special, &FieldPath::root(), &mut found);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::{Connectors, Kind};
    use serde_json::json;

    #[test]
    fn a_secret_that_moves_takes_its_reference_along() {
        let connectors = Connectors::load(None).unwrap();
        let facebook = connectors.find(Kind::Source, "facebook-ads").unwrap();
        let mapping = facebook.file.mapping.as_ref().unwrap();
        let path = FieldPath::root().child("access_token");
        let mut references = [Reference { field: path.dot(), name: "TOKEN".to_owned(), path }];
        let tree = mapping.apply(&json!({"access_token": mark("TOKEN"), "account_ids": ["1"]}));
        relocate(&tree, &mut references);
        assert_eq!(references[0].segments(), ["credentials", "access_token"]);
        assert_eq!(references[0].field, "access_token");
        assert_eq!(tree.pointer("/credentials/access_token"), Some(&json!(mark("TOKEN"))));
    }
}
