//! Accounts: workspaces, the members in them, and what proves that somebody is one of them.
//!
//! Why: everything in the product belongs to a workspace, and every deed is done by somebody whose role allows it. Who signs in is an
//! identity (an address and a password, once in the installation); what joins it to a workspace with a role is a membership, and one
//! person may have several.
//!
//! Invariants: a workspace always has an owner, and only an owner makes or unmakes one. An identity is at most once a living member of a
//! workspace. A session, an account link and an API key are stored as the hash of their token only. Whoever is removed reaches the
//! workspace no more, at once, and keeps their other workspaces; whoever chooses a new password loses every other session they had.

pub mod account_pages;
pub mod api_keys;
pub mod appearance_pages;
mod by_command;
mod fields;
pub mod first_run;
pub mod forgot_pages;
mod former_members;
pub mod guard;
mod identities;
mod instance;
mod invitations;
mod jobs;
pub mod join_pages;
mod links;
pub mod member_pages;
mod members;
mod memberships;
mod notes;
pub mod operator_pages;
mod passwords;
mod preview;
mod resets;
mod restored;
mod sessions;
pub mod setup_pages;
pub mod sign_in_pages;
pub mod sign_in_provider;
mod store;
mod views;
pub mod workspace_pages;
pub mod workspaces_pages;

pub use by_command::{OwnerDetails, OwnerMade, create_owner};
pub use first_run::{NewOwner, NewWorkspace, create_workspace_with_owner, first_run_code};
pub use former_members::{LeftMember, forget_member, left_member, left_workspace, note_forgotten};
pub use instance::{instance_owners, owns_instance, without_operator_facts};
pub use jobs::{AccountMail, jobs, receivers, sweep};
pub use links::{
    SEALED_LINK_TOKENS, count_up_to as count_links_up_to, forget as forget_links, forgettable as forgettable_links,
};
pub use members::{HandledMember, change_role, handled_member, remove as remove_member};
pub use restored::{EndedAccess, end_access};
pub use sessions::signed_in_lately;
pub use sign_in_provider::{SEALED_CLIENT_SECRETS, allow_passwords_by_command};
pub use store::{
    MemberInRole, any_workspace, editors_of, find_member, find_workspace, find_workspace_by_slug, living_member,
    may_still_edit, member_or_owners, owners_of, several_workspaces, workspaces_after,
};
pub use views::names_in_words;

use crate::base::ids::{MemberId, WorkspaceId};
use crate::base::text_column::text_enum;

text_enum! {
    /// What a member may do.
    pub enum Role {
        /// Everything, other owners included.
        Owner = "owner" => "Owner",
        /// Everything but owners.
        Admin = "admin" => "Admin",
        /// Connections and links.
        Member = "member" => "Member",
        /// Looks at everything, changes nothing but their own account.
        Viewer = "viewer" => "Viewer",
    }
}

impl Role {
    /// What the role is for, for people who choose one.
    pub fn means(self) -> &'static str {
        match self {
            Self::Owner => "Does everything, and decides who else is an owner",
            Self::Admin => "Does everything, but cannot make or remove owners",
            Self::Member => "Works with connections and links",
            Self::Viewer => "Looks at everything, changes nothing",
        }
    }

    /// Whether the role may change connections and links.
    pub fn may_edit(self) -> bool {
        self != Self::Viewer
    }

    /// Whether the role may change the workspace, its members and its keys.
    pub fn may_administer(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Whether somebody of this role may give `role` to a person, or take it from them.
    pub fn may_handle(self, role: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => role != Self::Owner,
            Self::Member | Self::Viewer => false,
        }
    }
}

text_enum! {
    /// How pages look to a member.
    pub enum Theme {
        /// As the member's device is set.
        System = "system" => "As my device is set",
        /// Always light.
        Light = "light" => "Light",
        /// Always dark.
        Dark = "dark" => "Dark",
    }
}

/// A workspace as others show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceCard {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name in commands.
    pub slug: String,
    /// Its name for people, also for people outside.
    pub name: String,
    /// Its colour, six hex digits.
    pub accent: String,
    /// Whom recipients may ask, possibly empty.
    pub contact: String,
}

/// A member as others show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberCard {
    /// Their id.
    pub id: MemberId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// A member about to do something, as their session has proven.
#[derive(Debug, Clone)]
pub struct Acting {
    /// The workspace it happens in.
    pub workspace: WorkspaceId,
    /// Who does it.
    pub member: MemberId,
    /// Their name.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_owners_touch_owners_and_only_admins_touch_anybody() {
        for role in Role::ALL.iter().copied() {
            assert!(Role::Owner.may_handle(role));
            assert_eq!(Role::Admin.may_handle(role), role != Role::Owner);
            assert!(!Role::Member.may_handle(role) && !Role::Viewer.may_handle(role));
        }
    }

    #[test]
    fn a_viewer_changes_nothing() {
        let may = |what: fn(Role) -> bool| Role::ALL.iter().map(|role| what(*role)).collect::<Vec<_>>();
        assert_eq!(may(Role::may_edit), [true, true, true, false]);
        assert_eq!(may(Role::may_administer), [true, true, false, false]);
    }
}
