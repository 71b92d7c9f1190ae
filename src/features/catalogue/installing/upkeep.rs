//! What is installed: told, brought to a newer version, removed.

use std::path::{Path, PathBuf};

use super::make::{install, wanted};
use super::{InstallOrder, InstallOutcome, InstallPorts, RUNNER, refused};
use crate::connectors::import::write_file;
use crate::connectors::{
    ConnectorFile, InstallablePackage, InstalledBlock, Kind, LimitsBlock, PackageWay, PythonPackage, RuntimeBlock,
};
use crate::engines::install::{InstallError, InstalledEnvironment, Installer};

/// A connector that was installed.
#[derive(Debug, Clone)]
pub struct InstalledConnector {
    /// Where its file lies.
    pub path: PathBuf,
    /// Its file.
    pub file: ConnectorFile,
    /// What was installed.
    pub block: InstalledBlock,
    /// The environment it runs in; `None` when that is gone.
    pub environment: Option<InstalledEnvironment>,
}

impl InstalledConnector {
    /// The reference its file has to an environment.
    fn reference(&self) -> Option<&str> {
        match &self.file.runtime {
            Some(RuntimeBlock::Airbyte(block)) => block.environment.as_deref(),
            Some(RuntimeBlock::Dlt(block)) => Some(&block.environment),
            _ => None,
        }
    }

    /// The name of its environment.
    fn environment_name(&self) -> &str {
        self.reference().and_then(|reference| reference.split('/').next()).unwrap_or(&self.block.name)
    }

    /// The row it was installed by, as far as its file says it.
    pub fn package(&self) -> InstallablePackage {
        let way = match (&self.block.manifest_from, &self.file.runtime) {
            (Some(from), _) => PackageWay::Manifest { url: from.clone(), version: String::new() },
            (None, Some(RuntimeBlock::Dlt(block))) => {
                PackageWay::Loader { package: self.python_package(), destination: block.destination }
            }
            (None, _) => PackageWay::Python(self.python_package()),
        };
        InstallablePackage {
            name: self.block.name.clone(),
            title: self.file.name.clone(),
            kind: self.file.kind,
            slug: self.file.slug.clone(),
            way,
            licence: self.block.licence.clone(),
            documentation_url: self.file.documentation_url.clone(),
            suggested_streams: self
                .file
                .registry
                .as_ref()
                .map(|registry| registry.suggested_streams.clone())
                .unwrap_or_default(),
            limits: None,
        }
    }

    /// The package it was made with.
    fn python_package(&self) -> PythonPackage {
        let requirement = &self.block.requirement;
        let (package, versions) =
            requirement.split_at(requirement.find(['=', '>', '<', '~', '!']).unwrap_or(requirement.len()));
        PythonPackage { package: package.to_owned(), versions: versions.to_owned(), python: self.block.python.clone() }
    }

    /// The limits that stand in its file.
    pub fn limits(&self) -> LimitsBlock {
        match &self.file.runtime {
            Some(RuntimeBlock::Airbyte(block)) => block.limits.clone().unwrap_or_default(),
            Some(RuntimeBlock::Dlt(block)) => block.limits.clone().unwrap_or_default(),
            _ => LimitsBlock::default(),
        }
    }

    /// The Python code of its manifest that was allowed.
    pub fn components(&self) -> Option<String> {
        match &self.file.runtime {
            Some(RuntimeBlock::Airbyte(block)) => block.components.clone(),
            _ => None,
        }
    }
}

/// Everything that is installed, by file name.
pub fn installed(installer: &Installer) -> Vec<InstalledConnector> {
    let environments = installer.list();
    let entries = std::fs::read_dir(&installer.folders().files).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| is_json(path)).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let file = ConnectorFile::parse(&std::fs::read(&path).ok()?).ok()?;
        let block = file.installed.clone()?;
        let mut one = InstalledConnector { path, file, block, environment: None };
        one.environment =
            environments.iter().find(|environment| Some(environment.reference().as_str()) == one.reference()).cloned();
        Some(one)
    };
    paths.into_iter().filter_map(read).collect()
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "json")
        && !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// The one somebody means: by the maker's name, or by the short name here.
