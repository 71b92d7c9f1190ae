//! Who does what was asked for: one after the other, because one installation at a time works in a data folder.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::ask::note;
use super::deed::{InstallDone, NotDone, perform as perform_deed};
use super::store::{self, ConnectorInstall, InstallEnd};
use super::{InstallAct, LONGEST_DETAIL, LONGEST_STEP, MOST_TRIES};
use crate::base::error::AppResult;
use crate::features::catalogue;
use crate::platform::activity::{Actor, Event};
use crate::platform::app::App;
use crate::platform::jobs::{
    ClaimedTasks, Queue, Task, WORK_BEAT, WORK_LEASE, WorkState, run_queue_due, run_queue_until,
};
use crate::platform::lease_watch::LiveLease;
use crate::platform::tx::Tx;

const NAME: &str = "installs";
/// A file that was taken away is gone for the catalogue when it is still away so much later.
const GONE: Duration = Duration::from_millis(1_200);
const QUEUE: Queue = Queue { name: NAME, at_once: 1, claim };
const DIED: &str =
    "The server stopped twice while this was going on, so it was not tried again. Nothing that was begun is used.";
const TAKEN_UP: &str = "The server stopped meanwhile; it begins anew";
const OTHERS: &str = "Another installation is going on in this data folder; it waits for that";
const SWITCHED_OFF: &str = "The operator has switched installing off meanwhile (VESTIBULE_CONNECTOR_INSTALL).";

/// Does all that waits for this data folder, once; says how much there was.
///
/// # Errors
/// The database cannot be asked; one that fails is no error here.
pub async fn run_due(app: &Arc<App>) -> AppResult<usize> {
    run_queue_due(app, QUEUE).await
}

/// Works until the channel says stop. What is under way then is broken off, and taken up when a server works here again.
pub async fn run_until(app: Arc<App>, stopped: watch::Receiver<bool>) {
    run_queue_until(app, QUEUE, stopped).await;
}

fn claim(app: Arc<App>, room: usize) -> ClaimedTasks {
    Box::pin(async move {
        let mut tasks: Vec<Task> = Vec::new();
        // Without a mark nothing was ever asked for here.
        let Some(folder) = app.installer.folders().mark() else { return Ok(tasks) };
        let going = app.db.read(move |conn| Ok(store::going(conn, &folder)?)).await?;
        take_up_lost(&app, &going).await?;
        // What another process of this folder does comes first.
        let is_busy = going.iter().any(|one| one.state == WorkState::InProgress);
        let next = going.iter().find(|one| one.state == WorkState::Queued && !is_busy && room > 0);
        let free = next.is_some() && app.installer.see_free().is_ok();
        if let Some(id) = next.filter(|_| free).map(|one| one.id.clone())
            && let Some(own) = app.write(move |tx| Ok(store::claim(tx.conn, &id, tx.now)?)).await?
        {
            tasks.push(Box::pin(perform(Arc::clone(&app), own)));
        }
        Ok(tasks)
    })
}

/// Puts back what a server has left that died, or ends it when that happened before.
async fn take_up_lost(app: &Arc<App>, going: &[ConnectorInstall]) -> AppResult<()> {
    let held: Vec<&ConnectorInstall> = going.iter().filter(|one| one.state == WorkState::InProgress).collect();
    let live: Vec<LiveLease<'_>> = held.iter().map(|one| LiveLease { id: one.id.as_str(), beat: one.beat }).collect();
    let lost = app.lease_watch.look(NAME, &live, app.clock.monotonic(), WORK_LEASE.unsigned_abs());
    for one in lost.into_iter().filter_map(|place| held.get(place).copied().cloned()) {
        app.write(move |tx| {
            if !store::is_still(tx.conn, &one)? {
                return Ok(());
            }
            if one.tries < MOST_TRIES {
                return Ok(store::put_back(tx.conn, &one, TAKEN_UP, true).map(|_| ())?);
            }
            settle(tx, &one, &InstallEnd { succeeded: false, message: DIED.to_owned(), detail: None })
        })
        .await?;
    }
    Ok(())
}

