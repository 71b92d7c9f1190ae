//! From draft to source: what must be true first, and what happens then.

use crate::base::error::{AppError, AppResult};
use crate::connectors::Kind;
use crate::engines::{Ability, Catalog, Stream};
use crate::features::connections::{self, Connection};
use crate::features::outputs::{self, NoOutput};
use crate::features::streams::{
    Output, Plan, StreamChoice, StreamFault, Trigger, check_all, check_keys, find_plan, free_table, save_plan,
    set_next, suggested_tables, unblock_plan,
};
use crate::features::work::runs;
use crate::features::work::validations::{self, StartValidationError, Validation};
use crate::features::{setup_links, webhooks};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::link_state::LinkEnd;
use crate::platform::tx::Tx;

/// Why a draft cannot be finalised yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotReady {
    /// It came through an invite link and no member has accepted it yet.
    Waiting,
    /// Required fields are empty: their dot paths.
    Missing(Vec<String>),
    /// Fields have values that break the rules of the connector: their dot paths.
    Wrong(Vec<String>),
    /// The values of now have no successful validation.
    NotValidated,
    /// No stream is chosen.
    NoStreams,
    /// Streams are chosen that cannot be read so.
    Streams(Vec<StreamFault>),
    /// The records cannot go where they were to go.
    Output(NoOutput),
}

impl NotReady {
    /// The stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting_for_approval",
            Self::Missing(_) => "missing_required_fields",
            Self::Wrong(_) => "does_not_fit",
            Self::NotValidated => "not_validated",
            Self::NoStreams => "no_streams",
            Self::Streams(_) => "streams_do_not_fit",
            Self::Output(why) => why.code(),
        }
    }

    /// For people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Waiting => connections::WAITING.to_owned(),
            Self::Missing(fields) => format!("Required fields are missing: {}.", fields.join(", ")),
            Self::Wrong(fields) => format!("These do not fit the rules of the connector: {}.", fields.join(", ")),
            Self::NotValidated => {
                "The details were not validated successfully since they last changed. Validate them, then finalise."
                    .to_owned()
            }
            Self::NoStreams => "Choose at least one stream.".to_owned(),
            Self::Streams(faults) => {
                let sentences: Vec<&str> = faults.iter().map(|fault| fault.sentence.as_str()).collect();
                format!("{}.", sentences.join(". "))
            }
            Self::Output(why) => why.to_string(),
        }
    }
}

/// Why nothing was finalised or changed.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// Something must be true first.
    #[error("{}", .0.sentence())]
    NotReady(NotReady),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<NotReady> for FinishError {
    fn from(not_ready: NotReady) -> Self {
        Self::NotReady(not_ready)
    }
}

/// What is to be changed about a plan.
#[derive(Debug, Clone, Default)]
pub struct PlanChange {
    /// Streams to be put on the plan; one that is there already is replaced.
    pub streams: Vec<StreamChoice>,
    /// Where the records go, if that is said.
    pub output: Option<Output>,
    /// When it is read, if that is said.
    pub trigger: Option<Trigger>,
}

