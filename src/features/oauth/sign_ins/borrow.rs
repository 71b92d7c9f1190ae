//! A test before sending: the connected system is asked with the tokens of a sign-in that was not handed over yet.

use super::link_sign_in::SignedIn;
use super::{pending, store};
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
    (workspace, connector): (&WorkspaceId, &Connector),
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
    let held = row.and_then(|row| pending::open(&row, &app.keys)?.signed_in);
    // With a refresh token the connector makes an access token for itself.
    let lives = |found: &SignedIn| found.tokens.refresh_token.is_some() || !found.tokens.is_stale(now, LAST_MOMENT);
    let (Some(found), Some(secrets)) = (held.and_then(SignedIn::open).filter(lives), secrets) else { return Ok(None) };
    Ok(grants::filled(own, block, (&found.tokens, &found.held.inputs), None, &secrets).ok())
}
