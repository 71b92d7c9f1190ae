//! The last step: where the records go, when they are read, and the end of being a draft. Later the same page changes the trigger.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::finalise::{Demands, FinishError, NotReady, PlanChange, change_plan, current_success, finalise};
use crate::base::clock::{UtcTime, ZONES};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;
use crate::connectors::Kind;
use crate::engines::Ability;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection, LONGEST_DESCRIPTION, rename};
use crate::features::extraction_engine::{AirbyteTarget, Route, route};
use crate::features::outputs::{self, OutputChoice, OutputChoices};
use crate::features::recipient::problems_title;
use crate::features::setup_links;
use crate::features::streams::{Cron, Output, PREVIEWED, Plan, Trigger, TriggerFault, find_plan};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

#[derive(Template)]
#[template(path = "streams/finish.html")]
struct FinishPage {
    frame: OwnerFrame,
    description: String,
    typed_description: String,
    may_finalise: bool,
    is_draft: bool,
    /// It is extracted, or was once: there are an output and times.
    reads: bool,
    /// What streams there are is known here.
    picks: bool,
    /// Whose workers extract it, where the workspace has said something about that; else empty.
    engine: String,
    /// The real system was asked, or will be.
    checks: bool,
    is_handed_off: bool,
    connector: String,
    is_validated: bool,
    streams: usize,
    all_streams: usize,
    open_links: usize,
    outputs: Vec<OutputGroup>,
    /// There are more destinations than are listed.
    has_more_destinations: bool,
    /// Why some destinations cannot be chosen.
    closed_destinations: Vec<String>,
    is_cron: bool,
    cron: String,
    zones: Vec<(String, bool)>,
    /// The schedule in words; empty when there is none.
    in_words: String,
    times: Vec<(String, String, String)>,
    problems: Vec<(String, String)>,
    problems_title: String,
    connection_url: String,
    streams_url: String,
}

impl FinishPage {
    fn problem(&self, field: &str) -> Option<&str> {
        self.problems.iter().find(|(id, _)| id == field).map(|(_, sentence)| sentence.as_str())
    }
}

/// Outputs of one sort.
struct OutputGroup {
    label: &'static str,
    /// (posted value, words, chosen)
    choices: Vec<(String, String, bool)>,
}

impl OutputGroup {
    /// Those of every sort there is.
    fn all(choices: OutputChoices, chosen: &str) -> Vec<Self> {
        // Somebody may have chosen what went meanwhile: it must not look as if they had chosen something else.
        let OutputChoices { files, layers, destinations, other, .. } = choices.with_other(&Output::parse(chosen), None);
        let group = |label, choices: Vec<OutputChoice>| Self {
            label,
            choices: choices
                .into_iter()
                .map(|OutputChoice { value, name }| {
                    let is_chosen = value == chosen;
                    (value, name, is_chosen)
                })
                .collect(),
        };
        let all = [
            group("Now", other.into_iter().collect()),
            group("Files", files),
            group("Output layers", layers),
            group("Destinations", destinations),
        ];
        all.into_iter().filter(|group| !group.choices.is_empty()).collect()
    }
}

struct LoadedFinish {
    connection: Connection,
    plan: Plan,
    is_validated: bool,
    open_links: usize,
    /// Every place the records can go to.
    outputs: OutputChoices,
    /// Where it runs as it is set now.
    route: Route,
}

/// What stands in the form.
struct FinishForm {
    description: String,
    layer: String,
    is_cron: bool,
    cron: String,
    zone: String,
}

impl FinishForm {
    fn of(loaded: &LoadedFinish) -> Self {
        let (is_cron, cron, zone) = match &loaded.plan.trigger {
            Trigger::Manual => (false, String::new(), String::new()),
            Trigger::Cron(cron) => (true, cron.expression.clone(), cron.zone.clone()),
        };
        let layer = loaded.plan.output.to_string();
        Self { description: loaded.connection.description.clone(), layer, is_cron, cron, zone }
    }

    fn read(loaded: &LoadedFinish, raw: &RawForm) -> Self {
        let text = |name: &str| raw.first(name).unwrap_or_default().trim().to_owned();
        Self {
            description: raw
                .first("description")
                .map_or_else(|| loaded.connection.description.clone(), |_| text("description")),
            layer: raw.first("layer").map_or_else(|| loaded.plan.output.to_string(), |_| text("layer")),
            is_cron: raw.first("trigger") == Some("cron"),
            cron: text("cron"),
            zone: text("zone"),
        }
    }

    fn trigger(&self, now: UtcTime) -> Result<Trigger, TriggerFault> {
        if self.is_cron { Cron::parse(&self.cron, &self.zone, now).map(Trigger::Cron) } else { Ok(Trigger::Manual) }
    }

