//! One link beside the list: look, change, delete.

use actix_web::{HttpRequest, web};

use super::input::{FieldProblems, TypedFields};
use super::owner_view::{FieldsView, InviteLinksQuery};
use super::panel::{InviteLinkPage, ShownInviteLink};
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

/// A link with the first of what came through it.
struct LinkWithArrivals {
    link: InviteLink,
    arrived: Page<Connection>,
}

async fn load(app: &App, member: &SignedIn, id: &str) -> AppResult<LinkWithArrivals> {
    let (workspace, id) = (member.workspace_id.clone(), InviteLinkId::from_text(id));
    app.db
        .read(move |conn| {
            let link = find(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            let wanted = PageRequest { cursor: None, limit: SHOWN };
            let arrived = connections::of_invite_link(conn, &workspace, &id, &wanted)?;
            Ok(LinkWithArrivals { link, arrived })
        })
        .await
}

async fn view(
    app: &App,
    request: &HttpRequest,
    member: &SignedIn,
    loaded: LinkWithArrivals,
    again: Option<(TypedFields, FieldProblems)>,
    query: InviteLinksQuery,
) -> AppResult<InviteLinkPage> {
    let LinkWithArrivals { link, arrived } = loaded;
    let (typed, problems) = again.unwrap_or_else(|| (TypedFields::of(&LinkFields::of(&link)), FieldProblems::new()));
    let list = owner_pages::load(app, member, query, Some(&link)).await?;
    let fields = FieldsView::new(typed, problems, link.usage == Usage::Once);
    let frame = member.frame(request, app, "invite-links");
    let lacks_app = match app.connectors.find(link.kind, &link.connector_slug) {
        Some(connector) => oauth::apps::is_ready(app, &connector, &member.workspace_id).await? == Some(false),
        None => false,
    };
    InviteLinkPage::new(app, frame, member, ShownInviteLink { link: &link, arrived: &arrived, list, fields, lacks_app })
}

/// `GET /invite-links/{id}`
pub async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    member: SignedIn,
    id: web::Path<String>,
    query: web::Query<InviteLinksQuery>,
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
    if loaded.link.deleted_at.is_some() {
        return Err(AppError::Conflict("This invite link was deleted and cannot be changed.").into());
    }
    let (typed, now) = (TypedFields::read(&RawForm::from_pairs(form.value)), app.clock.now());
    let fields = match typed.check(false, now) {
        Ok(fields) if !form.is_review => fields,
        checked => {
            let again = Some((typed, checked.err().unwrap_or_default()));
            return unprocessable(&view(&app, &request, &member, loaded, again, InviteLinksQuery::default()).await?);
        }
    };
    let (link, actor) = (loaded.link, member.actor());
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
    let link = load(&app, &member, &id).await?.link;
    let actor = member.actor();
    app.write(move |tx| delete(tx, &link, actor)).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::INVITE_LINKS, Flash::InviteLinkDeleted))
}
