//! Connections that people outside add with an invite link: where they came from, who authorised them, and whether a member has to
//! accept them.
//!
//! Invariants: a connection that waits hands its values to nobody; accepting or rejecting happens once; rejecting erases the values
//! in the same statement.

mod approval_out;
mod store;

pub use approval_out::ApprovalOut;

pub use store::{find_waiting, of_invite_link, waiting_count};

use super::store::erase;
use super::{Apply, Connection, Filler, NewDraft, apply, create_draft};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{InviteLinkId, WorkspaceId};
use crate::base::text_column::text_enum;
use crate::connectors::Connector;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::db::Conn;
use crate::platform::tx::Tx;
use crate::schema::form::Submission;

text_enum! {
    /// Whether a member has to accept a connection.
    pub enum Approval {
        /// Nobody has to.
        None = "none",
        /// It waits for somebody who does.
        Waiting = "waiting",
        /// A member accepted it.
        Accepted = "accepted",
        /// A member rejected it; its values are gone.
        Rejected = "rejected",
    }
}

/// A connection on its way in.
pub struct Arriving<'a> {
    /// Whose it will be.
    pub workspace: &'a WorkspaceId,
    /// Of which type.
    pub connector: &'a Connector,
    /// Its name for members.
    pub description: &'a str,
    /// The invite link it comes through.
    pub link: &'a InviteLinkId,
    /// What members call that link.
    pub link_name: &'a str,
    /// Who authorised it, possibly empty.
    pub identity: &'a str,
    /// Whether a member has to accept it.
    pub wants_approval: bool,
    /// What was handed over.
    pub submission: &'a Submission,
    /// What was filled in beside a sign-in, with the form that asked for it.
    pub then: Option<(&'a Connector, &'a Submission)>,
}

/// Makes the connection with what was handed over; call it in the transaction that spends the link.
///
/// # Errors
/// The database or the key ring refuses.
pub fn arrive(tx: &mut Tx<'_>, new: &Arriving<'_>) -> AppResult<Connection> {
    let draft = NewDraft {
        workspace: new.workspace,
        connector: new.connector,
        description: new.description,
        creator: None,
        actor: Actor::Recipient { name: new.identity.to_owned() },
        form_nonce: None,
    };
    let made = create_draft(tx, draft)?;
    let approval = if new.wants_approval { Approval::Waiting } else { Approval::None };
    store::set_origin(tx.conn, &made, new.link, new.identity, approval)?;
    let filled = Apply {
        workspace: new.workspace,
        connection: &made.id,
        connector: new.connector,
        submission: new.submission,
        by: Filler::Recipient,
        name: new.identity,
        then: new.then,
        has_secrets: false,
    };
    let applied = apply(tx, &filled)?;
    note(tx, &made, Event::CameThroughInviteLink, Actor::Recipient { name: new.identity.to_owned() }, new.link_name)?;
    Ok(applied.connection)
}

/// Accepts a connection that waits.
///
/// # Errors
/// [`AppError::Conflict`] when it does not wait any more.
pub fn accept(tx: &mut Tx<'_>, connection: &Connection, actor: Actor) -> AppResult<()> {
    settle(tx.conn, connection, Approval::Accepted, tx.now)?;
    note(tx, connection, Event::ArrivalAccepted, actor, "")
}

/// Rejects a connection that waits: its values and keys are erased at once.
///
/// # Errors
/// [`AppError::Conflict`] when it does not wait any more.
pub fn reject(tx: &mut Tx<'_>, connection: &Connection, actor: Actor) -> AppResult<()> {
    settle(tx.conn, connection, Approval::Rejected, tx.now)?;
    if !erase(tx.conn, connection, false, tx.now)? {
        return Err(AppError::Conflict("This connection is finalised and cannot be rejected."));
    }
    note(tx, connection, Event::ArrivalRejected, actor, "")
}

fn settle(conn: &mut Conn, connection: &Connection, to: Approval, now: UtcTime) -> AppResult<()> {
    if store::settle(conn, connection, to, now)? {
        Ok(())
    } else {
        Err(AppError::Conflict("This connection does not wait for anybody any more."))
    }
}

fn note(tx: &mut Tx<'_>, connection: &Connection, event: Event, actor: Actor, detail: &str) -> AppResult<()> {
    let entry = Entry {
        workspace: &connection.workspace_id,
        connection: Some(&connection.id),
        setup_link: None,
        event,
        actor,
        detail,
    };
    tx.record(&entry)
}
