//! One link beside the list: look, change, delete.

use actix_web::{HttpRequest, web};

use super::input::{Problems, Typed};
use super::owner_view::{FieldsView, ListQuery};
use super::panel::{ShowPage, Shown};
use super::store::InviteLink;
use super::{LinkFields, Usage, change, delete, find, owner_pages};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;
use crate::base::ids::InviteLinkId;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::features::oauth;
use crate::platform::app::App;
use crate::platform::db::cursor::{Page, PageRequest};
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

/// Connections shown in the panel; the list of connections has the rest.
const SHOWN: usize = 20;

async fn load(app: &App, member: &SignedIn, id: &str) -> AppResult<(InviteLink, Page<Connection>)> {
    let (workspace, id) = (member.workspace_id.clone(), InviteLinkId::from_text(id));
    app.db
        .read(move |conn| {
            let link = find(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            let wanted = PageRequest { cursor: None, limit: SHOWN };
            let arrived = connections::of_invite_link(conn, &workspace, &id, &wanted)?;
            Ok((link, arrived))
        })
        .await
}

async fn view(
    app: &App,
    request: &HttpRequest,
    member: &SignedIn,
    (link, arrived): (InviteLink, Page<Connection>),
    again: Option<(Typed, Problems)>,
    query: ListQuery,
) -> AppResult<ShowPage> {
    let (typed, problems) = again.unwrap_or_else(|| (Typed::of(&LinkFields::of(&link)), Problems::new()));
    let list = owner_pages::load(app, member, query, Some(&link)).await?;
    let fields = FieldsView::new(typed, problems, link.usage == Usage::Once);
    let frame = member.frame(request, app, "invite-links");
    let lacks_app = match app.connectors.find(link.kind, &link.connector_slug) {
        Some(connector) => oauth::apps::is_ready(app, connector, &member.workspace_id).await? == Some(false),
        None => false,
    };
    ShowPage::new(app, frame, member, Shown { link: &link, arrived: &arrived, list, fields, lacks_app })
}

/// `GET /invite-links/{id}`
pub async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    member: SignedIn,
    id: web::Path<String>,
    query: web::Query<ListQuery>,
) -> PageResult {
    let loaded = load(&app, &member, &id).await?;
    page(&view(&app, &request, &member, loaded, None, query.into_inner()).await?)
}

/// `POST /invite-links/{id}`
pub async fn update(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    id: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let loaded = load(&app, &member, &id).await?;
    if loaded.0.deleted_at.is_some() {
        return Err(AppError::Conflict("This invite link was deleted and cannot be changed.").into());
    }
    let (typed, now) = (Typed::read(&RawForm::from_pairs(form.value)), app.clock.now());
    let fields = match typed.check(false, now) {
        Ok(fields) => fields,
        Err(problems) => {
            let again = Some((typed, problems));
            return unprocessable(&view(&app, &request, &member, loaded, again, ListQuery::default()).await?);
        }
    };
    let (link, actor) = (loaded.0, member.actor());
    let target = urls::invite_link(&link.id);
    if fields == LinkFields::of(&link) {
        return Ok(see_other_with(&app.config.server.base_url, &target, Flash::NothingToSave));
    }
    app.write(move |tx| change(tx, &link, &fields, actor)).await?;
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::InviteLinkSaved))
}

/// `POST /invite-links/{id}/deletion`
pub async fn remove(
    app: web::Data<App>,
    member: Editor,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (link, _) = load(&app, &member, &id).await?;
    let actor = member.actor();
    app.write(move |tx| delete(tx, &link, actor)).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::INVITE_LINKS, Flash::InviteLinkDeleted))
}
