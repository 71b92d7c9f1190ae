use diesel::prelude::*;

use crate::features::webhooks::InviteFacts;

use super::{Expiry, InviteState, LinkLife, Usage};
use crate::base::clock::UtcTime;
use crate::base::crypto::{Sealed, TokenHash};
use crate::base::ids::{InviteLinkId, MemberId, WorkspaceId};
use crate::base::search;
use crate::connectors::Kind;
use crate::platform::db::schema::{invite_link_words, invite_links};
use crate::platform::db::{Conn, is_kept};
use crate::platform::link_state::{LinkClosing, LinkEnd, LinkTimes};
use crate::platform::sealed::sealed_column;

/// An invite link as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = invite_links)]
pub struct InviteLink {
    /// Its id.
    pub id: InviteLinkId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Its name for members; recipients never see it.
    pub name: String,
    /// Whether it adds sources or destinations.
    pub kind: Kind,
    /// Of which connector.
    pub connector_slug: String,
    /// How often it may be used.
    pub usage: Usage,
    wants_approval: i32,
    /// Most connections it may make.
    pub cap: Option<i32>,
    /// What the asker wrote, possibly empty.
    pub note: String,
    /// How the recipient is greeted, possibly empty.
    pub greeting: String,
    zone: String,
    /// The token; gone when the link is deleted.
    sealed_token: Option<Vec<u8>>,
    /// Who made it.
    pub created_by: Option<MemberId>,
    /// When it was made.
    pub created_at: UtcTime,
    pub(super) active_at: UtcTime,
    expires_at: UtcTime,
    expiry_noted_at: Option<UtcTime>,
    used_at: Option<UtcTime>,
    /// When it was deleted.
    pub deleted_at: Option<UtcTime>,
    /// Why, when that was nobody's deed.
    closed_reason: Option<LinkEnd>,
    /// When it was last used.
    pub last_used_at: Option<UtcTime>,
    /// How many people have sent something with it.
    pub submission_count: i32,
    /// How many connections it made.
    pub connection_count: i32,
}

impl InviteLink {
    /// What webhooks say of it.
    pub(super) fn facts(&self) -> InviteFacts<'_> {
        InviteFacts {
            id: &self.id,
            workspace: &self.workspace_id,
            name: &self.name,
            connector_slug: &self.connector_slug,
            kind: self.kind,
            expires_at: self.expiry().moment(),
        }
    }

    /// When it ends.
    pub fn expiry(&self) -> Expiry {
        Expiry::stored(self.expires_at, &self.zone)
    }

    /// The moment it ends; far away when it has no end.
    pub fn ends_at(&self) -> UtcTime {
        self.expires_at
    }

    /// What decides whether it opens.
    pub fn life(&self) -> LinkLife {
        let times = LinkTimes {
            used_at: self.used_at,
            revoked_at: self.deleted_at.filter(|_| self.closed_reason.is_none()),
            closed: self.deleted_at.zip(self.closed_reason).map(|(at, end)| LinkClosing { at, end }),
            expiry_noted_at: self.expiry_noted_at,
            ..LinkTimes::until(self.expires_at)
        };
        LinkLife { times, cap: self.cap, made: self.connection_count }
    }

    /// Its state at a moment.
    pub fn state(&self, now: UtcTime) -> InviteState {
        self.life().state(now)
    }

    /// Whether what comes through it waits until a member accepts it.
    pub fn wants_approval(&self) -> bool {
        self.wants_approval != 0
    }

    /// The token, sealed; `None` once the link is deleted.
    pub(super) fn sealed_token(&self) -> Option<Sealed> {
        self.sealed_token.clone().map(Sealed::from_bytes)
    }
}

sealed_column!(
    /// Tokens of invite links, to be copied again.
    pub SEALED_TOKENS = invite_links[id].sealed_token
);

