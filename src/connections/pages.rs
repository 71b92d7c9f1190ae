//! The list of connections.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::store::StateFilter;
use super::{Filter, ListRow, Progress, list};
use crate::accounts::guard::SignedIn;
use crate::app::App;
use crate::clock::UtcTime;
use crate::ids::ConnectionId;
use crate::setup_links;
use crate::web::frame::OwnerFrame;
use crate::web::page::{PageResult, page};
use crate::web::urls;

const PER_PAGE: i64 = 50;

/// What the list is narrowed to, and where it goes on.
#[derive(Debug, Default, serde::Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    find: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    before: String,
}

struct Row {
    name: String,
    url: String,
    connector: String,
    kind: &'static str,
    state: &'static str,
    tone: &'static str,
    waiting_for: &'static str,
    changed_iso: String,
    changed: String,
}

#[derive(Template)]
#[template(path = "connections/index.html")]
struct IndexPage {
    frame: OwnerFrame,
    may_edit: bool,
    find: String,
    state: String,
    rows: Vec<Row>,
    older: String,
    is_first_page: bool,
}

impl IndexPage {
    fn is_narrowed(&self) -> bool {
        !self.find.is_empty() || !self.state.is_empty() || !self.is_first_page
    }
}

/// `GET /connections`
pub async fn index(
    app: web::Data<App>,
    request: HttpRequest,
    member: SignedIn,
    query: web::Query<ListQuery>,
) -> PageResult {
    let filter = Filter {
        query: query.find.trim().to_owned(),
        state: state_filter(&query.state),
        before: read_cursor(&query.before),
        ..Filter::default()
    };
    let (workspace, now) = (member.workspace_id.clone(), app.clock.now());
    let is_first_page = filter.before.is_none();
    let (mut found, open) = app
        .db
        .read(move |conn| {
            let found = list(conn, &workspace, &filter, PER_PAGE + 1)?;
            let ids: Vec<ConnectionId> = found.iter().map(|row| row.id.clone()).collect();
            let open = setup_links::open_counts(conn, &workspace, &ids, now)?;
            Ok((found, open))
        })
        .await?;
    let has_older = found.len() > usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(PER_PAGE).unwrap_or(usize::MAX));
    let older = found.last().filter(|_| has_older).map(|row| older_url(&query, row)).unwrap_or_default();
    let rows = found.iter().map(|row| view(&app, row, open.get(&row.id).copied().unwrap_or(0))).collect();
    let frame = member.frame(&request, &app, "connections");
    let query = query.into_inner();
    page(&IndexPage {
        frame,
        may_edit: member.role.may_edit(),
        find: query.find,
        state: query.state,
        rows,
        older,
        is_first_page,
    })
}

fn view(app: &App, row: &ListRow, open_links: i64) -> Row {
    let progress = Progress::of(row.missing_count, row.version == 0, open_links, row.finalised_at);
    let connector = app.connectors.find(row.kind, &row.connector_slug);
    Row {
        name: row.description.clone(),
        url: urls::connection(&row.slug),
        connector: connector.map_or_else(|| row.connector_slug.clone(), |connector| connector.name().to_owned()),
        kind: row.kind.as_str(),
        state: progress.word(),
        tone: progress.tone(),
        waiting_for: progress.waiting_for(open_links),
        changed_iso: row.updated_at.iso(),
        changed: row.updated_at.short(),
    }
}

fn state_filter(text: &str) -> Option<StateFilter> {
    match text {
        "missing" => Some(StateFilter::Missing),
        "filled" => Some(StateFilter::FilledIn),
        "finalised" => Some(StateFilter::Finalised),
        _ => None,
    }
}

fn older_url(query: &ListQuery, last: &ListRow) -> String {
    let cursor = format!("{}_{}", micros(last.updated_at), last.id);
    let pairs = [("find", query.find.as_str()), ("state", query.state.as_str()), ("before", cursor.as_str())];
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
