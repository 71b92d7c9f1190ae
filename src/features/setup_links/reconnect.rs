//! Signing in again through a link: the connection's access lives again; nothing else of the connection changes.

use super::{LinkPurpose, SetupLink};
use crate::features::oauth;
use crate::features::recipient::{FormReply, FormRequest, RecipientSubmission};
use crate::platform::web::page::PageResult;
use crate::schema::form::Strictness;

/// Sends what the sign-in handed over, when it is the right account.
pub(super) async fn send(mut request: FormRequest<'_, SetupLink>) -> PageResult {
    request.plan(Strictness::Draft)?;
    let decoded = request.form.decode(&request.raw, Strictness::Draft);
    let Some(completed) = request.form.completed() else {
        return request.again(decoded, &FormReply::NotSignedIn).await;
    };
    let SetupLink { row, connection } = &request.form.link.known.link;
    let (workspace, connection) = (row.workspace_id.clone(), connection.id.clone());
    let before = request.app.db.read(move |conn| oauth::of_connection(conn, &workspace, &connection)).await?;
    if let Some(before) = before {
        let other = before.grant.identity_id != completed.grant.identity.0;
        if other && row.purpose == LinkPurpose::Reconnect {
            return request.again(decoded, &FormReply::OtherAccount).await;
        }
        if let Some(account) = completed.cannot_see(&before.accounts) {
            return request.again(decoded, &FormReply::CannotSee(account.label.clone())).await;
        }
    }
    // Whatever stood in the form: the sign-in alone is taken.
    let provided = vec![completed.receipt_line()];
    let sent = RecipientSubmission { provided, left_empty: Vec::new(), ..request.submission(decoded)? };
    request.submit(sent).await
}