/// Does one, and writes its end down.
async fn perform(app: Arc<App>, own: ConnectorInstall) {
    if let Err(error) = work(&app, &own).await {
        tracing::error!(install = %own.id, error = %error, "an installation cannot be recorded; it will be taken up again");
    }
}

async fn work(app: &Arc<App>, own: &ConnectorInstall) -> AppResult<()> {
    if !app.config.connectors.install {
        let end = InstallEnd { succeeded: false, message: SWITCHED_OFF.to_owned(), detail: None };
        return finish(app, own, end).await;
    }
    let said = Arc::new(Mutex::new("Beginning".to_owned()));
    let heard = Arc::clone(&said);
    let tell = move |line: &str| {
        let line: String = unsealed(line).chars().filter(|letter| !letter.is_control()).take(LONGEST_STEP).collect();
        *heard.lock().unwrap_or_else(PoisonError::into_inner) = line.trim().to_owned();
    };
    let done = {
        let deed = perform_deed(app, own, &tell);
        tokio::pin!(deed);
        let mut beat = tokio::time::interval(WORK_BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                done = &mut deed => break done,
                _ = beat.tick() => {
                    let step = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    let row = own.clone();
                    if !app.write(move |tx| Ok(store::keep(tx.conn, &row, &step)?)).await? {
                        // Somebody else has it; what was begun here goes with this.
                        return Ok(());
                    }
                }
            }
        }
    };
    match done {
        Ok(InstallDone(message)) => {
            // This process need not wait for its next look; others of the folder take it in by theirs. What is gone counts so after a moment.
            catalogue::look(app).await?;
            if own.act == InstallAct::Remove {
                tokio::time::sleep(GONE).await;
                catalogue::look(app).await?;
            }
            finish(app, own, InstallEnd { succeeded: true, message, detail: None }).await
        }
        Err(NotDone { is_busy: true, .. }) => {
            let row = own.clone();
            app.write(move |tx| Ok(store::put_back(tx.conn, &row, OTHERS, false).map(|_| ())?)).await
        }
        Err(NotDone { message, detail, .. }) => {
            let detail = detail.map(|text| {
                let lines = unsealed(&text);
                let skipped = lines.chars().count().saturating_sub(LONGEST_DETAIL);
                lines.chars().skip(skipped).filter(|letter| *letter != '\0').collect()
            });
            finish(app, own, InstallEnd { succeeded: false, message: unsealed(&message), detail }).await
        }
    }
}

async fn finish(app: &App, own: &ConnectorInstall, end: InstallEnd) -> AppResult<()> {
    let own = own.clone();
    app.write(move |tx| settle(tx, &own, &end)).await
}

fn settle(tx: &mut Tx<'_>, own: &ConnectorInstall, end: &InstallEnd) -> AppResult<()> {
    if !store::end(tx.conn, own, end, tx.now)? {
        return Ok(());
    }
    let event = if end.succeeded { Event::ConnectorInstallDone } else { Event::ConnectorInstallFailed };
    note(tx, &own.workspace_id, event, Actor::System, &format!("{} {}", own.kind.as_str(), own.slug))
}

/// The same without credentials in addresses: a package index may have some in its settings, and tools repeat it.
fn unsealed(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        clean.push_str(before);
        clean.push_str("://");
        let host = after.find(|letter: char| letter.is_whitespace() || "/\"'".contains(letter)).unwrap_or(after.len());
        let named = after.get(..host).and_then(|authority| authority.rfind('@')).map_or(0, |at| at + 1);
        rest = after.get(named..).unwrap_or_default();
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::unsealed;

    #[test]
    fn credentials_of_an_index_are_not_repeated() {
        for (said, told) in [
            (
                "Looking in indexes: https://ana:geheim@pypi.example/simple, x",
                "Looking in indexes: https://pypi.example/simple, x",
            ),
            ("https://h/a https://u@b@c/d 'http://x@y'", "https://h/a https://c/d 'http://y'"),
            ("no address @ all://", "no address @ all://"),
        ] {
            assert_eq!(unsealed(said), told);
        }
    }
}
