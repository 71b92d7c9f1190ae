//! A recipient's submission: one transaction that spends the link, merges the values, writes the activity row and queues
//! the mail and the webhooks. Of many at once exactly one succeeds; a repeated send of the same form is told what the first one did.

use std::sync::Arc;

use super::store::{self, LinkRow, Redemption};
use super::{SubmissionMail, make};
use crate::base::crypto::{PlainToken, TokenHash};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldRef;
use crate::base::ids::SetupLinkId;
use crate::connectors::Connector;
use crate::features::connections::{self, Apply, Connection, Filler};
use crate::features::oauth::Handed;
use crate::features::recipient::{names, receipt_number, titles};
use crate::features::webhooks::{self, LinkDeed};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;
use crate::schema::form::Submission;

/// What became of a submission.
#[derive(Debug)]
pub enum Outcome {
    /// It was taken, now or by an earlier send of the same form; the key opens the receipt.
    Taken {
        /// For `/receipts/{key}`.
        receipt_key: String,
    },
    /// The link was closed before it came.
    Closed,
}

/// The key of a link's receipt for one form: the same for every send of that form, unknown to everybody else.
pub(super) fn receipt_key(app: &App, link: &SetupLinkId, nonce: &str) -> String {
    app.receipt_marks.text(&[link.as_str().as_bytes(), nonce.as_bytes()])
}

/// Everything a recipient sends.
pub struct Sent {
    /// The connector with all its questions.
    pub connector: Arc<Connector>,
    /// The connector whose questions were asked: fewer, when somebody signed in.
    pub asked: Arc<Connector>,
    /// What was filled in.
    pub submission: Submission,
    /// What the sign-in hands over.
    pub handed: Option<Handed>,
    /// What the receipt names.
    pub provided: Vec<FieldRef>,
    /// What was left empty.
    pub left_empty: Vec<FieldRef>,
}

/// A receipt on its way into a link's row.
pub(super) struct NamedReceipt {
    pub(super) key: String,
    hash: TokenHash,
    code: String,
    provided: String,
    empty: String,
}

impl NamedReceipt {
    pub(super) fn new(
        app: &App,
        link: &LinkRow,
        nonce: &str,
        provided: &[FieldRef],
        empty: &[FieldRef],
    ) -> AppResult<Self> {
        let key = receipt_key(app, &link.id, nonce);
        let code = receipt_number(&app.rng);
        let hash = PlainToken::presented(&key).hash();
        Ok(Self { key, hash, code, provided: names(provided)?, empty: names(empty)? })
    }

    pub(super) fn redemption<'a>(&'a self, nonce: &'a str) -> Redemption<'a> {
        Redemption {
            form_nonce: nonce,
            receipt_hash: &self.hash,
            receipt: &self.code,
            submitted_fields: &self.provided,
            empty_fields: &self.empty,
        }
    }
}

/// Whether the link was spent by this very form.
pub(super) fn was_sent_by(conn: &mut Conn, link: &SetupLinkId, nonce: &str) -> AppResult<bool> {
    let stored = store::find_by_id(conn, link)?;
    Ok(stored.is_some_and(|row| row.form_nonce.as_deref() == Some(nonce)))
}

/// Spends the link and stores what was handed over.
///
/// # Errors
/// The database refuses, or the draft takes no values any more (finalised or deleted meanwhile).
pub async fn submit(app: &App, link: &LinkRow, nonce: &str, sent: Sent) -> AppResult<Outcome> {
    let receipt = NamedReceipt::new(app, link, nonce, &sent.provided, &sent.left_empty)?;
    let (link, nonce, key) = (link.clone(), nonce.to_owned(), receipt.key.clone());
    let taken = app
        .write(move |tx| {
            if !store::redeem(tx.conn, &link.id, &receipt.redemption(&nonce), tx.now)? {
                return was_sent_by(tx.conn, &link.id, &nonce);
            }
            let connection = merge(tx, &link, &sent)?;
            make::forget_all(tx.conn, &link.id)?;
            let detail = titles(&sent.provided);
            let entry = Entry {
                workspace: &link.workspace_id,
                connection: Some(&link.connection_id),
                setup_link: Some(&link.id),
                event: Event::Submitted,
                actor: Actor::Recipient { name: link.recipient.clone() },
                detail: &detail,
            };
            tx.record(&entry)?;
            tell(tx, &link, &connection, &sent.connector)?;
            tx.enqueue(&SubmissionMail(link.id.clone()))?;
            Ok(true)
        })
        .await?;
    Ok(if taken { Outcome::Taken { receipt_key: key } } else { Outcome::Closed })
}

/// Puts what was sent on the draft: the sign-in's part first, because it decides the branch that the answers belong to.
fn merge(tx: &mut Tx<'_>, link: &LinkRow, sent: &Sent) -> AppResult<Connection> {
    let own = Apply {
        workspace: &link.workspace_id,
        connection: &link.connection_id,
        connector: &sent.connector,
        submission: &sent.submission,
        by: Filler::Recipient,
        name: &link.recipient,
        then: None,
        has_secrets: false,
    };
    let Some(handed) = &sent.handed else {
        return Ok(connections::apply(tx, &own)?.connection);
    };
    if !handed.take(tx.conn)? {
        return Err(AppError::Conflict("This sign-in was used already."));
    }
    let both = Apply { submission: &handed.submission, then: Some((&sent.asked, &sent.submission)), ..own };
    let connection = connections::apply(tx, &both)?.connection;
    let actor = Actor::Recipient { name: link.recipient.clone() };
    handed.settle(tx, &connection, Some(&link.id), actor)?;
    Ok(connection)
}

/// Queues the webhooks: that details came, and that the link was used.
fn tell(tx: &mut Tx<'_>, link: &LinkRow, connection: &Connection, connector: &Connector) -> AppResult<()> {
    let missing = webhooks::missing_of(connector, connection);
    tx.tell(&webhooks::Event::SetupFilled { connection, missing: &missing })?;
    let used =
        webhooks::Event::Link { deed: LinkDeed::Submitted, connection, link: &link.id, expires_at: link.expires_at };
    tx.tell(&used)
}