pub(super) struct NewInviteLinkRow<'a> {
    pub(super) id: &'a InviteLinkId,
    pub(super) workspace_id: &'a WorkspaceId,
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    pub(super) connector_slug: &'a str,
    pub(super) usage: Usage,
    pub(super) wants_approval: bool,
    pub(super) cap: Option<i32>,
    pub(super) note: &'a str,
    pub(super) greeting: &'a str,
    pub(super) expiry: &'a Expiry,
    pub(super) token_hash: &'a TokenHash,
    pub(super) sealed_token: &'a Sealed,
    pub(super) created_by: Option<&'a MemberId>,
    pub(super) create_nonce: Option<&'a str>,
    pub(super) now: UtcTime,
}

impl NewInviteLinkRow<'_> {
    pub(super) fn insert(&self, conn: &mut Conn) -> QueryResult<()> {
        diesel::insert_into(invite_links::table)
            .values((
                (
                    invite_links::id.eq(self.id),
                    invite_links::workspace_id.eq(self.workspace_id),
                    invite_links::name.eq(self.name),
                    invite_links::sort_name.eq(sort_name(self.name)),
                    invite_links::kind.eq(self.kind),
                    invite_links::connector_slug.eq(self.connector_slug),
                    invite_links::usage.eq(self.usage),
                    invite_links::wants_approval.eq(i32::from(self.wants_approval)),
                    invite_links::cap.eq(self.cap),
                    invite_links::note.eq(self.note),
                    invite_links::greeting.eq(self.greeting),
                    invite_links::zone.eq(self.expiry.zone()),
                ),
                invite_links::token_hash.eq(self.token_hash.as_bytes()),
                invite_links::sealed_token.eq(self.sealed_token.as_bytes()),
                invite_links::created_by.eq(self.created_by),
                invite_links::create_nonce.eq(self.create_nonce),
                invite_links::created_at.eq(self.now),
                invite_links::active_at.eq(self.now),
                invite_links::expires_at.eq(self.expiry.for_row()),
                invite_links::submission_count.eq(0),
                invite_links::connection_count.eq(0),
            ))
            .execute(conn)?;
        put_words(conn, self.workspace_id, self.id, [self.name, self.connector_slug])
    }
}

/// What names are put in order by: bytes, because every database orders text in a way of its own.
fn sort_name(name: &str) -> Vec<u8> {
    name.to_lowercase().into_bytes()
}

