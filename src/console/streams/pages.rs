//! Which streams of a source are read, and how: one table.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::finalise;
use super::table_view::{StreamRow, rows};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;
use crate::connectors::Kind;
use crate::engines::{Catalog, SyncType};
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::features::recipient::problems_title;
use crate::features::streams::{
    LONGEST_PREFIX, Plan, StreamChoice, StreamFault, check_all, check_keys, find_plan, offered, prefixed,
};
use crate::features::work::validations;
use crate::platform::activity::Event;
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, see_other, unprocessable};
use crate::platform::web::urls;

/// More rows than this are searched for.
const MOST_ROWS: usize = 200;

/// Stands for the first stream on the page.
const ANY_STREAM: &str = "on";

/// What the table is narrowed to.
#[derive(Debug, Default, serde::Deserialize)]
pub struct FindQuery {
    #[serde(default)]
    find: String,
}

#[derive(Template)]
#[template(path = "streams/index.html")]
struct StreamsPage {
    frame: OwnerFrame,
    description: String,
    is_validated: bool,
    is_final: bool,
    total: usize,
    enabled: usize,
    hidden: usize,
    find: String,
    prefix: String,
    rows: Vec<StreamRow>,
    problems: Vec<(String, String)>,
    problems_title: String,
    connection_url: String,
    streams_url: String,
    /// When the source was asked for them: for programs and for people.
    read_at: Option<(String, String)>,
    /// Where they are asked for anew; empty where nobody here can.
    anew_url: String,
}

/// A source, what it offers, and what was chosen of it.
pub(super) struct LoadedStreams {
    pub(super) connection: Connection,
    pub(super) plan: Option<Plan>,
    /// `None`: it was never found good.
    pub(super) catalog: Option<Catalog>,
    /// When the source was asked for them, as far as it is known.
    read_at: Option<UtcTime>,
}

impl LoadedStreams {
    /// The choices in the order of the catalogue, with what is usual where nothing was chosen yet.
    pub(super) fn choices(&self) -> Vec<StreamChoice> {
        let Some(catalog) = &self.catalog else { return Vec::new() };
        let before = self.plan.as_ref().filter(|plan| !plan.streams.is_empty()).map(|plan| plan.streams.as_slice());
        offered(catalog, before, self.prefix()).into_iter().map(|(_, choice)| choice).collect()
    }

    pub(super) fn prefix(&self) -> &str {
        self.plan.as_ref().map_or("", |plan| plan.table_prefix.as_str())
    }
}

pub(super) async fn load(app: &web::Data<App>, member: &SignedIn, slug: String) -> AppResult<LoadedStreams> {
    let (workspace, app) = (member.workspace_id.clone(), app.clone());
    let db = app.db.clone();
    db.read(move |conn| {
        let found = connections::find_of_kind(conn, &workspace, Kind::Source, &slug)?;
        let connection = found.ok_or(AppError::NotFound)?;
        let success = validations::last_success(conn, &workspace, &connection.id)?;
        let read_at = success.as_ref().and_then(|success| success.details.found_at);
        let catalog = success.map(|success| success.found(&app.keys)).transpose()?;
        let plan = find_plan(conn, &workspace, &connection.id)?;
        Ok(LoadedStreams { connection, plan, catalog, read_at })
    })
    .await
}

/// `GET /connections/{slug}/streams`
pub async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    slug: web::Path<String>,
    query: web::Query<FindQuery>,
) -> PageResult {
    let loaded = load(&app, &member, slug.into_inner()).await?;
    let typed =
        StreamsForm { choices: loaded.choices(), prefix: loaded.prefix().to_owned(), find: query.into_inner().find };
    page(&view(&app, &request, &member, &loaded, &typed, Vec::new()))
}

/// What stands in the form.
struct StreamsForm {
    choices: Vec<StreamChoice>,
    prefix: String,
    find: String,
}

fn view(
    app: &App,
    request: &HttpRequest,
    member: &SignedIn,
    loaded: &LoadedStreams,
    typed: &StreamsForm,
    mut problems: Vec<(String, String)>,
) -> StreamsPage {
    let slug = &loaded.connection.slug;
    let saved = loaded.plan.as_ref().map(|plan| plan.streams.as_slice());
    let nothing = Catalog::default();
    let catalog = loaded.catalog.as_ref().unwrap_or(&nothing);
    let mut rows = rows(catalog, &typed.choices, saved, &problems);
    let words: Vec<String> = typed.find.split_whitespace().map(str::to_lowercase).collect();
    rows.retain(|row| words.iter().all(|word| row.name.to_lowercase().contains(word)));
    let hidden = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    let first = rows.first().map_or_else(|| "prefix".to_owned(), |row| format!("on{}", row.place));
    problems.iter_mut().filter(|(id, _)| id == ANY_STREAM).for_each(|(id, _)| id.clone_from(&first));
    StreamsPage {
        frame: member.frame(request, app, "connections"),
        description: loaded.connection.description.clone(),
        is_validated: loaded.catalog.is_some(),
        is_final: loaded.connection.finalised_at.is_some(),
        total: typed.choices.len(),
        enabled: typed.choices.iter().filter(|choice| choice.enabled).count(),
        hidden,
        find: typed.find.clone(),
        prefix: typed.prefix.clone(),
        rows,
        problems_title: problems_title(problems.len(), false),
        problems,
        connection_url: urls::connection(slug),
        streams_url: urls::connection_streams(slug),
        read_at: loaded.read_at.map(|at| (at.iso(), at.words())),
        anew_url: if is_asked(app, &loaded.connection) { urls::connection_validations(slug) } else { String::new() },
    }
}

