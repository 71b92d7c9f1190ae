//! What runs later: the mail that says a recipient sent details, and the sweep of expired links and held secrets.

use std::sync::Arc;

use super::{make, store};
use crate::base::error::AppResult;
use crate::base::ids::SetupLinkId;
use crate::features::accounts;
use crate::features::connections;
use crate::features::recipient::{NamedField, held, read_names};
use crate::platform::app::App;
use crate::platform::email::email_templates;
use crate::platform::jobs::{Outcome, Registry, job};
use crate::platform::web::urls;

job!(
    /// Tells the member who asked that a recipient sent details.
    SubmissionMail(SetupLinkId), "submission_mail", send_submission_mail
);

/// What setup links do later.
pub fn jobs(registry: Registry) -> Registry {
    registry.with::<SubmissionMail>()
}

const AT_ONCE: i64 = 100;

email_templates!(
    SubmissionEmail,
    "emails/submission/subject.txt",
    "emails/submission/body.txt",
    "emails/submission/body.html"
);

/// What the member is told: names, never values.
struct SubmissionEmail {
    connection: String,
    connector: String,
    recipient: String,
    sent: String,
    provided: Vec<NamedField>,
    missing: i32,
    url: String,
    receipt: String,
}

/// Tells the member who made the link (or the workspace's owners) that details came.
///
/// # Errors
/// The database cannot be read; a mail that is not taken is a retry, no error.
async fn send_submission_mail(app: &Arc<App>, id: SetupLinkId) -> AppResult<Outcome> {
    let found = app
        .db
        .read(move |conn| {
            let Some(link) = store::find_by_id(conn, &id)? else { return Ok(None) };
            let Some(connection) = connections::find_by_id(conn, &link.workspace_id, &link.connection_id)? else {
                return Ok(None);
            };
            let receivers = accounts::member_or_owners(conn, link.created_by.as_ref(), &link.workspace_id)?;
            Ok(Some((link, connection, receivers)))
        })
        .await?;
    let Some((link, connection, receivers)) = found else {
        return Ok(Outcome::GiveUp { reason: "the link is gone".to_owned() });
    };
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let context = SubmissionEmail {
        connection: connection.description.clone(),
        connector: connector.map_or_else(|| connection.connector_slug.clone(), |connector| connector.name().to_owned()),
        recipient: link.recipient.clone(),
        sent: link.used_at.map(crate::base::clock::UtcTime::words).unwrap_or_default(),
        provided: read_names(link.submitted_fields.as_deref())?,
        missing: connection.missing_count,
        url: app.config.server.base_url.join(&urls::connection(&connection.slug)),
        receipt: link.receipt.clone().unwrap_or_default(),
    };
    accounts::email_members(app, &receivers, &context).await
}

/// Writes down which links have expired, and forgets secrets that were held too long.
///
/// # Errors
/// The database refuses.
pub async fn sweep(app: &Arc<App>) -> AppResult<()> {
    app.write(move |tx| {
        held::sweep(tx.conn, tx.now)?;
        for link in store::newly_expired(tx.conn, tx.now, AT_ONCE)? {
            make::note_expired(tx, &link)?;
        }
        Ok(())
    })
    .await
}
