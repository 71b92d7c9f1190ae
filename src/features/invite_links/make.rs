//! Making, changing and deleting an invite link, and showing its token again.

use super::store::{self, Changed, InviteLink, NewInviteLinkRow, SEALED_TOKENS};
use super::{Expiry, InviteState, LinkFields, Usage};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{InviteLinkId, MemberId, WorkspaceId};
use crate::connectors::Connector;
use crate::features::accounts::{self, MemberCard};
use crate::features::oauth::{self, LinkKind};
use crate::features::recipient::held;
use crate::features::webhooks::{self, InviteDeed};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

/// What a new link needs.
pub struct NewInviteLink<'a> {
    /// Whose it will be.
    pub workspace: &'a WorkspaceId,
    /// What it connects.
    pub connector: &'a Connector,
    /// How often it may be used; never changed later.
    pub usage: Usage,
    /// All that can be changed later.
    pub fields: &'a LinkFields,
    /// Who makes it.
    pub creator: Option<&'a MemberId>,
    /// The actor for the activity log.
    pub actor: Actor,
    /// The nonce of the form it came from, so that sending it twice makes one.
    pub form_nonce: Option<&'a str>,
}

/// A link that was made.
pub struct MadeInviteLink {
    /// The row.
    pub link: InviteLink,
    /// Its token.
    pub token: PlainToken,
}

/// Makes a link. Its token is kept sealed, so that it can be copied again.
///
/// # Errors
/// [`AppError::Forbidden`] when whoever makes it may not any more.
pub fn make(tx: &mut Tx<'_>, new: NewInviteLink<'_>) -> AppResult<MadeInviteLink> {
    // A program's key is worth what it says, whoever made it.
    if let (Some(creator), Actor::Member { .. }) = (new.creator, &new.actor)
        && !accounts::may_still_edit(tx.conn, new.workspace, creator)?
    {
        return Err(AppError::Forbidden);
    }
    let id = InviteLinkId::new(tx.now, tx.rng);
    let token = PlainToken::new(tx.rng, "");
    let sealed = tx.keys.seal(token.expose().as_bytes(), SEALED_TOKENS.at(&id, new.workspace), tx.rng)?;
    let fields = new.fields;
    let row = NewInviteLinkRow {
        id: &id,
        workspace_id: new.workspace,
        name: &fields.name,
        kind: new.connector.file.kind,
        connector_slug: &new.connector.file.slug,
        usage: new.usage,
        wants_approval: fields.wants_approval,
        cap: fields.cap,
        note: &fields.note,
        greeting: &fields.greeting,
        expiry: &fields.expiry,
        token_hash: &token.hash(),
        sealed_token: &sealed,
        created_by: new.creator,
        create_nonce: new.form_nonce,
        now: tx.now,
    };
    row.insert(tx.conn)?;
    let link = store::find(tx.conn, new.workspace, &id)?.ok_or(AppError::NotFound)?;
    note(tx, &link, InviteDeed::Created, new.actor)?;
    Ok(MadeInviteLink { link, token })
}

/// The link this very form has made before, if it was sent before.
///
/// # Errors
/// The database cannot be read.
pub fn made_by_form(conn: &mut Conn, workspace: &WorkspaceId, nonce: &str) -> AppResult<Option<InviteLink>> {
    Ok(store::find_by_create_nonce(conn, workspace, nonce)?)
}

/// Changes a link; gives it as it is now. Its address stays the same.
///
/// # Errors
/// [`AppError::NotFound`] when it was deleted meanwhile.
pub fn change(tx: &mut Tx<'_>, link: &InviteLink, fields: &LinkFields, actor: Actor) -> AppResult<InviteLink> {
    let to = Changed {
        name: &fields.name,
        note: &fields.note,
        greeting: &fields.greeting,
        cap: fields.cap,
        wants_approval: fields.wants_approval,
        expiry: &fields.expiry,
    };
    if !store::change(tx.conn, link, &to)? {
        return Err(AppError::NotFound);
    }
    let link = store::find(tx.conn, &link.workspace_id, &link.id)?.ok_or(AppError::NotFound)?;
    note(tx, &link, InviteDeed::Updated, actor)?;
    Ok(link)
}

