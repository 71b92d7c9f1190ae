//! What came through invite links and waits: accept it, or reject it.

use std::collections::HashMap;

use actix_web::{HttpRequest, web};
use askama::Template;

use super::{find, names};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::InviteLinkId;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::features::recipient::When;
use crate::features::webhooks::{self, ArrivalDeed};
use crate::features::{oauth, setup_links};
use crate::platform::activity::Actor;
use crate::platform::app::App;
use crate::platform::link_state::LinkEnd;
use crate::platform::tx::Tx;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

/// Connections shown at once; the rest moves up as these are decided.
const SHOWN: i64 = 50;

struct Waiting {
    name: String,
    url: String,
    connector: String,
    identity: String,
    link_name: String,
    link_url: String,
    came: When,
    missing: i32,
    acceptance_url: String,
    rejection_url: String,
}

#[derive(Template)]
#[template(path = "invite_links/inbox.html")]
struct InboxPage {
    frame: OwnerFrame,
    may_edit: bool,
    waiting: Vec<Waiting>,
    total: usize,
}

/// `GET /invite-links/inbox`
pub async fn index(app: web::Data<App>, request: HttpRequest, member: SignedIn) -> PageResult {
    let workspace = member.workspace_id.clone();
    let (found, link_names, total) = app
        .db
        .read(move |conn| {
            let found = connections::find_waiting(conn, &workspace, SHOWN)?;
            let ids: Vec<InviteLinkId> = found.iter().filter_map(|one| one.invite_link_id.clone()).collect();
            let link_names = names(conn, &workspace, &ids)?;
            Ok((found, link_names, connections::waiting_count(conn, &workspace)?))
        })
        .await?;
    page(&InboxPage {
        frame: member.frame(&request, &app, "invite-links"),
        may_edit: member.role.may_edit(),
        waiting: found.iter().map(|one| view(&app, one, &link_names)).collect(),
        total,
    })
}

fn view(app: &App, connection: &Connection, link_names: &HashMap<InviteLinkId, String>) -> Waiting {
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let link = connection.invite_link_id.as_ref();
    Waiting {
        name: connection.description.clone(),
        url: urls::connection(&connection.slug),
        connector: connector.map_or_else(|| connection.connector_slug.clone(), |connector| connector.name().to_owned()),
        identity: connection.identity.clone(),
        link_name: link.and_then(|id| link_names.get(id)).cloned().unwrap_or_default(),
        link_url: link.map(urls::invite_link).unwrap_or_default(),
        came: connection.created_at.into(),
        missing: connection.missing_count,
        acceptance_url: urls::arrival_acceptance(&connection.slug),
        rejection_url: urls::arrival_rejection(&connection.slug),
    }
}

/// `POST /connections/{slug}/acceptance`
pub async fn accept(
    app: web::Data<App>,
    member: Editor,
    slug: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    settle(&app, &member, slug.into_inner(), ArrivalDeed::Accepted).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::INVITE_INBOX, Flash::ArrivalAccepted))
}

/// `POST /connections/{slug}/rejection`
pub async fn reject(
    app: web::Data<App>,
    member: Editor,
    slug: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    settle(&app, &member, slug.into_inner(), ArrivalDeed::Rejected).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::INVITE_INBOX, Flash::ArrivalRejected))
}

async fn settle(app: &App, member: &SignedIn, slug: String, deed: ArrivalDeed) -> AppResult<()> {
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    app.write(move |tx| {
        let connection = connections::find(tx.conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
        decide(tx, &connection, deed, actor)
    })
    .await
}

/// Accepts or rejects one connection, and tells whoever wants to hear it.
fn decide(tx: &mut Tx<'_>, connection: &Connection, deed: ArrivalDeed, actor: Actor) -> AppResult<()> {
    let workspace = &connection.workspace_id;
    let id = connection.invite_link_id.clone().ok_or(AppError::NotFound)?;
    let link = find(tx.conn, workspace, &id)?.ok_or(AppError::NotFound)?;
    match deed {
        ArrivalDeed::Rejected => {
            setup_links::close_all(tx, connection, LinkEnd::Deleted)?;
            connections::reject(tx, connection, actor)?;
            oauth::disconnect(tx, connection)?;
        }
        ArrivalDeed::Accepted | ArrivalDeed::Created => connections::accept(tx, connection, actor)?,
    }
    let connection = connections::find_by_id(tx.conn, workspace, &connection.id)?.ok_or(AppError::NotFound)?;
    tx.tell(&webhooks::WebhookEvent::Arrival { deed, connection: &connection, link: link.facts() })
}
