//! A connection as the API shows it: everything but secrets.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::error::AppResult;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::connectors::Kind;
use crate::console::streams::api_in::TriggerOut;
use crate::features::connections::{Approval, Connection};
use crate::features::oauth::grants::ConnectedOut;
use crate::features::streams::{self, Plan, StreamChoice};
use crate::features::{oauth, webhooks};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::schema::form::overview;
use crate::schema::spec::BRANCH_KEY;

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "State")]
pub enum ConnectionStateOut {
    /// A draft in which required fields are missing.
    Incomplete,
    /// A draft in which nothing required is missing.
    Complete,
    /// No draft any more.
    Finalised,
}

/// A source or destination. Secrets are never in it: `provided_fields` says which are set.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Connection")]
pub struct ConnectionOut {
    /// Its id.
    pub id: String,
    /// Its name in addresses: the connector's slug and a random tail.
    pub slug: String,
    /// Its name for people.
    pub description: String,
    /// It still takes values, and setup links can be made for it.
    pub draft: bool,
    /// How far it is.
    pub state: ConnectionStateOut,
    /// The type of system it connects.
    pub connector_slug: String,
    /// The values that are no secrets.
    pub config: Map<String, Value>,
    /// Nothing required is missing.
    pub config_completed: bool,
    /// Required fields without a value, as dot paths.
    pub missing_required_fields: Vec<String>,
    /// Fields somebody has filled in, secret or not, as dot paths.
    pub provided_fields: Vec<String>,
    /// The invite link it came through; null when it did not come through one.
    pub invite_link_id: Option<String>,
    /// Who authorised it, as they or their provider call them; possibly empty.
    pub identity: String,
    /// Whether a member has to accept it before anything is read from it.
    pub approval: Approval,
    /// A callback webhook is set. Nothing else of it is ever given back.
    pub has_callback_webhook: bool,
    /// The sign-in with a provider it lives on; null when its values were filled in by hand.
    pub oauth: Option<ConnectedOut>,
    /// Where the records of a source go; null for destinations.
    pub output_layer: Option<String>,
    /// When a source is read; null for destinations.
    pub trigger: Option<TriggerOut>,
    /// The streams of a source, as they were chosen.
    pub streams: Vec<StreamChoice>,
    /// When it was made (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    pub created_at: String,
    /// When it last changed (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    pub updated_at: String,
}

/// What other tables say of a connection.
#[derive(Debug, Clone, Default)]
pub struct Related {
    /// A callback webhook is set.
    pub has_callback: bool,
    /// The sign-in it lives on.
    pub oauth: Option<ConnectedOut>,
    /// What a source is to bring.
    pub plan: Option<Plan>,
}

impl Related {
    /// What they say of one connection.
    pub fn of(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId) -> AppResult<Self> {
        let has_callback = webhooks::has_callback(conn, workspace, connection)?;
        let connected = oauth::of_connection(conn, workspace, connection)?;
        let plan = streams::find_plan(conn, workspace, connection)?;
        Ok(Self { has_callback, oauth: connected.as_ref().map(oauth::grants::connected_out), plan })
    }

    /// What they say of many, by id; nothing of those they do not know.
    pub fn of_many(
        conn: &mut Conn,
        workspace: &WorkspaceId,
        connections: &[ConnectionId],
    ) -> AppResult<HashMap<ConnectionId, Self>> {
        let called_back = webhooks::with_callback(conn, workspace, connections)?;
        let mut connected = oauth::grants::of_connections(conn, workspace, connections)?;
        let mut plans = streams::plans_of(conn, workspace, connections)?;
        let one = |id: &ConnectionId| {
            let oauth = connected.remove(id).as_ref().map(oauth::grants::connected_out);
            (id.clone(), Self { has_callback: called_back.contains(id), oauth, plan: plans.remove(id) })
        };
        Ok(connections.iter().map(one).collect())
    }
}

impl ConnectionOut {
    /// What an `ETag` is made of. A token that was renewed meanwhile is no change of the connection.
    pub fn for_tag(&self) -> Self {
        Self { oauth: None, ..self.clone() }
    }

    /// The connection as it is now.
    pub fn new(app: &App, connection: &Connection, related: Related) -> Self {
        let plan = (connection.kind == Kind::Source).then(|| related.plan.unwrap_or_default());
        let missing = webhooks::missing_fields(&app.connectors, connection);
        let config_completed = missing.is_empty();
        let state = match (connection.finalised_at, config_completed) {
            (Some(_), _) => ConnectionStateOut::Finalised,
            (None, true) => ConnectionStateOut::Complete,
            (None, false) => ConnectionStateOut::Incomplete,
        };
        Self {
            id: connection.id.to_string(),
            slug: connection.slug.clone(),
            description: connection.description.clone(),
            draft: connection.finalised_at.is_none(),
            state,
            connector_slug: connection.connector_slug.clone(),
            config: public(&connection.config),
            config_completed,
            missing_required_fields: missing,
            provided_fields: provided(app, connection),
            invite_link_id: connection.invite_link_id.as_ref().map(ToString::to_string),
            identity: connection.identity.clone(),
            approval: connection.approval,
            has_callback_webhook: related.has_callback,
            oauth: related.oauth,
            output_layer: plan.as_ref().map(|plan| plan.output_layer.clone()),
            trigger: plan.as_ref().map(TriggerOut::from),
            streams: plan.map(|plan| plan.streams).unwrap_or_default(),
            created_at: connection.created_at.iso(),
            updated_at: connection.updated_at.iso(),
        }
    }
}

/// The stored values without the marks that only the form engine needs.
fn public(object: &Map<String, Value>) -> Map<String, Value> {
    object
        .iter()
        .filter(|(key, _)| *key != BRANCH_KEY)
        .map(|(key, value)| (key.clone(), without_marks(value)))
        .collect()
}

fn without_marks(value: &Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(public(object)),
        Value::Array(list) => Value::Array(list.iter().map(without_marks).collect()),
        other => other.clone(),
    }
}

/// What is filled in. Without its connector, which may be gone from the installation, only what the row itself remembers.
fn provided(app: &App, connection: &Connection) -> Vec<String> {
    let mut paths: Vec<String> = match app.connectors.find(connection.kind, &connection.connector_slug) {
        Some(connector) => {
            let answers = overview(&connector.spec, &connection.known_to_members());
            answers.iter().filter(|answer| answer.is_set()).map(|answer| answer.path.dot()).collect()
        }
        None => connection.origins.keys().map(crate::base::forms::FieldPath::dot).collect(),
    };
    paths.sort();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn marks_of_the_form_engine_stay_inside() {
        let stored = json!({"a": {"~branch": 1, "b": [{"~branch": 0, "c": 2}]}, "~branch": 3});
        assert_eq!(Value::Object(public(stored.as_object().unwrap())), json!({"a": {"b": [{"c": 2}]}}));
    }
}