/// Whether somebody here can ask the source for its streams.
fn is_asked(app: &App, connection: &Connection) -> bool {
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    connector.is_some_and(|connector| {
        let ability = app.engines.ability(&connector);
        ability.check && ability.discover
    })
}

/// `POST /connections/{slug}/streams`
pub async fn save(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    slug: web::Path<String>,
    query: web::Query<FindQuery>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let loaded = load(&app, &member, slug.into_inner()).await?;
    let raw = RawForm::from_pairs(form.value);
    let mut typed = StreamsForm {
        choices: loaded.choices(),
        prefix: raw.first("prefix").unwrap_or_default().trim().to_owned(),
        find: query.into_inner().find,
    };
    put(&mut typed, &raw);
    if form.is_review || matches!(raw.first("intent"), Some("all" | "none")) {
        return page(&view(&app, &request, &member, &loaded, &typed, Vec::new()));
    }
    let is_draft = loaded.connection.finalised_at.is_none();
    let opened = raw.first("intent").and_then(|intent| intent.strip_prefix("fields.")?.parse::<usize>().ok());
    let mut problems = problems(&loaded, &typed);
    if let Some(place) = opened {
        problems.retain(|(id, _)| !is_settled_there(id, place) && (!is_draft || id == "prefix"));
        keep_unread(&mut typed, &loaded, place);
    }
    if !problems.is_empty() {
        return unprocessable(&view(&app, &request, &member, &loaded, &typed, problems));
    }
    let before = loaded.plan.clone().unwrap_or_default();
    let plan = Plan { streams: typed.choices, table_prefix: typed.prefix, ..before.clone() };
    let slug = &loaded.connection.slug;
    let target = match opened {
        Some(place) if plan == before => return Ok(see_other(&urls::connection_stream(slug, place))),
        Some(place) => urls::connection_stream(slug, place),
        None if is_draft => urls::connection_finish(slug),
        None => urls::connection(slug),
    };
    store(&app, &member, loaded.connection, plan, &target).await
}

/// Whether a problem is about the stream whose fields are opened, or about choosing any: both are settled after that.
fn is_settled_there(id: &str, place: usize) -> bool {
    id == ANY_STREAM || ["how", "new"].iter().any(|field| *id == format!("{field}{place}"))
}

/// A source is read while somebody is at the fields of a stream: until then that stream is read as before.
fn keep_unread(typed: &mut StreamsForm, loaded: &LoadedStreams, place: usize) {
    let (Some(slot), Some(before)) = (typed.choices.get_mut(place), loaded.choices().get(place).cloned()) else {
        return;
    };
    if loaded.connection.finalised_at.is_some() && !faults(loaded, std::slice::from_ref(slot)).is_empty() {
        *slot = before;
    }
}

/// Puts what was posted onto the choices; only rows that were on the page, and only if they still mean the same stream.
fn put(typed: &mut StreamsForm, raw: &RawForm) {
    let all = raw.first("intent") == Some("all");
    let none = raw.first("intent") == Some("none");
    for (place, choice) in typed.choices.iter_mut().enumerate() {
        let number = place.to_string();
        if raw.first(&format!("name.{place}")) != Some(choice.full_name().as_str()) {
            continue;
        }
        choice.enabled = all || (!none && raw.all("on").any(|on| on == number));
        if let Some(way) = raw.first(&format!("how.{place}")).and_then(SyncType::parse) {
            choice.sync_type = way;
        }
        if let Some(key) = raw.first(&format!("new.{place}")) {
            choice.replication_key = Some(key.to_owned()).filter(|key| !key.is_empty());
        }
        if let Some(table) = raw.first(&format!("table.{place}")) {
            choice.table_name = table.trim().to_owned();
        }
    }
    for choice in &mut typed.choices {
        choice.table_name = prefixed(&typed.prefix, &choice.table_name);
    }
}

fn problems(loaded: &LoadedStreams, typed: &StreamsForm) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let fits = typed.prefix.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !fits || typed.prefix.len() > LONGEST_PREFIX {
        let sentence = format!("Prefix must be up to {LONGEST_PREFIX} lower-case letters, digits and _");
        return vec![("prefix".to_owned(), sentence)];
    }
    if !typed.choices.iter().any(|choice| choice.enabled) {
        problems.push((ANY_STREAM.to_owned(), "Choose at least one stream".to_owned()));
    }
    for fault in faults(loaded, &typed.choices) {
        let place = typed.choices.iter().position(|choice| choice.full_name() == fault.stream).unwrap_or(0);
        let field = match fault.member {
            "sync_type" | "primary_keys" => "how",
            "replication_key" => "new",
            _ => "table",
        };
        problems.push((format!("{field}{place}"), fault.sentence));
    }
    problems
}

/// Everything wrong with choices, for where the records go now.
pub(super) fn faults(loaded: &LoadedStreams, choices: &[StreamChoice]) -> Vec<StreamFault> {
    let nothing = Catalog::default();
    let catalog = loaded.catalog.as_ref().unwrap_or(&nothing);
    let mut faults = check_all(choices, catalog);
    if loaded.plan.as_ref().is_some_and(Plan::fills_tables) {
        faults.extend(check_keys(choices, catalog));
    }
    faults
}

/// Saves a plan, notes how many streams are read, and goes on to another page.
pub(super) async fn store(
    app: &App,
    member: &SignedIn,
    connection: Connection,
    plan: Plan,
    target: &str,
) -> PageResult {
    let actor = member.actor();
    app.write(move |tx| {
        finalise::save(tx, &connection, &plan)?;
        finalise::note(tx, &connection, Event::StreamsChosen, &finalise::chosen(&plan), actor)
    })
    .await?;
    Ok(see_other_with(&app.config.server.base_url, target, Flash::StreamsSaved))
}
