//! `/api/v1/sources/` and `/api/v1/destinations/`: the same endpoints for both kinds.

use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

use super::api_change::{ConnectionChange, apply_change, apply_plan, finish_problem, refuse_misdirected, validate};
use super::api_in::{self, ConnectionChangeIn, NewConnectionIn};
use super::api_view::{ConnectionOut, ConnectionStateOut, Related};
use super::remove::{RemoveError, remove};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::features::accounts::api_keys::guard::{ApiKey, Caller, Read, Side, Write};
use crate::features::connections::{
    Connection, ConnectionFilter, ConnectionStateFilter, NewDraft, create_draft, find_of_kind, page,
};
use crate::features::idempotency::Answer;
use crate::features::idempotency::guard::{Once, Opened, Ticket};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::api::{ApiQuery, ApiResult, IfMatch, RawBody, etag, json, no_content};
use crate::platform::web::cursor::{self, PageOut};
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, ErrorDetail, Problem};
use crate::platform::web::urls;

/// Which connections a list shows.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionListQuery {
    /// Only drafts, or only what is no draft any more.
    draft: Option<bool>,
    /// Only those of this connector.
    connector: Option<String>,
    /// Only those that are so far.
    state: Option<ConnectionStateOut>,
    /// Only those whose description, slug or connector has words that begin with these; a text without letters and digits is looked for
    /// in the description as it stands.
    search: Option<String>,
    /// Where the page lies: take it from `next` or `previous`.
    cursor: Option<String>,
    /// Rows of the page.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

