//! A backup was put back. What it holds was true when it was taken: links may have been used or revoked since, sessions ended, tokens
//! replaced. Nothing of that comes back to life.

use crate::base::error::AppResult;
use crate::features::accounts::{self, EndedAccess};
use crate::features::oauth::grants::{self, QuestionedGrants};
use crate::features::{invite_links, setup_links};
use crate::platform::tx::Tx;

/// What was closed, ended and called in question.
#[derive(Debug, Clone, Copy, Default)]
pub struct AfterRestore {
    /// Setup links that were open.
    pub setup_links: usize,
    /// Invite links that were open.
    pub invite_links: usize,
    /// Sessions and one-time links of accounts.
    pub access: EndedAccess,
    /// What providers gave.
    pub grants: QuestionedGrants,
}

/// Closes every link, ends every session and one-time link of an account, and calls every grant in question.
///
/// # Errors
/// The database refuses; then nothing was done.
pub fn settle_restored(tx: &mut Tx<'_>) -> AppResult<AfterRestore> {
    Ok(AfterRestore {
        setup_links: setup_links::close_restored(tx)?,
        invite_links: invite_links::close_restored(tx)?,
        access: accounts::end_access(tx)?,
        grants: grants::question_restored(tx)?,
    })
}