/// Makes another member the one who asks by a link: whoever opens it reads their name, and they hear what comes. Its address stays. `false`
/// when it was deleted meanwhile.
///
/// # Errors
/// The database refuses.
pub fn hand_over(tx: &mut Tx<'_>, link: &InviteLink, to: &MemberCard, actor: Actor) -> AppResult<bool> {
    if !store::hand_over(tx.conn, link, &to.id)? {
        return Ok(false);
    }
    let detail = format!("{}, to {}", link.name, to.name);
    tx.record(&Entry {
        workspace: &link.workspace_id,
        connection: None,
        setup_link: None,
        event: Event::InviteLinkHandedOver,
        actor,
        detail: &detail,
    })?;
    Ok(true)
}

/// Deletes a link: its address stops working at once, what it made stays. `false` when it was deleted already.
///
/// # Errors
/// The database refuses.
pub fn delete(tx: &mut Tx<'_>, link: &InviteLink, actor: Actor) -> AppResult<bool> {
    if !store::delete(tx.conn, link, tx.now)? {
        return Ok(false);
    }
    forget_all(tx.conn, &link.id)?;
    note(tx, link, InviteDeed::Deleted, actor)?;
    Ok(true)
}

/// Forgets what is held for a link that is closed: what was typed, and who signed in.
pub(super) fn forget_all(conn: &mut Conn, id: &InviteLinkId) -> AppResult<()> {
    held::drop_link(conn, id.as_str())?;
    oauth::forget(conn, LinkKind::Invite, id.as_str())
}

/// Writes down that a link's time ran out, once: from then on it is expired whatever the clock says, until a member gives it a new end.
///
/// # Errors
/// The database refuses.
pub(super) fn note_expired(tx: &mut Tx<'_>, link: &InviteLink) -> AppResult<()> {
    if !store::note_expiry(tx.conn, link, tx.now)? {
        return Ok(());
    }
    forget_all(tx.conn, &link.id)?;
    note(tx, link, InviteDeed::Expired, Actor::System)
}

/// Whether a link can be used right now; for what comes back to it from elsewhere.
///
/// # Errors
/// The database cannot be asked.
pub fn is_open(conn: &mut Conn, id: &InviteLinkId, now: UtcTime) -> AppResult<bool> {
    Ok(store::find_by_id(conn, id)?.is_some_and(|link| link.state(now) == InviteState::Active))
}

/// Writes down what became of a link, and tells whoever wants to hear it.
pub(super) fn note(tx: &mut Tx<'_>, link: &InviteLink, deed: InviteDeed, actor: Actor) -> AppResult<()> {
    let event = match deed {
        InviteDeed::Created => Event::InviteLinkCreated,
        InviteDeed::Updated => Event::InviteLinkChanged,
        InviteDeed::Deleted => Event::InviteLinkDeleted,
        InviteDeed::Expired => Event::InviteLinkExpired,
    };
    let entry =
        Entry { workspace: &link.workspace_id, connection: None, setup_link: None, event, actor, detail: &link.name };
    tx.record(&entry)?;
    tx.tell(&webhooks::WebhookEvent::InviteLink { deed, link: link.facts() })
}

/// The token of a link, for whoever may see it; `None` once it is deleted.
///
/// # Errors
/// The sealed token does not open.
pub fn copy_token(app: &App, link: &InviteLink) -> AppResult<Option<PlainToken>> {
    let Some(sealed) = link.sealed_token() else { return Ok(None) };
    let bytes = app.keys.open(&sealed, SEALED_TOKENS.at(&link.id, &link.workspace_id))?;
    let text = std::str::from_utf8(&bytes).map_err(AppError::internal)?;
    Ok(Some(PlainToken::presented(text)))
}

impl LinkFields {
    /// The fields of a link as they are.
    pub fn of(link: &InviteLink) -> Self {
        Self {
            name: link.name.clone(),
            note: link.note.clone(),
            greeting: link.greeting.clone(),
            cap: link.cap,
            wants_approval: link.wants_approval(),
            expiry: link.expiry(),
        }
    }
}

impl Default for LinkFields {
    fn default() -> Self {
        Self {
            name: String::new(),
            note: String::new(),
            greeting: String::new(),
            cap: None,
            wants_approval: false,
            expiry: Expiry::never(),
        }
    }
}