impl PlanChange {
    /// Changes a plan. Gaps of the choices are filled with what is usual for the stream.
    fn apply_to(self, plan: &mut Plan, catalog: &Catalog) {
        for mut choice in self.streams {
            if let Some(stream) = choice.of(catalog) {
                let usual = crate::features::streams::default_choice(stream, &plan.table_prefix);
                choice.namespace.clone_from(&stream.namespace);
                if choice.table_name.is_empty() {
                    choice.table_name = table_for(plan, catalog, stream);
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
        if let Some(output) = self.output {
            plan.output = output;
        }
        if let Some(trigger) = self.trigger {
            plan.trigger = trigger;
        }
    }
}

/// The name suggested for a stream's table; another one when the plan has it for another stream.
fn table_for(plan: &Plan, catalog: &Catalog, stream: &Stream) -> String {
    let suggested = suggested_tables(catalog, &plan.table_prefix);
    let mine = catalog.streams.iter().zip(suggested).find(|(one, _)| std::ptr::eq(*one, stream));
    let is_other = |one: &&StreamChoice| !one.of(catalog).is_some_and(|found| std::ptr::eq(found, stream));
    let taken = plan.streams.iter().filter(is_other).map(|one| one.table_name.clone()).collect();
    free_table(&mine.map(|(_, name)| name).unwrap_or_default(), &taken)
}

/// The validation that found the values of now good, if there is one.
pub fn current_success(conn: &mut Conn, connection: &Connection) -> AppResult<Option<Validation>> {
    Ok(validations::current_success(conn, &connection.workspace_id, &connection.id, connection.version)?)
}

/// What the connector and this installation ask of a connection before it is finalised.
pub struct Demands<'a> {
    app: &'a App,
    /// Required fields without a value, and fields that break a rule, as dot paths.
    missing: Vec<String>,
    wrong: Vec<String>,
    /// What can be asked and read here decides what has to be proven.
    ability: Ability,
}

impl<'a> Demands<'a> {
    /// What holds for a connection as it is; nothing but a validation when its connector is gone.
    ///
    /// # Errors
    /// A stored secret cannot be opened.
    pub fn of(app: &'a App, connection: &Connection) -> AppResult<Self> {
        let Some(connector) = app.connectors.find(connection.kind, &connection.connector_slug) else {
            return Ok(Self { app, missing: Vec::new(), wrong: Vec::new(), ability: GONE });
        };
        let ability = app.engines.ability(&connector);
        let missing = webhooks::missing_of(&connector, connection);
        let mut demands = Self { app, missing, wrong: Vec::new(), ability };
        match validations::judge(&connector, &connection.open_values(&app.keys)?) {
            Err(StartValidationError::Wrong(fields)) => demands.wrong = fields,
            Err(StartValidationError::Missing(fields)) if demands.missing.is_empty() => demands.missing = fields,
            Ok(()) | Err(_) => {}
        }
        Ok(demands)
    }
}

/// What a connector that is not installed any more would have to prove.
const GONE: Ability = Ability { check: true, discover: true, read: true, write: true };

fn check(demands: &Demands<'_>, plan: &Plan, catalog: Option<&Catalog>) -> Result<(), NotReady> {
    if !demands.missing.is_empty() {
        return Err(NotReady::Missing(demands.missing.clone()));
    }
    if !demands.wrong.is_empty() {
        return Err(NotReady::Wrong(demands.wrong.clone()));
    }
    if demands.ability.check && catalog.is_none() {
        return Err(NotReady::NotValidated);
    }
    if demands.ability.read && plan.enabled().next().is_none() {
        return Err(NotReady::NoStreams);
    }
    // Without streams that were found, none can be chosen.
    let Some(catalog) = catalog else { return Ok(()) };
    let mut faults = check_all(&plan.streams, catalog);
    if plan.fills_tables() {
        faults.extend(check_keys(&plan.streams, catalog));
    }
    if faults.is_empty() { Ok(()) } else { Err(NotReady::Streams(faults)) }
}

/// Finalises a draft: its plan is saved, its setup links die, it is a source or destination from now on.
///
/// # Errors
/// Why it cannot be finalised yet; [`AppError::Conflict`] when somebody else changed it at the same moment.
pub fn finalise(
    tx: &mut Tx<'_>,
    connection: &Connection,
    demands: &Demands<'_>,
    change: PlanChange,
    actor: Actor,
) -> Result<(), FinishError> {
    if connection.is_waiting() {
        return Err(NotReady::Waiting.into());
    }
    let success = current_success(tx.conn, connection)?.filter(|_| demands.ability.check);
    // Somebody who changed the values, or finalised, since they were read has moved the version on.
    if success.is_none() && read_again(tx.conn, connection)?.version != connection.version {
        let sentence = "The connection changed while it was being finalised. Look at it again.";
        return Err(AppError::Conflict(sentence).into());
    }
    let catalog = success.as_ref().map(|success| success.found(tx.keys)).transpose()?;
    let mut plan = plan_of(tx.conn, connection)?;
    let nothing = Catalog::default();
    change.apply_to(&mut plan, catalog.as_ref().unwrap_or(&nothing));
    claim(tx, demands, connection, &plan)?;
    check(demands, &plan, catalog.as_ref())?;
    save(tx, connection, &plan)?;
    begin_clock(tx, connection, &plan)?;
    setup_links::close_all(tx, connection, LinkEnd::Finished)?;
    tell_destinations(tx, connection, None, &plan.output, &actor)?;
    connections::finalise(tx, connection, actor)?;
    if let Some(success) = &success {
        validations::carry_over(tx.conn, success, connection.version + 1).map_err(AppError::from)?;
    }
    let finalised = read_again(tx.conn, connection)?;
    runs::carry_later(tx, demands.app, &finalised, &plan)?;
    Ok(tx.tell(&webhooks::WebhookEvent::Finalised { connection: &finalised })?)
}

/// From now on the clock goes by the plan's trigger; what the times of the one before met is over.
fn begin_clock(tx: &mut Tx<'_>, connection: &Connection, plan: &Plan) -> AppResult<()> {
    set_next(tx.conn, &connection.id, plan.trigger.next_after(tx.now), tx.now)?;
    Ok(unblock_plan(tx.conn, &connection.id)?)
}

fn read_again(conn: &mut Conn, read: &Connection) -> AppResult<Connection> {
    connections::find_by_id(conn, &read.workspace_id, &read.id)?.ok_or(AppError::NotFound)
}

fn plan_of(conn: &mut Conn, connection: &Connection) -> AppResult<Plan> {
    Ok(find_plan(conn, &connection.workspace_id, &connection.id)?.unwrap_or_default())
}

/// Sees that the records can go where the plan says, and keeps that place as it is until the transaction ends.
fn claim(tx: &mut Tx<'_>, demands: &Demands<'_>, connection: &Connection, plan: &Plan) -> Result<(), FinishError> {
    match outputs::claim(tx, demands.app, &connection.workspace_id, &plan.output)? {
        Some(why) => Err(NotReady::Output(why).into()),
        None => Ok(()),
    }
}

/// Tells the timelines of the destinations that a source goes to another place than before.
fn tell_destinations(
    tx: &mut Tx<'_>,
    connection: &Connection,
    before: Option<&Output>,
    after: &Output,
    actor: &Actor,
) -> AppResult<()> {
    if before == Some(after) {
        return Ok(());
    }
    for (output, event) in [(before, Event::DestinationLeft), (Some(after), Event::DestinationChosen)] {
        let Some(slug) = output.and_then(Output::destination) else { continue };
        let found = connections::find_of_kind(tx.conn, &connection.workspace_id, Kind::Destination, slug)?;
        if let Some(destination) = found {
            note(tx, &destination, event, &connection.description, actor.clone())?;
        }
    }
    Ok(())
}

/// Saves a plan in the place of the one that was read.
///
/// # Errors
/// [`AppError::Conflict`] when somebody else saved one meanwhile.
pub(super) fn save(tx: &mut Tx<'_>, connection: &Connection, plan: &Plan) -> AppResult<()> {
    if save_plan(tx.conn, &connection.workspace_id, &connection.id, plan, tx.now)? {
        Ok(())
    } else {
        Err(AppError::Conflict("Somebody else changed the streams at the same moment. Look at them again."))
    }
}

/// Changes the plan: streams, output layer, trigger. On a draft nothing has to be whole yet.
///
/// # Errors
/// As [`finalise`].
pub fn change_plan(
    tx: &mut Tx<'_>,
    connection: &Connection,
    demands: &Demands<'_>,
    change: PlanChange,
    actor: Actor,
) -> Result<(), FinishError> {
    let success =
        validations::last_success(tx.conn, &connection.workspace_id, &connection.id).map_err(AppError::from)?;
    let catalog = success.map(|success| success.found(tx.keys)).transpose()?;
    let has_streams = !change.streams.is_empty();
    let catalog = catalog.or_else(|| (!has_streams).then(Catalog::default)).ok_or(NotReady::NotValidated)?;
    let before = plan_of(tx.conn, connection)?;
    let mut plan = before.clone();
    change.apply_to(&mut plan, &catalog);
    if plan.output != before.output {
        claim(tx, demands, connection, &plan)?;
    }
    let mut faults = if has_streams { check_all(&plan.streams, &catalog) } else { Vec::new() };
    if plan.fills_tables() && (has_streams || plan.output != before.output) {
        faults.extend(check_keys(&plan.streams, &catalog));
    }
    if !faults.is_empty() {
        return Err(NotReady::Streams(faults).into());
    }
    let is_source = connection.finalised_at.is_some() && connection.kind == Kind::Source;
    if is_source && demands.ability.read && plan.enabled().next().is_none() {
        return Err(NotReady::NoStreams.into());
    }
    if plan == before {
        return Ok(());
    }
    save(tx, connection, &plan)?;
    if is_source && plan.trigger != before.trigger {
        begin_clock(tx, connection, &plan)?;
    }
    let (event, detail) = if plan.streams == before.streams {
        let place = match &plan.output {
            Output::Destination(_) => outputs::name_of(tx.conn, &connection.workspace_id, &plan.output)?,
            Output::Files(_) | Output::Layer(_) => None,
        };
        let place = place.unwrap_or_else(|| plan.output.to_string());
        (Event::PlanChanged, format!("{}, {place}", plan.trigger.words()))
    } else {
        (Event::StreamsChosen, chosen(&plan))
    };
    // A draft's records go nowhere yet; its end as a draft says where.
    if is_source {
        tell_destinations(tx, connection, Some(&before.output), &plan.output, &actor)?;
        runs::carry_later(tx, demands.app, connection, &plan)?;
    }
    Ok(note(tx, connection, event, &detail, actor)?)
}

/// How many streams are read, for the activity log: "3 of 8".
pub(super) fn chosen(plan: &Plan) -> String {
    format!("{} of {}", plan.enabled().count(), plan.streams.len())
}

/// Writes down that a plan was changed.
pub(super) fn note(
    tx: &mut Tx<'_>,
    connection: &Connection,
    event: Event,
    detail: &str,
    actor: Actor,
) -> AppResult<()> {
    let entry = Entry {
        workspace: &connection.workspace_id,
        connection: Some(&connection.id),
        setup_link: None,
        event,
        actor,
        detail,
    };
    tx.record(&entry)
}
