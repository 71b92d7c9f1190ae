//! `/settings/output-layers`: where records of this workspace can go.

use actix_web::{HttpRequest, web};
use askama::Template;
use secrecy::SecretString;

use super::{
    DeleteLayerError, MOST_NAMED, Output, OutputLayer, OutputLayerInput, OutputUser, Settings, add, change, delete,
    destinations, files_name, find, list, users,
};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::{FieldProblem, RawForm};
use crate::base::ids::OutputLayerId;
use crate::engines::{FileFormat, TlsMode};
use crate::features::accounts::guard::{Admin, SignedIn};
use crate::features::connections::Connection;
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

const TOO_MANY: FieldProblem = FieldProblem {
    field: "name",
    code: "too_many_output_layers",
    sentence: "This workspace has 20 output layers and can have no more. Delete one first",
};

/// A destination that records can go to.
struct DestinationItem {
    name: String,
    connector: String,
    url: String,
}

struct LayerItem {
    name: String,
    address: String,
    used_by: String,
    url: String,
}

#[derive(Template)]
#[template(path = "output_layers/index.html")]
struct LayersPage {
    frame: OwnerFrame,
    tab: &'static str,
    may_change: bool,
    /// Files in each format: the name, and which sources use them.
    files: Vec<(&'static str, &'static str)>,
    layers: Vec<LayerItem>,
    destinations: Vec<DestinationItem>,
    /// There are more destinations than are listed.
    has_more: bool,
}

/// What trying the connection has shown.
struct LayerCheck {
    tone: &'static str,
    title: &'static str,
    words: String,
}

#[derive(Template)]
#[template(path = "output_layers/layer.html")]
struct LayerPage {
    frame: OwnerFrame,
    tab: &'static str,
    /// `None` for a new one.
    slug: Option<String>,
    name: String,
    host: String,
    port: String,
    database: String,
    user: String,
    has_password: bool,
    schema: String,
    /// (posted value, words, chosen)
    modes: Vec<(&'static str, &'static str, bool)>,
    ca: String,
    users: Vec<OutputUser>,
    problems: Vec<FieldProblem>,
    tried: Option<LayerCheck>,
}

impl LayerPage {
    fn error(&self, field: &str) -> &'static str {
        self.problems.iter().find(|problem| problem.field == field).map_or("", |problem| problem.sentence)
    }

    fn items(&self) -> Vec<(&'static str, &'static str)> {
        self.problems.iter().map(|problem| (problem.field, problem.sentence)).collect()
    }

    fn new(app: &App, request: &HttpRequest, member: &SignedIn, given: &OutputLayerInput, port: &str) -> Self {
        let Settings { host, database, user, schema, tls, ca, .. } = given.settings.clone();
        Self {
            frame: member.frame(request, app, "settings"),
            tab: urls::SETTINGS_OUTPUT_LAYERS,
            slug: None,
            name: given.name.clone(),
            host,
            port: port.to_owned(),
            database,
            user,
            has_password: false,
            schema,
            modes: TlsMode::ALL.iter().map(|mode| (mode.as_str(), mode.words(), *mode == tls)).collect(),
            ca,
            users: Vec::new(),
            problems: Vec::new(),
            tried: None,
        }
    }

    fn of(self, layer: &OutputLayer, users: Vec<OutputUser>) -> Self {
        Self { slug: Some(layer.slug.clone()), has_password: layer.has_password(), users, ..self }
    }
}

/// What the form sends.
fn read(pairs: Vec<(String, String)>) -> (OutputLayerInput, String) {
    let raw = RawForm::from_pairs(pairs);
    let text = |name: &str| raw.first(name).unwrap_or_default().trim().to_owned();
    let blank = OutputLayerInput::default();
    let settings = Settings {
        host: text("host"),
        database: text("database"),
        user: text("user"),
        schema: text("schema"),
        tls: TlsMode::parse(&text("tls_mode")).unwrap_or_default(),
        ca: text("ca_certificate"),
        ..blank.settings
    };
    let port = text("port");
    let number = if port.is_empty() { blank.port } else { port.parse().unwrap_or(-1) };
    let password = raw.first("password").map(|text| SecretString::from(text.to_owned()));
    (OutputLayerInput { name: text("name"), settings, port: number, password }, port)
}

/// `GET /settings/output-layers`
pub async fn index(app: web::Data<App>, request: HttpRequest, member: SignedIn) -> PageResult {
    let (workspace, here) = (member.workspace_id.clone(), app.clone());
    let (layers, offered) = app
        .db
        .read(move |conn| {
            let mut layers = Vec::new();
            for layer in list(conn, &workspace)? {
                let output = Output::Layer(layer.slug.clone());
                layers.push((users(conn, &workspace, &output, usize::MAX)?.len(), layer));
            }
            Ok((layers, destinations::offered(conn, &here, &workspace)?))
        })
        .await?;
    let destination = |one: &Connection| DestinationItem {
        name: one.description.clone(),
        connector: destinations::connector_name(&app, one),
        url: urls::connection(&one.slug),
    };
    let item = |(count, layer): (usize, OutputLayer)| LayerItem {
        address: layer.settings.address(),
        used_by: match count {
            0 => "No source".to_owned(),
            1 => "1 source".to_owned(),
            more => format!("{more} sources"),
        },
        url: urls::output_layer(&layer.slug),
        name: layer.name,
    };
    page(&LayersPage {
        frame: member.frame(&request, &app, "settings"),
        tab: urls::SETTINGS_OUTPUT_LAYERS,
        may_change: member.role.may_administer(),
        files: vec![
            (files_name(FileFormat::JsonLines), "Sources that choose nothing else"),
            (files_name(FileFormat::Parquet), "Sources that choose it"),
        ],
        layers: layers.into_iter().map(item).collect(),
        destinations: offered.shown.iter().map(destination).collect(),
        has_more: offered.has_more,
    })
}

