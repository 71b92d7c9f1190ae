//! Jobs: one extraction of a connection there each.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::account::is_airbyte_id;
use super::call::{AirbyteApi, Question};
use super::fault::AirbyteFault;
use super::things::if_there;
use crate::base::http_client::Method;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AirbyteJobState {
    /// It waits.
    Pending,
    /// It waits for a worker.
    Queued,
    /// It goes on.
    Running,
    /// A try of it failed, and Airbyte tries again.
    Incomplete,
    /// It failed for good.
    Failed,
    /// It is done.
    Succeeded,
    /// Somebody stopped it.
    Cancelled,
}

impl AirbyteJobState {
    /// What people read: "The job …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Pending | Self::Queued => "waits for a worker of Airbyte",
            Self::Running => "is running",
            Self::Incomplete => "failed once, and Airbyte tries again",
            Self::Failed => "failed",
            Self::Succeeded => "is done",
            Self::Cancelled => "was cancelled",
        }
    }
}

/// A job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AirbyteJob {
    /// Its number; later jobs have greater ones.
    #[serde(rename = "jobId")]
    pub id: i64,
    /// How far it is.
    #[serde(rename = "status")]
    pub state: AirbyteJobState,
    /// Records so far, as Airbyte counts them.
    #[serde(default, rename = "rowsSynced", deserialize_with = "or_none")]
    pub records: i64,
    /// Bytes so far, as Airbyte counts them.
    #[serde(default, rename = "bytesSynced", deserialize_with = "or_none")]
    pub bytes: i64,
}

/// A job that has not counted yet may say so with null.
fn or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(Option::<i64>::deserialize(deserializer)?.unwrap_or_default())
}

fn read(answer: Value) -> Result<AirbyteJob, AirbyteFault> {
    let job: AirbyteJob = serde_json::from_value(answer).map_err(|_| AirbyteFault::NotAirbyte)?;
    Ok(AirbyteJob { records: job.records.max(0), bytes: job.bytes.max(0), ..job })
}

impl AirbyteApi {
    /// The last extraction of a connection there, if it had any.
    ///
    /// # Errors
    /// Airbyte cannot be asked.
    pub async fn newest_job(&self, connection: &str) -> Result<Option<AirbyteJob>, AirbyteFault> {
        let query = [("connectionId", connection), ("jobType", "sync"), ("limit", "1"), ("orderBy", "createdAt|DESC")];
        let question = Question { query: &query, ..Question::get("jobs".to_owned(), "such connection") };
        let answer = self.ask(&question).await?;
        let jobs = answer.get("data").and_then(Value::as_array).ok_or(AirbyteFault::NotAirbyte)?;
        jobs.first().cloned().map(read).transpose()
    }

    /// Starts an extraction.
    ///
    /// # Errors
    /// Airbyte refuses, because one goes on already for instance, or does not answer: then it may go on all the same.
    pub async fn start_job(&self, connection: &str) -> Result<AirbyteJob, AirbyteFault> {
        if !is_airbyte_id(connection) {
            return Err(AirbyteFault::NotThere("such connection"));
        }
        let body = json!({"connectionId": connection, "jobType": "sync"});
        let question =
            Question { method: Method::POST, body: Some(&body), ..Question::get("jobs".to_owned(), "such connection") };
        read(self.ask(&question).await?)
    }

    /// One of that number; `None` when Airbyte does not know it.
    ///
    /// # Errors
    /// Airbyte cannot be asked.
    pub async fn job(&self, id: i64) -> Result<Option<AirbyteJob>, AirbyteFault> {
        if_there(self.ask(&Question::get(format!("jobs/{id}"), "such job")).await)?.map(read).transpose()
    }

    /// Asks to stop one.
    ///
    /// # Errors
    /// Airbyte refuses, because it is over for instance, or does not answer.
    pub async fn cancel_job(&self, id: i64) -> Result<(), AirbyteFault> {
        let question = Question { method: Method::DELETE, ..Question::get(format!("jobs/{id}"), "such job") };
        if_there(self.ask(&question).await).map(|_| ())
    }
}
