//! A change of a connection by a program: validated first, then applied.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::api_in::{self, ConnectionChangeIn};
use super::remove::users;
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::forms::{FieldPath, ValueProblem};
use crate::connectors::{Connector, Kind};
use crate::console::streams::api_in::TriggerChoiceIn;
use crate::console::streams::finalise::{self, Demands, FinishError, NotReady, PlanChange};
use crate::features::accounts::api_keys::Scope;
use crate::features::accounts::api_keys::guard::Caller;
use crate::features::connections::{Apply, ApplyError, Connection, Filler, Shown, apply_to, rename};
use crate::features::outputs::named;
use crate::features::streams::{self, Output, StreamChoice};
use crate::features::webhooks::{self, CallbackWebhook};
use crate::platform::activity::{Entry, Event};
use crate::platform::app::App;
use crate::platform::tx::Tx;
use crate::platform::web::problem::{Code, ErrorDetail, Problem};
use crate::schema::form::{Submission, kept_elsewhere, shown_path};

/// A change whose parts were validated.
#[derive(Default)]
pub(super) struct ConnectionChange {
    pub(super) connector: Option<Arc<Connector>>,
    pub(super) description: Option<String>,
    pub(super) values: Option<Submission>,
    /// What the program had read when it decided on the values.
    pub(super) shown: Shown,
    pub(super) callback: Option<Option<CallbackWebhook>>,
    /// Streams, output layer, trigger.
    pub(super) plan: Option<PlanChange>,
    /// The draft is to be a draft no more.
    pub(super) finalise: bool,
}

/// Applies the parts of a change that need no validation of the connection; gives it as it is then.
pub(super) fn apply_change(
    tx: &mut Tx<'_>,
    caller: &Caller,
    mut connection: Connection,
    change: &ConnectionChange,
) -> Result<Connection, Problem> {
    if let (Some(submission), Some(connector)) = (&change.values, &change.connector) {
        let one = Apply {
            workspace: &caller.workspace,
            connection: &connection.id.clone(),
            connector,
            submission,
            by: Filler::Member,
            name: &caller.name,
            then: None,
            has_secrets: has_secrets(caller),
            shown: &change.shown,
            actor: caller.actor(),
        };
        let missed = connection.missing_count;
        connection = apply_to(tx, connection, &one).map_err(apply_problem)?;
        if connection.missing_count > missed {
            refuse_gap(tx, &connection)?;
        }
        if !submission.is_empty() {
            note(tx, caller, &connection, Event::DetailsSaved, &titles(submission))?;
        }
    }
    if let Some(description) = change.description.as_ref().filter(|text| **text != connection.description) {
        rename(tx, &connection, description, caller.actor())?;
        connection = Connection { description: description.clone(), updated_at: tx.now, ..connection };
    }
    match &change.callback {
        Some(Some(callback)) => webhooks::set_callback(tx, &connection, callback, caller.actor())?,
        Some(None) => {
            webhooks::remove_callback(tx, &connection, caller.actor())?;
        }
        None => {}
    }
    Ok(connection)
}

/// What sources write to is not left without something it needs.
fn refuse_gap(tx: &mut Tx<'_>, destination: &Connection) -> Result<(), Problem> {
    let users = users(tx.conn, destination)?;
    if users.is_empty() || destination.finalised_at.is_none() {
        return Ok(());
    }
    let words = format!(
        "The records of these sources go there: {}. A required value can be replaced, but not taken away, while they do.",
        named(&users)
    );
    Err(Problem::new(Code::Conflict, words))
}

/// Says which values others have changed since they were read, or which references stand for nothing.
fn apply_problem(error: ApplyError) -> Problem {
    let errors = match error {
        ApplyError::Conflicts(errors) => errors,
        other => return AppError::from(other).into(),
    };
    let unknown: Vec<_> = errors.iter().filter(|error| error.code == ValueProblem::UnknownReference).collect();
    if !unknown.is_empty() {
        return Problem::invalid(unknown.into_iter().map(api_in::config_fault).collect());
    }
    let detail = "Others have changed the same values since the revision you name. Read the connection again.";
    Problem::new(Code::Conflict, detail).naming(errors.iter().map(api_in::config_fault).collect())
}

/// Who may read the credentials may also send them anywhere.
fn has_secrets(caller: &Caller) -> bool {
    caller.may(Scope::CredentialsRead)
}

