//! What runs later: giving grants back, and the mail that says that somebody has to sign in again.

use std::sync::Arc;

use super::GrantState;
use super::store::{self, GrantRow};
use crate::base::error::AppResult;
use crate::base::ids::OauthGrantId;
use crate::features::accounts;
use crate::features::connections::{self, Connection};
use crate::features::oauth::provider_client::{ProviderClient, ProviderError};
use crate::features::webhooks;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::email::email_templates;
use crate::platform::jobs::{JobSubject, Lane, Outcome, PreparedMail, job, mail_job};
use crate::platform::tx::Tx;
use crate::platform::web::urls;

job!(
    /// Gives a grant that nobody lives on back to its provider.
    GiveBackGrant(OauthGrantId), "give_back_grant", give_back, Lane::Providers, not_given_back
);
mail_job!(
    /// Tells the owners that somebody has to sign in again.
    ReconnectMail(OauthGrantId), "reconnect_mail", Lane::NoticeMail, prepare_reconnect_mail
);

/// The provider has ended a grant: it is noted, and everybody who wants to hear it is told, once.
pub(super) async fn break_and_tell(app: &App, row: &GrantRow, lease: String) -> AppResult<()> {
    let row = row.clone();
    app.write(move |tx| {
        if !store::break_it(tx.conn, &row.id, &lease, tx.now)? {
            return Ok(());
        }
        note_end(tx, &row)?;
        tx.enqueue(&ReconnectMail(row.id.clone()))
    })
    .await
}

/// Writes down at every connection that lives on a grant that somebody has to sign in again, and tells its receivers.
pub(super) fn note_end(tx: &mut Tx<'_>, row: &GrantRow) -> AppResult<()> {
    for connection in users(tx.conn, row)? {
        let entry = Entry {
            workspace: &row.workspace_id,
            connection: Some(&connection.id),
            setup_link: None,
            event: Event::NeedsReconnecting,
            actor: Actor::System,
            detail: &row.identity_label,
        };
        tx.record(&entry)?;
        let event = webhooks::WebhookEvent::NeedsReconnecting { connection: &connection };
        tx.tell(&event)?;
    }
    Ok(())
}

/// The connections that live on a grant and are not deleted.
pub(super) fn users(conn: &mut Conn, row: &GrantRow) -> AppResult<Vec<Connection>> {
    let mut found = Vec::new();
    for id in store::users(conn, &row.id)? {
        found.extend(connections::find_by_id(conn, &row.workspace_id, &id)?.filter(|found| found.deleted_at.is_none()));
    }
    Ok(found)
}

/// Gives a grant back to the provider and forgets it.
///
/// # Errors
/// Only internal ones; a provider that does not answer is a retry.
async fn give_back(app: &Arc<App>, id: OauthGrantId) -> AppResult<Outcome> {
    let here = id.clone();
    let found = app
        .db
        .read(move |conn| {
            let row = store::find(conn, &here)?.filter(|row| row.state == GrantState::Leaving);
            row.map(|row| Ok((store::has_sibling(conn, &row)?, row))).transpose()
        })
        .await?;
    let Some((has_sibling, row)) = found else { return Ok(Outcome::Done) };
    // Some providers end every sign-in of the person with the app when one of them is given back.
    if !has_sibling && let Some(reason) = revoke(app, &row).await? {
        return Ok(Outcome::Retry { reason });
    }
    app.db.write(move |conn| Ok(store::delete(conn, &id)?)).await?;
    Ok(Outcome::Done)
}

/// Asks the provider to end a grant; says why that should be tried again.
async fn revoke(app: &App, row: &GrantRow) -> AppResult<Option<String>> {
    let Some((block, secrets)) = row.block(app).zip(row.app_secrets(app).await?) else { return Ok(None) };
    let Ok(opened) = row.open(&app.keys) else { return Ok(None) };
    let asked = ProviderClient::new(&app.connector_http, &block, &secrets, &opened.inputs).revoke(&opened.tokens).await;
    Ok(asked.err().filter(ProviderError::is_transient).map(|error| error.to_string()))
}

/// What the owners are told.
struct ReconnectEmail {
    provider: String,
    account: String,
    connections: Vec<(String, String)>,
}

email_templates!(
    ReconnectEmail,
    "emails/needs_reconnecting/subject.txt",
    "emails/needs_reconnecting/body.txt",
    "emails/needs_reconnecting/body.html"
);

/// It goes to the workspace's owners.
fn prepare_reconnect_mail(app: &App, conn: &mut Conn, id: &OauthGrantId) -> AppResult<Option<PreparedMail>> {
    let row = store::find(conn, id)?.filter(|row| row.state == GrantState::NeedsReconnecting);
    let Some(row) = row else { return Ok(None) };
    let users = users(conn, &row)?;
    // It was connected again, or deleted, before the mail went out.
    if users.is_empty() {
        return Ok(None);
    }
    let owners = accounts::owners_of(conn, &row.workspace_id)?;
    let provider = row.block(app).map_or_else(|| row.provider.clone(), |block| block.name.clone());
    let link =
        |user: &Connection| (user.description.clone(), app.config.server.base_url.join(&urls::connection(&user.slug)));
    let context =
        ReconnectEmail { provider, account: row.identity_label, connections: users.iter().map(link).collect() };
    Ok(Some(PreparedMail {
        workspace: row.workspace_id,
        receivers: accounts::receivers(owners),
        reply_to: None,
        context: Box::new(context),
    }))
}

/// Whoever wanted the access to end has to end it by hand.
fn not_given_back(conn: &mut Conn, id: &OauthGrantId) -> AppResult<Option<JobSubject>> {
    let subject = |row: GrantRow| {
        let GrantRow { provider, identity_label, .. } = row;
        let about = format!("Giving back the access of {identity_label} at {provider}: end it there by hand");
        JobSubject { workspace: row.workspace_id, about }
    };
    Ok(store::find(conn, id)?.map(subject))
}
