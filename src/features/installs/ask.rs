//! Asking for an installation.

use std::sync::Arc;

use super::InstallAct;
use super::store::{self, ConnectorInstall, InstallPlace, NewInstall};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectorInstallId, WorkspaceId};
use crate::connectors::Kind;
use crate::features::accounts::guard::SignedIn;
use crate::features::accounts::owns_instance;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::tx::Tx;

/// Whether the member may ask here at all.
///
/// # Errors
/// [`AppError::NotFound`] where the operator has not switched it on, [`AppError::Forbidden`] for everybody but owners of the instance.
pub async fn may_be_asked(app: &App, member: &SignedIn) -> AppResult<()> {
    if !app.config.connectors.install {
        return Err(AppError::NotFound);
    }
    let (workspace, role) = (member.workspace_id.clone(), member.role);
    match app.db.read(move |conn| Ok(owns_instance(conn, &workspace, role)?)).await? {
        true => Ok(()),
        false => Err(AppError::Forbidden),
    }
}

/// Writes down that something is to be done with a connector in this server's data folder. When something is done with it already, that
/// goes on, and nothing is written.
///
/// # Errors
/// The data folder or the database refuses.
pub async fn ask(app: &Arc<App>, member: &SignedIn, kind: Kind, slug: &str, act: InstallAct) -> AppResult<()> {
    let folder = app.installer.folders().mark_or_new(&app.rng).map_err(AppError::internal)?;
    let place = InstallPlace { folder, kind, slug: slug.to_owned() };
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    app.write(move |tx| {
        let id = ConnectorInstallId::new(tx.now, tx.rng);
        let new = NewInstall { id: &id, workspace: &workspace, place: &place, act, now: tx.now };
        if new.insert(tx.conn)? {
            let event = match act {
                InstallAct::Install => Event::ConnectorInstallAsked,
                InstallAct::Upgrade => Event::ConnectorUpgradeAsked,
                InstallAct::Remove => Event::ConnectorRemovalAsked,
            };
            note(tx, &workspace, event, actor, &format!("{} {}", kind.as_str(), place.slug))?;
        }
        Ok(())
    })
    .await
}

/// Writes down what happened to a connector.
pub(super) fn note(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    event: Event,
    actor: Actor,
    detail: &str,
) -> AppResult<()> {
    tx.record(&Entry { workspace, connection: None, setup_link: None, event, actor, detail })
}

/// What goes on with a connector in this server's data folder, else the last that was done.
///
/// # Errors
/// The database cannot be asked.
pub async fn last(app: &App, kind: Kind, slug: &str) -> AppResult<Option<ConnectorInstall>> {
    let Some(folder) = app.installer.folders().mark() else { return Ok(None) };
    let place = InstallPlace { folder, kind, slug: slug.to_owned() };
    app.db.read(move |conn| Ok(store::last(conn, &place)?)).await
}
