//! A connection's page: what is there, what is missing, by whom; every link; what happened; rename, delete.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::configure_view::description_problem;
use super::host_key_pages::JumpServerView;
use super::origin_view::OriginView;
use super::timeline::{TimelineItem, items};
use super::work_view::{self, ConnectionWork};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::InviteLinkId;
use crate::connectors::Connector;
use crate::console::connections::progress::{FilledIn, Progress, Step, steps};
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection, FieldOrigin, Filler, find, rename};
use crate::features::oauth::grants::{Connected, ConnectedView};
use crate::features::setup_links::{self, SetupLinkRow};
use crate::features::webhooks::callback::CallbackShown;
use crate::features::webhooks::deliveries::DeliveryItem;
use crate::features::webhooks::{self, Delivery};
use crate::features::{invite_links, oauth};
use crate::platform::activity;
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;
use crate::schema::form::{OverviewAnswer, overview};

const TIMELINE_ROWS: i64 = 200;
const DELIVERY_ROWS: i64 = 20;

/// One field of the connection.
struct FactRow {
    title: String,
    dot: String,
    secret: bool,
    shown: Option<String>,
    is_set: bool,
    is_required: bool,
    is_default: bool,
    /// Why it stands there in vain.
    left_out: Option<String>,
    filled_by: String,
}

impl FactRow {
    /// Nobody answered, and nobody has to.
    fn is_left_empty(&self) -> bool {
        !self.is_set && !self.is_default && !self.is_required
    }
}

/// One setup link of the connection.
struct LinkItem {
    created_iso: String,
    created: String,
    recipient: String,
    state: &'static str,
    tone: &'static str,
    until_iso: String,
    until: String,
    is_open: bool,
    /// What it asks for; empty when it asks for everything.
    asks: String,
    revoke_url: String,
}

#[derive(Template)]
#[template(path = "connections/show.html")]
struct ConnectionPage {
    frame: OwnerFrame,
    may_edit: bool,
    is_draft: bool,
    description: String,
    description_problem: Option<String>,
    typed_description: String,
    slug: String,
    /// Nothing here knows its connector any more.
    is_orphan: bool,
    connector: String,
    connector_url: String,
    kind: &'static str,
    state: &'static str,
    tone: &'static str,
    origin: Option<OriginView>,
    steps: Vec<Step>,
    work: String,
    facts: Vec<FactRow>,
    left_empty: Vec<FactRow>,
    jump_server: Option<JumpServerView>,
    missing: Vec<FactRow>,
    links: Vec<LinkItem>,
    timeline: Vec<TimelineItem>,
    callback: Option<CallbackShown>,
    deliveries: Vec<DeliveryItem>,
    connected: Option<ConnectedView>,
    reconnect_url: String,
    webhook_url: String,
    configuration_url: String,
    description_url: String,
    deletion_url: String,
}

struct LoadedConnection {
    connection: Connection,
    links: Vec<SetupLinkRow>,
    timeline: Vec<activity::ActivityRow>,
    origin: Option<OriginView>,
    callback: Option<CallbackShown>,
    deliveries: Vec<Delivery>,
    connected: Option<Connected>,
    work: ConnectionWork,
    /// Something came from outside that nobody has looked at.
    is_unseen: bool,
}

