//! Whether the Airbyte that was set lets us in, and knows what was named.

use super::{EngineSetting, store};
use crate::base::error::{AppError, AppResult};
use crate::engines::airbyte_api::{AirbyteAccount, AirbyteApi, AirbyteFault, AirbyteKind};
use crate::platform::app::App;

/// What is said when there is nothing to try.
pub(super) const NOTHING_SET: &str = "No Airbyte is set. Enter its URL, the workspace and a secret first.";

/// Asks it: signs in, looks for the workspace and the destination. Gives what was found in words; details that work are noted as tried.
///
/// # Errors
/// Only internal ones; what Airbyte says no to is in the answer.
pub(super) async fn try_out(app: &App, setting: &EngineSetting) -> AppResult<Result<String, AirbyteFault>> {
    if !setting.has_secret() {
        return Err(AppError::Conflict(NOTHING_SET));
    }
    let account = setting.account(&app.keys)?;
    let found = ask(app, setting, &account).await;
    if found.is_ok() {
        let tried = setting.clone();
        app.write(move |tx| Ok(store::note_tested(tx.conn, &tried, tx.now)?)).await?;
    }
    Ok(found)
}

async fn ask(app: &App, setting: &EngineSetting, account: &AirbyteAccount) -> Result<String, AirbyteFault> {
    let api = AirbyteApi::sign_in(&app.connector_http, account).await?;
    let workspace = api.workspace_name().await?;
    let Some(destination) = &setting.destination else {
        return Ok(format!("The token is accepted, and the workspace {workspace} is there."));
    };
    let found = api.look(AirbyteKind::Destination, destination).await?;
    let found = found.ok_or(AirbyteFault::NotThere("destination of that id"))?;
    let name = found.get("name").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    Ok(format!("The token is accepted, and the workspace {workspace} and its destination {name} are there."))
}
