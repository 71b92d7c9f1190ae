//! Tokens that a connector renewed by itself. A provider that rotates them has ended the ones it was handed, so what it says goes into
//! the grant, for everybody who lives on it.
//!
//! Whose tokens they are is known by what was token_lease: if somebody signed in again meanwhile, the newer sign-in stays. Writing takes the
//! right to renew from whoever holds it at this moment, for the connector's renewal has worked, and theirs can only fail or be older.

use secrecy::{ExposeSecret as _, SecretString};

use super::store::{self, Contents, GrantRow};
use super::values::holds_mark_at;
use super::{GrantState, SEALED_GRANTS, Times, content};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::OauthGrantId;
use crate::connectors::Connector;
use crate::connectors::provider::{DotPath, LandingOutput, ProviderBlock};
use crate::features::connections::Connection;
use crate::features::oauth::wire::Tokens;
use crate::platform::tx::Tx;
use crate::schema::form::{Submission, Values};

const MOST_TRIES: usize = 20;

/// Of which sign-in the tokens are that were handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLease {
    pub(super) grant: OauthGrantId,
    pub(super) signed_in_at: UtcTime,
}

/// What a connector renewed.
#[derive(Default)]
struct Renewed {
    access_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    expires_at: Option<UtcTime>,
}

/// Takes everything that belongs to the sign-in out of what a connector changed, and writes its tokens into the grant they were token_lease
/// from. Gives whether it wrote any.
///
/// # Errors
/// Only internal ones.
pub fn take_renewed(
    tx: &mut Tx<'_>,
    (connection, connector): (&Connection, &Connector),
    token_lease: Option<&TokenLease>,
    changed: &mut Submission,
) -> AppResult<bool> {
    let Some(block) = connector.oauth() else { return Ok(false) };
    let renewed = Renewed::take(block, &connection.open_values(tx.keys)?, changed);
    let Some(token_lease) = token_lease.filter(|_| !renewed.is_empty()) else { return Ok(false) };
    for _ in 0..MOST_TRIES {
        let found = store::find(tx.conn, &token_lease.grant)?;
        let same = |row: &GrantRow| row.obtained_at == token_lease.signed_in_at && row.state != GrantState::Leaving;
        let Some(row) = found.filter(same) else { return Ok(false) };
        if write(tx, &row, &renewed, block)? {
            return Ok(true);
        }
    }
    Err(AppError::Internal(anyhow::anyhow!("the grant kept changing under the writer")))
}

fn write(tx: &mut Tx<'_>, row: &GrantRow, renewed: &Renewed, block: &ProviderBlock) -> AppResult<bool> {
    let opened = row.open(tx.keys)?;
    let tokens = renewed.onto(opened.tokens, tx.now);
    let plain = content(&tokens, &opened.inputs)?;
    let sealed = tx.keys.seal(&plain, SEALED_GRANTS.at(&row.id, &row.workspace_id), tx.rng)?;
    let times = Times::of(block, &tokens);
    let contents = Contents {
        sealed: &sealed,
        scopes: &row.scopes,
        expires_at: times.expires_at,
        ends_at: times.ends_at,
        refresh_at: times.refresh_at,
    };
    Ok(store::take_renewed(tx.conn, row, &contents, tx.now)?)
}

impl Renewed {
    /// What stands where the sign-in has the real value is taken out; a value that somebody typed over it is the connection's own.
    fn take(block: &ProviderBlock, own: &Values, changed: &mut Submission) -> Self {
        let mut renewed = Self::default();
        let is_ours = |path: &DotPath| holds_mark_at(own, path);
        let landings = [Some(&block.landing), block.landing.without_refresh_token.as_deref()];
        for landing in landings.into_iter().flatten() {
            let lives_here = landing.outputs.values().any(is_ours);
            for (output, path) in &landing.outputs {
                let is_end = *output == LandingOutput::TokenExpiryDate && lives_here;
                let Some(text) = (is_end || is_ours(path)).then(|| changed.take(&path.field())).flatten() else {
                    continue;
                };
                match output {
                    LandingOutput::AccessToken => renewed.access_token = Some(text),
                    LandingOutput::RefreshToken => renewed.refresh_token = Some(text),
                    LandingOutput::TokenExpiryDate => renewed.expires_at = UtcTime::from_iso(text.expose_secret()),
                }
            }
        }
        // The operator's values, and what the provider said beside the tokens, are not the connector's to change.
        for path in block.filled_paths().into_iter().filter(|path| is_ours(path)) {
            changed.take(&path.field());
        }
        renewed
    }

    fn is_empty(&self) -> bool {
        self.access_token.is_none() && self.refresh_token.is_none()
    }

    /// Times that the connector did not tell are as long as they were before.
    fn onto(&self, before: Tokens, now: UtcTime) -> Tokens {
        let as_before = |end: Option<UtcTime>| end.map(|end| now + (end - before.obtained_at));
        let mut tokens = before.clone();
        if let Some(access_token) = &self.access_token {
            tokens.access_token = access_token.clone();
            tokens.expires_at = self.expires_at.or_else(|| as_before(before.expires_at));
            tokens.obtained_at = now;
        }
        if let Some(refresh_token) = &self.refresh_token {
            tokens.refresh_token = Some(refresh_token.clone());
            tokens.refresh_expires_at = as_before(before.refresh_expires_at);
        }
        tokens
    }
}
