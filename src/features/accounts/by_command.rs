//! An owner made by a command on the server's own machine.

use secrecy::SecretString;

use super::fields::FormErrors;
use super::first_run::{FoundIdentity, NewOwner, create_workspace_with_owner, identity_for};
use super::notes::note;
use super::store::{self, NewMember};
use super::{Role, sign_in_provider};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::MemberId;
use crate::platform::activity::{Actor, Event};
use crate::platform::tx::Tx;

/// What a command says about the owner it makes, checked and put in order.
#[derive(Debug, Clone)]
pub struct OwnerDetails {
    /// The workspace, by its slug or its name.
    pub workspace: String,
    /// The owner's name.
    pub name: String,
    /// The owner's address, in lower case.
    pub email: String,
}

impl OwnerDetails {
    /// Judges what was given, by the rules of the pages.
    ///
    /// # Errors
    /// Everything that is wrong, a sentence each; none quotes what was given.
    pub fn check(workspace: &str, name: &str, email: &str, password: &SecretString) -> Result<Self, Vec<String>> {
        let mut errors = FormErrors::default();
        let details = Self {
            workspace: errors.name("workspace", "Workspace name", workspace),
            name: errors.name("name", "Name", name),
            email: errors.email("email", email),
        };
        errors.new_password("password", "Password", password);
        if errors.is_empty() {
            Ok(details)
        } else {
            Err(errors.items().iter().map(|(_, sentence)| sentence.clone()).collect())
        }
    }
}

/// What [`create_owner`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerMade {
    /// The workspace's slug.
    pub workspace_slug: String,
    /// The workspace's name.
    pub workspace_name: String,
    /// Whether the workspace was made with the owner.
    pub is_new_workspace: bool,
    /// Whether its members get in through a sign-in provider only, so that the new password opens nothing yet.
    pub passwords_off: bool,
    /// Whether the person was known here already and keeps the password they have; the one given to the command was not taken.
    pub keeps_password: bool,
}

/// Makes an owner of the workspace with that slug or name; makes the workspace too when there is none. Whoever has the address already
/// keeps their password. Call it inside a write.
///
/// # Errors
/// [`AppError::Conflict`] when a member of this workspace has the address already.
pub fn create_owner(tx: &mut Tx<'_>, details: &OwnerDetails, password_hash: &str) -> AppResult<OwnerMade> {
    let Some(workspace) = store::find_workspace_called(tx.conn, &details.workspace)? else {
        let new = NewOwner {
            workspace_name: details.workspace.clone(),
            name: details.name.clone(),
            email: details.email.clone(),
            password_hash: password_hash.to_owned(),
        };
        let made = create_workspace_with_owner(tx, &new)?;
        return Ok(OwnerMade {
            workspace_slug: made.slug,
            workspace_name: details.workspace.clone(),
            is_new_workspace: true,
            passwords_off: false,
            keeps_password: made.keeps_password,
        });
    };
    let id = MemberId::new(tx.now, tx.rng);
    let FoundIdentity { identity, keeps_password } = identity_for(tx, &details.email, password_hash)?;
    let member = NewMember {
        id: &id,
        workspace: &workspace.id,
        identity: &identity,
        name: &details.name,
        role: Role::Owner,
        password_opens: true,
    };
    if !member.insert(tx.conn, tx.now)? {
        return Err(AppError::Conflict("A member with this email address exists already in this workspace."));
    }
    note(
        tx,
        &workspace.id,
        Actor::Member { id, name: details.name.clone() },
        Event::MemberJoined,
        Role::Owner.as_str(),
    )?;
    Ok(OwnerMade {
        passwords_off: sign_in_provider::passwords_off(tx.conn, &workspace.id)?.is_some(),
        workspace_slug: workspace.slug,
        workspace_name: workspace.name,
        is_new_workspace: false,
        keeps_password,
    })
}
