//! From draft to source: what must be true first, and what happens then.

use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::connectors::Kind;
use crate::engines::Catalog;
use crate::features::connections::{self, Connection};
use crate::features::streams::{Plan, StreamChoice, StreamFault, Trigger, check_all, check_keys, find_plan, save_plan};
use crate::features::work::validations::{self, Of, Validation};
use crate::features::{outputs, setup_links, webhooks};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

/// Why a draft cannot be finalised yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotReady {
    /// It came through an invite link and no member has accepted it yet.
    Waiting,
    /// Required fields are empty: their dot paths.
    Missing(Vec<String>),
    /// The values of now have no successful validation.
    NotValidated,
    /// No stream is chosen.
    NoStreams,
    /// Streams are chosen that cannot be read so.
    Streams(Vec<StreamFault>),
    /// There is no output layer of that slug.
    UnknownLayer(String),
}

impl NotReady {
    /// The stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting_for_approval",
            Self::Missing(_) => "missing_required_fields",
            Self::NotValidated => "not_validated",
            Self::NoStreams => "no_streams",
            Self::Streams(_) => "streams_do_not_fit",
            Self::UnknownLayer(_) => "unknown_output_layer",
        }
    }

    /// For people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Waiting => connections::WAITING.to_owned(),
            Self::Missing(fields) => format!("Required fields are missing: {}.", fields.join(", ")),
            Self::NotValidated => {
                "The details were not validated successfully since they last changed. Validate them, then finalise."
                    .to_owned()
            }
            Self::NoStreams => "Choose at least one stream.".to_owned(),
            Self::Streams(faults) => {
                let sentences: Vec<&str> = faults.iter().map(|fault| fault.sentence.as_str()).collect();
                format!("{}.", sentences.join(". "))
            }
            Self::UnknownLayer(slug) => format!("There is no output layer {slug}. Choose one of those that are there."),
        }
    }
}

/// What is settled on the way.
#[derive(Debug, Clone, Default)]
pub struct Finish {
    /// Streams to be put on the plan; one that is there already is replaced.
    pub streams: Vec<StreamChoice>,
    /// Where the records go, if that is said.
    pub output_layer: Option<String>,
    /// When it is read, if that is said.
    pub trigger: Option<Trigger>,
}

impl Finish {
    /// Puts it on a plan. Gaps of the choices are filled with what is usual for the stream.
    fn put_on(self, plan: &mut Plan, catalog: &Catalog, now: UtcTime) {
        for mut choice in self.streams {
            if let Some(stream) = choice.of(catalog) {
                let usual = crate::features::streams::default_choice(stream, &plan.table_prefix);
                choice.namespace.clone_from(&stream.namespace);
                if choice.table_name.is_empty() {
                    choice.table_name = usual.table_name;
                }
                choice.primary_keys = choice.primary_keys.or(usual.primary_keys);
            }
            let same =
                |one: &&mut StreamChoice| one.stream_name == choice.stream_name && one.namespace == choice.namespace;
            match plan.streams.iter_mut().find(same) {
                Some(place) => *place = choice,
                None => plan.streams.push(choice),
            }
        }
        if let Some(layer) = self.output_layer {
            plan.output_layer = layer;
        }
        if let Some(trigger) = self.trigger {
            plan.next_at = trigger.next_after(now);
            plan.trigger = trigger;
        }
    }
}

/// What the values of now were found to offer; `None` when they were not found good.
pub fn fits(conn: &mut Conn, connection: &Connection) -> AppResult<Option<Validation>> {
    let of = Of { workspace: &connection.workspace_id, connection: &connection.id };
    Ok(validations::current_success(conn, of, connection.version)?)
}

fn judge(connection: &Connection, missing: &[String], plan: &Plan, catalog: Option<&Catalog>) -> Result<(), NotReady> {
    if !missing.is_empty() {
        return Err(NotReady::Missing(missing.to_vec()));
    }
    let Some(catalog) = catalog else { return Err(NotReady::NotValidated) };
    if connection.kind == Kind::Destination {
        return Ok(());
    }
    if plan.enabled().next().is_none() {
        return Err(NotReady::NoStreams);
    }
    let mut faults = check_all(&plan.streams, catalog);
    if plan.fills_tables() {
        faults.extend(check_keys(&plan.streams, catalog));
    }
    if faults.is_empty() { Ok(()) } else { Err(NotReady::Streams(faults)) }
}

