//! What is made there: sources, destinations, and the connections between them.

use serde_json::Value;

use super::account::is_airbyte_id;
use super::call::{AirbyteApi, Question};
use super::fault::AirbyteFault;
use crate::base::http_client::Method;

/// Things of a page of a list.
const PAGE: usize = 100;
/// Pages of a list that are looked through at most.
const MOST_PAGES: usize = 100;

/// What can be made there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AirbyteKind {
    /// A source.
    Source,
    /// A destination.
    Destination,
    /// A connection: what is read of a source into a destination.
    Connection,
}

impl AirbyteKind {
    fn path(self) -> &'static str {
        match self {
            Self::Source => "sources",
            Self::Destination => "destinations",
            Self::Connection => "connections",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::Source => "sourceId",
            Self::Destination => "destinationId",
            Self::Connection => "connectionId",
        }
    }

    /// "source".
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Connection => "connection",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Source => "such source",
            Self::Destination => "such destination",
            Self::Connection => "such connection",
        }
    }

    fn one(self, id: &str) -> Result<String, AirbyteFault> {
        if is_airbyte_id(id) { Ok(format!("{}/{id}", self.path())) } else { Err(AirbyteFault::NotThere(self.about())) }
    }
}

/// The text of a member that is there.
fn text(answer: &Value, member: &str) -> Result<String, AirbyteFault> {
    answer.get(member).and_then(Value::as_str).map(str::to_owned).ok_or(AirbyteFault::NotAirbyte)
}

fn id_of(answer: &Value, kind: AirbyteKind) -> Result<String, AirbyteFault> {
    text(answer, kind.id()).and_then(|id| if is_airbyte_id(&id) { Ok(id) } else { Err(AirbyteFault::NotAirbyte) })
}

fn list(answer: &Value) -> Result<&Vec<Value>, AirbyteFault> {
    answer.get("data").and_then(Value::as_array).ok_or(AirbyteFault::NotAirbyte)
}

/// What is not there is no fault.
pub(super) fn if_there<T>(answer: Result<T, AirbyteFault>) -> Result<Option<T>, AirbyteFault> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(AirbyteFault::NotThere(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

impl AirbyteApi {
    /// The name of our workspace there.
    ///
    /// # Errors
    /// There is none of that id, or the token does not reach it.
    pub async fn workspace_name(&self) -> Result<String, AirbyteFault> {
        let about = "workspace of that id, or the token does not reach it";
        text(&self.ask(&Question::get(format!("workspaces/{}", self.workspace), about)).await?, "name")
    }

    /// Which of the workspace's connectors is kept in that image.
    ///
    /// # Errors
    /// None or several are, or Airbyte cannot be asked.
    pub async fn source_definition(&self, repository: &str) -> Result<String, AirbyteFault> {
        let path = format!("workspaces/{}/definitions/sources", self.workspace);
        let answer = self.ask(&Question::get(path, "list of the connectors of this workspace")).await?;
        let is_it = |one: &&Value| one.get("dockerRepository").and_then(Value::as_str) == Some(repository);
        let found: Vec<&Value> = list(&answer)?.iter().filter(is_it).collect();
        match found.as_slice() {
            [one] => text(one, "id"),
            [] => Err(AirbyteFault::Refused(format!("the workspace there has no connector {repository}."))),
            _ => Err(AirbyteFault::Refused(format!("the workspace there has several connectors {repository}."))),
        }
    }

    /// The thing whose name ends so; the first, when there are several.
    ///
    /// # Errors
    /// Airbyte cannot be asked.
    pub async fn find(&self, kind: AirbyteKind, name_end: &str) -> Result<Option<String>, AirbyteFault> {
        let limit = PAGE.to_string();
        for page in 0..MOST_PAGES {
            let offset = (page * PAGE).to_string();
            let query = [("workspaceIds", self.workspace.as_str()), ("limit", &limit), ("offset", &offset)];
            let question = Question { query: &query, ..Question::get(kind.path().to_owned(), "such list") };
            let answer = self.ask(&question).await?;
            let things = list(&answer)?;
            let is_it = |one: &&Value| {
                one.get("name").and_then(Value::as_str).is_some_and(|name| name.ends_with(name_end)) && is_kept(one)
            };
            if let Some(one) = things.iter().find(is_it) {
                return id_of(one, kind).map(Some);
            }
            if things.len() < PAGE {
                break;
            }
        }
        Ok(None)
    }

    /// Makes one; gives its id.
    ///
    /// # Errors
    /// Airbyte refuses, or does not answer: then it may be there all the same.
    pub async fn make(&self, kind: AirbyteKind, body: &Value) -> Result<String, AirbyteFault> {
        let question = Question {
            method: Method::POST,
            body: Some(body),
            ..Question::get(kind.path().to_owned(), "workspace or thing that this belongs to")
        };
        id_of(&self.ask(&question).await?, kind)
    }

    /// Changes one; `false` when it is not there any more.
    ///
    /// # Errors
    /// Airbyte refuses, or does not answer.
    pub async fn change(&self, kind: AirbyteKind, id: &str, body: &Value) -> Result<bool, AirbyteFault> {
        // A connection can only be changed in parts, by the description; the others are put as a whole.
        let method = if kind == AirbyteKind::Connection { Method::PATCH } else { Method::PUT };
        let question = Question { method, body: Some(body), ..Question::get(kind.one(id)?, kind.about()) };
        Ok(if_there(self.ask(&question).await)?.is_some())
    }

    /// Looks at one; `None` when it is not there any more.
    ///
    /// # Errors
    /// Airbyte cannot be asked.
    pub async fn look(&self, kind: AirbyteKind, id: &str) -> Result<Option<Value>, AirbyteFault> {
        let found = if_there(self.ask(&Question::get(kind.one(id)?, kind.about())).await)?;
        Ok(found.filter(is_kept))
    }

    /// Deletes one; one that is not there is deleted.
    ///
    /// # Errors
    /// Airbyte refuses, or does not answer.
    pub async fn delete(&self, kind: AirbyteKind, id: &str) -> Result<(), AirbyteFault> {
        let question = Question { method: Method::DELETE, ..Question::get(kind.one(id)?, kind.about()) };
        if_there(self.ask(&question).await).map(|_| ())
    }
}

/// What was deleted there with its source is still told of, as deprecated.
fn is_kept(thing: &Value) -> bool {
    thing.get("status").and_then(Value::as_str) != Some("deprecated")
}