/// Notes the words a link is found by, in the place of those before.
fn put_words(conn: &mut Conn, workspace: &WorkspaceId, id: &InviteLinkId, texts: [&str; 2]) -> QueryResult<()> {
    diesel::delete(invite_link_words::table.filter(invite_link_words::invite_link_id.eq(id))).execute(conn)?;
    for word in search::words(texts) {
        diesel::insert_into(invite_link_words::table)
            .values((
                invite_link_words::workspace_id.eq(workspace),
                invite_link_words::word.eq(word),
                invite_link_words::invite_link_id.eq(id),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// The workspace's link of that id, deleted or not.
pub fn find(conn: &mut Conn, workspace: &WorkspaceId, id: &InviteLinkId) -> QueryResult<Option<InviteLink>> {
    invite_links::table
        .find(id)
        .filter(invite_links::workspace_id.eq(workspace))
        .select(InviteLink::as_select())
        .get_result(conn)
        .optional()
}

/// The link of that id, for jobs: they carry ids that we wrote ourselves.
pub(super) fn find_by_id(conn: &mut Conn, id: &InviteLinkId) -> QueryResult<Option<InviteLink>> {
    invite_links::table.find(id).select(InviteLink::as_select()).get_result(conn).optional()
}

pub(super) fn find_by_token(conn: &mut Conn, hash: &TokenHash) -> QueryResult<Option<InviteLink>> {
    invite_links::table
        .filter(invite_links::token_hash.eq(hash.as_bytes()))
        .select(InviteLink::as_select())
        .get_result(conn)
        .optional()
}

pub(super) fn find_by_create_nonce(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    nonce: &str,
) -> QueryResult<Option<InviteLink>> {
    invite_links::table
        .filter(invite_links::workspace_id.eq(workspace))
        .filter(invite_links::create_nonce.eq(nonce))
        .select(InviteLink::as_select())
        .get_result(conn)
        .optional()
}

/// The zone of the link this member made last: most likely they want it again.
pub(super) fn last_zone(conn: &mut Conn, workspace: &WorkspaceId, member: &MemberId) -> QueryResult<Option<String>> {
    invite_links::table
        .filter(invite_links::workspace_id.eq(workspace))
        .filter(invite_links::created_by.eq(member))
        .order(invite_links::id.desc())
        .select(invite_links::zone)
        .first(conn)
        .optional()
}

/// Makes another member the one who asks by a link; `false` when it was deleted meanwhile.
pub(super) fn hand_over(conn: &mut Conn, link: &InviteLink, to: &MemberId) -> QueryResult<bool> {
    let row = invite_links::table
        .find(&link.id)
        .filter(invite_links::workspace_id.eq(&link.workspace_id))
        .filter(is_kept!(invite_links));
    Ok(diesel::update(row).set(invite_links::created_by.eq(to)).execute(conn)? == 1)
}

/// What can be changed about a link.
pub(super) struct Changed<'a> {
    pub(super) name: &'a str,
    pub(super) note: &'a str,
    pub(super) greeting: &'a str,
    pub(super) cap: Option<i32>,
    pub(super) wants_approval: bool,
    pub(super) expiry: &'a Expiry,
}

/// Changes a link that is not deleted; says whether it did. A new end is told and noted anew.
pub(super) fn change(conn: &mut Conn, link: &InviteLink, to: &Changed<'_>) -> QueryResult<bool> {
    let row = invite_links::table
        .find(&link.id)
        .filter(invite_links::workspace_id.eq(&link.workspace_id))
        .filter(is_kept!(invite_links));
    let changed = diesel::update(row)
        .set((
            invite_links::name.eq(to.name),
            invite_links::sort_name.eq(sort_name(to.name)),
            invite_links::note.eq(to.note),
            invite_links::greeting.eq(to.greeting),
            invite_links::cap.eq(to.cap),
            invite_links::wants_approval.eq(i32::from(to.wants_approval)),
            invite_links::zone.eq(to.expiry.zone()),
            invite_links::expires_at.eq(to.expiry.for_row()),
        ))
        .execute(conn)?;
    if to.expiry.for_row() != link.expires_at {
        diesel::update(invite_links::table.find(&link.id))
            .set((invite_links::expiry_noted_at.eq(None::<UtcTime>), invite_links::expiry_told_at.eq(None::<UtcTime>)))
            .execute(conn)?;
    }
    put_words(conn, &link.workspace_id, &link.id, [to.name, link.connector_slug.as_str()])?;
    Ok(changed == 1)
}

/// Deletes a link and its token; `false` when it was deleted already.
pub(super) fn delete(conn: &mut Conn, link: &InviteLink, now: UtcTime) -> QueryResult<bool> {
    let row = invite_links::table
        .find(&link.id)
        .filter(invite_links::workspace_id.eq(&link.workspace_id))
        .filter(is_kept!(invite_links));
    let deleted = diesel::update(row)
        .set((invite_links::deleted_at.eq(now), invite_links::sealed_token.eq(None::<Vec<u8>>)))
        .execute(conn)?;
    Ok(deleted == 1)
}

/// Notes that a link which was just deleted ended because a backup was put back.
pub(super) fn note_restored(conn: &mut Conn, link: &InviteLink) -> QueryResult<()> {
    let row = invite_links::table.find(&link.id);
    diesel::update(row).set(invite_links::closed_reason.eq(LinkEnd::Restored)).execute(conn).map(|_| ())
}

/// Spends a link for so many connections: one conditional UPDATE, so that of many at once no more get `true` than may.
pub(super) fn redeem(conn: &mut Conn, link: &InviteLink, connections: i32, now: UtcTime) -> QueryResult<bool> {
    let made = invite_links::connection_count + connections;
    let open = invite_links::table
        .find(&link.id)
        .filter(is_kept!(invite_links))
        .filter(invite_links::used_at.is_null())
        .filter(invite_links::expiry_noted_at.is_null())
        .filter(invite_links::expires_at.gt(now))
        .filter(invite_links::cap.is_null().or(invite_links::cap.assume_not_null().ge(made)));
    // How often a link may be used is decided when it is made and never changes, so the row that was read says it.
    let used_at = (link.usage == Usage::Once).then_some(now);
    let spent = diesel::update(open)
        .set((
            invite_links::used_at.eq(used_at),
            invite_links::last_used_at.eq(now),
            invite_links::active_at.eq(now),
            invite_links::submission_count.eq(invite_links::submission_count + 1),
            invite_links::connection_count.eq(made),
        ))
        .execute(conn)?;
    Ok(spent == 1)
}

/// Links whose time ran out and of which nobody has noted it yet.
pub(super) fn newly_expired(conn: &mut Conn, now: UtcTime, limit: i64) -> QueryResult<Vec<InviteLink>> {
    invite_links::table
        .filter(invite_links::expires_at.le(now))
        .filter(invite_links::expiry_noted_at.is_null())
        .filter(invite_links::used_at.is_null())
        .filter(invite_links::deleted_at.is_null())
        .order(invite_links::expires_at)
        .limit(limit)
        .select(InviteLink::as_select())
        .load(conn)
}

/// Marks an expiry as noted; `false` when somebody else did, or when the link has another end by now.
pub(super) fn note_expiry(conn: &mut Conn, link: &InviteLink, now: UtcTime) -> QueryResult<bool> {
    let unnoted = invite_links::table
        .find(&link.id)
        .filter(invite_links::expires_at.eq(link.expires_at))
        .filter(invite_links::used_at.is_null())
        .filter(is_kept!(invite_links))
        .filter(invite_links::expiry_noted_at.is_null());
    Ok(diesel::update(unnoted).set(invite_links::expiry_noted_at.eq(now)).execute(conn)? == 1)
}

/// Links that end until then and of which nobody was told.
pub(super) fn ending(conn: &mut Conn, now: UtcTime, until: UtcTime, limit: i64) -> QueryResult<Vec<InviteLink>> {
    invite_links::table
        .filter(invite_links::expires_at.gt(now))
        .filter(invite_links::expiry_noted_at.is_null())
        .filter(invite_links::expires_at.le(until))
        .filter(invite_links::expiry_told_at.is_null())
        .filter(invite_links::used_at.is_null())
        .filter(invite_links::deleted_at.is_null())
        .order(invite_links::expires_at)
        .limit(limit)
        .select(InviteLink::as_select())
        .load(conn)
}

/// Marks the coming end as told; `false` when somebody else did.
pub(super) fn note_ending(conn: &mut Conn, id: &InviteLinkId, now: UtcTime) -> QueryResult<bool> {
    let untold = invite_links::table.find(id).filter(invite_links::expiry_told_at.is_null());
    Ok(diesel::update(untold).set(invite_links::expiry_told_at.eq(now)).execute(conn)? == 1)
}

/// Marks unusual use as told, unless it was told since `before`; says whether it did.
pub(super) fn note_busy(conn: &mut Conn, id: &InviteLinkId, before: UtcTime, now: UtcTime) -> QueryResult<bool> {
    let quiet = invite_links::busy_told_at.is_null().or(invite_links::busy_told_at.lt(before));
    Ok(diesel::update(invite_links::table.find(id).filter(quiet))
        .set(invite_links::busy_told_at.eq(now))
        .execute(conn)?
        == 1)
}

/// Every link of every workspace that may still open something.
pub(super) fn all_open(conn: &mut Conn, now: UtcTime) -> QueryResult<Vec<InviteLink>> {
    invite_links::table
        .filter(invite_links::used_at.is_null())
        .filter(invite_links::deleted_at.is_null())
        .filter(invite_links::expires_at.gt(now))
        .select(InviteLink::as_select())
        .load(conn)
}
