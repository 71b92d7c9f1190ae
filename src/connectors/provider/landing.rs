//! Where things go in the configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::base::forms::FieldPath;

/// A place in the configuration, written `credentials.access_token`. It follows the branch that the predicate names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DotPath(Vec<String>);

impl DotPath {
    /// Reads a dotted path; `None` when a part of it is empty.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        (!parts.iter().any(String::is_empty)).then_some(Self(parts))
    }

    /// The path of these keys; `None` when there are none, or one cannot be written with dots.
    pub fn of(keys: &[String]) -> Option<Self> {
        let written = !keys.is_empty() && keys.iter().all(|key| !key.is_empty() && !key.contains('.'));
        written.then(|| Self(keys.to_vec()))
    }

    /// The keys, from the top.
    pub fn keys(&self) -> &[String] {
        &self.0
    }

    /// The same place as forms name it.
    pub fn field(&self) -> FieldPath {
        self.0.iter().fold(FieldPath::root(), |path, key| path.child(key))
    }
}

impl std::fmt::Display for DotPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl Serialize for DotPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for DotPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a path is names with dots between them"))
    }
}

/// Which branch of a choice signing in belongs to: the constant that stands there. Compared exactly, case and all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    /// Where the constant stands.
    pub path: DotPath,
    /// The constant.
    pub value: Value,
}

impl Predicate {
    /// The same below a key; `None` when it stands elsewhere.
    pub(super) fn inside(&self, key: &str) -> Option<Self> {
        match self.path.keys() {
            [first, rest @ ..] if first == key && !rest.is_empty() => {
                Some(Self { path: DotPath(rest.to_vec()), value: self.value.clone() })
            }
            _ => None,
        }
    }
}

/// What of a sign-in can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LandingOutput {
    /// The access token.
    AccessToken,
    /// The refresh token.
    RefreshToken,
    /// When the access token ends, as RFC 3339.
    TokenExpiryDate,
}

/// Where the outputs of a sign-in go.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Landing {
    /// The branch; without it the whole form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Predicate>,
    /// Outputs by name. One that the answer did not bring is not written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<LandingOutput, DotPath>,
    /// Values kept from the token answer (`shop`, `instance_url`) that go into the configuration too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<String, DotPath>,
    /// Another landing for answers without a refresh token, where this one needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_refresh_token: Option<Box<Landing>>,
}

impl Landing {
    /// Every place this landing may fill.
    pub fn paths(&self) -> Box<dyn Iterator<Item = &DotPath> + '_> {
        let own = self.outputs.values().chain(self.kept.values()).chain(self.when.iter().map(|when| &when.path));
        Box::new(own.chain(self.without_refresh_token.iter().flat_map(|other| other.paths())))
    }
}

/// A value of the operator's app that the connector's program needs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// Where it goes in the configuration the program gets; it is never saved with the customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<DotPath>,
    /// What the operator is asked: "Developer token".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// A sentence of help.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
}
