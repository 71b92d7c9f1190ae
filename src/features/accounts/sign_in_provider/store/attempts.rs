use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::crypto::{Sealed, TokenHash};
use crate::base::ids::{MemberId, SignInAttemptId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::sign_in_attempts;

/// Somebody who is about to leave for the provider.
pub(in crate::features::accounts::sign_in_provider) struct NewAttempt<'a> {
    pub(in crate::features::accounts::sign_in_provider) id: &'a SignInAttemptId,
    pub(in crate::features::accounts::sign_in_provider) state: &'a TokenHash,
    pub(in crate::features::accounts::sign_in_provider) workspace: &'a WorkspaceId,
    pub(in crate::features::accounts::sign_in_provider) revision: &'a str,
    pub(in crate::features::accounts::sign_in_provider) browser: &'a TokenHash,
    pub(in crate::features::accounts::sign_in_provider) tester: Option<&'a MemberId>,
    pub(in crate::features::accounts::sign_in_provider) secret: &'a Sealed,
    pub(in crate::features::accounts::sign_in_provider) wanted: &'a str,
    pub(in crate::features::accounts::sign_in_provider) expires_at: UtcTime,
}

impl NewAttempt<'_> {
    pub(in crate::features::accounts::sign_in_provider) fn insert(&self, conn: &mut Conn) -> QueryResult<()> {
        diesel::insert_into(sign_in_attempts::table)
            .values((
                sign_in_attempts::id.eq(self.id),
                sign_in_attempts::state_hash.eq(self.state.as_bytes()),
                sign_in_attempts::workspace_id.eq(self.workspace),
                sign_in_attempts::revision.eq(self.revision),
                sign_in_attempts::browser_hash.eq(self.browser.as_bytes()),
                sign_in_attempts::tester.eq(self.tester),
                sign_in_attempts::sealed_secret.eq(self.secret.as_bytes()),
                sign_in_attempts::wanted.eq(self.wanted),
                sign_in_attempts::expires_at.eq(self.expires_at),
            ))
            .execute(conn)
            .map(|_| ())
    }
}

/// Somebody who came back, whose state nobody else can use any more.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sign_in_attempts)]
pub(in crate::features::accounts::sign_in_provider) struct Attempt {
    pub(in crate::features::accounts::sign_in_provider) id: SignInAttemptId,
    pub(in crate::features::accounts::sign_in_provider) revision: String,
    pub(in crate::features::accounts::sign_in_provider) tester: Option<MemberId>,
    sealed_secret: Vec<u8>,
    pub(in crate::features::accounts::sign_in_provider) wanted: String,
    browser_hash: Vec<u8>,
}

impl Attempt {
    pub(in crate::features::accounts::sign_in_provider) fn secret(&self) -> Sealed {
        Sealed::from_bytes(self.sealed_secret.clone())
    }
}

/// What taking an attempt came to.
pub(in crate::features::accounts::sign_in_provider) enum Taken {
    /// It is the caller's alone.
    Attempt(Attempt),
    /// It began in another browser; it stays as it is.
    OtherBrowser,
    /// There is none, or it was taken, or its time is over.
    Gone,
}

/// Takes the attempt of that state out of the table. One DELETE decides: of two that come with the same state, one gets it.
pub(in crate::features::accounts::sign_in_provider) fn take(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    state: &TokenHash,
    browser: Option<&TokenHash>,
    now: UtcTime,
) -> QueryResult<Taken> {
    let found: Option<Attempt> = sign_in_attempts::table
        .filter(sign_in_attempts::workspace_id.eq(workspace))
        .filter(sign_in_attempts::state_hash.eq(state.as_bytes()))
        .filter(sign_in_attempts::expires_at.gt(now))
        .select(Attempt::as_select())
        .get_result(conn)
        .optional()?;
    let Some(attempt) = found else { return Ok(Taken::Gone) };
    let Some(browser) = browser.filter(|browser| browser.as_bytes() == attempt.browser_hash) else {
        return Ok(Taken::OtherBrowser);
    };
    let own = sign_in_attempts::table
        .filter(sign_in_attempts::workspace_id.eq(workspace))
        .filter(sign_in_attempts::id.eq(&attempt.id))
        .filter(sign_in_attempts::browser_hash.eq(browser.as_bytes()));
    let taken = diesel::delete(own).execute(conn)?;
    Ok(if taken == 1 { Taken::Attempt(attempt) } else { Taken::Gone })
}

/// Forgets who never came back, in every workspace.
pub(in crate::features::accounts) fn delete_expired(conn: &mut Conn, now: UtcTime) -> QueryResult<usize> {
    diesel::delete(sign_in_attempts::table.filter(sign_in_attempts::expires_at.le(now))).execute(conn)
}
