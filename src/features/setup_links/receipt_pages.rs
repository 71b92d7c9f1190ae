//! The page after sending. It needs no token that still opens anything: the key comes from the form that was sent.

use actix_web::web;
use askama::Template;

use super::recipient_view::{asker, frame};
use super::{guard, store};
use crate::base::crypto::PlainToken;
use crate::base::error::AppError;
use crate::features::connections::Connection;
use crate::features::oauth::signed_in_at;
use crate::features::recipient::{Asker, NamedField, When, read_names};
use crate::platform::app::App;
use crate::platform::web::frame::RecipientFrame;
use crate::platform::web::page::{PageResult, page};

/// What was handed over: names of fields, never values.
#[derive(Template)]
#[template(path = "setup_links/receipt.html")]
struct ReceiptPage {
    frame: RecipientFrame,
    asker: Asker,
    connector: String,
    system: String,
    connection: String,
    /// Where they signed in; empty when they typed keys.
    provider: String,
    sent: When,
    provided: Vec<NamedField>,
    left_empty: Vec<NamedField>,
    receipt: String,
}

/// `GET /receipts/{key}`
pub async fn show(app: web::Data<App>, key: web::Path<String>) -> PageResult {
    let hash = PlainToken::presented(&key).hash();
    let link = app.db.read(move |conn| Ok(store::find_by_receipt(conn, &hash)?)).await?.ok_or(AppError::NotFound)?;
    let known = guard::around(&app, link).await?;
    let sent = known.link.used_at.ok_or(AppError::NotFound)?;
    let provided = read_names(known.link.submitted_fields.as_deref())?;
    page(&ReceiptPage {
        provider: signed_in_at(known.connector.as_deref(), provided.iter().map(|field| field.title.as_str())),
        frame: frame(&known, &app),
        asker: asker(&known),
        connector: connector_name(&known.connection, &known),
        system: known.connector.as_ref().map_or_else(String::new, |connector| connector.system().to_owned()),
        connection: known.connection.description.clone(),
        sent: sent.into(),
        provided,
        left_empty: read_names(known.link.empty_fields.as_deref())?,
        receipt: known.link.receipt.clone().unwrap_or_default(),
    })
}

fn connector_name(connection: &Connection, known: &guard::KnownSetupLink) -> String {
    known.connector.as_ref().map_or_else(|| connection.connector_slug.clone(), |connector| connector.name().to_owned())
}
