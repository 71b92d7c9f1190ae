//! A link for whoever can sign in again.

use actix_web::{HttpRequest, web};

use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::features::oauth::grants::of_connection;
use crate::features::setup_links::{self, Lifetime, LinkRow, NewLink, NewSetupLink, Purpose};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::page::PageResult;

/// `POST /connections/{slug}/reconnect-link`: answers with the page that shows the link, this once.
pub async fn create(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    slug: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let raw = RawForm::from_pairs(form.value);
    let any = raw.first("any_account").is_some();
    let purpose = if any { Purpose::ReconnectAny } else { Purpose::Reconnect };
    let made = make(&app, &member, slug.into_inner(), purpose, form.token.nonce).await?;
    let connector = app.connectors.find(made.0.kind, &made.0.connector_slug);
    let system = connector.map_or("", |connector| connector.system());
    let new = NewLink { connection: &made.0, system, link: &made.1, token: made.2.as_ref() };
    setup_links::created(&app, &request, &member, &new)
}

async fn make(
    app: &App,
    member: &SignedIn,
    slug: String,
    purpose: Purpose,
    nonce: String,
) -> AppResult<(Connection, LinkRow, Option<PlainToken>)> {
    let member = member.clone();
    app.write(move |tx| {
        let connection = connections::find(tx.conn, &member.workspace_id, &slug)?.ok_or(AppError::NotFound)?;
        if of_connection(tx.conn, &member.workspace_id, &connection.id)?.is_none() {
            return Err(AppError::Conflict("Nobody has signed in with a provider for this connection."));
        }
        if let Some(link) = setup_links::made_by_form(tx.conn, &member.workspace_id, &nonce)? {
            return Ok((connection, link, None));
        }
        let new = NewSetupLink {
            connection: &connection,
            creator: Some(&member.member_id),
            actor: member.actor(),
            lifetime: Lifetime::week(tx.now),
            recipient: "",
            note: "",
            form_nonce: Some(&nonce),
            purpose,
            allows_test: false,
        };
        let (_, token) = setup_links::make(tx, new)?;
        let link = setup_links::made_by_form(tx.conn, &member.workspace_id, &nonce)?.ok_or(AppError::NotFound)?;
        Ok((connection, link, Some(token)))
    })
    .await
}
