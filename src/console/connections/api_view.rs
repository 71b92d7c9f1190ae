//! A connection as the API shows it: everything but secrets.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::error::AppResult;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::connectors::Kind;
use crate::console::streams::api_in::TriggerOut;
use crate::features::catalogue::UnsupportedField;
use crate::features::connections::{Approval, Connection, references};
use crate::features::oauth::grants::ConnectedOut;
use crate::features::streams::{self, Plan, StreamChoice};
use crate::features::{oauth, webhooks};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::schema::form::{left_out_in, overview, shown_path, with_references, without_marks};

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

/// A source or destination. No secret is ever in it: a reference stands in its place.
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
    /// The values. In the place of each secret stands a reference (`~secret:…`): it says nothing, is another one when the secret is set
    /// again, and sent back it keeps the secret.
    pub config: Map<String, Value>,
    /// Grows with every change of the values; a change names the one it was made for as `base_revision`.
    pub revision: i64,
    /// Nothing required is missing.
    pub config_completed: bool,
    /// Required fields without a value, as dot paths.
    pub missing_required_fields: Vec<String>,
    /// Fields somebody has filled in, secret or not, as dot paths.
    pub provided_fields: Vec<String>,
    /// What stands in the values although what reads them in this installation does not take it up.
    pub unsupported_fields: Vec<UnsupportedField>,
    /// The invite link it came through; null when it did not come through one.
    pub invite_link_id: Option<String>,
    /// Who authorised it, as they or their provider call them; possibly empty.
    pub identity: String,
    /// Whether a member has to accept it before anything is read from it.
    pub approval: Approval,
    /// A callback webhook is set. Nothing else of it is ever given back.
    pub has_callback_webhook: bool,
    /// The host key of its SSH tunnel's jump server; null without one, and before the first contact.
    pub host_key: Option<HostKeyOut>,
    /// The sign-in with a provider it lives on; null when its values were filled in by hand.
    pub oauth: Option<ConnectedOut>,
    /// Where the records of a source go: the slug of an output layer, or `destination:` and the slug of a destination; null for destinations.
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

/// The host key of the jump server that the values name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "HostKey")]
pub struct HostKeyOut {
    /// The jump server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The kind of key, such as `ssh-ed25519`; empty while nobody has shown it.
    pub algorithm: String,
    /// The fingerprint it must have (`SHA256:…`).
    pub fingerprint: String,
    /// The fingerprint of another key that was shown since, and refused; null when there is none.
    pub refused_fingerprint: Option<String>,
}

impl HostKeyOut {
    /// What is known; `None` without a jump server, or before the first contact.
    pub fn of(connection: &Connection) -> Option<Self> {
        let server = connection.current_jump_server()?;
        Some(Self {
            host: server.known.host.clone(),
            port: server.known.port,
            algorithm: server.known.algorithm.clone(),
            fingerprint: server.known.fingerprint.clone(),
            refused_fingerprint: server.other.as_ref().map(|key| key.fingerprint.clone()),
        })
    }
}

impl ConnectionOut {
    /// What an `ETag` is made of. A token that was renewed meanwhile, or a host key that was seen, is no change of the connection.
    pub fn for_tag(&self) -> Self {
        Self { oauth: None, host_key: None, ..self.clone() }
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
            config: config(app, connection),
            revision: connection.version,
            config_completed,
            missing_required_fields: missing,
            provided_fields: provided(app, connection),
            unsupported_fields: unsupported(app, connection),
            invite_link_id: connection.invite_link_id.as_ref().map(ToString::to_string),
            identity: connection.identity.clone(),
            approval: connection.approval,
            has_callback_webhook: related.has_callback,
            host_key: HostKeyOut::of(connection),
            oauth: related.oauth,
            output_layer: plan.as_ref().map(|plan| plan.output.to_string()),
            trigger: plan.as_ref().map(TriggerOut::from),
            streams: plan.map(|plan| plan.streams).unwrap_or_default(),
            created_at: connection.created_at.iso(),
            updated_at: connection.updated_at.iso(),
        }
    }
}

/// The values with references; without its connector, which may be gone from the installation, those that are no secrets.
fn config(app: &App, connection: &Connection) -> Map<String, Value> {
    let state = connection.draft_state();
    match app.connectors.find(connection.kind, &connection.connector_slug) {
        Some(connector) => with_references(&connector.spec, &state, &references(&connection.id, &state)),
        None => match without_marks(&Value::Object(state.plain)) {
            Value::Object(plain) => plain,
            _ => Map::new(),
        },
    }
}

/// What is filled in and nobody here takes up.
fn unsupported(app: &App, connection: &Connection) -> Vec<UnsupportedField> {
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let found = connector.map(|connector| left_out_in(&connector.spec, &connection.known_to_members()));
    found.map(UnsupportedField::all).unwrap_or_default()
}

/// What is filled in. Without its connector, which may be gone from the installation, only what the row itself remembers.
fn provided(app: &App, connection: &Connection) -> Vec<String> {
    let mut paths: Vec<String> = match app.connectors.find(connection.kind, &connection.connector_slug) {
        Some(connector) => {
            let answers = overview(&connector.spec, &connection.known_to_members());
            answers.iter().filter(|answer| answer.is_set()).map(|answer| answer.path.dot()).collect()
        }
        None => connection.origins.keys().map(|path| shown_path(&connection.config, path).dot()).collect(),
    };
    paths.sort();
    paths.dedup();
    paths
}
