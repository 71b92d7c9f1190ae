//! The list of connections.

use std::collections::HashMap;

use actix_web::{HttpRequest, web};
use askama::Template;

use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::ids::{ConnectionId, InviteLinkId, WorkspaceId};
use crate::connectors::Kind;
use crate::console::connections::progress::Progress;
use crate::console::failures;
use crate::features::accounts::guard::SignedIn;
use crate::features::connections::{Approval, ConnectionFilter, ConnectionStateFilter, ListRow, list};
use crate::features::work::validations::{self, Newest, standing_of};
use crate::features::{invite_links, oauth, setup_links};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

const PER_PAGE: i64 = 50;

/// What the list is narrowed to, and where it goes on.
#[derive(Debug, Default, serde::Deserialize)]
pub struct ConnectionsPageQuery {
    #[serde(default)]
    find: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    link: String,
}

struct ConnectionListItem {
    name: String,
    url: String,
    connector: String,
    kind: &'static str,
    state: &'static str,
    tone: &'static str,
    waiting_for: &'static str,
    changed_iso: String,
    changed: String,
    /// The invite link it came through, and who authorised it; both possibly empty.
    through: String,
    identity: String,
    /// Something came from outside that nobody of the workspace has looked at.
    is_new: bool,
}

#[derive(Template)]
#[template(path = "connections/index.html")]
struct ConnectionsPage {
    frame: OwnerFrame,
    may_edit: bool,
    find: String,
    state: String,
    kind: String,
    link: String,
    rows: Vec<ConnectionListItem>,
    older: String,
    is_first_page: bool,
    /// What failed for good and nobody has looked at.
    failures: usize,
    /// Where mails go as long as no mail server is set, for those who can see to that; empty for others.
    mail_files: String,
}

impl ConnectionsPage {
    fn is_narrowed(&self) -> bool {
        !self.find.is_empty()
            || !self.state.is_empty()
            || !self.kind.is_empty()
            || !self.link.is_empty()
            || !self.is_first_page
    }
}

/// What other features know of the connections of a page.
struct ListContext {
    open_links: HashMap<ConnectionId, i64>,
    through: HashMap<InviteLinkId, String>,
    newest: HashMap<ConnectionId, Newest>,
    grants: HashMap<ConnectionId, oauth::grants::Connected>,
}

impl ListContext {
    fn load(conn: &mut Conn, workspace: &WorkspaceId, rows: &[ListRow], now: UtcTime) -> AppResult<Self> {
        let ids: Vec<ConnectionId> = rows.iter().map(|row| row.id.clone()).collect();
        let links: Vec<InviteLinkId> = rows.iter().filter_map(|row| row.invite_link_id.clone()).collect();
        Ok(Self {
            open_links: setup_links::open_counts(conn, workspace, &ids, now)?,
            through: invite_links::names(conn, workspace, &links)?,
            newest: validations::newest_of(conn, workspace, &ids)?,
            grants: oauth::grants::of_connections(conn, workspace, &ids)?,
        })
    }
}

/// `GET /connections`
pub async fn index(
    app: web::Data<App>,
    request: HttpRequest,
    member: SignedIn,
    query: web::Query<ConnectionsPageQuery>,
) -> PageResult {
    let filter = ConnectionFilter {
        query: query.find.trim().to_owned(),
        state: state_filter(&query.state),
        before: read_cursor(&query.before),
        kind: Kind::parse(&query.kind),
        invite_link: Some(InviteLinkId::from_text(&query.link)).filter(|link| !link.as_str().is_empty()),
        ..ConnectionFilter::default()
    };
    let (workspace, now) = (member.workspace_id.clone(), app.clock.now());
    let is_first_page = filter.before.is_none();
    let (mut found, known, failures) = app
        .db
        .read(move |conn| {
            let found = list(conn, &workspace, &filter, PER_PAGE + 1)?;
            let known = ListContext::load(conn, &workspace, &found, now)?;
            let failures = if is_first_page { failures::count(conn, &workspace, now)? } else { 0 };
            Ok((found, known, failures))
        })
        .await?;
    let files = if is_first_page && member.role.may_administer() { app.connectors.faults().len() } else { 0 };
    let tells_of_mail = member.role.may_administer() && !app.config.mail.is_sent();
    let mail_files = if tells_of_mail { app.mailer.shown() } else { String::new() };
    let has_older = found.len() > usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(PER_PAGE).unwrap_or(usize::MAX));
    let older = found.last().filter(|_| has_older).map(|row| older_url(&query, row)).unwrap_or_default();
    let rows = found.iter().map(|row| view(&app, row, &known)).collect();
    let frame = member.frame(&request, &app, "connections");
    let query = query.into_inner();
    page(&ConnectionsPage {
        frame,
        may_edit: member.role.may_edit(),
        find: query.find,
        state: query.state,
        kind: query.kind,
        link: query.link,
        rows,
        older,
        is_first_page,
        failures: failures + files,
        mail_files,
    })
}

