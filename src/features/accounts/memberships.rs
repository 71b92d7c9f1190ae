//! What somebody is a member of, and which of it a session opens.
//!
//! A session opens a workspace by what it has shown. The password opens every membership it was shown for when that came about, in
//! workspaces that take passwords; the word of a workspace's sign-in provider opens that workspace and nothing else, because whoever runs
//! a provider can make it say anything.

use diesel::prelude::*;

use super::{Role, Theme};
use crate::base::clock::UtcTime;
use crate::base::ids::{IdentityId, MemberId, SessionId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::{members, session_workspaces, sign_in_providers, workspaces};

/// A living membership, as the person it belongs to sees it.
#[derive(Debug, Clone, Queryable)]
pub(super) struct Membership {
    pub(super) member_id: MemberId,
    pub(super) member_name: String,
    pub(super) member_email: String,
    pub(super) role: Role,
    pub(super) theme: Theme,
    pub(super) workspace_id: WorkspaceId,
    pub(super) workspace_name: String,
    pub(super) workspace_slug: String,
    pub(super) workspace_accent: String,
    password_opens: i32,
    /// When the person last chose it.
    pub(super) opened_at: Option<UtcTime>,
    /// What its members call the sign-in provider, when that is tested.
    provider: Option<String>,
    passwords_off_at: Option<UtcTime>,
    /// Set when the provider has vouched for the person in this session.
    vouched: Option<SessionId>,
}

/// How a membership opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// It is open.
    Open,
    /// After signing in with the password.
    Password,
    /// After signing in with the workspace's provider, by the name its members know.
    Provider(String),
    /// After choosing a password through a mail to the address.
    NewPassword,
}

impl Membership {
    /// How it opens to who has shown the password, or has not.
    pub(super) fn entry(&self, by_password: bool) -> Entry {
        let takes_password = self.passwords_off_at.is_none() && self.password_opens == 1;
        match (&self.vouched, &self.provider) {
            (Some(_), _) => Entry::Open,
            (None, _) if takes_password && by_password => Entry::Open,
            (None, _) if takes_password => Entry::Password,
            (None, Some(label)) => Entry::Provider(label.clone()),
            (None, None) => Entry::NewPassword,
        }
    }

    /// The provider's name, when it is the only way in for everybody.
    pub(super) fn only_provider(&self) -> Option<&str> {
        self.provider.as_deref().filter(|_| self.passwords_off_at.is_some())
    }
}

/// The living memberships of an identity, by the workspaces' names; `session` is whose vouchers count.
pub(super) fn list(
    conn: &mut Conn,
    identity: &IdentityId,
    session: Option<&SessionId>,
) -> QueryResult<Vec<Membership>> {
    let session = session.map_or("", SessionId::as_str);
    let mut found: Vec<Membership> = members::table
        .inner_join(workspaces::table.on(workspaces::id.eq(members::workspace_id)))
        .left_join(sign_in_providers::table.on(
            sign_in_providers::workspace_id.eq(members::workspace_id).and(sign_in_providers::tested_at.is_not_null()),
        ))
        .left_join(session_workspaces::table.on(
            session_workspaces::workspace_id.eq(members::workspace_id).and(session_workspaces::session_id.eq(session)),
        ))
        .filter(members::identity_id.eq(identity))
        .filter(members::removed_at.is_null())
        .select((
            members::id,
            members::name,
            members::email,
            members::role,
            members::theme,
            workspaces::id,
            workspaces::name,
            workspaces::slug,
            workspaces::accent,
            members::password_opens,
            members::opened_at,
            sign_in_providers::label.nullable(),
            sign_in_providers::passwords_off_at.nullable(),
            session_workspaces::session_id.nullable(),
        ))
        .load(conn)?;
    found.sort_by(|a, b| (&a.workspace_name, &a.member_id).cmp(&(&b.workspace_name, &b.member_id)));
    Ok(found)
}