/// Refuses values that would take stored secrets to another address.
pub(super) fn refuse_misdirected(
    caller: &Caller,
    connection: &Connection,
    change: &ConnectionChange,
) -> Result<(), Problem> {
    let (Some(submission), Some(connector), false) = (&change.values, &change.connector, has_secrets(caller)) else {
        return Ok(());
    };
    let spec = &connector.spec;
    let misdirected = kept_elsewhere(spec, &connection.known_to_members(), &[(spec, submission)]);
    let fault = |path: FieldPath| {
        let path = shown_path(&connection.config, &path);
        let sentence = format!(
            "{} was given for another address. Send it again in the same request, or null to take it away.",
            path.dot()
        );
        ErrorDetail::at(format!("/config{path}"), "address_changed", sentence)
    };
    api_in::refuse(misdirected.into_iter().map(fault).collect())
}

fn titles(submission: &Submission) -> String {
    let mut titles: Vec<String> = submission.provided().into_iter().map(|field| field.title).collect();
    titles.dedup();
    titles.join(", ")
}

fn note(tx: &mut Tx<'_>, caller: &Caller, connection: &Connection, event: Event, detail: &str) -> AppResult<()> {
    let entry = Entry {
        workspace: &caller.workspace,
        connection: Some(&connection.id),
        setup_link: None,
        event,
        actor: caller.actor(),
        detail,
    };
    tx.record(&entry)
}

pub(super) async fn validate(
    app: &App,
    connection: &Connection,
    given: ConnectionChangeIn,
) -> Result<ConnectionChange, Problem> {
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let mut faults = Vec::new();
    let description = given.description.map(|text| api_in::description(Some(&text), false, &mut faults));
    let values = match (&connector, given.config) {
        (Some(connector), config) => api_in::values(connector, config, &mut faults),
        (None, None) => None,
        (None, Some(_)) => {
            return Err(AppError::Conflict("The connector of this connection is not installed any more.").into());
        }
    };
    let callback = match given.callback_webhook {
        None => None,
        Some(None) => Some(None),
        Some(given) => api_in::callback(app, given, &mut faults).await.map(Some),
    };
    let plan =
        plan_change(connection, given.output_layer, given.trigger, given.add_streams, app.clock.now(), &mut faults);
    let finalise = finalising(connection, given.draft, values.is_some(), &mut faults);
    let shown = match given.base_revision {
        Some(number) => Shown::revision(app, connection, number).await?,
        None => Shown::Now,
    };
    if matches!(shown, Shown::Lost) {
        let sentence = "This revision is not known, or not any more. Read the connection again.";
        faults.push(ErrorDetail::at("/base_revision", "unknown_revision", sentence));
    }
    api_in::refuse(faults)?;
    Ok(ConnectionChange { connector, description, values, shown, callback, plan, finalise })
}

/// What a program says about streams, output layer and trigger; `None` when it says nothing.
fn plan_change(
    connection: &Connection,
    output_layer: Option<String>,
    trigger: Option<TriggerChoiceIn>,
    add_streams: Option<Vec<StreamChoice>>,
    now: UtcTime,
    faults: &mut Vec<ErrorDetail>,
) -> Option<PlanChange> {
    let said = [
        ("/output_layer", output_layer.is_some()),
        ("/trigger", trigger.is_some()),
        ("/add_streams", add_streams.is_some()),
    ];
    if connection.kind == Kind::Destination {
        let only = |(pointer, _): &(&str, bool)| ErrorDetail::at(*pointer, "only_sources", "Only a source has this.");
        faults.extend(said.iter().filter(|(_, is_said)| *is_said).map(only));
        return None;
    }
    let trigger = trigger.and_then(|given| match given.read(now) {
        Ok(trigger) => Some(trigger),
        Err(fault) => {
            faults.push(ErrorDetail::at(
                format!("/trigger/{}", TriggerChoiceIn::member(fault)),
                fault.code(),
                format!("{fault}."),
            ));
            None
        }
    });
    said.iter().any(|(_, is_said)| *is_said).then(|| PlanChange {
        streams: add_streams.unwrap_or_default(),
        output: output_layer.as_deref().map(Output::parse),
        trigger,
    })
}

