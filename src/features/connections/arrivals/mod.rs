//! Connections that people outside add with an invite link: where they came from, who authorised them, and whether a member has to
//! accept them.
//!
//! Invariants: a connection that waits hands its values to nobody; accepting or rejecting happens once; rejecting erases the values
//! in the same statement.

mod store;

pub use store::{find_waiting, of_invite_link, waiting_count};

use super::revisions::drop_all;
use super::store::erase;
use super::{Apply, Approval, Connection, Filler, NewDraft, Shown, apply_to, create_draft};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{InviteLinkId, WorkspaceId};
use crate::connectors::Connector;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::tx::Tx;
use crate::schema::form::Submission;

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
    let made =
        Connection { invite_link_id: Some(new.link.clone()), identity: new.identity.to_owned(), approval, ..made };
    store::set_origin(tx.conn, &made)?;
    let filled = Apply {
        workspace: new.workspace,
        connection: &made.id.clone(),
        connector: new.connector,
        submission: new.submission,
        by: Filler::Recipient,
        name: new.identity,
        then: new.then,
        has_secrets: false,
        shown: &Shown::Now,
        actor: Actor::Recipient { name: new.identity.to_owned() },
    };
    let filled = apply_to(tx, made, &filled)?;
    note(tx, &filled, Event::CameThroughInviteLink, Actor::Recipient { name: new.identity.to_owned() }, new.link_name)?;
    Ok(filled)
}

/// Accepts a connection that waits.
///
/// # Errors
/// [`AppError::Conflict`] when it does not wait any more.
pub fn accept(tx: &mut Tx<'_>, connection: &Connection, actor: Actor) -> AppResult<()> {
    settle(tx, connection, Approval::Accepted)?;
    note(tx, connection, Event::ArrivalAccepted, actor, "")
}

/// Rejects a connection that waits: its values and keys are erased at once.
///
/// # Errors
/// [`AppError::Conflict`] when it does not wait any more.
pub fn reject(tx: &mut Tx<'_>, connection: &Connection, actor: Actor) -> AppResult<()> {
    settle(tx, connection, Approval::Rejected)?;
    if !erase(tx.conn, connection, false, tx.now)? {
        return Err(AppError::Conflict("This connection is finalised and cannot be rejected."));
    }
    drop_all(tx.conn, &connection.id)?;
    note(tx, connection, Event::ArrivalRejected, actor, "")
}

fn settle(tx: &mut Tx<'_>, connection: &Connection, to: Approval) -> AppResult<()> {
    if store::settle(tx.conn, connection, to, tx.now)? {
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
