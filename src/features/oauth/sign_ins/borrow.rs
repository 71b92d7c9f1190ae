//! A test before sending: the connected system is asked with the tokens of a sign-in that was not handed over yet.

use super::pending::{self, ProviderGrant};
use super::store;
use crate::base::error::AppResult;
use crate::base::ids::{OauthSignInId, WorkspaceId};
use crate::connectors::Connector;
use crate::features::oauth::{apps, grants};
use crate::platform::app::App;
use crate::schema::form::Values;

/// An access token with less than this left, in seconds, is no use to anybody.
const LAST_MOMENT: u32 = 10;

/// These values with the tokens of a sign-in in the place of marks. `None` when the sign-in is gone, is over, or the operator's app is.
///
/// # Errors
/// Only internal ones.
pub async fn borrowed(
    app: &App,
    workspace: &WorkspaceId,
    connector: &Connector,
    sign_in: &OauthSignInId,
    own: Values,
) -> AppResult<Option<Values>> {
    let Some(block) = connector.oauth() else { return Ok(None) };
    let (id, workspace, provider) = (sign_in.clone(), workspace.clone(), block.provider.clone());
    let (keys, instance, now) = (app.keys.clone(), app.config.oauth.clone(), app.clock.now());
    let (row, secrets) = app
        .db
        .read(move |conn| {
            let row = store::find_by_id(conn, &id, now)?.filter(|row| row.workspace_id == workspace);
            Ok((row, apps::keys_for(conn, &workspace, &provider, &keys, &instance)?))
        })
        .await?;
    let pending = row.map(|row| pending::open(&row, &app.keys)).transpose()?.flatten();
    // With a refresh token the connector makes an access token for itself.
    let lives =
        |found: &ProviderGrant| found.tokens.refresh_token.is_some() || !found.tokens.is_stale(now, LAST_MOMENT);
    let (Some(found), Some(secrets)) = (pending.and_then(|pending| pending.signed_in).filter(lives), secrets) else {
        return Ok(None);
    };
    Ok(grants::filled(own, block, &found.tokens, &found.inputs, None, &secrets).ok())
}