/// Finalises a draft: its plan is saved, its setup links die, it is a source or destination from now on.
///
/// # Errors
/// [`AppError::Conflict`] when somebody else changed it at the same moment.
pub fn finalise(
    tx: &mut Tx<'_>,
    connection: &Connection,
    missing: &[String],
    finish: Finish,
    actor: Actor,
) -> AppResult<Result<(), NotReady>> {
    if connection.is_waiting() {
        return Ok(Err(NotReady::Waiting));
    }
    let success = fits(tx.conn, connection)?;
    if success.is_none() {
        // Somebody who changed the values, or finalised, since they were read has moved the version on.
        let now_there = connections::find_by_id(tx.conn, &connection.workspace_id, &connection.id)?;
        if now_there.is_none_or(|there| there.version != connection.version) {
            return Err(AppError::Conflict("The connection changed while it was being finalised. Look at it again."));
        }
    }
    let catalog = success.as_ref().map(|success| success.found(tx.keys)).transpose()?;
    let mut plan = find_plan(tx.conn, &connection.workspace_id, &connection.id)?.unwrap_or_default();
    let nothing = Catalog::default();
    finish.put_on(&mut plan, catalog.as_ref().unwrap_or(&nothing), tx.now);
    if !is_layer(tx.conn, connection, &plan)? {
        return Ok(Err(NotReady::UnknownLayer(plan.output_layer)));
    }
    if let Err(not_ready) = judge(connection, missing, &plan, catalog.as_ref()) {
        return Ok(Err(not_ready));
    }
    plan.next_at = plan.trigger.next_after(tx.now);
    save(tx.conn, connection, &plan, tx.now)?;
    connections::finalise(tx, connection, actor)?;
    if let Some(success) = &success {
        validations::carry_over(tx.conn, success, connection.version + 1)?;
    }
    setup_links::forget_held(tx.conn, connection)?;
    let source =
        connections::find_by_id(tx.conn, &connection.workspace_id, &connection.id)?.ok_or(AppError::NotFound)?;
    tx.tell(&webhooks::Event::Finalised { connection: &source })?;
    Ok(Ok(()))
}

fn is_layer(conn: &mut Conn, connection: &Connection, plan: &Plan) -> AppResult<bool> {
    let (workspace, slug) = (&connection.workspace_id, &plan.output_layer);
    Ok(slug == outputs::FILES || outputs::find(conn, workspace, slug)?.is_some())
}

fn save(conn: &mut Conn, connection: &Connection, plan: &Plan, now: UtcTime) -> AppResult<()> {
    if save_plan(conn, &connection.workspace_id, &connection.id, plan, now)? {
        Ok(())
    } else {
        Err(AppError::Conflict("Somebody else changed the streams at the same moment. Look at them again."))
    }
}

/// Changes the plan: streams, output layer, trigger. On a draft nothing has to be whole yet.
///
/// # Errors
/// As [`finalise`].
pub fn set_trigger(
    tx: &mut Tx<'_>,
    connection: &Connection,
    finish: Finish,
    actor: Actor,
) -> AppResult<Result<(), NotReady>> {
    let of = Of { workspace: &connection.workspace_id, connection: &connection.id };
    let catalog = validations::last_success(tx.conn, of)?.map(|success| success.found(tx.keys)).transpose()?;
    let (has_streams, mut plan) =
        (!finish.streams.is_empty(), find_plan(tx.conn, of.workspace, of.connection)?.unwrap_or_default());
    let Some(catalog) = catalog.or_else(|| (!has_streams).then(Catalog::default)) else {
        return Ok(Err(NotReady::NotValidated));
    };
    let before = plan.clone();
    finish.put_on(&mut plan, &catalog, tx.now);
    if plan.output_layer != before.output_layer && !is_layer(tx.conn, connection, &plan)? {
        return Ok(Err(NotReady::UnknownLayer(plan.output_layer)));
    }
    let mut faults = if has_streams { check_all(&plan.streams, &catalog) } else { Vec::new() };
    if plan.fills_tables() && (has_streams || plan.output_layer != before.output_layer) {
        faults.extend(check_keys(&plan.streams, &catalog));
    }
    if !faults.is_empty() {
        return Ok(Err(NotReady::Streams(faults)));
    }
    if connection.finalised_at.is_none() {
        plan.next_at = None;
    } else if plan.enabled().next().is_none() && connection.kind == Kind::Source {
        return Ok(Err(NotReady::NoStreams));
    }
    if plan != before {
        save(tx.conn, connection, &plan, tx.now)?;
        note(tx, connection, (&before, &plan), actor)?;
    }
    Ok(Ok(()))
}

fn note(tx: &mut Tx<'_>, connection: &Connection, (before, after): (&Plan, &Plan), actor: Actor) -> AppResult<()> {
    let streams = before.streams != after.streams;
    let detail = if streams {
        format!("{} of {}", after.enabled().count(), after.streams.len())
    } else {
        format!("{}, {}", after.trigger.words(), after.output_layer)
    };
    let entry = Entry {
        workspace: &connection.workspace_id,
        connection: Some(&connection.id),
        setup_link: None,
        event: if streams { Event::StreamsChosen } else { Event::PlanChanged },
        actor,
        detail: &detail,
    };
    tx.record(&entry)
}
