//! Environments by Python's own means: `venv` and pip.

use std::ffi::OsString;

use serde_json::Value;

use super::layout::Building;
use super::locked::{LockedPackage, name_of, of_report};
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
    let report = tools.room.path().join("report.json");
    let mut command: Vec<OsString> = vec![building.python().into_os_string()];
    command.extend(
        ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar=off"].map(OsString::from),
    );
    command.extend(["--prefer-binary".into(), "--report".into(), report.clone().into_os_string()]);
    match &wanted.lock_file {
        Some(lock) => {
            command.extend(["--require-hashes", "--no-deps", "--requirement"].map(OsString::from));
            command.push(lock.clone().into_os_string());
        }
        None => command.extend(wanted.requirements.iter().map(OsString::from)),
    }
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

/// The version of the package that was asked for first.
pub(super) fn version_of(wanted: &WantedEnvironment, packages: &[LockedPackage]) -> Result<String, InstallError> {
    let first = wanted.requirements.first().map(|requirement| name_of(requirement)).unwrap_or_default();
    let found = packages.iter().find(|package| package.name == first).map(|package| package.version.clone());
    found.ok_or_else(|| InstallError::new(format!("{first} is not among what was installed.")))
}
