//! `/api/v1/sources/` and `/api/v1/destinations/`: the same endpoints for both kinds.

use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

use super::api_in::{self, ChangeIn, NewIn};
use super::api_view::{ConnectionOut, State};
use super::store::StateFilter;
use super::{
    Apply, Connection, Filler, Filter, NewDraft, apply, count, create_draft, delete_draft, find_of_kind, page, rename,
};
use crate::accounts::api_keys::guard::{ApiKey, Caller, Read, Side, Write};
use crate::activity::{self, Entry, Event};
use crate::app::App;
use crate::clock::UtcTime;
use crate::connectors::Connector;
use crate::connectors::spec_form::Submission;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::idempotency::Answer;
use crate::idempotency::guard::{Once, Opened, Ticket};
use crate::ids::ConnectionId;
use crate::setup_links;
use crate::web::api::{ApiQuery, ApiResult, IfMatch, RawBody, etag, json, no_content};
use crate::web::cursor::{self, Page};
use crate::web::openapi::{Operation, inline, schema};
use crate::web::problem::{Code, Fault, Problem};
use crate::web::urls;
use crate::webhooks::{self, CallbackWebhook};

/// Which connections a list shows.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only drafts, or only what is no draft any more.
    draft: Option<bool>,
    /// Only those of this connector.
    connector: Option<String>,
    /// Only those that are so far.
    state: Option<State>,
    /// Only those whose description, slug or connector contains this text.
    search: Option<String>,
    /// Where the page lies: take it from `next` or `previous`.
    cursor: Option<String>,
    /// Rows of the page.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

