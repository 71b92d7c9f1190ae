//! What a member has made that goes on working without them, and who may take it.

use super::Departure;
use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::ids::{MemberId, WorkspaceId};
use crate::features::accounts::api_keys::{self, ApiKeyRow};
use crate::features::accounts::{self, MemberCard, MemberInRole};
use crate::features::connections::{self, Connection};
use crate::features::invite_links::{self, InviteLink};
use crate::features::setup_links::{self, SetupLinkRow};
use crate::platform::db::Conn;

/// One thing that still works.
pub(crate) enum MadeThing {
    /// A key of programs.
    Key(ApiKeyRow),
    /// A setup link, with its connection.
    SetupLink(Box<SetupLinkRow>, Box<Connection>),
    /// An invite link.
    InviteLink(Box<InviteLink>),
}

impl MadeThing {
    /// The name of its field in a form.
    pub(crate) fn field(&self) -> String {
        match self {
            Self::Key(key) => format!("key-{}", key.id),
            Self::SetupLink(link, _) => format!("setup-link-{}", link.id),
            Self::InviteLink(link) => format!("invite-link-{}", link.id),
        }
    }

    /// Whether it is a key: only who administers has one.
    pub(crate) fn is_key(&self) -> bool {
        matches!(self, Self::Key(_))
    }
}

/// Everything that ends with the departure: keys, then setup links, then invite links, each the newest first.
pub(crate) fn made_by(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    departure: &Departure,
    now: UtcTime,
) -> AppResult<Vec<MadeThing>> {
    let member = &departure.member;
    let mut made = Vec::new();
    if departure.ends_keys() {
        made.extend(api_keys::working_of(conn, workspace, member, now)?.into_iter().map(MadeThing::Key));
    }
    if !departure.ends_links() {
        return Ok(made);
    }
    for link in setup_links::open_of(conn, workspace, member, now)? {
        if let Some(connection) = connections::find_by_id(conn, workspace, &link.connection_id)? {
            made.push(MadeThing::SetupLink(Box::new(link), Box::new(connection)));
        }
    }
    let invites = invite_links::open_of(conn, workspace, member, now)?;
    made.extend(invites.into_iter().map(|link| MadeThing::InviteLink(Box::new(link))));
    Ok(made)
}

/// Who may take something over.
pub(crate) struct Takers(Vec<MemberInRole>);

impl Takers {
    /// Everybody but the one who leaves.
    pub(crate) fn list(conn: &mut Conn, workspace: &WorkspaceId, but: &MemberId) -> AppResult<Self> {
        let mut editors = accounts::editors_of(conn, workspace)?;
        editors.retain(|one| &one.card.id != but);
        Ok(Self(editors))
    }

    /// Those who may have this.
    pub(crate) fn of(&self, thing: &MadeThing) -> impl Iterator<Item = &MemberCard> {
        let of_admins = thing.is_key();
        self.0.iter().filter(move |one| !of_admins || one.role.may_administer()).map(|one| &one.card)
    }
}