impl ConnectionListQuery {
    fn filter<S: Side>(&self) -> ConnectionFilter {
        ConnectionFilter {
            query: self.search.clone().unwrap_or_default().trim().to_owned(),
            state: self.state.map(|state| match state {
                ConnectionStateOut::Incomplete => ConnectionStateFilter::Missing,
                ConnectionStateOut::Complete => ConnectionStateFilter::FilledIn,
                ConnectionStateOut::Finalised => ConnectionStateFilter::Finalised,
            }),
            kind: Some(S::KIND),
            connector: self.connector.clone(),
            draft: self.draft,
            ..ConnectionFilter::default()
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
pub async fn list<S: Side>(
    app: web::Data<App>,
    key: ApiKey<Read<S>>,
    query: ApiQuery<ConnectionListQuery>,
) -> ApiResult {
    let query = query.0;
    let wanted = cursor::page_request(query.cursor.as_deref(), query.limit)?;
    let (workspace, filter) = (key.workspace.clone(), query.filter::<S>());
    let (cut, related) = app
        .db
        .read(move |conn| {
            let cut = page(conn, &workspace, &filter, &wanted)?;
            let ids: Vec<ConnectionId> = cut.rows.iter().map(|row| row.id.clone()).collect();
            let related = Related::of_many(conn, &workspace, &ids)?;
            Ok((cut, related))
        })
        .await?;
    let address = app.config.server.base_url.join(&urls::api_connections(S::PLURAL));
    let show = |row: Connection| ConnectionOut::new(&app, &row, related.get(&row.id).cloned().unwrap_or_default());
    json(StatusCode::OK, &PageOut::new(cut, &address, &query.pairs(), |row| row.id.to_string(), show))
}

/// `GET /api/v1/sources/{slug}/`
pub async fn show<S: Side>(app: web::Data<App>, key: ApiKey<Read<S>>, slug: web::Path<String>) -> ApiResult {
    let (workspace, slug) = (key.workspace.clone(), slug.into_inner());
    let (connection, related) = app.db.read(move |conn| with_related::<S>(conn, &workspace, &slug)).await?;
    tagged(StatusCode::OK, &ConnectionOut::new(&app, &connection, related))
}

fn with_related<S: Side>(conn: &mut Conn, workspace: &WorkspaceId, slug: &str) -> AppResult<(Connection, Related)> {
    let connection = find_of_kind(conn, workspace, S::KIND, slug)?.ok_or(AppError::NotFound)?;
    let related = Related::of(conn, workspace, &connection.id)?;
    Ok((connection, related))
}

fn tagged(status: StatusCode, out: &ConnectionOut) -> ApiResult {
    let mut answer = json(status, out)?;
    if let Ok(tag) = header::HeaderValue::from_str(&etag(&out.for_tag())?) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    Ok(answer)
}

/// `POST /api/v1/sources/`
pub async fn create<S: Side>(app: web::Data<App>, key: ApiKey<Write<S>>, once: Once) -> ApiResult {
    match once.open::<NewConnectionIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(new, ticket) => {
            let made = make::<S>(&app, &key, new, ticket.clone()).await;
            ticket.settle(&app, made).await
        }
    }
}

async fn make<S: Side>(
    app: &web::Data<App>,
    caller: &Caller,
    new: NewConnectionIn,
    ticket: Ticket,
) -> Result<Answer, Problem> {
    if new.draft == Some(false) {
        let sentence = "Only drafts can be made here; a draft is finalised when its details are whole. Leave draft out, or send true.";
        return Err(Problem::invalid_value(ErrorDetail::at("/draft", "only_drafts", sentence)));
    }
    let connector = app.connectors.find(S::KIND, &new.connector_slug).ok_or_else(|| {
        let sentence = format!("No connector of that name. The list is at {}.", urls::api_connectors(S::KIND));
        Problem::invalid_value(ErrorDetail::at("/connector_slug", "unknown_connector", sentence))
    })?;
    let mut faults = Vec::new();
    let description = api_in::description(new.description.as_deref(), true, &mut faults);
    let values = api_in::values(&connector, new.config, &mut faults);
    let callback = api_in::callback(app, new.callback_webhook, &mut faults).await;
    api_in::refuse(faults)?;
    let change = ConnectionChange {
        connector: Some(Arc::clone(&connector)),
        values,
        callback: callback.map(Some),
        ..ConnectionChange::default()
    };
    let (app_here, caller) = (app.clone(), caller.clone());
    let made = app
        .try_write(move |tx| -> Result<_, Problem> {
            let draft = NewDraft {
                workspace: &caller.workspace,
                connector: &connector,
                description: &description,
                creator: caller.member.as_ref(),
                actor: caller.actor(),
                form_nonce: None,
            };
            let made = create_draft(tx, draft)?;
            let made = apply_change(tx, &caller, made, &change)?;
            let related = Related { has_callback: matches!(change.callback, Some(Some(_))), ..Related::default() };
            let out = ConnectionOut::new(&app_here, &made, related);
            let answer = created::<S>(&app_here, &out)?;
            ticket.store(tx, &answer)?;
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
    let (connection, _) = app.db.read(move |conn| with_related::<S>(conn, &workspace, &wanted)).await?;
    let change = validate(&app, &connection, body.read::<ConnectionChangeIn>()?).await?;
    let (app_here, caller) = (app.clone(), Caller::clone(&key));
    let changed = app.try_write(move |tx| -> Result<_, Problem> {
        let (connection, related) = with_related::<S>(tx.conn, &caller.workspace, &slug)?;
        if_match.check(&etag(&ConnectionOut::new(&app_here, &connection, related).for_tag())?)?;
        refuse_misdirected(&caller, &connection, &change)?;
        apply_plan(tx, &app_here, &caller, &connection, &change).map_err(|refusal| finish_problem(refusal, &change))?;
        apply_change(tx, &caller, connection, &change)?;
        Ok(with_related::<S>(tx.conn, &caller.workspace, &slug)?)
    });
    let (connection, related) = changed.await?;
    tagged(StatusCode::OK, &ConnectionOut::new(&app, &connection, related))
}

/// `DELETE /api/v1/sources/{slug}/`
pub async fn delete<S: Side>(
    app: web::Data<App>,
    key: ApiKey<Write<S>>,
    request: HttpRequest,
    slug: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (slug, caller, if_match) = (slug.into_inner(), Caller::clone(&key), IfMatch::read(&request));
    let app_here = app.clone();
    app.try_write(move |tx| -> Result<_, Problem> {
        let (connection, related) = with_related::<S>(tx.conn, &caller.workspace, &slug)?;
        if_match.check_of(&ConnectionOut::new(&app_here, &connection, related).for_tag())?;
        remove(tx, &connection, caller.actor()).map_err(|error| match error {
            RemoveError::App(error) => error.into(),
            in_use @ RemoveError::InUse(_) => Problem::new(Code::Conflict, in_use.to_string()),
        })
    })
    .await?;
    Ok(no_content())
}

/// What the document says of the list, making, one, changing, and deleting.
pub fn operations<S: Side>() -> [Operation; 5] {
    let (tag, word) = (S::PLURAL, S::KIND.as_str());
    let operation = |id: String, summary: String| Operation::new(tag, id, summary);
    [
        operation(format!("list_{word}"), format!("List {tag}"))
            .query::<ConnectionListQuery>()
            .answers::<PageOut<ConnectionOut>>(200)
            .about("Newest first."),
        operation(format!("create_{word}"), format!("Create a draft {word}"))
            .body::<NewConnectionIn>()
            .answers::<ConnectionOut>(201)
            .tagged()
            .about("Only `connector_slug` is required."),
        operation(format!("get_{word}"), format!("Read a {word}")).answers::<ConnectionOut>(200).tagged(),
        operation(format!("update_{word}"), format!("Change a {word}"))
            .body::<ConnectionChangeIn>()
            .answers::<ConnectionOut>(200)
            .tagged()
            .refuses(&[Code::Conflict, Code::WaitingForApproval])
            .about(
                "What is left out stays as it is, and the reference of a secret keeps it, so what was read can be changed and sent back as a \
                 whole. With `base_revision`, values that others have changed since, and to something else, are refused: 409 with \
                 `changed_meanwhile` at each. A changed address needs the stored secrets again, unless the key has \
                 `credentials:read`: 422 with `address_changed` at each. With `draft: false` a draft is finalised: nothing required may be missing, the \
                 values of now must have a successful validation where the connector can be checked here, and a source that is read here needs a \
                 stream (`capability` of the connector says both).",
            ),
        operation(format!("delete_{word}"), format!("Delete a {word}")).tagged().refuses(&[Code::Conflict]).about(
            "Its values are erased, its setup links die, and access at a provider is given back. Checks and extractions that go on \
             are stopped and its schedule ends. Past extractions can still be read, and their records stay where they are. A destination \
             that sources are set to is not deleted: the answer names them.",
        ),
    ]
}
