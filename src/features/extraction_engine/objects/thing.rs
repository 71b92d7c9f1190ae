//! A source or destination of ours, as it is to stand there.

use secrecy::SecretString;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::error::CarryError;
use super::hold::HeldObject;
use super::name_end;
use crate::base::crypto::Marker;
use crate::connectors::Connector;
use crate::engines::airbyte_api::{AirbyteApi, AirbyteFault, AirbyteKind};
use crate::features::connections::Connection;
use crate::features::extraction_engine::counterpart::Counterpart;
use crate::features::extraction_engine::route::destination_type;
use crate::platform::app::App;
use crate::schema::form::{FinalConfig, complete};

/// What is to stand there.
pub(super) struct WantedThing {
    pub(super) kind: AirbyteKind,
    name_end: String,
    /// The name and the whole configuration.
    body: FinalConfig,
    /// The image of a source's connector.
    repository: Option<String>,
    /// A mark of the body.
    pub(super) mark: String,
    pub(super) secrets: Vec<SecretString>,
}

/// What was done for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ThingDone {
    /// It stood there as it is.
    Nothing,
    /// It was made or changed.
    Sent,
    /// Somebody had deleted it there, and it was made anew.
    Anew,
}

impl WantedThing {
    /// Makes it of the stored values, secrets and all: for Airbyte alone.
    pub(super) fn of(app: &App, connection: &Connection, connector: &Connector) -> Result<Self, CarryError> {
        let values = connection.open_values(&app.keys)?;
        let config = complete(&connector.spec, &values).config.ok_or_else(|| {
            CarryError::NotPossible(format!("Something is missing in the details of {}.", connection.description))
        })?;
        let mapping = connector.file.mapping.as_ref();
        let config = config.reshaped(|config| mapping.map_or_else(|| config.clone(), |one| one.apply(config)));
        let (kind, sort) = match destination_type(connector) {
            Some(sort) => (AirbyteKind::Destination, Some(sort)),
            None => (AirbyteKind::Source, None),
        };
        let name_end = name_end(&connection.slug);
        let name = format!("{}{name_end}", connection.description);
        let body = config.reshaped(|config| {
            let mut config = config.clone();
            if let (Some(sort), Some(members)) = (sort, config.as_object_mut()) {
                members.insert("destinationType".to_owned(), json!(sort));
            }
            json!({"name": name, "configuration": config})
        });
        let text = Zeroizing::new(body.expose().to_string());
        let mark = Marker::new(&app.keys, "airbyte").text(&[text.as_bytes()]);
        let repository = Counterpart::of(connector).and_then(|one| one.repository);
        let secrets = values.secrets.values().cloned().collect();
        Ok(Self { kind, name_end, body, repository, mark, secrets })
    }

    async fn first_body(&self, api: &AirbyteApi, workspace: &str) -> Result<FinalConfig, AirbyteFault> {
        let definition = match (self.kind, &self.repository) {
            (AirbyteKind::Source, Some(repository)) => Some(api.source_definition(repository).await?),
            _ => None,
        };
        Ok(self.body.reshaped(|body| {
            let mut body = body.clone();
            if let Some(members) = body.as_object_mut() {
                members.insert("workspaceId".to_owned(), json!(workspace));
                members.extend(definition.map(|id| ("definitionId".to_owned(), Value::String(id))));
            }
            body
        }))
    }

    /// Sees that it stands there as it is wanted; its id is in the row then.
    pub(super) async fn stand(
        &self,
        app: &App,
        api: &AirbyteApi,
        workspace: &str,
        held: &mut HeldObject,
    ) -> Result<ThingDone, CarryError> {
        let known = held.row.object_id.clone();
        if let Some(id) = &known {
            let is_same = held.row.sent.as_deref() == Some(self.mark.as_str());
            let stands = if is_same {
                api.look(self.kind, id).await?.is_some()
            } else {
                api.change(self.kind, id, self.body.expose()).await?
            };
            if stands {
                held.row.sent = Some(self.mark.clone());
                held.keep(app).await?;
                return Ok(if is_same { ThingDone::Nothing } else { ThingDone::Sent });
            }
        }
        // A try whose answer was lost may have made it.
        let found = api.find(self.kind, &self.name_end).await?.filter(|id| Some(id) != known.as_ref());
        let id = match found {
            Some(id) if api.change(self.kind, &id, self.body.expose()).await? => id,
            _ => api.make(self.kind, self.first_body(api, workspace).await?.expose()).await?,
        };
        held.row.object_id = Some(id);
        held.row.sent = Some(self.mark.clone());
        held.keep(app).await?;
        Ok(if known.is_some() { ThingDone::Anew } else { ThingDone::Sent })
    }
}
