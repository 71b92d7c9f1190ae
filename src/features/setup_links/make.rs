//! Making and withdrawing a setup link.

use super::store::{self, NewSetupLinkRow, SetupLinkRow};
use super::{LinkAsks, LinkLifetime, LinkPurpose, SetupLink};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{MemberId, SetupLinkId, WorkspaceId};
use crate::features::accounts::{self, MemberCard};
use crate::features::connections::{self, Connection, ConnectionState};
use crate::features::oauth::{self, LinkKind};
use crate::features::recipient::held;
use crate::features::webhooks::{self, LinkDeed};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::db::Conn;
use crate::platform::link_state::{LinkEnd, LinkState};
use crate::platform::tx::Tx;
use crate::schema::form::Asks;

/// What a new link needs.
pub struct NewSetupLink<'a> {
    /// The draft it opens.
    pub connection: &'a Connection,
    /// Who makes it.
    pub creator: Option<&'a MemberId>,
    /// The actor for the activity log.
    pub actor: Actor,
    /// How long it stays open.
    pub lifetime: LinkLifetime,
    /// For whom, possibly empty.
    pub recipient: &'a str,
    /// A note for them, possibly empty.
    pub note: &'a str,
    /// Whether they may have what they typed checked before they send it.
    pub allows_test: bool,
    /// The nonce of the form it came from, so that sending it twice makes one.
    pub form_nonce: Option<&'a str>,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// What it asks for; `None` for everything.
    pub asks: Option<Asks>,
}

/// Makes a link; its token exists in the answer and nowhere else.
///
/// # Errors
/// [`AppError::Conflict`] when the connection is no draft any more; [`AppError::Forbidden`] when whoever makes it may not any more.
pub fn make(tx: &mut Tx<'_>, new: NewSetupLink<'_>) -> AppResult<(SetupLinkId, PlainToken)> {
    // A program's key is worth what it says, whoever made it.
    if let (Some(creator), Actor::Member { .. }) = (new.creator, &new.actor)
        && !accounts::may_still_edit(tx.conn, &new.connection.workspace_id, creator)?
    {
        return Err(AppError::Forbidden);
    }
    // Whoever ends the draft at this moment closes the links that are there: this one is there before, or not made at all.
    let now_is = connections::hold(tx.conn, new.connection)?;
    match (now_is, new.purpose.is_reconnect()) {
        (ConnectionState::Draft, _) | (ConnectionState::Finalised, true) => {}
        _ => {
            return Err(AppError::Conflict("A setup link can only be made for a draft. This connection is finalised."));
        }
    }
    let id = SetupLinkId::new(tx.now, tx.rng);
    let token = PlainToken::new(tx.rng, "");
    let row = NewSetupLinkRow {
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
        zone: new.lifetime.zone,
        purpose: new.purpose,
        asks: new.asks.as_ref().map(LinkAsks::of).transpose()?,
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
    tell(tx, LinkDeed::Created, new.connection, ToldLink { id: &id, expires_at: new.lifetime.expires_at })?;
    Ok((id, token))
}

/// The link this very form has made before, if it was sent before.
pub fn made_by_form(conn: &mut Conn, workspace: &WorkspaceId, nonce: &str) -> AppResult<Option<SetupLinkRow>> {
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
    tell(tx, LinkDeed::Revoked, connection, ToldLink { id, expires_at: link.expires_at })?;
    Ok(true)
}

/// Makes another member the one who asks by a link: whoever opens it reads their name, and they hear what comes. Its address stays. `false`
/// when it ended meanwhile.
///
/// # Errors
/// The database refuses.
pub fn hand_over(tx: &mut Tx<'_>, link: &SetupLinkRow, to: &MemberCard, actor: Actor) -> AppResult<bool> {
    if !store::hand_over(tx.conn, link, &to.id)? {
        return Ok(false);
    }
    tx.record(&Entry {
        workspace: &link.workspace_id,
        connection: Some(&link.connection_id),
        setup_link: Some(&link.id),
        event: Event::LinkHandedOver,
        actor,
        detail: &to.name,
    })?;
    Ok(true)
}

/// What webhooks say of a link.
pub(super) struct ToldLink<'a> {
    pub(super) id: &'a SetupLinkId,
    pub(super) expires_at: UtcTime,
}

/// Queues the webhooks of whoever wants to hear what became of a link.
pub(super) fn tell(tx: &mut Tx<'_>, deed: LinkDeed, connection: &Connection, link: ToldLink<'_>) -> AppResult<()> {
    tx.tell(&webhooks::WebhookEvent::Link { deed, connection, link: link.id, expires_at: link.expires_at })
}

/// Closes the links of a connection that is finished or deleted, and forgets what is held for them. Links to sign in again stay open
/// when it is finished: they serve finished connections too. The connection is held from here on, so that no link is made after the last
/// look; everybody takes the connection first and its links after that, because two who take them in different orders wait for each other.
///
/// # Errors
/// The database refuses.
pub fn close_all(tx: &mut Tx<'_>, connection: &Connection, end: LinkEnd) -> AppResult<()> {
    connections::hold(tx.conn, connection)?;
    for link in store::list(tx.conn, &connection.workspace_id, &connection.id)? {
        if end == LinkEnd::Finished && link.purpose.is_reconnect() {
            continue;
        }
        if matches!(link.state(tx.now), LinkState::Expired { .. }) {
            // It had ended before, and that is what it says.
            note_expired(tx, &link)?;
        }
        store::close(tx.conn, &link.id, end, tx.now)?;
        forget_all(tx.conn, &link.id)?;
    }
    Ok(())
}

/// Writes down that a link's time ran out, once: from then on it is expired whatever the clock says.
///
/// # Errors
/// The database refuses.
pub(super) fn note_expired(tx: &mut Tx<'_>, link: &SetupLinkRow) -> AppResult<()> {
    if !store::note_expiry(tx.conn, &link.id, tx.now)? {
        return Ok(());
    }
    forget_all(tx.conn, &link.id)?;
    let entry = Entry {
        workspace: &link.workspace_id,
        connection: Some(&link.connection_id),
        setup_link: Some(&link.id),
        event: Event::Expired,
        actor: Actor::System,
        detail: &link.recipient,
    };
    tx.record_at(&entry, link.expires_at)?;
    if let Some(connection) = connections::find_by_id(tx.conn, &link.workspace_id, &link.connection_id)? {
        tell(tx, LinkDeed::Expired, &connection, ToldLink { id: &link.id, expires_at: link.expires_at })?;
    }
    Ok(())
}

/// Forgets what is held for a link that is closed: what was typed, and who signed in.
pub(super) fn forget_all(conn: &mut Conn, id: &SetupLinkId) -> AppResult<()> {
    held::drop_link(conn, id.as_str())?;
    oauth::forget(conn, LinkKind::Setup, id.as_str())
}

/// Whether a link can be used right now; for what comes back to it from elsewhere.
///
/// # Errors
/// The database cannot be asked.
pub fn is_open(conn: &mut Conn, id: &SetupLinkId, now: UtcTime) -> AppResult<bool> {
    let Some(row) = store::find_by_id(conn, id)? else { return Ok(false) };
    Ok(SetupLink::of(conn, row)?.is_some_and(|link| link.check_open(now).is_ok()))
}
