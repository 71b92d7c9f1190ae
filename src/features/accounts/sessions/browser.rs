//! Beginning a session in a browser.

use diesel::QueryResult;

use super::store::{begin, end_by_token};
use crate::base::crypto::{PlainToken, TokenHash};
use crate::base::ids::{MemberId, WorkspaceId};
use crate::platform::tx::Tx;

/// The browser somebody signs in with.
#[derive(Debug, Clone)]
pub(in crate::features::accounts) struct Browser {
    /// What it calls itself.
    pub(in crate::features::accounts) agent: String,
    /// The session it brings along.
    pub(in crate::features::accounts) session: Option<TokenHash>,
}

impl Browser {
    /// Begins a session in this browser. The one it had before ends, so that a token known from earlier is worth nothing.
    pub(in crate::features::accounts) fn sign_in(
        &self,
        tx: &mut Tx<'_>,
        workspace: &WorkspaceId,
        member: &MemberId,
    ) -> QueryResult<PlainToken> {
        if let Some(old) = &self.session {
            end_by_token(tx.conn, old)?;
        }
        begin(tx, workspace, member, &self.agent)
    }
}