/// The one somebody comes back to after signing in with their password: of those it opens the one they chose last.
pub(super) fn after_password(all: &[Membership]) -> Option<&Membership> {
    let open = all.iter().filter(|one| one.entry(true) == Entry::Open);
    open.max_by(|a, b| (a.opened_at, &b.member_id).cmp(&(b.opened_at, &a.member_id)))
}

/// The newest membership of an identity, removed ones too; every identity has one.
pub(super) fn newest(conn: &mut Conn, identity: &IdentityId) -> QueryResult<Option<NewestMembership>> {
    members::table
        .filter(members::identity_id.eq(identity))
        .order((members::created_at.desc(), members::id.desc()))
        .select(NewestMembership::as_select())
        .first(conn)
        .optional()
}

/// A membership that may be over.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = members)]
pub(super) struct NewestMembership {
    pub(super) id: MemberId,
    pub(super) workspace_id: WorkspaceId,
    pub(super) name: String,
}

/// Notes that the person chose it.
pub(super) fn note_opened(conn: &mut Conn, member: &MemberId, now: UtcTime) -> QueryResult<()> {
    diesel::update(members::table.find(member)).set(members::opened_at.eq(now)).execute(conn).map(|_| ())
}

/// Lets the password open every membership of the identity: whoever reads its mail has just chosen it.
pub(super) fn let_password_open(conn: &mut Conn, identity: &IdentityId) -> QueryResult<()> {
    let all = members::table.filter(members::identity_id.eq(identity));
    diesel::update(all).set(members::password_opens.eq(1)).execute(conn).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn membership(id: &str) -> Membership {
        Membership {
            member_id: MemberId::from_text(id),
            member_name: String::new(),
            member_email: String::new(),
            role: Role::Member,
            theme: Theme::System,
            workspace_id: WorkspaceId::from_text(id),
            workspace_name: String::new(),
            workspace_slug: String::new(),
            workspace_accent: String::new(),
            password_opens: 1,
            opened_at: None,
            provider: None,
            passwords_off_at: None,
            vouched: None,
        }
    }

    #[test]
    fn a_provider_opens_its_own_workspace_only_and_the_password_what_it_was_shown_for() {
        let at = UtcTime::from_unix(0).unwrap();
        let provider = |one: Membership| Membership { provider: Some("Okta".to_owned()), ..one };
        let okta = Entry::Provider("Okta".to_owned());
        let plain = membership("a");
        assert_eq!((plain.entry(true), plain.entry(false)), (Entry::Open, Entry::Password));
        let both = provider(membership("a"));
        assert_eq!((both.entry(true), both.entry(false)), (Entry::Open, Entry::Password));
        let only = Membership { passwords_off_at: Some(at), ..provider(membership("a")) };
        assert_eq!((only.entry(true), only.entry(false)), (okta.clone(), okta.clone()));
        let beside = Membership { password_opens: 0, ..provider(membership("a")) };
        assert_eq!((beside.entry(true), beside.entry(false)), (okta.clone(), okta));
        let orphan = Membership { password_opens: 0, ..membership("a") };
        assert_eq!(orphan.entry(true), Entry::NewPassword);
        let vouched = Membership { vouched: Some(SessionId::from_text("s")), ..only };
        assert_eq!(vouched.entry(false), Entry::Open);
    }

    #[test]
    fn one_comes_back_to_what_one_chose_last() {
        let at = |seconds| UtcTime::from_unix(seconds).ok();
        let all = [
            membership("1"),
            Membership { opened_at: at(5), ..membership("2") },
            Membership { opened_at: at(9), password_opens: 0, ..membership("3") },
        ];
        assert_eq!(after_password(&all).map(|one| one.member_id.as_str()), Some("2"));
        assert_eq!(after_password(&all[..1]).map(|one| one.member_id.as_str()), Some("1"));
        assert!(after_password(&all[2..]).is_none());
    }
}
