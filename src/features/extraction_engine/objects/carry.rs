//! Sees that a source, its destination and the connection between them stand in the workspace's Airbyte as they are here.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::error::CarryError;
use super::hold::HeldObject;
use super::name_end;
use super::thing::{ThingDone, WantedThing};
use crate::base::crypto::Marker;
use crate::base::error::AppResult;
use crate::connectors::Connector;
use crate::engines::Catalog;
use crate::engines::airbyte_api::{AirbyteApi, AirbyteFault, AirbyteKind};
use crate::features::connections::Connection;
use crate::features::extraction_engine::{EngineSetting, PlannedStreams};
use crate::features::streams::Plan;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;

/// All of it takes no longer, so that a hold outlasts it.
const LIMIT: Duration = Duration::from_secs(300);
/// What is said of a connection that somebody switched off there.
const SWITCHED_OFF: &str = "the connection is switched off there. Switch it on in Airbyte.";

/// Where the records go.
pub enum CarryDestination {
    /// Into a destination there, by its id.
    Given(String),
    /// Into one of ours.
    Ours(Box<Connection>, Arc<Connector>),
}

/// What is to stand there.
pub struct CarryOrder {
    /// Where.
    pub setting: EngineSetting,
    /// The source.
    pub source: Connection,
    /// Its connector.
    pub connector: Arc<Connector>,
    /// What is read of it.
    pub plan: Plan,
    /// What the last successful validation found.
    pub catalog: Catalog,
    /// Where the records go.
    pub destination: CarryDestination,
}

/// What stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedSource {
    /// The connection there.
    pub link: String,
    /// The destination there.
    pub destination: String,
    /// What had been deleted there and was made anew: "source", "connection".
    pub anew: Vec<&'static str>,
}

/// Makes and changes there whatever is not as it is here. The same twice makes nothing twice.
///
/// # Errors
/// Why it does not stand there; what was made until then is written down.
pub async fn carry(app: &App, order: &CarryOrder) -> Result<CarriedSource, CarryError> {
    let account = order.setting.account(&app.keys)?;
    let source = WantedThing::of(app, &order.source, &order.connector)?;
    let ours = match &order.destination {
        CarryDestination::Given(_) => None,
        CarryDestination::Ours(connection, connector) => {
            Some((connection, WantedThing::of(app, connection, connector)?))
        }
    };
    let api = AirbyteApi::sign_in(&app.connector_http, &account).await?;
    let more = ours.iter().flat_map(|(_, thing)| thing.secrets.iter());
    let api = api.hiding(source.secrets.iter().chain(more).cloned().collect());
    let way = Carrying { app, api, order, workspace: &account.workspace, place: order.setting.place() };
    let work = async {
        let mut done = Done::default();
        let destination = match (&order.destination, &ours) {
            (CarryDestination::Ours(..), Some((connection, thing))) => {
                way.destination(connection, thing, &mut done).await?
            }
            (CarryDestination::Given(id), _) => id.clone(),
            (CarryDestination::Ours(..), None) => return Err(CarryError::Busy),
        };
        let link = way.source(&source, &destination, &mut done).await?;
        way.record(&done).await?;
        Ok(CarriedSource { link, destination, anew: done.anew })
    };
    tokio::time::timeout(LIMIT, work).await.unwrap_or(Err(CarryError::Busy))
}

/// What was done.
#[derive(Default)]
struct Done {
    sent: Vec<&'static str>,
    anew: Vec<&'static str>,
}

impl Done {
    fn note(&mut self, what: &'static str, done: ThingDone) {
        match done {
            ThingDone::Nothing => {}
            ThingDone::Sent => self.sent.push(what),
            ThingDone::Anew => self.anew.push(what),
        }
    }
}

struct Carrying<'a> {
    app: &'a App,
    api: AirbyteApi,
    order: &'a CarryOrder,
    workspace: &'a str,
    place: String,
}

