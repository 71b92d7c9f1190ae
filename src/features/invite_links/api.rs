//! `/api/v1/invite-links/`: a program makes invite links, changes and deletes them, and sees what came through them.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

use super::api_view::{ArrivedOut, ChangeIn, InviteLinkStateOut, KindOut, LinkOut, NewInviteLinkIn};
use super::listing::{self, InviteLinkFilter, InviteStateFilter};
use super::store::InviteLink;
use super::{LinkFields, NewInviteLink, Usage, change, copy_token, delete, find, make};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::InviteLinkId;
use crate::connectors::Kind;
use crate::features::accounts::api_keys::Scope;
use crate::features::accounts::api_keys::guard::{ApiKey, Caller, ReadInviteLinks, WriteInviteLinks};
use crate::features::connections;
use crate::features::idempotency::Answer;
use crate::features::idempotency::guard::{Once, Opened, Ticket};
use crate::platform::app::App;
use crate::platform::db::cursor::Page;
use crate::platform::web::api::{ApiQuery, ApiResult, IfMatch, RawBody, etag, json, no_content};
use crate::platform::web::cursor::{PageOut, page_request};
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, ErrorDetail, Problem};
use crate::platform::web::urls;

/// Which invite links a list shows.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InviteLinkQuery")]
pub struct InviteLinkQuery {
    /// Only those in this state; all but deleted ones when left out.
    state: Option<InviteLinkStateOut>,
    /// Only those that make sources, or destinations.
    connection_kind: Option<KindOut>,
    /// Only those of this connector.
    connector: Option<String>,
    /// Only those whose name or connector has words that begin with these.
    search: Option<String>,
    /// Where the page lies: take it from `next` or `previous`.
    cursor: Option<String>,
    /// Rows of the page.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

impl InviteLinkQuery {
    fn filter(&self) -> InviteLinkFilter {
        InviteLinkFilter {
            query: self.search.clone().unwrap_or_default().trim().to_owned(),
            state: self.state.map(|state| match state {
                InviteLinkStateOut::Active => InviteStateFilter::Active,
                InviteLinkStateOut::Used => InviteStateFilter::Used,
                InviteLinkStateOut::Expired => InviteStateFilter::Expired,
                InviteLinkStateOut::Deleted => InviteStateFilter::Deleted,
            }),
            kind: self.connection_kind.map(Kind::from),
            connector: self.connector.clone(),
        }
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let word = |value: serde_json::Result<serde_json::Value>| Some(value.ok()?.as_str()?.to_owned());
        let all = [
            ("state", self.state.and_then(|state| word(serde_json::to_value(state)))),
            ("connection_kind", self.connection_kind.and_then(|kind| word(serde_json::to_value(kind)))),
            ("connector", self.connector.clone()),
            ("search", self.search.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Which page of a list is shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InviteLinkConnectionQuery")]
pub struct PageQuery {
    /// Where the page lies: take it from `next` or `previous`.
    cursor: Option<String>,
    /// Rows of the page.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

/// The link as this caller may see it: its token only for keys that may make links.
fn shown(app: &App, caller: &Caller, link: &InviteLink) -> AppResult<LinkOut> {
    let now = app.clock.now();
    let token = if caller.may(Scope::InviteLinksWrite) { copy_token(app, link)? } else { None };
    let address = |token| app.config.server.base_url.join(&urls::invite(token));
    Ok(LinkOut::new(link, token.as_ref().map(|token| (token, address(token))), now))
}

/// `GET /api/v1/invite-links/`
pub async fn index(app: web::Data<App>, key: ApiKey<ReadInviteLinks>, query: ApiQuery<InviteLinkQuery>) -> ApiResult {
    let query = query.0;
    let wanted = page_request(query.cursor.as_deref(), query.limit)?;
    let (workspace, filter, now) = (key.workspace.clone(), query.filter(), app.clock.now());
    let cut = app.db.read(move |conn| Ok(listing::page(conn, &workspace, &filter, &wanted, now)?)).await?;
    let Page { count, has_before, has_after, rows } = cut;
    let rows = rows.iter().map(|link| shown(&app, &key, link)).collect::<AppResult<Vec<LinkOut>>>()?;
    let cut = Page { count, has_before, has_after, rows };
    let address = app.config.server.base_url.join(urls::API_INVITE_LINKS);
    let page = PageOut::new(cut, &address, &query.pairs(), |link| link.id.clone(), |link| link);
    json(StatusCode::OK, &page)
}

async fn load(app: &App, caller: &Caller, id: &str) -> Result<InviteLink, Problem> {
    let (workspace, id) = (caller.workspace.clone(), InviteLinkId::from_text(id));
    Ok(app.db.read(move |conn| find(conn, &workspace, &id)?.ok_or(AppError::NotFound)).await?)
}

/// `GET /api/v1/invite-links/{id}/`
pub async fn show(app: web::Data<App>, key: ApiKey<ReadInviteLinks>, id: web::Path<String>) -> ApiResult {
    let link = load(&app, &key, &id).await?;
    tagged(&shown(&app, &key, &link)?)
}

fn tagged(out: &LinkOut) -> ApiResult {
    let mut answer = json(StatusCode::OK, out)?;
    if let Ok(tag) = header::HeaderValue::from_str(&etag(out)?) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    Ok(answer)
}

/// `POST /api/v1/invite-links/`
pub async fn create(app: web::Data<App>, key: ApiKey<WriteInviteLinks>, once: Once) -> ApiResult {
    match once.open::<NewInviteLinkIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(new, ticket) => {
            let made = make_link(&app, &key, new, ticket.clone()).await;
            ticket.settle(&app, made).await
        }
    }
}

async fn make_link(
    app: &web::Data<App>,
    caller: &Caller,
    new: NewInviteLinkIn,
    ticket: Ticket,
) -> Result<Answer, Problem> {
    let now = app.clock.now();
    let kind = Kind::from(new.connection_kind);
    let connector = app.connectors.find(kind, &new.connector_slug);
    let (fields, connector) = match (new.fields(now), connector) {
        (Ok(fields), Some(connector)) => (fields, connector),
        (fields, connector) => {
            let mut faults = fields.err().unwrap_or_default();
            if connector.is_none() {
                let sentence = format!("No connector of that name. The list is at {}.", urls::api_connectors(kind));
                faults.push(ErrorDetail::at("/connector_slug", "unknown_connector", sentence));
            }
            return Err(Problem::invalid(faults));
        }
    };
    let usage = if new.one_use == Some(true) { Usage::Once } else { Usage::Reusable };
    let (app, caller) = (app.clone(), caller.clone());
    let writer = app.clone();
    let answer = writer
        .write(move |tx| {
            let new = NewInviteLink {
                workspace: &caller.workspace,
                connector: &connector,
                usage,
                fields: &fields,
                creator: caller.member.as_ref(),
                actor: caller.actor(),
                form_nonce: None,
            };
            let made = make(tx, new)?;
            let url = app.config.server.base_url.join(&urls::invite(&made.token));
            let out = LinkOut::new(&made.link, Some((&made.token, url)), tx.now);
            let answer = Answer::json(StatusCode::CREATED, &out)?;
            ticket.store(tx, &answer)?;
            Ok(answer)
        })
        .await?;
    Ok(answer)
}

/// `PATCH /api/v1/invite-links/{id}/`
pub async fn update(
    app: web::Data<App>,
    key: ApiKey<WriteInviteLinks>,
    request: HttpRequest,
    id: web::Path<String>,
    body: RawBody,
) -> ApiResult {
    let (given, if_match) = (body.read::<ChangeIn>()?, IfMatch::read(&request));
    let (caller, id) = (Caller::clone(&key), InviteLinkId::from_text(&id));
    let app_here = app.clone();
    let changed = app
        .write(move |tx| {
            let link = find(tx.conn, &caller.workspace, &id)?.ok_or(AppError::NotFound)?;
            let before = shown(&app_here, &caller, &link)?;
            if let Err(problem) = etag(&before).and_then(|tag| if_match.check(&tag)) {
                return Ok(Err(problem));
            }
            if link.deleted_at.is_some() {
                return Err(AppError::Conflict("This invite link was deleted and cannot be changed."));
            }
            match given.onto(LinkFields::of(&link), false, tx.now) {
                Err(faults) => Ok(Err(Problem::invalid(faults))),
                Ok(fields) if fields == LinkFields::of(&link) => Ok(Ok(link)),
                Ok(fields) => Ok(Ok(change(tx, &link, &fields, caller.actor())?)),
            }
        })
        .await?;
    tagged(&shown(&app, &key, &changed?)?)
}

/// `DELETE /api/v1/invite-links/{id}/`
pub async fn remove(
    app: web::Data<App>,
    key: ApiKey<WriteInviteLinks>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (if_match, id, caller) = (IfMatch::read(&request), InviteLinkId::from_text(&id), Caller::clone(&key));
    let app_here = app.clone();
    app.try_write(move |tx| -> Result<_, Problem> {
        let link = find(tx.conn, &caller.workspace, &id).map_err(AppError::from)?.ok_or(AppError::NotFound)?;
        if_match.check_of(&shown(&app_here, &caller, &link)?)?;
        Ok(delete(tx, &link, caller.actor())?)
    })
    .await?;
    Ok(no_content())
}

/// `GET /api/v1/invite-links/{id}/connections/`
pub async fn arrived(
    app: web::Data<App>,
    key: ApiKey<ReadInviteLinks>,
    id: web::Path<String>,
    query: ApiQuery<PageQuery>,
) -> ApiResult {
    let wanted = page_request(query.0.cursor.as_deref(), query.0.limit)?;
    let link = load(&app, &key, &id).await?;
    let address = app.config.server.base_url.join(&urls::api_invite_link_connections(link.id.as_str()));
    let cut =
        app.db.read(move |conn| Ok(connections::of_invite_link(conn, &link.workspace_id, &link.id, &wanted)?)).await?;
    let limit: Vec<(&str, String)> = query.0.limit.map(|limit| ("limit", limit.to_string())).into_iter().collect();
    let page = PageOut::new(cut, &address, &limit, |row| row.id.to_string(), |row| ArrivedOut::new(&row));
    json(StatusCode::OK, &page)
}

/// What the document says of the list, making, one, changing, deleting, and what came through.
pub fn operations() -> [Operation; 6] {
    let operation = |id: &str, summary: &str| Operation::new("invite-links", id, summary);
    [
        operation("list_invite_links", "List invite links")
            .query::<InviteLinkQuery>()
            .answers::<PageOut<LinkOut>>(200)
            .about("Newest first. Tokens are shown to keys that may also change invite links."),
        operation("create_invite_link", "Make an invite link")
            .body::<NewInviteLinkIn>()
            .answers::<LinkOut>(201)
            .about("Hand out its `url`. Everybody who opens it can add a connection of that type."),
        operation("get_invite_link", "Read an invite link").answers::<LinkOut>(200).tagged(),
        operation("update_invite_link", "Change an invite link")
            .body::<ChangeIn>()
            .answers::<LinkOut>(200)
            .tagged()
            .refuses(&[Code::Conflict])
            .about("What is left out stays as it is. The address never changes."),
        operation("delete_invite_link", "Delete an invite link")
            .tagged()
            .about("Its address stops working at once; the connections made with it stay."),
        operation("list_invite_link_connections", "List what came through")
            .query::<PageQuery>()
            .answers::<PageOut<ArrivedOut>>(200)
            .about("Newest first. Rejected ones are among them, without values."),
    ]
}
