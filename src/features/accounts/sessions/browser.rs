//! Beginning a session in a browser.

use diesel::QueryResult;

use super::store::{NewSession, begin, end_by_token, find, vouched};
use crate::base::crypto::{PlainToken, TokenHash};
use crate::base::ids::{MemberId, WorkspaceId};
use crate::features::accounts::{identities, memberships};
use crate::platform::config::SessionLife;
use crate::platform::tx::Tx;

/// The browser somebody signs in with.
#[derive(Debug, Clone)]
pub(in crate::features::accounts) struct Browser {
    /// What it calls itself.
    pub(in crate::features::accounts) agent: String,
    /// The session it brings along.
    pub(in crate::features::accounts) session: Option<TokenHash>,
    /// How long a session lasts that begins in it.
    pub(in crate::features::accounts) life: SessionLife,
}

/// What somebody has shown to come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::features::accounts) enum SignInProof {
    /// Their password.
    Password,
    /// The word of the sign-in provider of the workspace they go to.
    Provider,
}

impl Browser {
    /// Begins a session in this browser. The one it had before ends, so that a token known from earlier is worth nothing; what the same
    /// person had shown in it goes on counting.
    pub(in crate::features::accounts) fn sign_in(
        &self,
        tx: &mut Tx<'_>,
        workspace: &WorkspaceId,
        member: &MemberId,
        proof: SignInProof,
    ) -> QueryResult<PlainToken> {
        let (mut by_password, mut shown) = (proof == SignInProof::Password, Vec::new());
        if let Some(token) = &self.session {
            let identity = identities::of_member(tx.conn, member)?.map(|identity| identity.id);
            let old =
                find(tx.conn, token, self.life, tx.now)?.filter(|old| Some(&old.identity_id) == identity.as_ref());
            if let Some(old) = old {
                by_password |= old.by_password();
                shown = vouched(tx.conn, &old.id)?;
            }
            end_by_token(tx.conn, token)?;
        }
        if proof == SignInProof::Provider && !shown.contains(workspace) {
            shown.push(workspace.clone());
        }
        memberships::note_opened(tx.conn, member, tx.now)?;
        let new =
            NewSession { workspace, member, user_agent: &self.agent, by_password, vouched: &shown, life: self.life };
        begin(tx, &new)
    }
}
