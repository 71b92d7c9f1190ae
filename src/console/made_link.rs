//! A setup link that a form of the console asks for.

use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::features::setup_links::{self, NewSetupLink, SetupLinkRow};
use crate::platform::tx::Tx;

/// The link, and its token when it was made just now.
pub(super) struct MadeLink {
    pub(super) link: SetupLinkRow,
    pub(super) token: Option<PlainToken>,
}

impl MadeLink {
    /// Makes the link; when its form was sent before, gives the one it made then.
    pub(super) fn make(tx: &mut Tx<'_>, new: NewSetupLink<'_>) -> AppResult<Self> {
        let (workspace, nonce) = (&new.connection.workspace_id, new.form_nonce.unwrap_or_default());
        if let Some(link) = setup_links::made_by_form(tx.conn, workspace, nonce)? {
            return Ok(Self { link, token: None });
        }
        let (_, token) = setup_links::make(tx, new)?;
        let link = setup_links::made_by_form(tx.conn, workspace, nonce)?.ok_or(AppError::NotFound)?;
        Ok(Self { link, token: Some(token) })
    }
}