    fn problems(&self, now: UtcTime) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        if self.description.is_empty() {
            problems.push(("description".to_owned(), "Enter a name".to_owned()));
        } else if self.description.chars().count() > LONGEST_DESCRIPTION
            || self.description.chars().any(char::is_control)
        {
            let sentence = format!("Name must be one line of {LONGEST_DESCRIPTION} characters or fewer");
            problems.push(("description".to_owned(), sentence));
        }
        if let Err(fault) = self.trigger(now) {
            let field = if fault == TriggerFault::NotZone { "zone" } else { "cron" };
            problems.push((field.to_owned(), fault.to_string()));
        }
        problems
    }
}

async fn load(app: &web::Data<App>, member: &SignedIn, slug: String) -> AppResult<LoadedFinish> {
    let (workspace, now, here) = (member.workspace_id.clone(), app.clock.now(), app.clone());
    app.db
        .read(move |conn| {
            let connection = connections::find(conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
            let plan = find_plan(conn, &workspace, &connection.id)?.unwrap_or_default();
            let is_validated = current_success(conn, &connection)?.is_some();
            let links = setup_links::list(conn, &workspace, &connection.id)?;
            let open_links = links.iter().filter(|link| link.state(now).is_open()).count();
            let outputs = outputs::choices(conn, &here, &workspace, &plan.output)?;
            let connector = here.connectors.find(connection.kind, &connection.connector_slug);
            let route = match connector {
                Some(connector) => route(conn, &here, &connection, &connector, &plan.output)?,
                None => Route::Here(None),
            };
            Ok(LoadedFinish { connection, plan, is_validated, open_links, outputs, route })
        })
        .await
}

fn view(
    app: &App,
    request: &HttpRequest,
    member: &SignedIn,
    loaded: &LoadedFinish,
    typed: FinishForm,
    problems: Vec<(String, String)>,
) -> FinishPage {
    let LoadedFinish { connection, plan, .. } = loaded;
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let ability = ability_of(app, connection);
    let now = app.clock.now();
    let (in_words, times) = match typed.trigger(now) {
        Ok(Trigger::Cron(cron)) => {
            let times = cron.next(now, PREVIEWED).into_iter().map(|at| (cron.local(at), at.iso(), at.words()));
            (format!("{} ({})", cron.in_words(), cron.zone), times.collect())
        }
        Ok(Trigger::Manual) | Err(_) => (String::new(), Vec::new()),
    };
    FinishPage {
        frame: member.frame(request, app, "connections"),
        description: connection.description.clone(),
        typed_description: typed.description,
        may_finalise: !connection.is_waiting(),
        is_draft: connection.finalised_at.is_none(),
        reads: has_plan(app, loaded),
        checks: ability.check,
        picks: ability.read,
        engine: engine_words(&loaded.route),
        is_handed_off: connection.kind == Kind::Source && !ability.read && !loaded.route.is_airbyte(),
        connector: connector.map_or_else(|| connection.connector_slug.clone(), |connector| connector.name().to_owned()),
        is_validated: loaded.is_validated,
        streams: plan.enabled().count(),
        all_streams: plan.streams.len(),
        open_links: loaded.open_links,
        outputs: OutputGroup::all(loaded.outputs.clone(), &typed.layer),
        has_more_destinations: loaded.outputs.has_more,
        closed_destinations: loaded.outputs.closed.clone(),
        is_cron: typed.is_cron,
        cron: typed.cron,
        zones: zones(&typed.zone),
        in_words,
        times,
        problems_title: match problems.as_slice() {
            [(id, _)] if ["details", "streams"].contains(&id.as_str()) => "This cannot be finalised yet".to_owned(),
            some => problems_title(some.len(), false),
        },
        problems,
        connection_url: urls::connection(&connection.slug),
        streams_url: urls::connection_streams(&connection.slug),
    }
}

/// What can be done here with what a connection connects; nothing when its connector is gone.
fn ability_of(app: &App, connection: &Connection) -> Ability {
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    connector.map(|connector| app.engines.ability(&connector)).unwrap_or_default()
}

/// Whether the form asks where records go and when: it is read here, or still has times from when it was.
fn has_plan(app: &App, loaded: &LoadedFinish) -> bool {
    ability_of(app, &loaded.connection).read || loaded.route.is_airbyte() || loaded.plan.trigger != Trigger::Manual
}

/// Whose workers extract it, where the workspace has said something about that.
fn engine_words(route: &Route) -> String {
    match route {
        Route::Here(None) => String::new(),
        Route::Here(Some(why)) => {
            format!("Extractions of this workspace run on your Airbyte; this source stays here. {why}")
        }
        Route::Airbyte(AirbyteTarget::Given(id)) => format!(
            "Your Airbyte extracts this source, and puts the records into its destination {id}: Airbyte cannot write to files or output layers of this server."
        ),
        Route::Airbyte(AirbyteTarget::Ours(_)) => {
            "Your Airbyte extracts this source, and writes to the destination that is chosen here.".to_owned()
        }
    }
}

/// The zones to choose from, with one that a program gave and the list does not have.
fn zones(chosen: &str) -> Vec<(String, bool)> {
    let is_listed = chosen.is_empty() || ZONES.iter().any(|zone| zone == chosen);
    let other = (!is_listed).then(|| (chosen.to_owned(), true));
    other.into_iter().chain(ZONES.iter().map(|zone| (zone.clone(), zone == chosen))).collect()
}

/// `GET /connections/{slug}/finish`
pub async fn show(app: web::Data<App>, request: HttpRequest, member: Editor, slug: web::Path<String>) -> PageResult {
    let loaded = load(&app, &member, slug.into_inner()).await?;
    let typed = FinishForm::of(&loaded);
    page(&view(&app, &request, &member, &loaded, typed, Vec::new()))
}

/// `POST /connections/{slug}/finish`
pub async fn save(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    slug: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let loaded = load(&app, &member, slug.into_inner()).await?;
    let raw = RawForm::from_pairs(form.value);
    let (typed, now) = (FinishForm::read(&loaded, &raw), app.clock.now());
    let problems = typed.problems(now);
    let trigger = match typed.trigger(now) {
        Ok(trigger) if problems.is_empty() => trigger,
        Ok(_) | Err(_) => return unprocessable(&view(&app, &request, &member, &loaded, typed, problems)),
    };
    let wants_end = match raw.first("intent") {
        _ if form.is_review => return page(&view(&app, &request, &member, &loaded, typed, Vec::new())),
        Some("finalise") => loaded.connection.finalised_at.is_none(),
        Some("save") => false,
        _ => return page(&view(&app, &request, &member, &loaded, typed, Vec::new())),
    };
    let wish = FinishWish {
        description: typed.description.clone(),
        layer: typed.layer.clone(),
        trigger,
        has_plan: has_plan(&app, &loaded),
        finalise: wants_end,
    };
    match write(&app, &member, &loaded.connection, wish).await {
        Ok(()) => {
            let flash = if wants_end { Flash::ConnectionFinalised } else { Flash::PlanSaved };
            let slug = &loaded.connection.slug;
            // What nothing here reads goes to whoever reads it.
            let hands_off = wants_end
                && loaded.connection.kind == Kind::Source
                && !loaded.route.is_airbyte()
                && !ability_of(&app, &loaded.connection).read;
            let next = if hands_off { urls::connection_hand_off(slug) } else { urls::connection(slug) };
            Ok(see_other_with(&app.config.server.base_url, &next, flash))
        }
        Err(FinishError::NotReady(not_ready)) => {
            let problems = vec![(anchor(&not_ready).to_owned(), not_ready.sentence())];
            unprocessable(&view(&app, &request, &member, &loaded, typed, problems))
        }
        Err(FinishError::App(error)) => Err(error.into()),
    }
}

/// What on the page leads to putting it right.
fn anchor(not_ready: &NotReady) -> &'static str {
    match not_ready {
        NotReady::Waiting | NotReady::Missing(_) | NotReady::Wrong(_) | NotReady::NotValidated => "details",
        NotReady::NoStreams | NotReady::Streams(_) => "streams",
        NotReady::Output(_) => "layer",
    }
}

