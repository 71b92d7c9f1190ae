//! Tokens are renewed before somebody waits for it.

use std::sync::Arc;

use super::refresh::{self, Ahead, TokenError};
use super::{GrantState, store};
use crate::base::error::AppResult;
use crate::base::ids::OauthGrantId;
use crate::platform::app::App;
use crate::platform::jobs::{Lane, Outcome, job};
use crate::platform::tx::Tx;

job!(
    /// Renews the tokens of a grant before they end.
    RenewGrant(OauthGrantId), "renew_grant", refresh_by_job, Lane::Providers, |_, _| Ok(None)
);

const AT_ONCE: i64 = 50;
/// A renewal that did not come about is asked for again after this long.
const AGAIN: time::Duration = time::Duration::minutes(10);

/// Asks for the renewal of everything that is due.
///
/// # Errors
/// The database refuses.
pub fn sweep(tx: &mut Tx<'_>) -> AppResult<()> {
    for id in store::due(tx.conn, tx.now, AT_ONCE)? {
        if store::put_off(tx.conn, &id, tx.now, tx.now + AGAIN)? {
            tx.enqueue(&RenewGrant(id))?;
        }
    }
    Ok(())
}

/// Renews a grant whose time has come.
///
/// # Errors
/// Only internal ones.
async fn refresh_by_job(app: &Arc<App>, id: OauthGrantId) -> AppResult<Outcome> {
    let here = id.clone();
    let still_there = app.db.read(move |conn| Ok(store::find(conn, &here)?)).await?;
    if still_there.is_none_or(|row| row.state != GrantState::Works) {
        return Ok(Outcome::Done);
    }
    match refresh::fresh(app, &id, Ahead::Schedule).await {
        Err(TokenError::Internal(error)) => Err(error),
        // The sweep asks again when it did not come about.
        Ok(_) | Err(TokenError::NeedsReconnecting | TokenError::App | TokenError::Unavailable) => Ok(Outcome::Done),
    }
}