/// `GET /settings/output-layers/new`
pub async fn new(app: web::Data<App>, request: HttpRequest, member: Admin) -> PageResult {
    page(&LayerPage::new(&app, &request, &member, &OutputLayerInput::default(), "5432"))
}

/// `POST /settings/output-layers/new`
pub async fn create(
    app: web::Data<App>,
    request: HttpRequest,
    member: Admin,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    // The nonce of the form is the layer's id: the same form sent twice adds one.
    let id = OutputLayerId::from_text(&form.token.nonce);
    let (given, port) = read(form.value);
    let details = match given.clone().validate(None) {
        Ok(details) if !form.is_review => details,
        checked => {
            let problems = checked.err().unwrap_or_default();
            let view = LayerPage::new(&app, &request, &member, &given, &port);
            return unprocessable(&LayerPage { problems, ..view });
        }
    };
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    let made = app.write(move |tx| add(tx, &workspace, &id, &details, actor)).await?;
    let Some(layer) = made else {
        let view = LayerPage::new(&app, &request, &member, &given, &port);
        return unprocessable(&LayerPage { problems: vec![TOO_MANY], ..view });
    };
    let target = urls::output_layer(&layer.slug);
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::OutputLayerAdded))
}

struct LoadedLayer {
    layer: OutputLayer,
    /// The sources whose records go there.
    users: Vec<OutputUser>,
}

async fn load(app: &App, member: &SignedIn, slug: &str) -> AppResult<LoadedLayer> {
    let (workspace, slug) = (member.workspace_id.clone(), slug.to_owned());
    app.db
        .read(move |conn| {
            let layer = find(conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
            let users = users(conn, &workspace, &Output::Layer(slug), MOST_NAMED)?;
            Ok(LoadedLayer { layer, users })
        })
        .await
}

fn stored(app: &App, request: &HttpRequest, member: &SignedIn, loaded: LoadedLayer) -> LayerPage {
    let LoadedLayer { layer, users } = loaded;
    let port = i64::from(layer.settings.port);
    let given = OutputLayerInput { name: layer.name.clone(), settings: layer.settings.clone(), port, password: None };
    LayerPage::new(app, request, member, &given, &port.to_string()).of(&layer, users)
}

/// `GET /settings/output-layers/{slug}`
pub async fn edit(app: web::Data<App>, request: HttpRequest, member: Admin, slug: web::Path<String>) -> PageResult {
    let loaded = load(&app, &member, &slug).await?;
    page(&stored(&app, &request, &member, loaded))
}

/// `POST /settings/output-layers/{slug}`
pub async fn update(
    app: web::Data<App>,
    request: HttpRequest,
    member: Admin,
    slug: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let LoadedLayer { layer, users } = load(&app, &member, &slug).await?;
    let (given, port) = read(form.value);
    let details = match given.clone().validate(Some(&layer)) {
        Ok(details) if !form.is_review => details,
        checked => {
            let problems = checked.err().unwrap_or_default();
            let view = LayerPage::new(&app, &request, &member, &given, &port).of(&layer, users);
            return unprocessable(&LayerPage { problems, ..view });
        }
    };
    let actor = member.actor();
    app.write(move |tx| change(tx, &layer, &details, actor)).await?;
    Ok(see_other_with(&app.config.server.base_url, &urls::output_layer(&slug), Flash::OutputLayerSaved))
}

/// `POST /settings/output-layers/{slug}/check`: answers with the page that says what was found.
pub async fn check(
    app: web::Data<App>,
    request: HttpRequest,
    member: Admin,
    slug: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let loaded = load(&app, &member, &slug).await?;
    let check = match app.engines.check_target(&loaded.layer.target(&app.keys)?).await {
        Ok(words) => LayerCheck { tone: "ok", title: "The connection works", words },
        Err(failure) => LayerCheck {
            tone: "bad",
            title: "The connection does not work",
            words: match failure.operator_hint() {
                Some(hint) => format!("{} {hint}", failure.message),
                None => failure.message,
            },
        },
    };
    page(&LayerPage { tried: Some(check), ..stored(&app, &request, &member, loaded) })
}

/// `POST /settings/output-layers/{slug}/deletion`
pub async fn remove(
    app: web::Data<App>,
    member: Admin,
    slug: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let LoadedLayer { layer, .. } = load(&app, &member, &slug).await?;
    let actor = member.actor();
    let base = &app.config.server.base_url;
    match app.try_write(move |tx| delete(tx, &layer, actor)).await {
        Ok(()) => Ok(see_other_with(base, urls::SETTINGS_OUTPUT_LAYERS, Flash::OutputLayerDeleted)),
        // Its page names them.
        Err(DeleteLayerError::InUse(_)) => {
            Ok(see_other_with(base, &urls::output_layer(&slug), Flash::OutputLayerInUse))
        }
        Err(DeleteLayerError::App(error)) => Err(error.into()),
    }
}
