//! A link for whoever can sign in again.

use actix_web::{HttpRequest, web};

use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;
use crate::console::made_link::MadeLink;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::features::oauth::grants::of_connection;
use crate::features::setup_links::{self, CreatedLink, LinkLifetime, LinkPurpose, NewSetupLink};
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
    let purpose = if any { LinkPurpose::ReconnectAny } else { LinkPurpose::Reconnect };
    let (connection, made) = make(&app, &member, slug.into_inner(), purpose, form.token.nonce).await?;
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let system = connector.as_ref().map_or("", |connector| connector.system());
    let new = CreatedLink { connection: &connection, system, link: &made.link, token: made.token.as_ref(), asks: "" };
    setup_links::created(&app, &request, &member, &new)
}

async fn make(
    app: &App,
    member: &SignedIn,
    slug: String,
    purpose: LinkPurpose,
    nonce: String,
) -> AppResult<(Connection, MadeLink)> {
    let member = member.clone();
    app.write(move |tx| {
        let connection = connections::find(tx.conn, &member.workspace_id, &slug)?.ok_or(AppError::NotFound)?;
        if of_connection(tx.conn, &member.workspace_id, &connection.id)?.is_none() {
            return Err(AppError::Conflict("Nobody has signed in with a provider for this connection."));
        }
        let new = NewSetupLink {
            connection: &connection,
            creator: Some(&member.member_id),
            actor: member.actor(),
            lifetime: LinkLifetime::week(tx.now),
            recipient: "",
            note: "",
            form_nonce: Some(&nonce),
            purpose,
            asks: None,
            allows_test: false,
        };
        let made = MadeLink::make(tx, new)?;
        Ok((connection, made))
    })
    .await
}
