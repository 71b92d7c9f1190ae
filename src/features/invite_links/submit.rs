//! A recipient's submission: one transaction that spends the link, makes the connections, writes the activity rows and queues what is
//! told. Of many at once no more succeed than the link allows; a repeated send of the same form is told what the first one did.

use std::sync::Arc;

use super::store::{self, InviteLink};
use super::submissions::{self, NewSubmission};
use super::{Notice, Usage, jobs, make};
use crate::base::crypto::{PlainToken, TokenHash};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldRef;
use crate::base::ids::{InviteSubmissionId, OauthGrantId};
use crate::connectors::Connector;
use crate::features::connections::{self, Arriving, Connection};
use crate::features::oauth::wire::Account;
use crate::features::oauth::{self, Handed};
use crate::features::recipient::{held, names, receipt_number};
use crate::features::webhooks::{self, ArrivalDeed};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::tx::Tx;
use crate::schema::form::Submission;

/// One connection that a submission makes.
pub struct Arrival {
    /// What it is called among members.
    pub description: String,
    /// What was handed over for it.
    pub submission: Submission,
    /// The provider's account it is for, when there is one.
    pub accounts: Vec<Account>,
}

/// What one recipient sends.
pub struct Sent {
    /// The connections: one for a form, one for every account of a sign-in.
    pub arrivals: Vec<Arrival>,
    /// What was filled in beside a sign-in, with the connector whose questions were asked.
    pub then: Option<(Arc<Connector>, Submission)>,
    /// What a sign-in hands over.
    pub handed: Option<Handed>,
    /// What the receipt names.
    pub provided: Vec<FieldRef>,
    /// What was left empty.
    pub left_empty: Vec<FieldRef>,
    /// Who sends, possibly empty.
    pub identity: String,
    /// The nonce of the form.
    pub nonce: String,
}

/// What became of a submission.
#[derive(Debug)]
pub enum Outcome {
    /// It was taken, now or by an earlier send of the same form; the key opens the receipt.
    Taken {
        /// For `/invite-receipts/{key}`.
        receipt_key: String,
    },
    /// The link was closed, or had no room for so many, before it came.
    Closed,
}

/// The key of the receipt for one form of a link: the same for every send of that form, unknown to everybody else.
pub(super) fn receipt_key(app: &App, link: &InviteLink, nonce: &str) -> String {
    app.receipt_marks.text(&[b"invite", link.id.as_str().as_bytes(), nonce.as_bytes()])
}

/// Whether this very form was sent, and taken, before.
pub(super) async fn was_sent(app: &App, link: &InviteLink, nonce: &str) -> AppResult<bool> {
    let (id, nonce) = (link.id.clone(), nonce.to_owned());
    Ok(app.db.read(move |conn| Ok(submissions::find_by_nonce(conn, &id, &nonce)?)).await?.is_some())
}

/// Spends the link and makes the connections.
///
/// # Errors
/// The database or the key ring refuses.
pub async fn submit(app: &App, link: &InviteLink, connector: &Arc<Connector>, sent: Sent) -> AppResult<Outcome> {
    let receipt_key = receipt_key(app, link, &sent.nonce);
    let (link_here, connector) = (link.clone(), Arc::clone(connector));
    let nonce = sent.nonce.clone();
    let receipt_hash = PlainToken::presented(&receipt_key).hash();
    let deed = Deed { receipt_hash, link: link_here, connector, sent };
    let taken = match app.write(move |tx| deed.perform(tx)).await {
        // The same form was faster, and everything this one did is undone.
        Err(AppError::Conflict(TWICE)) => true,
        done => done?,
    };
    let taken = taken || was_sent(app, link, &nonce).await?;
    Ok(if taken { Outcome::Taken { receipt_key } } else { Outcome::Closed })
}

const TWICE: &str = "This form was sent twice at once.";

/// A submission with all it takes.
struct Deed {
    link: InviteLink,
    connector: Arc<Connector>,
    sent: Sent,
    receipt_hash: TokenHash,
}