///
/// # Errors
/// It is not installed.
pub fn find_installed(installer: &Installer, wanted: &str) -> Result<InstalledConnector, InstallError> {
    let bare = wanted.trim().to_lowercase();
    let mut all = installed(installer);
    let is_it = |one: &InstalledConnector| {
        let whole = format!("{}-{}", one.file.kind.as_str(), one.file.slug);
        [one.block.name.as_str(), &one.file.slug, &whole].contains(&bare.as_str())
    };
    match all.iter().position(is_it) {
        Some(at) => Ok(all.swap_remove(at)),
        None if all.is_empty() => Err(refused(format!("{wanted} is not installed; nothing is."))),
        None => {
            let names: Vec<String> = all.into_iter().map(|one| one.block.name).collect();
            Err(refused(format!("{wanted} is not installed. Installed are: {}.", names.join(", "))))
        }
    }
}

/// The installed connector of that kind and short name.
pub fn installed_of(installer: &Installer, kind: Kind, slug: &str) -> Option<InstalledConnector> {
    installed(installer).into_iter().find(|one| one.file.kind == kind && one.file.slug == slug)
}

/// What an upgrade came to.
#[derive(Debug)]
pub enum Upgrade {
    /// There is nothing newer.
    Same(InstallOutcome),
    /// It is another version, or has other packages, than before.
    Newer {
        /// The version of before.
        before: String,
        /// What is there now.
        now: InstallOutcome,
    },
}

/// Installs a connector anew. The environment of before stays, for what still runs from it; older ones go.
///
/// # Errors
/// Why not; the version of before is used on.
pub async fn upgrade(
    ports: &InstallPorts<'_>,
    there: &InstalledConnector,
    order: &InstallOrder,
) -> Result<Upgrade, InstallError> {
    let before = there.reference().unwrap_or_default().to_owned();
    let now = install(ports, order).await?;
    let kept =
        [before.as_str(), &now.environment].map(|one| one.split_once('/').map(|(_, tag)| tag).unwrap_or_default());
    ports.installer.prune(there.environment_name(), &kept)?;
    let version = now.file.installed.as_ref().map(|block| block.version.clone()).unwrap_or_default();
    if before == now.environment && version == there.block.version {
        Ok(Upgrade::Same(now))
    } else {
        Ok(Upgrade::Newer { before: there.block.version.clone(), now })
    }
}

/// Brings the environment that manifests share to the newest version of its range; gives the versions before and now.
///
/// # Errors
/// Why not; the one of before is used on.
pub async fn upgrade_runner(ports: &InstallPorts<'_>, order: &InstallOrder) -> Result<(String, String), InstallError> {
    let users: Vec<InstalledConnector> =
        installed(ports.installer).into_iter().filter(|one| one.environment_name() == RUNNER).collect();
    let Some(first) = users.first() else {
        return Err(refused("No connector that is a manifest is installed, so nothing runs manifests here."));
    };
    let before =
        first.environment.as_ref().map(|one| (one.tag.clone(), one.record.version.clone())).unwrap_or_default();
    let built = ports.installer.build(&wanted(RUNNER, ports.table.runner(), order)?, ports.tell).await?;
    let environment = built.place()?;
    for one in users {
        let mut file = one.file;
        if let Some(RuntimeBlock::Airbyte(block)) = &mut file.runtime {
            block.environment = Some(environment.reference());
        }
        write_file(&file, &ports.installer.folders().files, true).map_err(|error| refused(format!("{error:#}")))?;
    }
    ports.installer.prune(RUNNER, &[&before.0, &environment.tag])?;
    Ok((before.1, environment.record.version))
}

/// Removes a connector: its file, and its environment where nothing else uses it. Gives the bytes that are free then.
///
/// # Errors
/// Another installation is going on, or the disk refuses.
pub fn remove(installer: &Installer, one: &InstalledConnector) -> Result<u64, InstallError> {
    // Before anything is gone: half of it would be neither here nor there.
    installer.see_free()?;
    let gone = std::fs::remove_file(&one.path);
    gone.map_err(|error| refused(format!("{} cannot be removed: {error}", one.path.display())))?;
    let name = one.environment_name();
    let is_used = installed(installer).iter().any(|other| other.environment_name() == name);
    if is_used { Ok(0) } else { installer.prune(name, &[]) }
}