/// Whether the draft is to be finalised.
fn finalising(connection: &Connection, draft: Option<bool>, has_values: bool, faults: &mut Vec<ErrorDetail>) -> bool {
    let is_draft = connection.finalised_at.is_none();
    match draft {
        Some(true) if !is_draft => {
            let sentence = "A finalised connection does not become a draft again.";
            faults.push(ErrorDetail::at("/draft", "already_finalised", sentence));
            false
        }
        Some(false) if is_draft && has_values => {
            let sentence = "New values have no validation yet. Send them to revalidate/ first, then finalise.";
            faults.push(ErrorDetail::at("/draft", "not_validated", sentence));
            false
        }
        Some(false) => is_draft,
        Some(true) | None => false,
    }
}

/// Finalises, or changes streams, output layer and trigger.
pub(super) fn apply_plan(
    tx: &mut Tx<'_>,
    app: &App,
    caller: &Caller,
    connection: &Connection,
    change: &ConnectionChange,
) -> Result<(), FinishError> {
    let plan = change.plan.clone().unwrap_or_default();
    if change.finalise {
        return finalise::finalise(tx, connection, &Demands::of(app, connection)?, plan, caller.actor());
    }
    if change.plan.is_some() {
        return finalise::change_plan(tx, connection, &Demands::of(app, connection)?, plan, caller.actor());
    }
    Ok(())
}

/// Says which member keeps the connection from being finalised.
pub(super) fn finish_problem(refusal: FinishError, change: &ConnectionChange) -> Problem {
    let not_ready = match refusal {
        FinishError::NotReady(not_ready) => not_ready,
        FinishError::App(error) => return error.into(),
    };
    let named = change.plan.as_ref().map(|plan| plan.streams.as_slice()).unwrap_or_default();
    Problem::invalid(match &not_ready {
        NotReady::Waiting => return Problem::new(Code::WaitingForApproval, not_ready.sentence()),
        NotReady::Missing(fields) => fields
            .iter()
            .map(|field| {
                let sentence = format!("{field} is required by the connector and has no value.");
                ErrorDetail::at(format!("/config/{}", field.replace('.', "/")), "missing_required_field", sentence)
            })
            .collect(),
        NotReady::Wrong(fields) => fields
            .iter()
            .map(|field| {
                let sentence = format!("{field} does not fit the rules of the connector.");
                ErrorDetail::at(format!("/config/{}", field.replace('.', "/")), "does_not_fit", sentence)
            })
            .collect(),
        NotReady::Streams(faults) => faults
            .iter()
            .map(|fault| {
                let place = named.iter().position(|one| fault.stream.ends_with(&one.stream_name));
                // A stream that was good for another layer.
                let is_for_layer =
                    fault.code == streams::NO_KEYS && change.plan.as_ref().is_some_and(|plan| plan.output.is_some());
                let pointer = place.map_or_else(
                    || if is_for_layer { "/output_layer" } else { "/add_streams" }.to_owned(),
                    |place| format!("/add_streams/{place}/{}", fault.member),
                );
                ErrorDetail::at(pointer, fault.code, format!("{}.", fault.sentence))
            })
            .collect(),
        NotReady::Output(_) => vec![ErrorDetail::at("/output_layer", not_ready.code(), not_ready.sentence())],
        other => {
            let pointer = if change.finalise { "/draft" } else { "/add_streams" };
            vec![ErrorDetail::at(pointer, other.code(), other.sentence())]
        }
    })
}

/// Values of a program as a change of a draft; `None` when there is nothing to change.
///
/// # Errors
/// What is wrong with which of them.
pub fn import_values(connector: &Connector, config: Option<Map<String, Value>>) -> Result<Option<Submission>, Problem> {
    let mut faults = Vec::new();
    let values = api_in::values(connector, config, &mut faults);
    api_in::refuse(faults)?;
    Ok(values)
}

/// Merges a program's values into a connection and notes it; gives it as it is then.
///
/// # Errors
/// What keeps them from being merged, or the database refuses.
pub fn merge_values(
    tx: &mut Tx<'_>,
    caller: &Caller,
    connection: Connection,
    connector: &Arc<Connector>,
    values: Submission,
) -> Result<Connection, Problem> {
    let change = ConnectionChange {
        connector: Some(Arc::clone(connector)),
        values: Some(values),
        ..ConnectionChange::default()
    };
    refuse_misdirected(caller, &connection, &change)?;
    apply_change(tx, caller, connection, &change)
}
