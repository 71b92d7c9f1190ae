//! Environments by Python's own means: `venv` and pip.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::layout::Building;
use super::locked::{LockedPackage, lock_text, name_of, of_report};
use super::tool::{FilledEnvironment, Tools};
use super::{InstallError, WantedEnvironment, python, words};

/// Makes the environment and installs into it.
pub(super) async fn fill(
    tools: &Tools<'_>,
    wanted: &WantedEnvironment,
    building: &Building,
) -> Result<FilledEnvironment, InstallError> {
    let found = python::find(tools, wanted.python, wanted.python_program.as_deref()).await?;
    (tools.tell)(&format!("Making an environment with Python {} ({})", found.version, found.program.display()));
    let path = building.path.as_os_str().to_owned();
    let made = tools.run(vec![found.program.into_os_string(), "-I".into(), "-m".into(), "venv".into(), path]).await?;
    if !made.is_good() {
        return Err(words::of_environment(&found.version, &made.text));
    }
    let lock = match &wanted.lock_file {
        Some(lock) => lock.clone(),
        None => resolve(tools, wanted, building, &found.version).await?,
    };
    let report = tools.room.path().join("report.json");
    let mut command = pip(building, &report);
    command.extend(["--require-hashes", "--no-deps", "--requirement"].map(OsString::from));
    command.push(lock.into_os_string());
    let installed = tools.run(command).await?;
    if !installed.is_good() {
        return Err(words::of_packages(wanted, &found.version, &installed.text));
    }
    let text = std::fs::read(&report).unwrap_or_default();
    let report: Value = serde_json::from_slice(&text).map_err(|error| {
        InstallError::new(format!("pip did not say what it installed: {error}. A newer Python brings a newer pip."))
            .with_detail(&installed.text)
    })?;
    let pip = report.get("pip_version").and_then(Value::as_str).unwrap_or_default();
    Ok(FilledEnvironment {
        requirements: wanted.requirements.clone(),
        made_with: format!("pip {pip}"),
        python: found.version,
        packages: of_report(&report),
        version: version_of(wanted, &of_report(&report))?,
    })
}

/// `pip install` in the environment, with a report of what it does.
fn pip(building: &Building, report: &Path) -> Vec<OsString> {
    let mut command: Vec<OsString> = vec![building.python().into_os_string()];
    command.extend(
        ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar=off"].map(OsString::from),
    );
    command.extend(["--prefer-binary".into(), "--report".into(), report.as_os_str().to_owned()]);
    command
}

/// Asks the index which versions fit together, and writes them down with their hashes: what is installed then is exactly that.
async fn resolve(
    tools: &Tools<'_>,
    wanted: &WantedEnvironment,
    building: &Building,
    python: &str,
) -> Result<PathBuf, InstallError> {
    let report = tools.room.path().join("resolved.json");
    let mut command = pip(building, &report);
    command.extend(["--dry-run", "--ignore-installed", "--quiet"].map(OsString::from));
    command.extend(wanted.requirements.iter().map(OsString::from));
    (tools.tell)("Asking the package index which versions fit together");
    let resolved = tools.run(command).await?;
    if !resolved.is_good() {
        return Err(words::of_packages(wanted, python, &resolved.text));
    }
    let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap_or_default()).unwrap_or_default();
    let lock = lock_text(&of_report(&report));
    tools
        .room
        .put("locked.txt", lock.as_bytes())
        .map_err(|error| InstallError::of_disk("cannot write to", tools.room.path(), &error))
}

/// The version of the package that was asked for first.
pub(super) fn version_of(wanted: &WantedEnvironment, packages: &[LockedPackage]) -> Result<String, InstallError> {
    let first = wanted.requirements.first().map(|requirement| name_of(requirement)).unwrap_or_default();
    let found = packages.iter().find(|package| package.name == first).map(|package| package.version.clone());
    found.ok_or_else(|| InstallError::new(format!("{first} is not among what was installed.")))
}
