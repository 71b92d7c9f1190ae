//! What comes after the details on a connection's page: validations, streams, finalising, extractions.

use askama::Template;

use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::connectors::Kind;
use crate::console::connections::progress::{Step, received};
use crate::engines::Ability;
use crate::features::accounts::Role;
use crate::features::connections::{self, Connection};
use crate::features::extraction_engine::{AirbyteTarget, Route, route};
use crate::features::outputs::{self, MOST_NAMED, OutputUser};
use crate::features::streams::{self, Output, Plan, Trigger};
use crate::features::work::runs::{self, Run};
use crate::features::work::validations::{self, Standing, Validation, standing};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::urls;

const SHOWN: i64 = 10;
/// Coming times of a schedule that are shown.
const NEXT_SHOWN: usize = 3;

/// What other features know of a connection.
pub(super) struct ConnectionWork {
    newest: Option<Validation>,
    checks: Vec<Validation>,
    plan: Option<Plan>,
    runs: Vec<Run>,
    /// What can be done with its connector here.
    ability: Ability,
    /// The name of its connector.
    connector: String,
    /// How the operator gets a loader for it, of a destination.
    how_to_load: Option<String>,
    /// What writes to it, of a destination.
    writer: &'static str,
    /// The name of the plan's output.
    output: String,
    /// The sources that write to it, of a destination.
    users: Vec<OutputUser>,
    /// What was written to it lately, of a destination.
    written: Vec<WrittenRun>,
    /// What the next extraction does, in sentences.
    next_reading: Vec<String>,
    /// Where it runs.
    route: Route,
}

impl ConnectionWork {
    pub(super) fn load(conn: &mut Conn, app: &App, connection: &Connection) -> AppResult<Self> {
        let (workspace, id) = (&connection.workspace_id, &connection.id);
        let plan = streams::find_plan(conn, workspace, id)?;
        let output = match &plan {
            Some(plan) => outputs::name_of(conn, workspace, &plan.output)?,
            None => None,
        };
        let connector = app.connectors.find(connection.kind, &connection.connector_slug);
        let route = match (&connector, &plan) {
            (Some(connector), Some(plan)) => route(conn, app, connection, connector, &plan.output)?,
            (Some(connector), None) => route(conn, app, connection, connector, &Plan::default().output)?,
            (None, _) => Route::Here(None),
        };
        let next_reading = match &plan {
            Some(plan) if connection.finalised_at.is_some() && !route.is_airbyte() => {
                runs::next_reading(conn, app, connection, plan)?
            }
            _ => Vec::new(),
        };
        Ok(Self {
            ability: connector.as_ref().map(|connector| app.engines.ability(connector)).unwrap_or_default(),
            writer: connector.as_ref().map(|connector| app.engines.writer(connector)).unwrap_or_default(),
            how_to_load: connector.as_ref().and_then(|connector| connector.how_to_load()),
            connector: connector
                .map_or_else(|| connection.connector_slug.clone(), |connector| connector.name().to_owned()),
            next_reading,
            route,
            newest: validations::latest(conn, workspace, id)?,
            checks: validations::list(conn, workspace, id, SHOWN)?,
            plan,
            runs: runs::list(conn, workspace, id, SHOWN)?,
            output: output.unwrap_or_default(),
            users: super::remove::users(conn, connection)?,
            written: written(conn, connection)?,
        })
    }

    pub(super) fn standing(&self, connection: &Connection) -> Standing {
        standing(self.newest.as_ref(), connection.version).where_checked(self.ability.check)
    }

    /// Whether its records can be extracted, here or elsewhere.
    fn extracts(&self) -> bool {
        self.ability.read || self.route.is_airbyte()
    }

    fn chosen(&self) -> usize {
        self.plan.as_ref().map_or(0, |plan| plan.enabled().count())
    }
}

/// An extraction that wrote to a destination.
struct WrittenRun {
    run: Run,
    /// The name of its source.
    source: String,
}