fn view(app: &App, row: &ListRow, known: &ListContext) -> ConnectionListItem {
    let open_links = known.open_links.get(&row.id).copied().unwrap_or(0);
    let is_broken = known.grants.get(&row.id).is_some_and(oauth::grants::Connected::is_broken);
    let connector = app.connectors.find(row.kind, &row.connector_slug);
    let ability = connector.as_ref().map(|connector| app.engines.ability(connector)).unwrap_or_default();
    let standing = standing_of(known.newest.get(&row.id).copied(), row.version).where_checked(ability.check);
    let progress =
        Progress::of(row.missing_count, row.version == 0, open_links, row.finalised_at).known(&standing, is_broken);
    let through = row.invite_link_id.as_ref().and_then(|link| known.through.get(link));
    let waits = row.approval == Approval::Waiting;
    let (state, tone, waiting_for) = match (&connector, waits) {
        (None, _) => ("Connector missing", "warn", "Its connector to be put back"),
        (Some(_), true) => ("Waits for approval", "warn", "You: accept or reject it"),
        (Some(_), false) => (progress.word(), progress.tone(), progress.waiting_for(open_links, ability)),
    };
    ConnectionListItem {
        name: row.description.clone(),
        url: urls::connection(&row.slug),
        connector: connector.map_or_else(|| row.connector_slug.clone(), |connector| connector.name().to_owned()),
        kind: row.kind.as_str(),
        state,
        tone,
        waiting_for,
        changed_iso: row.updated_at.iso(),
        changed: row.updated_at.short(),
        through: through.cloned().unwrap_or_default(),
        identity: row.identity.clone(),
        is_new: row.unseen_at.is_some(),
    }
}

fn state_filter(text: &str) -> Option<ConnectionStateFilter> {
    match text {
        "missing" => Some(ConnectionStateFilter::Missing),
        "filled" => Some(ConnectionStateFilter::FilledIn),
        "finalised" => Some(ConnectionStateFilter::Finalised),
        "waiting" => Some(ConnectionStateFilter::Waiting),
        _ => None,
    }
}

fn older_url(query: &ConnectionsPageQuery, last: &ListRow) -> String {
    let cursor = format!("{}_{}", micros(last.updated_at), last.id);
    let pairs = [
        ("find", query.find.as_str()),
        ("state", query.state.as_str()),
        ("kind", query.kind.as_str()),
        ("link", query.link.as_str()),
        ("before", cursor.as_str()),
    ];
    let set = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(set).finish();
    format!("{}?{text}", urls::CONNECTIONS)
}

fn micros(at: UtcTime) -> i128 {
    at.as_offset().unix_timestamp_nanos() / 1_000
}

/// A cursor that cannot be read starts at the first page.
fn read_cursor(text: &str) -> Option<(UtcTime, ConnectionId)> {
    let (micros, id) = text.split_once('_')?;
    let nanos = micros.parse::<i128>().ok()?.checked_mul(1_000)?;
    let at = time::OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
    Some((UtcTime::new(at), ConnectionId::from_text(id)))
}
