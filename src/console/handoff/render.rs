//! Secrets put into a file that was handed off: each by its place, as a value. What the file's own texts look like does not matter, and no
//! letter of a secret can end the text it stands in.

use serde::Deserialize;
use serde_json::Value;

use super::tree::HandOffTree;
use super::writers::{YamlReader, json_text, yaml_text};

/// What `references.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReferenceList {
    /// The file with the configuration, beside it.
    #[serde(default = "config_json")]
    pub file: String,
    /// The members on the way to the configuration in it.
    #[serde(default)]
    pub inside: Vec<String>,
    /// The secrets.
    pub secrets: Vec<ReferencePlace>,
}

fn config_json() -> String {
    "config.json".to_owned()
}

/// One secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReferencePlace {
    /// Its name in the environment.
    pub name: String,
    /// The members on the way to it.
    pub path: Vec<String>,
}

/// How what was rendered is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderFormat {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Why nothing was rendered; no text holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Names without a value.
    #[error("not set, or empty: {}", .0.join(", "))]
    NotSet(Vec<String>),
    /// A place that the file does not have.
    #[error("{file} has no place for {name}")]
    NoPlace {
        /// The file.
        file: String,
        /// The reference.
        name: String,
    },
}

/// The file with its secrets, as text.
///
/// # Errors
/// Names that have no value, or a place that is not there.
pub fn render(
    mut template: Value,
    list: &ReferenceList,
    value_of: &dyn Fn(&str) -> Option<String>,
    format: RenderFormat,
) -> Result<String, RenderError> {
    let missing = list.secrets.iter().filter(|one| value_of(&one.name).is_none());
    let missing: Vec<String> = missing.map(|one| one.name.clone()).collect();
    if !missing.is_empty() {
        return Err(RenderError::NotSet(missing));
    }
    for one in &list.secrets {
        let way = list.inside.iter().chain(&one.path);
        let place = way.into_iter().try_fold(&mut template, |at, part| match at {
            Value::Object(members) => members.get_mut(part),
            Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?),
            _ => None,
        });
        let no_place = || RenderError::NoPlace { file: list.file.clone(), name: one.name.clone() };
        *place.ok_or_else(no_place)? = Value::from(value_of(&one.name).unwrap_or_default());
    }
    let tree = HandOffTree::plain(&template);
    Ok(match format {
        RenderFormat::Json => json_text(&tree),
        RenderFormat::Yaml => yaml_text(&tree, YamlReader::Plain),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn list(secrets: &Value) -> ReferenceList {
        serde_json::from_value(json!({"file": "source.json", "inside": ["configuration"], "secrets": secrets})).unwrap()
    }

    proptest! {
        #[test]
        fn a_secret_stays_in_its_place(secret in any::<String>(), text in any::<String>()) {
            let template = json!({"name": text, "configuration": {"hosts": [{"token": "${T}"}], "mode": text}});
            let list = list(&json!([{"name": "T", "path": ["hosts", "0", "token"]}]));
            for format in [RenderFormat::Json, RenderFormat::Yaml] {
                let done = render(template.clone(), &list, &|_| Some(secret.clone()), format).unwrap();
                let read: Value = serde_yaml_ng::from_str(&done).unwrap();
                let wanted = json!({"name": text, "configuration": {"hosts": [{"token": secret}], "mode": text}});
                prop_assert_eq!(read, wanted);
            }
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let two = list(&json!([{"name": "A", "path": ["a"]}, {"name": "B", "path": ["b"]}]));
        let template = json!({"configuration": {"a": 1}});
        let none = render(template.clone(), &two, &|_| None, RenderFormat::Json);
        assert_eq!(none.unwrap_err().to_string(), "not set, or empty: A, B");
        let all = render(template, &two, &|_| Some("x".to_owned()), RenderFormat::Json);
        assert_eq!(all.unwrap_err().to_string(), "source.json has no place for B");
    }
}
