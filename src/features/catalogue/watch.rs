//! Changes of the folders of connector files, the operator's and that of what was installed, taken in while the process runs. Every process looks for itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::base::error::{AppError, AppResult};
use crate::connectors::FolderEvent;
use crate::platform::app::App;

/// How often a process looks. A look asks the disk for the data of each file, and reads those that have changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks once, and says in the log what came of it.
///
/// # Errors
/// The process is ending.
pub async fn look(app: &Arc<App>) -> AppResult<Vec<FolderEvent>> {
    let here = Arc::clone(app);
    let looked = tokio::task::spawn_blocking(move || here.connectors.look(here.clock.monotonic())).await;
    let events = looked.map_err(AppError::internal)?;
    for event in &events {
        match event {
            FolderEvent::Taken(file) => tracing::info!(file, "a connector file was taken in"),
            FolderEvent::Removed(file) => tracing::warn!(file, "a connector file is gone, and its connector with it"),
            FolderEvent::Faulty(fault) => {
                tracing::error!(file = %fault.place(), reason = fault.reason, "a connector file cannot be used. {}", fault.meanwhile());
            }
        }
    }
    Ok(events)
}

/// Looks again and again, until the channel says stop.
pub async fn watch_until(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            // An error means that the sender is gone: that is a stop, too.
            _ = stopped.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Err(error) = look(&app).await {
            tracing::error!(error = %error, "the folders of connector files cannot be looked at");
        }
    }
}
