//! What programs send about a connection, and what is wrong with it.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::configure_view::description_problem;
use crate::connectors::Connector;
use crate::console::streams::api_in::TriggerChoiceIn;
use crate::features::streams::StreamChoice;
use crate::features::webhooks::{CallbackWebhook, check_callback};
use crate::platform::app::App;
use crate::platform::web::api::{nullable, present};
use crate::platform::web::problem::{ErrorDetail, Problem};
use crate::schema::form::{FieldError, Submission, import_given};

/// Who is told when a recipient submits. Write-only.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CallbackWebhook")]
pub struct CallbackIn {
    /// An https address on a public host.
    url: String,
    /// A header to send along, so that the receiver knows us.
    #[serde(default)]
    header_name: Option<String>,
    /// Its value; needed with `header_name`. Stored sealed, never given back.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    header_value: Option<SecretString>,
}

/// A new source or destination.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewConnection")]
pub struct NewConnectionIn {
    /// Which type of system it connects.
    pub(super) connector_slug: String,
    /// Always a draft: it is finalised later.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "bool")]
    pub(super) draft: Option<bool>,
    /// Its name for people; the connector's name when left out.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", length(max = 120))]
    pub(super) description: Option<String>,
    /// Values that are known already, whole or in part.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Map<String, Value>")]
    pub(super) config: Option<Map<String, Value>>,
    /// Who is told when a recipient submits.
    #[serde(default)]
    pub(super) callback_webhook: Option<CallbackIn>,
}

/// A change of a source or destination. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ConnectionChange")]
pub struct ConnectionChangeIn {
    /// Another name for people.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", length(min = 1, max = 120))]
    pub(super) description: Option<String>,
    /// Values to merge in. A value that is null is taken away; the reference of a secret (`~secret:…`, as it was read) keeps it. A list of
    /// objects says all rows there shall be, in their order: a row is told by the references in it, else by its content, and keeps the
    /// secrets it does not name. With another address, stored secrets have to be given again.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Map<String, Value>")]
    pub(super) config: Option<Map<String, Value>>,
    /// The `revision` that `config` was made for. What others changed since stays; what they changed and `config` changes to something else
    /// is refused. Without it, `config` is put on whatever is there.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "i64")]
    pub(super) base_revision: Option<i64>,
    /// False finalises a draft. It never becomes a draft again.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "bool")]
    pub(super) draft: Option<bool>,
    /// Where the records go: `files` (JSON Lines), `files:parquet`, the slug of an output layer that was added, or `destination:` and the slug of a
    /// finalised destination that can be written to here.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    pub(super) output_layer: Option<String>,
    /// When a source is read.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "TriggerChoiceIn")]
    pub(super) trigger: Option<TriggerChoiceIn>,
    /// Streams of a source and how they are read; one that is there already is replaced.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Vec<StreamChoice>")]
    pub(super) add_streams: Option<Vec<StreamChoice>>,
    /// Another callback webhook; null removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schemars(with = "Option<CallbackIn>")]
    pub(super) callback_webhook: Option<Option<CallbackIn>>,
}

/// A description that can be taken, trimmed.
pub(super) fn description(text: Option<&str>, may_be_empty: bool, faults: &mut Vec<ErrorDetail>) -> String {
    let text = text.unwrap_or_default().trim();
    let problem =
        if text.is_empty() && !may_be_empty { Some("Enter a name".to_owned()) } else { description_problem(text) };
    faults.extend(problem.map(|sentence| ErrorDetail::at("/description", "invalid", sentence)));
    text.to_owned()
}

/// The values as a change of a draft; `None` when there is nothing to change.
pub(super) fn values(
    connector: &Connector,
    config: Option<Map<String, Value>>,
    faults: &mut Vec<ErrorDetail>,
) -> Option<Submission> {
    match import_given(&connector.spec, &Value::Object(config?)) {
        Ok(submission) => Some(submission).filter(|submission| !submission.is_empty() || submission.refers()),
        Err(errors) => {
            faults.extend(errors.iter().map(config_fault));
            None
        }
    }
}

pub(super) fn config_fault(error: &FieldError) -> ErrorDetail {
    ErrorDetail::at(format!("/config{}", error.path), error.code.code(), error.sentence())
}

/// The callback webhook, with its host looked up.
pub(super) async fn callback(
    app: &App,
    given: Option<CallbackIn>,
    faults: &mut Vec<ErrorDetail>,
) -> Option<CallbackWebhook> {
    let given = given?;
    let name = given.header_name.as_deref();
    let checked = match CallbackWebhook::parse(&given.url, name, given.header_value) {
        Ok(callback) => check_callback(app, &callback).await.map(|()| callback),
        Err(problem) => Err(problem),
    };
    match checked {
        Ok(callback) => Some(callback),
        Err(problem) => {
            faults.push(ErrorDetail::at(
                format!("/callback_webhook/{}", problem.field),
                problem.code,
                problem.sentence,
            ));
            None
        }
    }
}

/// Refuses when there are faults.
pub(super) fn refuse(faults: Vec<ErrorDetail>) -> Result<(), Problem> {
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}