impl Carrying<'_> {
    async fn take(&self, connection: &Connection) -> Result<HeldObject, CarryError> {
        let taken = HeldObject::take(self.app, &connection.workspace_id, &connection.id, &self.place).await?;
        taken.ok_or(CarryError::Busy)
    }

    /// The id there of a destination of ours.
    async fn destination(
        &self,
        connection: &Connection,
        thing: &WantedThing,
        done: &mut Done,
    ) -> Result<String, CarryError> {
        let mut held = self.take(connection).await?;
        let stood = thing.stand(self.app, &self.api, self.workspace, &mut held).await;
        let id = held.row.object_id.clone();
        held.release(self.app).await?;
        done.note("destination", stood?);
        id.ok_or(CarryError::Busy)
    }

    /// The id there of the connection from the source to the destination.
    async fn source(&self, thing: &WantedThing, destination: &str, done: &mut Done) -> Result<String, CarryError> {
        let mut held = self.take(&self.order.source).await?;
        let stood = self.source_and_link(thing, destination, &mut held, done).await;
        let id = held.row.link_id.clone();
        held.release(self.app).await?;
        stood?;
        id.ok_or(CarryError::Busy)
    }

    async fn source_and_link(
        &self,
        thing: &WantedThing,
        destination: &str,
        held: &mut HeldObject,
        done: &mut Done,
    ) -> Result<(), CarryError> {
        let stood = thing.stand(self.app, &self.api, self.workspace, held).await?;
        done.note("source", stood);
        let linked = self.link(held, destination).await?;
        done.note("connection", linked);
        Ok(())
    }

    /// What can be said of the connection there.
    fn link_body(&self) -> Value {
        let CarryOrder { source, plan, catalog, .. } = self.order;
        let mut body = json!({
            "name": format!("{}{}", source.description, name_end(&source.slug)),
            "prefix": plan.table_prefix,
            // The clock is ours, so that a time that starts nothing is seen here.
            "schedule": {"scheduleType": "manual"},
        });
        if let (Some(streams), Some(members)) = (PlannedStreams { plan, catalog }.for_airbyte(), body.as_object_mut()) {
            members.insert("configurations".to_owned(), json!({"streams": streams}));
        }
        body
    }

    /// Sees that the connection stands there; its id is in the row then.
    async fn link(&self, held: &mut HeldObject, destination: &str) -> Result<ThingDone, CarryError> {
        let source = held.row.object_id.clone().ok_or(CarryError::Busy)?;
        let body = self.link_body();
        let text = body.to_string();
        let mark = Marker::new(&self.app.keys, "airbyte").text(&[text.as_bytes(), source.as_bytes()]);
        let known = held.row.link_id.clone();
        if let Some(id) = &known {
            if held.row.target.as_deref() == Some(destination) {
                if let Some(done) = self.keep_link(id, &body, held.row.link_sent.as_deref() == Some(&mark)).await? {
                    held.row.link_sent = Some(mark);
                    held.keep(self.app).await?;
                    return Ok(done);
                }
            } else {
                // A connection cannot be led elsewhere.
                self.api.delete(AirbyteKind::Connection, id).await?;
            }
        }
        let was_there = known.is_some() && held.row.target.as_deref() == Some(destination);
        let id = match self.lost_link(&source, destination).await?.filter(|id| Some(id) != known.as_ref()) {
            Some(id) if self.api.change(AirbyteKind::Connection, &id, &body).await? => id,
            _ => {
                let mut body = body;
                if let Some(members) = body.as_object_mut() {
                    members.insert("sourceId".to_owned(), json!(source));
                    members.insert("destinationId".to_owned(), json!(destination));
                }
                self.api.make(AirbyteKind::Connection, &body).await?
            }
        };
        (held.row.link_id, held.row.target) = (Some(id), Some(destination.to_owned()));
        held.row.link_sent = Some(mark);
        held.keep(self.app).await?;
        Ok(if was_there { ThingDone::Anew } else { ThingDone::Sent })
    }

    /// Looks at the connection there or changes it; `None` when it is not there any more.
    async fn keep_link(&self, id: &str, body: &Value, is_same: bool) -> Result<Option<ThingDone>, CarryError> {
        let Some(found) = self.api.look(AirbyteKind::Connection, id).await? else { return Ok(None) };
        if found.get("status").and_then(Value::as_str) == Some("inactive") {
            return Err(AirbyteFault::Refused(SWITCHED_OFF.to_owned()).into());
        }
        if is_same {
            return Ok(Some(ThingDone::Nothing));
        }
        let changed = self.api.change(AirbyteKind::Connection, id, body).await?;
        Ok(changed.then_some(ThingDone::Sent))
    }

    /// A connection that a try has made whose answer was lost.
    async fn lost_link(&self, source: &str, destination: &str) -> Result<Option<String>, CarryError> {
        let found = self.api.find(AirbyteKind::Connection, &name_end(&self.order.source.slug)).await?;
        let Some(id) = found else { return Ok(None) };
        let link = self.api.look(AirbyteKind::Connection, &id).await?.unwrap_or_default();
        let leads = |member: &str, to: &str| link.get(member).and_then(Value::as_str) == Some(to);
        Ok((leads("sourceId", source) && leads("destinationId", destination)).then_some(id))
    }

    async fn record(&self, done: &Done) -> AppResult<()> {
        let source = self.order.source.clone();
        let (sent, anew) = (done.sent.join(", "), done.anew.join(", "));
        self.app
            .write(move |tx| {
                let all = [(Event::MadeInAirbyte, sent), (Event::MadeAnewInAirbyte, anew)];
                for (event, detail) in all.iter().filter(|(_, detail)| !detail.is_empty()) {
                    tx.record(&Entry {
                        workspace: &source.workspace_id,
                        connection: Some(&source.id),
                        setup_link: None,
                        event: *event,
                        actor: Actor::System,
                        detail,
                    })?;
                }
                Ok(())
            })
            .await
    }
}