impl ListQuery {
    fn filter<S: Side>(&self) -> Filter {
        Filter {
            query: self.search.clone().unwrap_or_default().trim().to_owned(),
            state: self.state.map(|state| match state {
                State::Incomplete => StateFilter::Missing,
                State::Complete => StateFilter::FilledIn,
                State::Finalised => StateFilter::Finalised,
            }),
            kind: Some(S::KIND),
            connector: self.connector.clone(),
            draft: self.draft,
            before: None,
        }
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let state = self
            .state
            .and_then(|state| serde_json::to_value(state).ok())
            .and_then(|state| state.as_str().map(str::to_owned));
        let all = [
            ("draft", self.draft.map(|draft| draft.to_string())),
            ("connector", self.connector.clone()),
            ("state", state),
            ("search", self.search.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// `GET /api/v1/sources/`
pub async fn list<S: Side>(app: web::Data<App>, key: ApiKey<Read<S>>, query: ApiQuery<ListQuery>) -> ApiResult {
    let query = query.0;
    let wanted = cursor::wanted(query.cursor.as_deref(), query.limit)?;
    let (workspace, filter) = (key.workspace.clone(), query.filter::<S>());
    let (cut, called_back) = app
        .db
        .read(move |conn| {
            let all = count(conn, &workspace, &filter)?;
            let cut = page(conn, &workspace, &filter, &wanted, all)?;
            let ids: Vec<ConnectionId> = cut.rows.iter().map(|row| row.id.clone()).collect();
            let called_back = webhooks::with_callback(conn, &workspace, &ids)?;
            Ok((cut, called_back))
        })
        .await?;
    let address = app.config.server.base_url.join(&urls::api_connections(S::PLURAL));
    let show = |row: Connection| ConnectionOut::new(&app, &row, called_back.contains(&row.id));
    json(StatusCode::OK, &Page::new(cut, &address, &query.pairs(), |row| row.id.to_string(), show))
}

/// `GET /api/v1/sources/{slug}/`
pub async fn show<S: Side>(app: web::Data<App>, key: ApiKey<Read<S>>, slug: web::Path<String>) -> ApiResult {
    let (workspace, slug) = (key.workspace.clone(), slug.into_inner());
    let (connection, called_back) = app.db.read(move |conn| with_callback::<S>(conn, &workspace, &slug)).await?;
    tagged(StatusCode::OK, &ConnectionOut::new(&app, &connection, called_back))
}

fn with_callback<S: Side>(
    conn: &mut Conn,
    workspace: &crate::ids::WorkspaceId,
    slug: &str,
) -> AppResult<(Connection, bool)> {
    let connection = find_of_kind(conn, workspace, S::KIND, slug)?.ok_or(AppError::NotFound)?;
    let called_back = webhooks::has_callback(conn, workspace, &connection.id)?;
    Ok((connection, called_back))
}

fn tagged(status: StatusCode, out: &ConnectionOut) -> ApiResult {
    let mut answer = json(status, out)?;
    if let Ok(tag) = header::HeaderValue::from_str(&etag(out)?) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    Ok(answer)
}

/// A change whose parts were judged.
struct Change {
    connector: Option<Arc<Connector>>,
    description: Option<String>,
    values: Option<Submission>,
    callback: Option<Option<CallbackWebhook>>,
}

/// `POST /api/v1/sources/`
pub async fn create<S: Side>(app: web::Data<App>, key: ApiKey<Write<S>>, once: Once) -> ApiResult {
    match once.open::<NewIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(new, ticket) => {
            let made = make::<S>(&app, &key, new, ticket.clone()).await;
            ticket.settle(&app, made).await
        }
    }
}

async fn make<S: Side>(app: &web::Data<App>, caller: &Caller, new: NewIn, ticket: Ticket) -> Result<Answer, Problem> {
    if new.draft == Some(false) {
        let sentence = "Only drafts can be made here; a draft is finalised after its credentials were checked. Leave draft out, or send true.";
        return Err(Problem::fault(Fault::at("/draft", "only_drafts", sentence)));
    }
    let connector = app.connectors.find(S::KIND, &new.connector_slug).cloned().ok_or_else(|| {
        let sentence = format!("No connector of that name. The list is at {}.", urls::api_connectors(S::KIND));
        Problem::fault(Fault::at("/connector_slug", "unknown_connector", sentence))
    })?;
    let mut faults = Vec::new();
    let description = api_in::description(new.description.as_deref(), true, &mut faults);
    let values = api_in::values(&connector, new.config, &mut faults);
    let callback = api_in::callback(app, new.callback_webhook, &mut faults).await;
    api_in::sound(faults)?;
    let change =
        Change { connector: Some(Arc::clone(&connector)), description: None, values, callback: callback.map(Some) };
    let (app_here, caller, now) = (app.clone(), caller.clone(), app.clock.now());
    let made = app
        .db
        .write(move |conn| {
            let draft = NewDraft {
                workspace: &caller.workspace,
                connector: &connector,
                description: &description,
                creator: caller.member.as_ref(),
                actor: caller.actor(),
                form_nonce: None,
            };
            let made = create_draft(conn, draft, now, &app_here.rng)?;
            let made = put(conn, &app_here, &caller, made, &change, now)?;
            let out = ConnectionOut::new(&app_here, &made, matches!(change.callback, Some(Some(_))));
            let answer = created::<S>(&app_here, &out)?;
            ticket.store(conn, &answer, &app_here.keys, &app_here.rng)?;
            Ok(answer)
        })
        .await?;
    Ok(made)
}

fn created<S: Side>(app: &App, out: &ConnectionOut) -> AppResult<Answer> {
    let tag = etag(out).map_err(|_| AppError::Internal(anyhow::anyhow!("the answer cannot be written")))?;
    let location = app.config.server.base_url.join(&urls::api_connection(S::PLURAL, &out.slug));
    Ok(Answer::json(StatusCode::CREATED, out)?.with("etag", tag).with("location", location))
}

/// Puts the parts of a change on a connection.
fn put(
    conn: &mut Conn,
    app: &App,
    caller: &Caller,
    connection: Connection,
    change: &Change,
    now: UtcTime,
) -> AppResult<Connection> {
    if let (Some(submission), Some(connector)) = (&change.values, &change.connector) {
        let one = Apply {
            workspace: &caller.workspace,
            connection: &connection.id,
            connector,
            submission,
            by: Filler::Member,
            name: &caller.name,
        };
        apply(conn, &one, &app.keys, now, &app.rng)?;
        note(conn, caller, &connection, Event::DetailsSaved, &titles(submission), now, app)?;
    }
    if let Some(description) = change.description.as_ref().filter(|text| **text != connection.description) {
        rename(conn, &connection, description, caller.actor(), now, &app.rng)?;
    }
    match &change.callback {
        Some(Some(callback)) => {
            webhooks::set_callback(conn, &connection, callback, caller.actor(), &app.keys, now, &app.rng)?
        }
        Some(None) => {
            webhooks::remove_callback(conn, &connection, caller.actor(), now, &app.rng)?;
        }
        None => {}
    }
    super::find_by_id(conn, &caller.workspace, &connection.id)?.ok_or(AppError::NotFound)
}

fn titles(submission: &Submission) -> String {
    let mut titles: Vec<String> = submission.provided().into_iter().map(|field| field.title).collect();
    titles.dedup();
    titles.join(", ")
}

fn note(
    conn: &mut Conn,
    caller: &Caller,
    connection: &Connection,
    event: Event,
    detail: &str,
    now: UtcTime,
    app: &App,
) -> AppResult<()> {
    let entry = Entry {
        workspace: &caller.workspace,
        connection: Some(&connection.id),
        setup_link: None,
        event,
        actor: caller.actor(),
        detail,
    };
    Ok(activity::record(conn, &entry, now, &app.rng)?)
}

/// `PATCH /api/v1/sources/{slug}/`
pub async fn update<S: Side>(
    app: web::Data<App>,
    key: ApiKey<Write<S>>,
    request: HttpRequest,
    slug: web::Path<String>,
    body: RawBody,
) -> ApiResult {
    let (slug, if_match) = (slug.into_inner(), IfMatch::read(&request));
    let (workspace, wanted) = (key.workspace.clone(), slug.clone());
    let (connection, _) = app.db.read(move |conn| with_callback::<S>(conn, &workspace, &wanted)).await?;
    let change = judge(&app, &connection, body.read::<ChangeIn>()?).await?;
    let (app_here, caller, now) = (app.clone(), Caller::clone(&key), app.clock.now());
    let changed = app
        .db
        .write(move |conn| {
            let (connection, called_back) = with_callback::<S>(conn, &caller.workspace, &slug)?;
            let before = ConnectionOut::new(&app_here, &connection, called_back);
            if let Err(problem) = etag(&before).and_then(|tag| if_match.check(&tag)) {
                return Ok(Err(problem));
            }
            put(conn, &app_here, &caller, connection, &change, now)?;
            Ok(Ok(with_callback::<S>(conn, &caller.workspace, &slug)?))
        })
        .await?;
    let (connection, called_back) = changed?;
    tagged(StatusCode::OK, &ConnectionOut::new(&app, &connection, called_back))
}

async fn judge(app: &App, connection: &Connection, given: ChangeIn) -> Result<Change, Problem> {
    let connector = app.connectors.find(connection.kind, &connection.connector_slug).cloned();
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
    api_in::sound(faults)?;
    Ok(Change { connector, description, values, callback })
}

/// `DELETE /api/v1/sources/{slug}/`
pub async fn delete<S: Side>(
    app: web::Data<App>,
    key: ApiKey<Write<S>>,
    slug: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (slug, caller, now, rng) = (slug.into_inner(), Caller::clone(&key), app.clock.now(), app.rng.clone());
    app.db
        .write(move |conn| {
            let connection = find_of_kind(conn, &caller.workspace, S::KIND, &slug)?.ok_or(AppError::NotFound)?;
            delete_draft(conn, &connection, caller.actor(), now, &rng)?;
            webhooks::remove_callback(conn, &connection, caller.actor(), now, &rng)?;
            setup_links::forget_held(conn, &connection)
        })
        .await?;
    Ok(no_content())
}

/// The endpoints of this file.
pub fn operations<S: Side>() -> Vec<Operation> {
    let (list, one) = (urls::api_connections(S::PLURAL), urls::api_connection(S::PLURAL, "{slug}"));
    let (tag, word) = (S::PLURAL, S::KIND.as_str());
    let base = |method, path: &str, verb: &str, summary: String| Operation {
        method,
        path: path.to_owned(),
        id: format!("{verb}_{word}"),
        tag,
        summary,
        about: "",
        scope: Some(if method == "get" { S::READ.as_str() } else { S::WRITE.as_str() }),
        query: None,
        body: None,
        done: (200, Some(schema::<ConnectionOut>)),
        refuses: &[],
        tagged: true,
    };
    vec![
        Operation {
            query: Some(inline::<ListQuery>),
            done: (200, Some(schema::<Page<ConnectionOut>>)),
            tagged: false,
            about: "Newest first.",
            ..base("get", &list, "list", format!("List {tag}"))
        },
        Operation {
            body: Some(schema::<NewIn>),
            done: (201, Some(schema::<ConnectionOut>)),
            about: "Only `connector_slug` is required.",
            ..base("post", &list, "create", format!("Create a draft {word}"))
        },
        base("get", &one, "get", format!("Read a {word}")),
        Operation {
            body: Some(schema::<ChangeIn>),
            refuses: &[Code::Conflict],
            about: "What is left out stays as it is.",
            ..base("patch", &one, "update", format!("Change a {word}"))
        },
        Operation {
            done: (204, None),
            refuses: &[Code::Conflict],
            tagged: false,
            about: "Its values are erased and its setup links die.",
            ..base("delete", &one, "delete", format!("Delete a draft {word}"))
        },
    ]
}
