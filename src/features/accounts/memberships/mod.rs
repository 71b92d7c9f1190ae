//! What somebody is a member of, and which of it a session opens.
//!
//! A session opens a workspace by what it has shown. The password opens every membership it was shown for when that came about, in
//! workspaces that take passwords; the word of a workspace's sign-in provider opens that workspace and nothing else, because whoever runs
//! a provider can make it say anything.

mod store;

pub(super) use store::{Membership, let_password_open, list, newest, note_opened};

/// How a membership opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WayIn {
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
    pub(super) fn entry(&self, by_password: bool) -> WayIn {
        let takes_password = self.passwords_off_at.is_none() && self.password_opens == 1;
        match (&self.vouched, &self.provider) {
            (Some(_), _) => WayIn::Open,
            (None, _) if takes_password && by_password => WayIn::Open,
            (None, _) if takes_password => WayIn::Password,
            (None, Some(label)) => WayIn::Provider(label.clone()),
            (None, None) => WayIn::NewPassword,
        }
    }

    /// The provider's name, when it is the only way in for everybody.
    pub(super) fn only_provider(&self) -> Option<&str> {
        self.provider.as_deref().filter(|_| self.passwords_off_at.is_some())
    }
}

/// The one somebody comes back to after signing in with their password: of those it opens the one they chose last.
pub(super) fn after_password(all: &[Membership]) -> Option<&Membership> {
    let open = all.iter().filter(|one| one.entry(true) == WayIn::Open);
    open.max_by(|a, b| (a.opened_at, &b.member_id).cmp(&(b.opened_at, &a.member_id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::UtcTime;
    use crate::base::ids::{MemberId, SessionId, WorkspaceId};
    use crate::features::accounts::{Role, Theme};

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
        let okta = WayIn::Provider("Okta".to_owned());
        let plain = membership("a");
        assert_eq!((plain.entry(true), plain.entry(false)), (WayIn::Open, WayIn::Password));
        let both = provider(membership("a"));
        assert_eq!((both.entry(true), both.entry(false)), (WayIn::Open, WayIn::Password));
        let only = Membership { passwords_off_at: Some(at), ..provider(membership("a")) };
        assert_eq!((only.entry(true), only.entry(false)), (okta.clone(), okta.clone()));
        let beside = Membership { password_opens: 0, ..provider(membership("a")) };
        assert_eq!((beside.entry(true), beside.entry(false)), (okta.clone(), okta));
        let orphan = Membership { password_opens: 0, ..membership("a") };
        assert_eq!(orphan.entry(true), WayIn::NewPassword);
        let vouched = Membership { vouched: Some(SessionId::from_text("s")), ..only };
        assert_eq!(vouched.entry(false), WayIn::Open);
    }

    #[test]
    fn one_comes_back_to_what_one_chose_last() {
        let at = |seconds| UtcTime::from_unix(seconds);
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