impl Deed {
    /// Whether it was taken.
    fn perform(mut self, tx: &mut Tx<'_>) -> AppResult<bool> {
        let count = i32::try_from(self.sent.arrivals.len()).unwrap_or(i32::MAX);
        if count == 0 || !store::redeem(tx.conn, &self.link, count, tx.now)? {
            return Ok(false);
        }
        // From here to the end of the transaction the row is ours: nobody changes the link or writes this submission meanwhile.
        self.link = store::find_by_id(tx.conn, &self.link.id)?.ok_or(AppError::NotFound)?;
        if submissions::find_by_nonce(tx.conn, &self.link.id, &self.sent.nonce)?.is_some() {
            return Err(AppError::Conflict(TWICE));
        }
        let grant = self.grant(tx)?;
        for arrival in &self.sent.arrivals {
            self.arrive(tx, arrival, grant.as_ref())?;
        }
        self.write_down(tx, count)?;
        if self.link.usage == Usage::Once {
            make::forget_all(tx.conn, &self.link.id)?;
        } else {
            held::drop_form(tx.conn, self.link.id.as_str(), &self.sent.nonce)?;
        }
        self.notify(tx)?;
        Ok(true)
    }

    /// The one grant on which all connections of this submission live.
    fn grant(&self, tx: &mut Tx<'_>) -> AppResult<Option<OauthGrantId>> {
        let Some(handed) = &self.sent.handed else { return Ok(None) };
        if !handed.take(tx.conn)? {
            return Err(AppError::Conflict("This sign-in was used already. Sign in again."));
        }
        handed.grant.store(tx, &self.link.workspace_id).map(Some)
    }

    /// Lets a connection live on the grant.
    fn attach(&self, tx: &mut Tx<'_>, made: &Connection, arrival: &Arrival, grant: &OauthGrantId) -> AppResult<()> {
        oauth::attach(tx, made, grant, &arrival.accounts)?;
        let entry = Entry {
            workspace: &made.workspace_id,
            connection: Some(&made.id),
            setup_link: None,
            event: Event::Connected,
            actor: Actor::Recipient { name: self.sent.identity.clone() },
            detail: &self.sent.identity,
        };
        tx.record(&entry)
    }

    fn arrive(&self, tx: &mut Tx<'_>, arrival: &Arrival, grant: Option<&OauthGrantId>) -> AppResult<()> {
        let new = Arriving {
            workspace: &self.link.workspace_id,
            connector: &self.connector,
            description: &arrival.description,
            link: &self.link.id,
            link_name: &self.link.name,
            identity: &self.sent.identity,
            wants_approval: self.link.wants_approval(),
            submission: &arrival.submission,
            then: self.sent.then.as_ref().map(|(asked, submission)| (asked.as_ref(), submission)),
        };
        let made = connections::arrive(tx, &new)?;
        if let Some(grant) = grant {
            self.attach(tx, &made, arrival, grant)?;
        }
        let told = webhooks::Event::Arrival { deed: ArrivalDeed::Created, connection: &made, link: self.link.facts() };
        tx.tell(&told)
    }

    fn write_down(&self, tx: &mut Tx<'_>, count: i32) -> AppResult<()> {
        let new = NewSubmission {
            id: &InviteSubmissionId::new(tx.now, tx.rng),
            workspace_id: &self.link.workspace_id,
            link: &self.link.id,
            form_nonce: &self.sent.nonce,
            receipt_hash: &self.receipt_hash,
            receipt: &receipt_number(tx.rng),
            identity: &self.sent.identity,
            submitted_fields: &names(&self.sent.provided)?,
            empty_fields: &names(&self.sent.left_empty)?,
            connection_count: count,
            now: tx.now,
        };
        Ok(new.insert(tx.conn)?)
    }

    /// Queues the mails that this submission gives a reason for.
    fn notify(&self, tx: &mut Tx<'_>) -> AppResult<()> {
        let link = &self.link;
        if link.wants_approval() {
            jobs::queue(tx, Notice::Waiting, link)?;
        } else if link.submission_count == 1 {
            jobs::queue(tx, Notice::FirstUse, link)?;
        }
        jobs::watch_use(tx, link)
    }
}
