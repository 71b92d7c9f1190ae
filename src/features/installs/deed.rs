//! What is done: as the commands do it, by the table of this version.

use std::sync::Arc;

use super::InstallAct;
use super::store::ConnectorInstall;
use crate::base::error::AppError;
use crate::connectors::{Connectors, Kind, PackageTable, shipped_packages};
use crate::engines::install::{InstallError, Tell};
use crate::features::catalogue::installing::{
    InstallOrder, InstallOutcome, InstallPorts, InstalledConnector, Upgrade, install, installed_of, manifest_of,
    order_to_upgrade, remove, upgrade,
};
use crate::platform::app::App;

/// It was done; what is there now, in words.
pub(super) struct InstallDone(pub(super) String);

/// It was not done.
#[derive(Debug)]
pub(super) struct NotDone {
    pub(super) message: String,
    pub(super) detail: Option<String>,
    /// Another installation goes on.
    pub(super) is_busy: bool,
}

impl NotDone {
    fn because(message: impl Into<String>) -> Self {
        Self { message: message.into(), detail: None, is_busy: false }
    }
}

impl From<InstallError> for NotDone {
    fn from(error: InstallError) -> Self {
        Self { message: error.message, detail: error.detail, is_busy: error.is_busy }
    }
}

/// Does what was asked for.
pub(super) async fn perform(app: &Arc<App>, asked: &ConnectorInstall, tell: Tell<'_>) -> Result<InstallDone, NotDone> {
    let unreadable = |error: anyhow::Error| NotDone::because(format!("{error:#}"));
    let (table, built_in) = (shipped_packages().map_err(unreadable)?, Connectors::load(None).map_err(unreadable)?);
    let ports = InstallPorts { installer: &app.installer, engines: &app.engines, built_in: &built_in, table, tell };
    match asked.act {
        InstallAct::Install => install_new(app, &ports, asked).await,
        InstallAct::Upgrade => bring_up(app, &ports, there(app, asked).await?).await,
        InstallAct::Remove => take_away(app, there(app, asked).await?).await,
    }
}

async fn there(app: &Arc<App>, asked: &ConnectorInstall) -> Result<InstalledConnector, NotDone> {
    let (installer, kind, slug) = (app.installer.clone(), asked.kind, asked.slug.clone());
    let found = tokio::task::spawn_blocking(move || installed_of(&installer, kind, &slug)).await;
    let found = found.map_err(|error| NotDone::because(AppError::internal(error).to_string()))?;
    found.ok_or_else(|| NotDone::because(format!("{} is not installed any more.", asked.slug)))
}

async fn install_new(
    app: &Arc<App>,
    ports: &InstallPorts<'_>,
    asked: &ConnectorInstall,
) -> Result<InstallDone, NotDone> {
    let package = row(ports.table, asked.kind, &asked.slug)?;
    let manifest = manifest_of(&app.connector_http, package).await?;
    let outcome = install(ports, &InstallOrder::of(package.clone(), manifest)).await?;
    Ok(InstallDone(in_words("is installed", &outcome)))
}

fn row<'a>(
    table: &'a PackageTable,
    kind: Kind,
    slug: &str,
) -> Result<&'a crate::connectors::InstallablePackage, NotDone> {
    table.of_connector(kind, slug).ok_or_else(|| {
        NotDone::because(format!("No package for {slug} is known to this version of Vestibule any more."))
    })
}

async fn bring_up(app: &Arc<App>, ports: &InstallPorts<'_>, there: InstalledConnector) -> Result<InstallDone, NotDone> {
    let order = order_to_upgrade(&app.connector_http, ports.table, &there).await?;
    if order.package.licence != there.block.licence {
        return Err(NotDone::because(format!(
            "Its licence is {} now and was {}: remove it and install it anew to agree to that.",
            order.package.licence, there.block.licence
        )));
    }
    Ok(InstallDone(match upgrade(ports, &there, &order).await? {
        Upgrade::Same(now) => format!("{} is the newest of its range already.", version(&now)),
        Upgrade::Newer { before, now } => format!("{} It was {before}.", in_words("is installed", &now)),
    }))
}

async fn take_away(app: &Arc<App>, there: InstalledConnector) -> Result<InstallDone, NotDone> {
    let (installer, own) = (app.installer.clone(), there.clone());
    let gone = tokio::task::spawn_blocking(move || remove(&installer, &own)).await;
    let bytes = gone.map_err(|error| NotDone::because(AppError::internal(error).to_string()))??;
    let rest = match bytes {
        0 => "Its environment stays, because others use it or still run from it.".to_owned(),
        bytes => format!("{} MB are free.", bytes.div_ceil(1_000_000)),
    };
    Ok(InstallDone(format!("{} {} is removed. {rest}", there.block.name, there.block.version)))
}

fn version(outcome: &InstallOutcome) -> String {
    let block = outcome.file.installed.as_ref();
    block.map(|block| format!("{} {}", block.name, block.version)).unwrap_or_default()
}

fn in_words(what: &str, outcome: &InstallOutcome) -> String {
    let mut words = format!("{} {what}.", version(outcome));
    if !outcome.asked_anew.is_empty() {
        words += &format!(
            " Asked from now on and not before: {}. Drafts without an answer to it are not complete any more.",
            outcome.asked_anew.join(", ")
        );
    }
    words
}
