//! What a connector's page is about: what the catalogue has of it, what can be installed for it, and what is installed.

use std::sync::Arc;

use crate::base::error::{AppError, AppResult};
use crate::connectors::{
    Connector, InstallablePackage, Kind, PackageTable, PackageWay, PythonPackage, shipped_packages,
};
use crate::features::catalogue::installing::{InstalledConnector, installed_of};
use crate::platform::app::App;

/// Most rows of the table that a search shows beside the catalogue.
const MOST_BESIDE: usize = 12;

/// A connector of the catalogue, of the table of packages, or of both.
pub(super) struct Subject {
    pub(super) kind: Kind,
    pub(super) slug: String,
    /// As it is used now; `None`: it is not in the catalogue until it is installed.
    pub(super) connector: Option<Arc<Connector>>,
    /// Its row in the table of this version.
    pub(super) package: Option<&'static InstallablePackage>,
    /// What is installed in this server's data folder.
    pub(super) installed: Option<InstalledConnector>,
    /// What runs manifests.
    pub(super) runner: &'static PythonPackage,
}

fn table() -> AppResult<&'static PackageTable> {
    shipped_packages().map_err(AppError::Internal)
}

impl Subject {
    /// What a path names.
    pub(super) async fn find(app: &Arc<App>, kind: &str, slug: &str) -> AppResult<Self> {
        let kind = Kind::parse(kind).ok_or(AppError::NotFound)?;
        let table = table()?;
        let (connector, package) = (app.connectors.find(kind, slug), table.of_connector(kind, slug));
        let (installer, own) = (app.installer.clone(), slug.to_owned());
        let installed = tokio::task::spawn_blocking(move || installed_of(&installer, kind, &own)).await;
        let installed = installed.map_err(AppError::internal)?;
        if connector.is_none() && package.is_none() && installed.is_none() {
            return Err(AppError::NotFound);
        }
        Ok(Self { kind, slug: slug.to_owned(), connector, package, installed, runner: table.runner() })
    }

    pub(super) fn name(&self) -> &str {
        let own = self.connector.as_ref().map(|connector| connector.name());
        own.or_else(|| self.package.map(|row| row.title.as_str())).unwrap_or(&self.slug)
    }

    /// The Python package that is installed; `None` where nothing can be.
    pub(super) fn python_package(&self) -> Option<&'static PythonPackage> {
        let is_manifest = self.installed.as_ref().is_some_and(|one| one.block.manifest_from.is_some());
        match self.package.map(|row| &row.way) {
            _ if is_manifest => Some(self.runner),
            Some(PackageWay::Python(package) | PackageWay::Loader { package, .. }) => Some(package),
            Some(PackageWay::Manifest { .. }) => Some(self.runner),
            Some(PackageWay::Image(_)) | None => None,
        }
    }

    /// The licence that is agreed to, or was.
    pub(super) fn licence(&self) -> &str {
        let known = self.package.map(|row| row.licence.as_str());
        known.or_else(|| self.installed.as_ref().map(|one| one.block.licence.as_str())).unwrap_or_default()
    }

    /// What is installed, whole: in its environment.
    pub(super) fn is_installed(&self) -> bool {
        self.installed.as_ref().is_some_and(|one| one.environment.is_some())
    }
}

/// What can be installed and is not in the catalogue: those whose name has every word that is looked for, a few of them.
///
/// # Errors
/// The table cannot be read, which a test rules out.
pub fn installable_beside(app: &App, find: &str) -> AppResult<Vec<&'static InstallablePackage>> {
    let words: Vec<String> = find.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let is_meant = |row: &&InstallablePackage| {
        let text = format!("{} {}", row.title, row.name).to_lowercase();
        words.iter().all(|word| text.contains(word)) && app.connectors.find(row.kind, &row.slug).is_none()
    };
    let with_way = table()?.all().filter(|row| !matches!(row.way, PackageWay::Image(_)));
    Ok(with_way.filter(is_meant).take(MOST_BESIDE).collect())
}
