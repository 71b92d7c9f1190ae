//! The page after sending through a setup link.

use actix_web::web;

use super::{SetupLink, store};
use crate::base::crypto::PlainToken;
use crate::base::error::AppError;
use crate::features::recipient::{KnownLink, ReceiptOf, ReceiptPage, ReceiptRow};
use crate::platform::app::App;
use crate::platform::web::page::{PageResult, page};

/// `GET /receipts/{key}`
pub async fn show(app: web::Data<App>, key: web::Path<String>) -> PageResult {
    let hash = PlainToken::presented(&key).hash();
    let found = app
        .db
        .read(move |conn| match store::find_by_receipt(conn, &hash)? {
            Some(row) => SetupLink::of(conn, row),
            None => Ok(None),
        })
        .await?;
    let known = KnownLink::around(&app, found.ok_or(AppError::NotFound)?).await?;
    let SetupLink { row, connection } = &known.link;
    let receipt = ReceiptRow {
        sent: row.used_at.ok_or(AppError::NotFound)?.into(),
        provided: row.submitted_fields.as_deref(),
        left_empty: row.empty_fields.as_deref(),
        number: row.receipt.clone().unwrap_or_default(),
        of: ReceiptOf::Filled { connection: connection.description.clone() },
    };
    page(&ReceiptPage::new(&app, &known, receipt)?)
}
