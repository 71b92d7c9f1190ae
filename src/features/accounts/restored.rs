//! A backup was put back: what it holds of sign-ins and one-time links may have ended since.

use super::{links, sessions};
use crate::base::error::AppResult;
use crate::platform::tx::Tx;

/// What was ended.
#[derive(Debug, Clone, Copy, Default)]
pub struct EndedAccess {
    /// Sessions.
    pub sessions: usize,
    /// Invitations and links for new passwords.
    pub links: usize,
}

/// Ends every session and every one-time link of an account. Whoever was invited is invited again, whoever forgot a password asks again.
///
/// # Errors
/// The database refuses.
pub fn end_access(tx: &mut Tx<'_>) -> AppResult<EndedAccess> {
    Ok(EndedAccess { sessions: sessions::delete_all(tx.conn)?, links: links::revoke_all(tx.conn, tx.now)? })
}
