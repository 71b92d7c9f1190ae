//! Making and withdrawing a setup link.

use super::store::{self, LinkRow, NewRow};
use super::{ClosedReason, Lifetime, Purpose, check_open};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{MemberId, SetupLinkId, WorkspaceId};
use crate::features::connections::{self, Connection, ConnectionState};
use crate::features::oauth::{self, DoorKind};
use crate::features::recipient::held;
use crate::features::webhooks::{self, LinkDeed};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

/// What a new link needs.
pub struct NewSetupLink<'a> {
    /// The draft it opens.
    pub connection: &'a Connection,
    /// Who makes it.
    pub creator: Option<&'a MemberId>,
    /// The actor for the activity log.
    pub actor: Actor,
    /// How long it stays open.
    pub lifetime: Lifetime,
    /// For whom, possibly empty.
    pub recipient: &'a str,
    /// A note for them, possibly empty.
    pub note: &'a str,
    /// Whether they may have what they typed checked before they send it.
    pub allows_test: bool,
    /// The nonce of the form it came from, so that sending it twice makes one.
    pub form_nonce: Option<&'a str>,
    /// What it is for.
    pub purpose: Purpose,
}

/// Makes a link; its token exists in the answer and nowhere else.
///
/// # Errors
/// [`AppError::Conflict`] when the connection is no draft any more.
pub fn make(tx: &mut Tx<'_>, new: NewSetupLink<'_>) -> AppResult<(SetupLinkId, PlainToken)> {
    match (new.connection.state(), new.purpose.is_reconnect()) {
        (ConnectionState::Draft, _) | (ConnectionState::Finalised, true) => {}
        _ => {
            return Err(AppError::Conflict("A setup link can only be made for a draft. This connection is finalised."));
        }
    }
    let id = SetupLinkId::new(tx.now, tx.rng);
    let token = PlainToken::new(tx.rng, "");
    let row = NewRow {
        id: &id,
        workspace_id: &new.connection.workspace_id,
        connection_id: &new.connection.id,
        token_hash: &token.hash(),
        created_by: new.creator,
        create_nonce: new.form_nonce,
        recipient: new.recipient,
        note: new.note,
        allows_test: new.allows_test,
        created_at: tx.now,
        expires_at: new.lifetime.expires_at,
        purpose: new.purpose,
    };
    row.insert(tx.conn)?;
    let entry = Entry {
        workspace: &new.connection.workspace_id,
        connection: Some(&new.connection.id),
        setup_link: Some(&id),
        event: Event::LinkCreated,
        actor: new.actor,
        detail: new.recipient,
    };
    tx.record(&entry)?;
    tell(tx, LinkDeed::Created, new.connection, (&id, new.lifetime.expires_at))?;
    Ok((id, token))
}

/// The link this very form has made before, if it was sent before.
pub fn made_by_form(conn: &mut Conn, workspace: &WorkspaceId, nonce: &str) -> AppResult<Option<LinkRow>> {
    Ok(store::find_by_create_nonce(conn, workspace, nonce)?)
}

/// Withdraws a link; `false` when it was closed already. What was held for it is forgotten.
///
/// # Errors
/// [`AppError::NotFound`] when the workspace has no such link on that connection.
pub fn revoke(tx: &mut Tx<'_>, connection: &Connection, id: &SetupLinkId, actor: Actor) -> AppResult<bool> {
    let links = store::list(tx.conn, &connection.workspace_id, &connection.id)?;
    let link = links.iter().find(|link| &link.id == id).ok_or(AppError::NotFound)?;
    if !store::revoke(tx.conn, &connection.workspace_id, id, tx.now)? {
        return Ok(false);
    }
    forget_all(tx.conn, id)?;
    let entry = Entry {
        workspace: &connection.workspace_id,
        connection: Some(&connection.id),
        setup_link: Some(id),
        event: Event::Revoked,
        actor,
        detail: &link.recipient,
    };
    tx.record(&entry)?;
    tell(tx, LinkDeed::Revoked, connection, (id, link.expires_at))?;
    Ok(true)
}

/// Queues the webhooks of whoever wants to hear what became of a link.
pub(super) fn tell(
    tx: &mut Tx<'_>,
    deed: LinkDeed,
    connection: &Connection,
    (link, expires_at): (&SetupLinkId, UtcTime),
) -> AppResult<()> {
    tx.tell(&webhooks::Event::Link { deed, connection, link, expires_at })
}

impl ClosedReason {
    /// The word for logs and tests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Used(_) => "used",
            Self::Revoked => "revoked",
            Self::Finished => "finished",
            Self::Deleted => "deleted",
            Self::Expired(_) => "expired",
        }
    }
}

/// Forgets what is held for any link of a connection; for a draft that is deleted or finalised.
///
/// # Errors
/// The database refuses.
pub fn forget_held(conn: &mut Conn, connection: &Connection) -> AppResult<()> {
    for link in store::list(conn, &connection.workspace_id, &connection.id)? {
        forget_all(conn, &link.id)?;
    }
    Ok(())
}

/// Forgets what is held for a link that is closed: what was typed, and who signed in.
pub(super) fn forget_all(conn: &mut Conn, id: &SetupLinkId) -> AppResult<()> {
    held::drop_link(conn, id.as_str())?;
    oauth::forget(conn, DoorKind::Setup, id.as_str())
}

/// Whether a link can be used right now; for what comes back to it from elsewhere.
///
/// # Errors
/// The database cannot be asked.
pub fn is_open(conn: &mut Conn, id: &SetupLinkId, now: UtcTime) -> AppResult<bool> {
    let Some(link) = store::find_by_id(conn, id)? else { return Ok(false) };
    let connection = connections::find_by_id(conn, &link.workspace_id, &link.connection_id)?;
    Ok(connection.is_some_and(|found| check_open(link.times(), link.purpose, found.state(), now).is_ok()))
}
