//! A recipient's submission: one transaction that spends the link, merges the values, writes the activity row and queues
//! the mail and the webhooks. Of many at once exactly one succeeds; a repeated send of the same form is told what the first one did.

use super::store::{self, LinkRow, Redemption};
use crate::activity::{self, Actor, Entry, Event};
use crate::app::App;
use crate::clock::UtcTime;
use crate::connections::{self, Apply, Connection, Filler};
use crate::connectors::Connector;
use crate::connectors::spec_form::Submission;
use crate::crypto::PlainToken;
use crate::db::Conn;
use crate::error::AppResult;
use crate::forms::FieldRef;
use crate::held;
use crate::ids::SetupLinkId;
use crate::jobs::{self, Job};
use crate::links::{names, receipt_number, titles};
use crate::rng::Rng;
use crate::webhooks::{self, LinkDeed};

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

/// Spends the link and stores what was handed over.
///
/// # Errors
/// The database refuses, or the draft takes no values any more (finalised or deleted meanwhile).
pub async fn submit(
    app: &App,
    link: &LinkRow,
    connector: &std::sync::Arc<Connector>,
    nonce: &str,
    submission: Submission,
    left_empty: Vec<FieldRef>,
) -> AppResult<Outcome> {
    let key = receipt_key(app, &link.id, nonce);
    let receipt_hash = PlainToken::presented(&key).hash();
    let receipt = receipt_number(&app.rng);
    let (now, rng, keys) = (app.clock.now(), app.rng.clone(), app.keys.clone());
    let (link, connector, nonce) = (link.clone(), std::sync::Arc::clone(connector), nonce.to_owned());
    let provided = submission.provided();
    let (submitted_fields, empty_fields) = (names(&provided)?, names(&left_empty)?);
    let taken = app
        .db
        .write(move |conn| {
            let with = Redemption {
                form_nonce: &nonce,
                receipt_hash: &receipt_hash,
                receipt: &receipt,
                submitted_fields: &submitted_fields,
                empty_fields: &empty_fields,
            };
            if !store::redeem(conn, &link.id, &with, now)? {
                let stored = store::find_by_id(conn, &link.id)?;
                return Ok(stored.is_some_and(|row| row.form_nonce.as_deref() == Some(nonce.as_str())));
            }
            let apply = Apply {
                workspace: &link.workspace_id,
                connection: &link.connection_id,
                connector: &connector,
                submission: &submission,
                by: Filler::Recipient,
                name: &link.recipient,
            };
            let applied = connections::apply(conn, &apply, &keys, now, &rng)?;
            held::drop_link(conn, link.id.as_str())?;
            let detail = titles(&provided);
            let entry = Entry {
                workspace: &link.workspace_id,
                connection: Some(&link.connection_id),
                setup_link: Some(&link.id),
                event: Event::Submitted,
                actor: Actor::Recipient { name: link.recipient.clone() },
                detail: &detail,
            };
            activity::record(conn, &entry, now, &rng)?;
            tell(conn, &link, &applied.connection, &connector, now, &rng)?;
            jobs::enqueue(conn, &Job::SubmissionMail(link.id.clone()), now, &rng)?;
            Ok(true)
        })
        .await?;
    Ok(if taken { Outcome::Taken { receipt_key: key } } else { Outcome::Closed })
}

/// Queues the webhooks: that details came, and that the link was used.
fn tell(
    conn: &mut Conn,
    link: &LinkRow,
    connection: &Connection,
    connector: &Connector,
    now: UtcTime,
    rng: &Rng,
) -> AppResult<()> {
    let missing = webhooks::missing_of(connector, connection);
    webhooks::record_event(conn, &webhooks::Event::SetupFilled { connection, missing: &missing }, now, rng)?;
    let used =
        webhooks::Event::Link { deed: LinkDeed::Submitted, connection, link: &link.id, expires_at: link.expires_at };
    webhooks::record_event(conn, &used, now, rng)
}
