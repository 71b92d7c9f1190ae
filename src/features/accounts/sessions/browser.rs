//! Beginning a session in a browser.

use diesel::QueryResult;

use super::store::{begin, end_by_token};
use crate::base::clock::UtcTime;
use crate::base::crypto::{PlainToken, TokenHash};
use crate::base::ids::{MemberId, WorkspaceId};
use crate::base::rng::Rng;
use crate::platform::db::Conn;

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
        conn: &mut Conn,
        workspace: &WorkspaceId,
        member: &MemberId,
        now: UtcTime,
        rng: &Rng,
    ) -> QueryResult<PlainToken> {
        if let Some(old) = &self.session {
            end_by_token(conn, old)?;
        }
        begin(conn, workspace, member, &self.agent, now, rng)
    }
}
