//! The page after sending through an invite link.

use actix_web::web;

use super::guard::KnownInviteLink;
use super::{InviteState, make, store, submissions};
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::features::recipient::{KnownLink, ReceiptOf, ReceiptPage, ReceiptRow};
use crate::platform::app::App;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

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
    let known = KnownLink::around(&app, link).await?;
    let receipt = ReceiptRow {
        sent: submission.created_at.into(),
        provided: Some(&submission.submitted_fields),
        left_empty: Some(&submission.empty_fields),
        number: submission.receipt,
        of: ReceiptOf::Made {
            connections: submission.connection_count,
            identity: submission.identity,
            waits: known.link.wants_approval(),
            again_url: again_url(&app, &known)?,
        },
    };
    page(&ReceiptPage::new(&app, &known, receipt)?)
}

fn again_url(app: &App, known: &KnownInviteLink) -> AppResult<Option<String>> {
    if known.link.state(app.clock.now()) != InviteState::Active {
        return Ok(None);
    }
    Ok(make::copy_token(app, &known.link)?.map(|token| urls::invite(&token)))
}
