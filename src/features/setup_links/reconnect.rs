//! Signing in again through a link: the connection's access lives again; nothing else of the connection changes.

use super::recipient_pages::Act;
use super::recipient_view::Answer;
use super::sheet::Sheet;
use super::store::{self, Redemption};
use super::submit::{self, NamedReceipt, Outcome};
use super::{LinkRow, Purpose, make};
use crate::base::error::{AppError, AppResult};
use crate::features::connections;
use crate::features::oauth::{self, Handed};
use crate::platform::activity::Actor;
use crate::platform::app::App;
use crate::platform::web::page::PageResult;
use crate::schema::form::Strictness;

/// Sends what the sign-in handed over, when it is the right account.
pub(super) async fn send(act: &Act<'_>, mut sheet: Sheet) -> PageResult {
    let decoded = sheet.decode(&act.raw, Strictness::Draft);
    let Some(handed) = sheet.take_handed() else {
        return act.again(&sheet, decoded, &Answer::NotSignedIn).await;
    };
    let known = &sheet.link.known;
    let (workspace, connection) = (known.link.workspace_id.clone(), known.connection.id.clone());
    let before = act.app.db.read(move |conn| oauth::of_connection(conn, &workspace, &connection)).await?;
    if let Some(before) = before {
        let other = before.grant.identity_id != handed.grant.identity.0;
        if other && known.link.purpose == Purpose::Reconnect {
            return act.again(&sheet, decoded, &Answer::OtherAccount).await;
        }
        if let Some(account) = handed.cannot_see(&before.accounts) {
            return act.again(&sheet, decoded, &Answer::CannotSee(account.label.clone())).await;
        }
    }
    let done = store_it(act.app, &sheet.link.known.link, &act.nonce, handed).await;
    act.answer(done, sheet.link.known).await
}

async fn store_it(app: &App, link: &LinkRow, nonce: &str, handed: Handed) -> AppResult<Outcome> {
    let receipt = NamedReceipt::new(app, link, nonce, &[handed.receipt_line()], &[])?;
    let (link, nonce) = (link.clone(), nonce.to_owned());
    let key = receipt.key.clone();
    let taken = app
        .write(move |tx| {
            let with: Redemption<'_> = receipt.redemption(&nonce);
            if !store::redeem(tx.conn, &link.id, &with, tx.now)? {
                return submit::was_sent_by(tx.conn, &link.id, &nonce);
            }
            let connection = connections::find_by_id(tx.conn, &link.workspace_id, &link.connection_id)?;
            let connection = connection.filter(|found| found.deleted_at.is_none());
            let connection = connection.ok_or(AppError::Conflict("This connection was deleted."))?;
            if !handed.take(tx.conn)? {
                return Err(AppError::Conflict("This sign-in was used already."));
            }
            let actor = Actor::Recipient { name: link.recipient.clone() };
            oauth::grants::reconnect(tx, &connection, &handed.grant, Some(&link.id), actor)?;
            make::forget_all(tx.conn, &link.id)?;
            Ok(true)
        })
        .await?;
    Ok(if taken { Outcome::Taken { receipt_key: key } } else { Outcome::Closed })
}
