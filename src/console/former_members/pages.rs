//! `/settings/members/{id}/erasure`: asks an owner first, then forgets a member who left.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::forget;
use crate::base::ids::MemberId;
use crate::features::accounts::guard::OwnerOnly;
use crate::features::accounts::{self, LeftMember};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

#[derive(Template)]
#[template(path = "former_members/erase.html")]
struct EraseMemberPage {
    frame: OwnerFrame,
    tab: &'static str,
    name: String,
    email: String,
    /// Names that another member has, too; empty when there are none.
    shared: String,
    /// The workspace's contact names them.
    in_contact: bool,
    action: String,
}

/// `GET /settings/members/{id}/erasure`
pub async fn confirm(request: HttpRequest, app: web::Data<App>, owner: OwnerOnly, id: web::Path<String>) -> PageResult {
    let (workspace, id) = (owner.workspace_id.clone(), MemberId::from_text(&id));
    let action = urls::member_erasure(&id);
    let (left, contact) = app
        .db
        .read(move |conn| {
            let left = accounts::left_member(conn, &workspace, &id)?;
            let card = accounts::find_workspace(conn, &workspace)?;
            Ok((left, card.map(|card| card.contact).unwrap_or_default()))
        })
        .await?;
    let LeftMember { person, name, email, shared } = left;
    page(&EraseMemberPage {
        frame: owner.frame(&request, &app, "settings"),
        tab: urls::SETTINGS_MEMBERS,
        name,
        email,
        shared: shared.join(", "),
        in_contact: person.erased_from(&contact).is_some(),
        action,
    })
}

/// `POST /settings/members/{id}/erasure`
pub async fn erase(
    app: web::Data<App>,
    owner: OwnerOnly,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let id = MemberId::from_text(&id);
    let who = owner.acting();
    app.write(move |tx| {
        accounts::note_forgotten(tx, &who)?;
        let LeftMember { person, .. } = accounts::left_member(tx.conn, &who.workspace, &id)?;
        forget(tx, &person)
    })
    .await?;
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_MEMBERS, Flash::MemberForgotten))
}
