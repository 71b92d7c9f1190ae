//! A backup was put back: a provider may have ended the access it holds, or given newer tokens in its place.

use super::jobs::{ReconnectMail, note_end};
use super::store;
use crate::base::error::AppResult;
use crate::platform::tx::Tx;

/// What became of the grants.
#[derive(Debug, Clone, Copy, Default)]
pub struct QuestionedGrants {
    /// Those that are renewed before anybody uses them.
    pub renewed: usize,
    /// Those that nobody can renew: somebody has to sign in again.
    pub broken: usize,
}

/// Calls every grant that works in question: what can be renewed is renewed at once, the others need somebody who signs in again.
///
/// # Errors
/// The database refuses.
pub fn question_restored(tx: &mut Tx<'_>) -> AppResult<QuestionedGrants> {
    let mut found = QuestionedGrants::default();
    for grant in store::all_working(tx.conn)? {
        if grant.is_renewable() {
            store::question(tx.conn, &grant.id, tx.now)?;
            found.renewed += 1;
        } else {
            store::break_restored(tx.conn, &grant.id, tx.now)?;
            note_end(tx, &grant)?;
            tx.enqueue(&ReconnectMail(grant.id.clone()))?;
            found.broken += 1;
        }
    }
    Ok(found)
}
