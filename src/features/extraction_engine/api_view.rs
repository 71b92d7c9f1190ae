//! The setting as the API shows it, and what a program may say about it.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{EngineInput, EngineKind, EngineSetting};
use crate::base::clock::UtcTime;
use crate::base::forms::FieldProblem;
use crate::platform::web::api::{nullable, present};
use crate::platform::web::problem::ErrorDetail;

/// Where extractions run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ExtractionEngineKind")]
pub(super) enum EngineKindOut {
    /// By the workers of this installation.
    Local,
    /// On the workspace's own Airbyte.
    Airbyte,
}

impl From<EngineKind> for EngineKindOut {
    fn from(kind: EngineKind) -> Self {
        match kind {
            EngineKind::Local => Self::Local,
            EngineKind::Airbyte => Self::Airbyte,
        }
    }
}

impl EngineKindOut {
    fn text(self) -> &'static str {
        match self {
            Self::Local => EngineKind::Local.as_str(),
            Self::Airbyte => EngineKind::Airbyte.as_str(),
        }
    }
}

/// The workspace's Airbyte. The secret is not in it: nobody gets it back.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AirbyteEngine")]
struct AirbyteOut {
    /// Where its public API begins.
    url: String,
    /// The id of the workspace there.
    workspace_id: String,
    /// The destination there for sources whose records go to no destination of ours.
    destination_id: Option<String>,
    /// The client id; null where the secret is a token.
    client_id: Option<String>,
    /// Whether a secret is stored.
    has_secret: bool,
    /// When a test of these details succeeded.
    #[schemars(extend("format" = "date-time"))]
    tested_at: Option<String>,
}

/// Where the extractions of a workspace run.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExtractionEngine")]
pub(super) struct EngineOut {
    /// Which is used.
    engine: EngineKindOut,
    /// The Airbyte that was set, used or not; null when none was.
    airbyte: Option<AirbyteOut>,
}

impl From<Option<&EngineSetting>> for EngineOut {
    fn from(setting: Option<&EngineSetting>) -> Self {
        let airbyte = setting.filter(|set| !set.url.is_empty()).map(|set| AirbyteOut {
            url: set.url.clone(),
            workspace_id: set.airbyte_workspace.clone(),
            destination_id: set.destination.clone(),
            client_id: set.client_id.clone(),
            has_secret: set.has_secret(),
            tested_at: set.tested_at.map(UtcTime::iso),
        });
        Self { engine: setting.map_or(EngineKind::Local, |set| set.kind).into(), airbyte }
    }
}

/// Another Airbyte, or other details of it; what is left out stays as it is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AirbyteEngineChange")]
struct AirbyteIn {
    /// Where its public API begins, like `https://airbyte.example.com/api/public/v1`. With another origin the secret has to be given again.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    url: Option<String>,
    /// The id of the workspace there.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    workspace_id: Option<String>,
    /// A destination there, for sources whose records go to no destination of ours; null: those are extracted here.
    #[serde(default, deserialize_with = "nullable")]
    #[schemars(with = "Option<String>")]
    destination_id: Option<Option<String>>,
    /// The client id of an application; null: the secret is a bearer token.
    #[serde(default, deserialize_with = "nullable")]
    #[schemars(with = "Option<String>")]
    client_id: Option<Option<String>>,
    /// The client secret, or the token. Stored encrypted and never shown again; an empty one changes nothing.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", extend("writeOnly" = true))]
    secret: Option<SecretString>,
}

/// Where extractions are to run; what is left out stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ExtractionEngineChange")]
pub(super) struct EngineChangeIn {
    /// Which is used.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "EngineKindOut")]
    engine: Option<EngineKindOut>,
    /// The workspace's Airbyte.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "AirbyteIn")]
    airbyte: Option<AirbyteIn>,
}

impl EngineChangeIn {
    /// What there was with what was said in its place.
    pub(super) fn onto(self, before: Option<&EngineSetting>) -> EngineInput {
        let local = || EngineInput { kind: EngineKind::Local.as_str().to_owned(), ..EngineInput::default() };
        let old = before.map_or_else(local, EngineInput::from);
        let said = self.airbyte.unwrap_or_default();
        let text = |said: Option<Option<String>>, old| said.map_or(old, Option::unwrap_or_default);
        EngineInput {
            kind: self.engine.map_or(old.kind, |engine| engine.text().to_owned()),
            url: said.url.unwrap_or(old.url),
            airbyte_workspace: said.workspace_id.unwrap_or(old.airbyte_workspace),
            destination: text(said.destination_id, old.destination),
            client_id: text(said.client_id, old.client_id),
            secret: said.secret,
        }
    }
}

/// What is wrong with a member, by where it stands in the body.
pub(super) fn error_detail(problem: &FieldProblem) -> ErrorDetail {
    let pointer = match problem.field {
        "engine" => "/engine".to_owned(),
        "workspace" => "/airbyte/workspace_id".to_owned(),
        "destination" => "/airbyte/destination_id".to_owned(),
        other => format!("/airbyte/{other}"),
    };
    ErrorDetail::at(pointer, problem.code, format!("{}.", problem.sentence))
}

/// What trying has shown.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExtractionEngineCheck")]
pub(super) struct EngineCheckOut {
    /// Whether it works.
    pub(super) works: bool,
    /// What was found, for people.
    pub(super) message: String,
}