async fn load(app: &web::Data<App>, member: &SignedIn, slug: String) -> AppResult<LoadedConnection> {
    let (workspace, here) = (member.workspace_id.clone(), app.clone());
    app.db
        .read(move |conn| {
            let connection = find(conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
            let links = setup_links::list(conn, &workspace, &connection.id)?;
            let timeline = activity::timeline(conn, &workspace, &connection.id, TIMELINE_ROWS)?;
            let callback = webhooks::find_callback(conn, &workspace, &connection.id)?;
            let deliveries = webhooks::list_deliveries(conn, &workspace, &connection.id, DELIVERY_ROWS)?;
            let through: Vec<InviteLinkId> = connection.invite_link_id.clone().into_iter().collect();
            let origin = OriginView::of(&connection, &invite_links::names(conn, &workspace, &through)?);
            let connected = oauth::of_connection(conn, &workspace, &connection.id)?;
            let work = ConnectionWork::load(conn, &here, &connection)?;
            let is_unseen = connections::is_unseen(conn, &connection)?;
            Ok(LoadedConnection {
                connection,
                links,
                timeline,
                origin,
                callback,
                deliveries,
                connected,
                work,
                is_unseen,
            })
        })
        .await
}

/// `GET /connections/{slug}`
pub async fn show(app: web::Data<App>, request: HttpRequest, member: SignedIn, slug: web::Path<String>) -> PageResult {
    let loaded = load(&app, &member, slug.into_inner()).await?;
    if loaded.is_unseen && member.role.may_edit() && is_a_look(&request) {
        note_seen(&app, &loaded.connection).await;
    }
    page(&view(&app, &request, &member, loaded, None)?)
}

/// Whether somebody sees the answer: not a HEAD, and not a browser that fetches pages in case they are wanted (`Sec-Purpose`, Fetch standard).
fn is_a_look(request: &HttpRequest) -> bool {
    let purpose = request.headers().get("sec-purpose").and_then(|value| value.to_str().ok()).unwrap_or_default();
    request.method() == actix_web::http::Method::GET && !purpose.contains("prefetch")
}

/// Notes beside the page that somebody has looked; a page is no worse when that cannot be written.
async fn note_seen(app: &App, connection: &Connection) {
    let seen = connection.clone();
    if let Err(error) = app.write(move |tx| Ok(connections::note_seen(tx.conn, &seen)?)).await {
        tracing::warn!(connection = %connection.id, error = %error, "that a connection was looked at is not noted");
    }
}

/// A new name that was not taken, and why; empty when it is only shown again.
struct RefusedName {
    typed: String,
    problem: String,
}

/// Every question of the connector with its answer; none when the connector is gone.
fn answers_of(connector: Option<&Connector>, connection: &Connection) -> Vec<OverviewAnswer> {
    connector.map(|connector| overview(&connector.spec, &connection.known_to_members())).unwrap_or_default()
}

fn view(
    app: &App,
    request: &HttpRequest,
    member: &SignedIn,
    loaded: LoadedConnection,
    typed: Option<RefusedName>,
) -> AppResult<ConnectionPage> {
    let LoadedConnection { connection, links, timeline, origin, callback, deliveries, connected, work, .. } = loaded;
    let connection = &connection;
    let now = app.clock.now();
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let answers = answers_of(connector.as_deref(), connection);
    let required: Vec<&OverviewAnswer> = answers.iter().filter(|answer| answer.required).collect();
    let given = required.iter().filter(|answer| answer.is_set() || answer.has_default).count();
    let progress = progress(connection, &links, now);
    let sent = links.last().map(|link| link.created_at);
    let slug = &connection.slug;
    let (left_empty, facts): (Vec<FactRow>, Vec<FactRow>) =
        answers.iter().map(|answer| fact(answer, connection)).partition(FactRow::is_left_empty);
    let (typed_description, description_problem) = match typed {
        Some(RefusedName { typed, problem }) => (typed, Some(problem).filter(|problem| !problem.is_empty())),
        None => (connection.description.clone(), None),
    };
    let frame = member.frame(request, app, "connections");
    let (state, tone) = badge(connection, &work, progress, connected.as_ref());
    let mut steps = steps(progress, connection.created_at, sent, FilledIn { given, required: required.len() });
    work_view::further(&mut steps, connection, &work);
    Ok(ConnectionPage {
        work: work_view::part(connection, &work, &frame.csrf, member.role)?,
        frame,
        may_edit: member.role.may_edit(),
        is_draft: connection.finalised_at.is_none(),
        description: connection.description.clone(),
        description_problem,
        typed_description,
        slug: slug.clone(),
        is_orphan: connector.is_none(),
        connector_url: urls::connector(connection.kind, &connection.connector_slug),
        connector: connector.as_ref().map_or(&*connection.connector_slug, |known| known.name()).to_owned(),
        kind: connection.kind.as_str(),
        state,
        tone,
        steps,
        missing: answers.iter().filter(|answer| answer.is_missing()).map(|answer| fact(answer, connection)).collect(),
        facts,
        left_empty,
        jump_server: JumpServerView::of(connection),
        links: links.iter().map(|link| link_item(link, slug, &answers, now)).collect(),
        timeline: items(&timeline),
        origin,
        callback,
        deliveries: webhooks::deliveries::items(&deliveries),
        connected: connected.as_ref().map(|found| oauth::grants::connected(app, found)),
        reconnect_url: urls::reconnect_link(slug),
        webhook_url: urls::connection_webhook(slug),
        configuration_url: urls::connection_configuration(slug),
        description_url: urls::connection_description(slug),
        deletion_url: urls::connection_deletion(slug),
    })
}

fn progress(connection: &Connection, links: &[SetupLinkRow], now: UtcTime) -> Progress {
    let open_links = links.iter().filter(|link| link.state(now).is_open()).count();
    let open_links = i64::try_from(open_links).unwrap_or(0);
    Progress::of(connection.missing_count, connection.version == 0, open_links, connection.finalised_at)
}

/// The word beside the name, and its tone.
fn badge(
    connection: &Connection,
    work: &ConnectionWork,
    progress: Progress,
    connected: Option<&Connected>,
) -> (&'static str, &'static str) {
    if connection.is_waiting() {
        return ("Waits for approval", "warn");
    }
    let is_broken = connected.is_some_and(Connected::is_broken);
    let shown = progress.known(&work.standing(connection), is_broken);
    (shown.word(), shown.tone())
}

fn fact(answer: &OverviewAnswer, connection: &Connection) -> FactRow {
    FactRow {
        title: answer.title.clone(),
        dot: answer.path.dot(),
        secret: answer.secret,
        shown: answer.shown.clone(),
        is_set: answer.is_set(),
        is_required: answer.required,
        is_default: !answer.is_set() && answer.has_default,
        left_out: answer.left_out.clone(),
        filled_by: connection.origin_of(&answer.key).map(|origin| filled_by(origin, connection)).unwrap_or_default(),
    }
}

fn filled_by(origin: &FieldOrigin, connection: &Connection) -> String {
    let day = UtcTime::from_unix(origin.at).map(UtcTime::short).unwrap_or_default();
    let came_with_it = connection.invite_link_id.is_some() && origin.name == connection.identity;
    let link = if came_with_it { "an invite link" } else { "a setup link" };
    match (origin.by, origin.name.as_str()) {
        (Filler::Member, name) => format!("{name}, {day}"),
        (Filler::Connector, _) => format!("The connector itself, {day}"),
        (Filler::Recipient, "") => format!("Through {link}, {day}"),
        (Filler::Recipient, name) => format!("{name}, through {link}, {day}"),
    }
}

fn link_item(link: &SetupLinkRow, slug: &str, answers: &[OverviewAnswer], now: UtcTime) -> LinkItem {
    let state = link.state(now);
    let asks = link.asks.as_ref().map(|asks| asks.fields());
    let asked = answers.iter().filter(|answer| asks.is_some_and(|asks| asks.names(&answer.key)));
    let titles: Vec<&str> = asked.map(|answer| answer.title.as_str()).collect();
    LinkItem {
        created_iso: link.created_at.iso(),
        created: link.created_at.words(),
        recipient: link.recipient.clone(),
        state: state.word(),
        tone: state.tone(),
        until_iso: link.expires_at.iso(),
        until: link.expires_at.words_in(&link.zone),
        is_open: state.is_open(),
        asks: titles.join(", "),
        revoke_url: urls::setup_link_revocation(slug, &link.id),
    }
}

/// What a form with one text field sends.
#[derive(Debug, serde::Deserialize)]
pub struct DescriptionForm {
    description: String,
}

/// `POST /connections/{slug}/description`
pub async fn update_description(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    slug: web::Path<String>,
    form: CsrfForm<DescriptionForm>,
) -> PageResult {
    let slug = slug.into_inner();
    let description = form.value.description.trim().to_owned();
    let problem =
        if description.is_empty() { Some("Enter a name".to_owned()) } else { description_problem(&description) };
    if form.is_review || problem.is_some() {
        let problem = problem.unwrap_or_default();
        let loaded = load(&app, &member, slug).await?;
        let refused = RefusedName { typed: description, problem };
        return unprocessable(&view(&app, &request, &member, loaded, Some(refused))?);
    }
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    let target = urls::connection(&slug);
    app.write(move |tx| {
        let connection = find(tx.conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
        rename(tx, &connection, &description, actor)
    })
    .await?;
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::DescriptionSaved))
}
