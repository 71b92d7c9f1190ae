//! The page after sending. Its key comes from the form that was sent, so only whoever sent it has it.

use actix_web::web;
use askama::Template;

use super::guard::{self, KnownInviteLink};
use super::recipient_view::{asker, system};
use super::{InviteState, make, store, submissions};
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::features::oauth::signed_in_at;
use crate::features::recipient::{Asker, NamedField, When, read_names, recipient_frame};
use crate::platform::app::App;
use crate::platform::web::frame::RecipientFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

/// What was handed over: names of fields, never values.
#[derive(Template)]
#[template(path = "invite_links/receipt.html")]
struct ReceiptPage {
    frame: RecipientFrame,
    asker: Asker,
    connector: String,
    system: String,
    identity: String,
    connections: i32,
    /// Where they signed in; empty when they typed keys.
    provider: String,
    sent: When,
    provided: Vec<NamedField>,
    left_empty: Vec<NamedField>,
    receipt: String,
    waits: bool,
    /// Where to add another connection, as long as the link works.
    again_url: String,
}

/// `GET /invite-receipts/{key}`
pub async fn show(app: web::Data<App>, key: web::Path<String>) -> PageResult {
    let hash = PlainToken::presented(&key).hash();
    let (submission, link) = app
        .db
        .read(move |conn| {
            let found = submissions::find_by_receipt(conn, &hash)?.ok_or(AppError::NotFound)?;
            let link = store::find(conn, &found.workspace_id, &found.invite_link_id)?.ok_or(AppError::NotFound)?;
            Ok((found, link))
        })
        .await?;
    let known = guard::around(&app, link).await?;
    let provided = read_names(Some(&submission.submitted_fields))?;
    page(&ReceiptPage {
        provider: signed_in_at(known.connector.as_deref(), provided.iter().map(|field| field.title.as_str())),
        frame: recipient_frame(&known.workspace, &app),
        asker: asker(&known),
        connector: known
            .connector
            .as_ref()
            .map_or_else(|| known.link.connector_slug.clone(), |connector| connector.name().to_owned()),
        system: system(&known),
        identity: submission.identity,
        connections: submission.connection_count,
        sent: submission.created_at.into(),
        provided,
        left_empty: read_names(Some(&submission.empty_fields))?,
        receipt: submission.receipt,
        waits: known.link.wants_approval(),
        again_url: again_url(&app, &known)?,
    })
}

fn again_url(app: &App, known: &KnownInviteLink) -> AppResult<String> {
    if known.link.state(app.clock.now()) != InviteState::Active {
        return Ok(String::new());
    }
    Ok(make::copy_token(app, &known.link)?.map(|token| urls::invite(&token)).unwrap_or_default())
}
