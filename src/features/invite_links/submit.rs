//! A recipient's submission: one transaction that spends the link, makes the connections, writes the activity rows and queues what is
//! told. Of many at once no more succeed than the link allows; a repeated send of the same form is told what the first one did.

use std::sync::Arc;

use super::store::{self, InviteLink};
use super::submissions::{self, NewSubmission};
use super::{Notice, Usage, jobs, make};
use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, PlainToken, TokenHash};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldRef;
use crate::base::ids::{InviteSubmissionId, OauthGrantId};
use crate::base::rng::Rng;
use crate::connectors::Connector;
use crate::features::connections::{self, Arriving, Connection};
use crate::features::oauth::wire::Account;
use crate::features::oauth::{self, Contract, Handed};
use crate::features::recipient::{held, names, receipt_number};
use crate::features::webhooks::{self, ArrivalDeed};
use crate::platform::activity::{self, Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
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
    let deed = Deed {
        receipt_hash: PlainToken::presented(&receipt_key).hash(),
        link: link.clone(),
        connector: Arc::clone(connector),
        keys: app.keys.clone(),
        rng: app.rng.clone(),
        now: app.clock.now(),
        sent,
    };
    let nonce = deed.sent.nonce.clone();
    let taken = match app.db.write(move |conn| deed.perform(conn)).await {
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
    keys: KeyRing,
    rng: Rng,
    now: UtcTime,
}

impl Deed {
    /// Whether it was taken.
    fn perform(mut self, conn: &mut Conn) -> AppResult<bool> {
        let count = i32::try_from(self.sent.arrivals.len()).unwrap_or(i32::MAX);
        if count == 0 || !store::redeem(conn, &self.link, count, self.now)? {
            return Ok(false);
        }
        // From here to the end of the transaction the row is ours: nobody changes the link or writes this submission meanwhile.
        self.link = store::find_by_id(conn, &self.link.id)?.ok_or(AppError::NotFound)?;
        if submissions::find_by_nonce(conn, &self.link.id, &self.sent.nonce)?.is_some() {
            return Err(AppError::Conflict(TWICE));
        }
        let grant = self.grant(conn)?;
        for arrival in &self.sent.arrivals {
            self.arrive(conn, arrival, grant.as_ref())?;
        }
        self.write_down(conn, count)?;
        if self.link.usage == Usage::Once {
            make::forget_all(conn, &self.link.id)?;
        } else {
            held::drop_form(conn, self.link.id.as_str(), &self.sent.nonce)?;
        }
        self.notify(conn)?;
        Ok(true)
    }

    /// The one grant on which all connections of this submission live.
    fn grant(&self, conn: &mut Conn) -> AppResult<Option<OauthGrantId>> {
        let Some(handed) = &self.sent.handed else { return Ok(None) };
        if !handed.take(conn)? {
            return Err(AppError::Conflict("This sign-in was used already. Sign in again."));
        }
        let with = Contract { keys: &self.keys, now: self.now, rng: &self.rng };
        handed.grant.store(conn, &self.link.workspace_id, &with).map(Some)
    }

    /// Lets a connection live on the grant.
    fn attach(&self, conn: &mut Conn, made: &Connection, arrival: &Arrival, grant: &OauthGrantId) -> AppResult<()> {
        oauth::attach(conn, made, grant, &arrival.accounts, (self.now, &self.rng))?;
        let entry = Entry {
            workspace: &made.workspace_id,
            connection: Some(&made.id),
            setup_link: None,
            event: Event::Connected,
            actor: Actor::Recipient { name: self.sent.identity.clone() },
            detail: &self.sent.identity,
        };
        Ok(activity::record(conn, &entry, self.now, &self.rng)?)
    }

    fn arrive(&self, conn: &mut Conn, arrival: &Arrival, grant: Option<&OauthGrantId>) -> AppResult<()> {
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
        let made = connections::arrive(conn, &new, &self.keys, self.now, &self.rng)?;
        if let Some(grant) = grant {
            self.attach(conn, &made, arrival, grant)?;
        }
        let told = webhooks::Event::Arrival { deed: ArrivalDeed::Created, connection: &made, link: self.link.facts() };
        webhooks::record_event(conn, &told, self.now, &self.rng)
    }

    fn write_down(&self, conn: &mut Conn, count: i32) -> AppResult<()> {
        let new = NewSubmission {
            id: &InviteSubmissionId::new(self.now, &self.rng),
            workspace_id: &self.link.workspace_id,
            link: &self.link.id,
            form_nonce: &self.sent.nonce,
            receipt_hash: &self.receipt_hash,
            receipt: &receipt_number(&self.rng),
            identity: &self.sent.identity,
            submitted_fields: &names(&self.sent.provided)?,
            empty_fields: &names(&self.sent.left_empty)?,
            connection_count: count,
            now: self.now,
        };
        Ok(new.insert(conn)?)
    }

    /// Queues the mails that this submission gives a reason for.
    fn notify(&self, conn: &mut Conn) -> AppResult<()> {
        let link = &self.link;
        if link.wants_approval() {
            jobs::queue(conn, Notice::Waiting, link, self.now, &self.rng)?;
        } else if link.submission_count == 1 {
            jobs::queue(conn, Notice::FirstUse, link, self.now, &self.rng)?;
        }
        jobs::watch_use(conn, link, self.now, &self.rng)
    }
}
