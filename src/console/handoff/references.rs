//! The configuration with a reference in the place of every secret.

use serde_json::{Map, Value};

use super::HandOffInput;
use super::tree::HandOffTree;
use crate::base::forms::FieldPath;
use crate::features::oauth;
use crate::schema::form::{shown_path, sketch};

/// A secret that has to be put somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where it stands in the configuration, as a dot path.
    pub field: String,
    /// The name it has for the engine.
    pub name: String,
    path: FieldPath,
}

/// How the names of references look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `SHOP_TOKEN`, as in the environment.
    Environment,
    /// The name that dlt looks for in the environment.
    Dlt,
    /// `shop_token`, a variable of Terraform.
    Terraform,
}

/// Letters, digits and `_`.
pub(super) fn plain_name(text: &str) -> String {
    let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    letters.collect::<String>().trim_matches('_').to_owned()
}

/// A configuration with marks in the places of secrets while its values still move about. A mark is a text that stands nowhere else in it,
/// so that no text can pass for one.
pub(super) struct MarkedConfig {
    config: Map<String, Value>,
    /// What the marks stand for.
    pub(super) references: Vec<Reference>,
    marks: Marks,
}

impl MarkedConfig {
    /// The configuration, to be taken apart.
    pub(super) fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    /// Values of it, wherever they have been put, with references in place of the marks.
    pub(super) fn tree_of(&self, values: &Map<String, Value>) -> HandOffTree {
        let name_of = |text: &str| {
            let found = self.references.iter().find(|one| self.marks.mark(&one.name) == text);
            found.map(|one| one.name.clone())
        };
        HandOffTree::read_members(values, &name_of)
    }

    /// All of it.
    pub(super) fn tree(&self) -> HandOffTree {
        self.tree_of(&self.config)
    }
}

/// What the marks of one configuration begin with.
struct Marks(String);

impl Marks {
    /// Marks that begin as no text of these values does, nor holds.
    fn unlike(values: &[&Value]) -> Self {
        let free = |start: &String| !values.iter().any(|value| holds(value, start));
        let found = (0..u32::MAX).map(|number| format!("reference {number}:")).find(free);
        Self(found.unwrap_or_default())
    }

    fn mark(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own.contains(text),
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(members) => members.iter().any(|(key, inner)| key.contains(text) || holds(inner, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Names that begin so mean something to the programs that read the files: a source of this name gets another word in front.
const TAKEN: [&str; 8] = ["airbyte_", "dlt_", "ld_", "meltano_", "pip_", "python_", "tap_", "target_"];

fn name(input: &HandOffInput<'_>, path: &FieldPath, style: Style) -> String {
    let (slug, field) = (plain_name(&input.connection.slug), plain_name(&path.dot()));
    let own = format!("{slug}_{field}").to_lowercase();
    let is_taken =
        TAKEN.iter().any(|start| own.starts_with(start)) || own.starts_with(|first: char| first.is_ascii_digit());
    let own = if is_taken { format!("source_{own}") } else { own };
    match style {
        Style::Environment => own.to_uppercase(),
        Style::Terraform => own,
        Style::Dlt => format!("SOURCES__{slug}__{field}").to_uppercase(),
    }
}

/// The whole configuration with references, and the list of them.
pub(super) fn config(input: &HandOffInput<'_>, style: Style) -> MarkedConfig {
    let mut tree = sketch(&input.connector.spec, &input.connection.known_to_members());
    let mut references = Vec::new();
    let place = |path: &FieldPath| shown_path(&input.connection.config, path);
    let mut paths: Vec<FieldPath> = input.connection.secret_paths.iter().map(place).collect();
    paths.extend(kept_with_sign_in(&tree));
    let mapping = input.connector.file.mapping.as_ref();
    let marks = Marks::unlike(&[&tree, &mapping.map(|mapping| mapping.apply(&tree)).unwrap_or_default()]);
    for path in &paths {
        // A secret of a branch that is not chosen is no part of the configuration.
        let Some(place) = tree.pointer_mut(path.as_str()) else { continue };
        let name = free_name(&name(input, path, style), &references);
        *place = Value::String(marks.mark(&name));
        references.push(Reference { field: path.dot(), name, path: path.clone() });
    }
    if let Some(mapping) = mapping {
        tree = mapping.apply(&tree);
        relocate(&tree, &marks, &mut references);
    }
    let config = if let Value::Object(object) = tree { object } else { Map::new() };
    MarkedConfig { config, references, marks }
}

/// Says where the marks are after values have moved; the field stays what it is called here.
fn relocate(tree: &Value, marks: &Marks, references: &mut [Reference]) {
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
        if let Some(path) = find(tree, &marks.mark(&reference.name), &FieldPath::root()) {
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
        let marks = Marks::unlike(&[]);
        let tree = mapping.apply(&json!({"access_token": marks.mark("TOKEN"), "account_ids": ["1"]}));
        relocate(&tree, &marks, &mut references);
        assert_eq!(references[0].segments(), ["credentials", "access_token"]);
        assert_eq!(references[0].field, "access_token");
        assert_eq!(tree.pointer("/credentials/access_token"), Some(&json!(marks.mark("TOKEN"))));
    }

    #[test]
    fn no_text_is_a_mark() {
        let text = json!({"a": "reference 0:TOKEN", "reference 1:TOKEN": ["x reference 2:"]});
        let marks = Marks::unlike(&[&text]);
        assert_eq!(marks.mark("TOKEN"), "reference 3:TOKEN");
    }
}