/// What a form without problems asks for.
struct FinishWish {
    description: String,
    layer: String,
    trigger: Trigger,
    /// Layer and trigger stood in the form.
    has_plan: bool,
    finalise: bool,
}

async fn write(
    app: &web::Data<App>,
    member: &SignedIn,
    connection: &Connection,
    wish: FinishWish,
) -> Result<(), FinishError> {
    let (app_here, actor) = (app.clone(), member.actor());
    let (workspace, slug) = (connection.workspace_id.clone(), connection.slug.clone());
    app.try_write(move |tx| {
        let found = connections::find(tx.conn, &workspace, &slug).map_err(AppError::from)?;
        let connection = found.ok_or(AppError::NotFound)?;
        let demands = Demands::of(&app_here, &connection)?;
        let change = if wish.has_plan {
            PlanChange {
                trigger: Some(wish.trigger),
                output: Some(Output::parse(&wish.layer)),
                ..PlanChange::default()
            }
        } else {
            PlanChange::default()
        };
        if wish.finalise {
            finalise(tx, &connection, &demands, change, actor.clone())?;
        } else {
            change_plan(tx, &connection, &demands, change, actor.clone())?;
        }
        if wish.description != connection.description {
            rename(tx, &connection, &wish.description, actor)?;
        }
        Ok(())
    })
    .await
}