/// What was written to a destination lately; nothing of a source.
fn written(conn: &mut Conn, connection: &Connection) -> AppResult<Vec<WrittenRun>> {
    if connection.kind != Kind::Destination {
        return Ok(Vec::new());
    }
    let (workspace, output) = (&connection.workspace_id, Output::Destination(connection.slug.clone()));
    let mut written = Vec::new();
    for run in runs::into_output(conn, workspace, &output, SHOWN)? {
        let source = connections::find_by_id(conn, workspace, &run.connection_id)?;
        let source = source.filter(|one| one.deleted_at.is_none());
        written.extend(source.map(|source| WrittenRun { run, source: source.description }));
    }
    Ok(written)
}

struct WorkItem {
    url: String,
    iso: String,
    words: String,
    state: &'static str,
    tone: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "connections/work.html")]
struct WorkPart {
    title: &'static str,
    sentence: String,
    /// When it is read and where the records go: label and lines.
    facts: Vec<(&'static str, Vec<String>)>,
    csrf: String,
    may_edit: bool,
    /// The first rows of the last extraction that left files.
    records_url: Option<String>,
    may_validate: bool,
    validate_is_main: bool,
    validate_text: &'static str,
    validate_url: String,
    may_run: bool,
    may_restart: bool,
    run_url: String,
    links: Vec<WorkLink>,
    /// Of a destination: the pages and names of the sources that write to it.
    users: Vec<(String, String)>,
    checks: Vec<WorkItem>,
    runs: Vec<WorkItem>,
}

struct WorkLink {
    url: String,
    text: &'static str,
    is_main: bool,
}

/// The section of the page; empty while details are missing and nothing was ever checked.
pub(super) fn part(connection: &Connection, work: &ConnectionWork, csrf: &str, role: Role) -> AppResult<String> {
    let is_whole = connection.missing_count == 0 && (!connection.is_blank() || connection.version > 0);
    if !is_whole && work.checks.is_empty() && connection.finalised_at.is_none() {
        return Ok(String::new());
    }
    if connection.is_waiting() {
        return Ok(String::new());
    }
    let standing = work.standing(connection);
    let is_draft = connection.finalised_at.is_none();
    let Ability { check: checks, write: writes, .. } = work.ability;
    let reads = work.extracts();
    let is_source = connection.kind == Kind::Source;
    let part = WorkPart {
        title: match (is_draft, is_source && reads, !is_source && writes) {
            (true, ..) => "What comes next",
            (false, true, _) => "Extraction",
            (false, false, true) => "Receiving",
            (false, false, false) => "Hand-off",
        },
        sentence: sentence(connection, work, &standing),
        facts: if !is_draft && is_source { facts(work, reads) } else { Vec::new() },
        csrf: csrf.to_owned(),
        may_edit: role.may_edit(),
        records_url: runs::records::newest(&work.runs).filter(|_| role.may_administer()).map(urls::run_records),
        may_validate: checks && connection.missing_count == 0 && standing != Standing::Going,
        validate_is_main: is_draft && matches!(standing, Standing::None | Standing::Unanswered),
        validate_text: if work.newest.is_some() { "Validate again" } else { "Validate" },
        validate_url: urls::connection_validations(&connection.slug),
        may_run: !is_draft && is_source && reads,
        may_restart: !is_draft && is_source && !work.route.is_airbyte() && reads && !work.runs.is_empty(),
        run_url: urls::connection_runs(&connection.slug),
        links: links(connection, work, &standing),
        checks: work.checks.iter().map(check).collect(),
        users: work.users.iter().map(|user| (urls::connection(&user.slug), user.name.clone())).collect(),
        runs: work.runs.iter().map(run).chain(work.written.iter().map(into)).collect(),
    };
    Ok(part.render()?)
}

fn sentence(connection: &Connection, work: &ConnectionWork, standing: &Standing) -> String {
    let (is_source, name) = (connection.kind == Kind::Source, &work.connector);
    let Ability { check: checks, read: reads, write: writes, .. } = work.ability;
    match (connection.finalised_at, standing) {
        (Some(_), _) if is_source && work.route.is_airbyte() && work.chosen() == 0 => {
            "Your Airbyte extracts everything it finds.".to_owned()
        }
        (Some(_), _) if is_source && !reads && work.chosen() == 0 => {
            format!("Nothing installed here can read {name}, so hand it off to an engine of your own.")
        }
        (Some(_), _) if is_source => {
            let plan = work.plan.clone().unwrap_or_default();
            let chosen = format!("{} of {} streams are read.", plan.enabled().count(), plan.streams.len());
            if work.extracts() {
                chosen
            } else {
                format!("{chosen} Nothing installed here can read it, so hand it off to an engine of your own.")
            }
        }
        (Some(_), _) if writes => format!("{} {}", received(work.users.len()), work.writer),
        (Some(_), _) => {
            let all = "This destination is finalised. Programs get its details by the API.";
            work.how_to_load.as_ref().map_or_else(
                || all.to_owned(),
                |how| format!("{all} Nothing installed here can write records to {name}. The operator can {how}."),
            )
        }
        (None, _) if !checks => {
            format!(
                "All required details are there. Nothing installed here can ask {name}, so they are not tried. Finalise it next."
            )
        }
        (None, Standing::None) => {
            "All required details are there. Validate them next: they are tried on the real system.".to_owned()
        }
        (None, Standing::Going) => "The details are being validated.".to_owned(),
        (None, Standing::Bad) => {
            "The last validation did not succeed. Change the details and validate again.".to_owned()
        }
        (None, Standing::Unanswered) => {
            "The last validation brought no answer: nothing is known to be wrong with the details. Validate them again."
                .to_owned()
        }
        (None, Standing::Good) if reads && work.chosen() == 0 => "The details work. Choose what is read.".to_owned(),
        (None, Standing::Good) => "The details work. Review and finalise.".to_owned(),
    }
}

/// When it is read and where to; of a source that nothing here can read, only what its schedule does.
fn facts(work: &ConnectionWork, reads: bool) -> Vec<(&'static str, Vec<String>)> {
    let plan = work.plan.clone().unwrap_or_default();
    if !reads && plan.trigger == Trigger::Manual {
        return Vec::new();
    }
    let blocked = plan.blocked.as_ref().map_or_else(Vec::new, |blocked| {
        vec![
            format!("Since {} the schedule could not start an extraction.", blocked.since.words()),
            blocked.reason.clone(),
            "It tries again at each of its times.".to_owned(),
        ]
    });
    let all = [
        ("When", vec![plan.trigger.words()]),
        ("Next times", plan.trigger.local_from(plan.next_at, NEXT_SHOWN)),
        ("Not started", blocked),
        ("Next extraction", work.next_reading.clone()),
        ("Extracted by", extracted_by(&work.route)),
        ("Records go to", vec![goes_to(work)]),
    ];
    all.into_iter().filter(|(_, lines)| lines.iter().any(|line| !line.is_empty())).collect()
}

/// Whose workers do it, where the workspace has said something about that.
fn extracted_by(route: &Route) -> Vec<String> {
    match route {
        Route::Airbyte(_) => vec!["Your Airbyte".to_owned()],
        Route::Here(Some(why)) => {
            vec!["This installation, although extractions run on your Airbyte.".to_owned(), why.clone()]
        }
        Route::Here(None) => Vec::new(),
    }
}

fn goes_to(work: &ConnectionWork) -> String {
    match &work.route {
        Route::Airbyte(AirbyteTarget::Given(id)) => format!("Destination {id} of your Airbyte"),
        Route::Airbyte(AirbyteTarget::Ours(_)) | Route::Here(_) => work.output.clone(),
    }
}

/// Other ways on; on a draft the next step is the main one.
fn links(connection: &Connection, work: &ConnectionWork, standing: &Standing) -> Vec<WorkLink> {
    let slug = &connection.slug;
    let is_source = connection.kind == Kind::Source;
    let is_draft = connection.finalised_at.is_none();
    let Ability { check: checks, discover: discovers, read: reads, .. } = work.ability;
    // What nobody can be asked about is ready when it is whole.
    let is_ready = is_draft && connection.missing_count == 0 && (*standing == Standing::Good || !checks);
    let must_choose = is_ready && reads && work.chosen() == 0;
    let mut links = Vec::new();
    let mut add = |url, text, is_main| links.push(WorkLink { url, text, is_main });
    if let Some(newest) = work.newest.as_ref().filter(|_| *standing == Standing::Going) {
        add(urls::validation(&newest.id), "Watch the validation", is_draft);
    }
    if is_draft && *standing == Standing::Bad && connection.missing_count == 0 {
        add(urls::connection_configuration(slug), "Change the details", true);
    }
    if must_choose {
        add(urls::connection_streams(slug), "Choose streams", true);
    } else if discovers && (!is_draft || *standing == Standing::Good || work.plan.is_some()) {
        add(urls::connection_streams(slug), "Streams", false);
    }
    if is_ready && !must_choose {
        add(urls::connection_finish(slug), "Finish", true);
    }
    if !is_draft && is_source {
        if work.extracts() || work.plan.as_ref().is_some_and(|plan| plan.trigger != Trigger::Manual) {
            add(urls::connection_finish(slug), "Trigger and output", false);
        }
        add(urls::connection_hand_off(slug), "Hand off", !work.extracts());
    }
    if !is_draft {
        add(urls::connection_configuration(slug), "Change details", false);
    }
    links
}

fn check(one: &Validation) -> WorkItem {
    let state = one.state;
    let test = if one.details.setup_link_id.is_some() { "Test before sending. " } else { "" };
    WorkItem {
        url: urls::validation(&one.id),
        iso: one.created_at.iso(),
        words: one.created_at.words(),
        state: validations::word(state),
        tone: state.tone(),
        text: format!("{test}{}", if state.is_over() { &one.message } else { &one.details.step }),
    }
}

fn run(one: &Run) -> WorkItem {
    let state = one.state;
    let so_far = format!("{} so far", runs::records(one.details.records));
    WorkItem {
        url: urls::run(&one.id),
        iso: one.created_at.iso(),
        words: one.created_at.words(),
        state: runs::word(state),
        tone: state.tone(),
        text: if state.is_over() { one.message.clone() } else { so_far },
    }
}

fn into(one: &WrittenRun) -> WorkItem {
    let item = run(&one.run);
    WorkItem { text: format!("{}: {}", one.source, item.text), ..item }
}

/// The steps after the details, for the stepper.
pub(super) fn further(steps: &mut Vec<Step>, connection: &Connection, work: &ConnectionWork) {
    let filled = steps.last().is_some_and(|step| step.state == "done");
    let standing = work.standing(connection);
    let is_done = connection.finalised_at.is_some();
    let good = is_done || standing == Standing::Good;
    let mut open = filled;
    let mut step = |label, done: bool, failed: bool, note: String| {
        let state = match (done, failed, open) {
            (true, ..) => "done",
            (false, true, true) => "failed",
            (false, false, true) => "current",
            (false, _, false) => "",
        };
        open = open && done;
        steps.push(Step { label, state, note });
    };
    if work.ability.check {
        step("Validated", good, standing == Standing::Bad, String::new());
    }
    if work.ability.read {
        let count = work.chosen();
        step("Streams", good && count > 0, false, if count > 0 { format!("{count} chosen") } else { String::new() });
    }
    step("Finalised", is_done, false, connection.finalised_at.map(UtcTime::short).unwrap_or_default());
    if work.ability.write {
        let note = match work.users.len() {
            0 => String::new(),
            1 => "1 source".to_owned(),
            MOST_NAMED.. => "many sources".to_owned(),
            more => format!("{more} sources"),
        };
        step("Receiving", is_done && !work.users.is_empty(), false, note);
    }
}
