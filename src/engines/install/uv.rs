//! Environments by uv: quicker, and it fetches the Python that is wanted where it may.

use std::ffi::OsString;
use std::path::Path;

use super::layout::Building;
use super::locked::of_lock;
use super::pip::version_of;
use super::tool::{FilledEnvironment, Tools};
use super::{InstallError, WantedEnvironment, words};

/// Makes the environment and installs into it.
pub(super) async fn fill(
    tools: &Tools<'_>,
    uv: &Path,
    wanted: &WantedEnvironment,
    building: &Building,
) -> Result<FilledEnvironment, InstallError> {
    let command = |words: &[&str]| {
        let words = words.iter().map(OsString::from);
        std::iter::once(uv.as_os_str().to_owned()).chain(words).collect::<Vec<OsString>>()
    };
    let with_version = tools.ask(command(&["--version"])).await?;
    let python = match &wanted.python_program {
        Some(program) => program.as_os_str().to_owned(),
        None => wanted.python.to_text().into(),
    };
    (tools.tell)(&format!("Making an environment with {}", with_version.text.trim()));
    let mut make = command(&["venv", "--no-progress", "--python"]);
    make.extend([python, building.path.as_os_str().to_owned()]);
    let made = tools.run(make).await?;
    if !made.is_good() {
        return Err(words::of_uv_python(wanted.python, &made.text));
    }
    let version = python_version(&building.path);
    let inside = building.python();
    let inside = inside.to_string_lossy();
    let locked = match &wanted.lock_file {
        Some(lock) => lock.clone(),
        None => {
            let cannot = |error: std::io::Error| InstallError::of_disk("cannot write to", tools.room.path(), &error);
            let list = tools.room.put("wanted.txt", wanted.requirements.join("\n").as_bytes()).map_err(cannot)?;
            let lock = tools.room.path().join("locked.txt");
            let mut compile =
                command(&["pip", "compile", "--no-progress", "--quiet", "--generate-hashes", "--python", &inside]);
            compile.extend(["--output-file".into(), lock.clone().into_os_string(), list.into_os_string()]);
            let compiled = tools.run(compile).await?;
            if !compiled.is_good() {
                return Err(words::of_packages(wanted, &version, &compiled.text));
            }
            lock
        }
    };
    let mut sync =
        command(&["pip", "sync", "--no-progress", "--require-hashes", "--compile-bytecode", "--python", &inside]);
    sync.push(locked.clone().into_os_string());
    let installed = tools.run(sync).await?;
    if !installed.is_good() {
        return Err(words::of_packages(wanted, &version, &installed.text));
    }
    let text =
        std::fs::read_to_string(&locked).map_err(|error| InstallError::of_disk("cannot read", &locked, &error))?;
    let packages = of_lock(&text);
    Ok(FilledEnvironment {
        requirements: wanted.requirements.clone(),
        made_with: with_version.text.lines().next().unwrap_or("uv").trim().to_owned(),
        python: version,
        version: version_of(wanted, &packages)?,
        packages,
    })
}

/// The version of the Python of an environment, by its own file.
fn python_version(environment: &Path) -> String {
    let text = std::fs::read_to_string(environment.join("pyvenv.cfg")).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let mut versions = lines.filter(|(name, _)| ["version_info", "version"].contains(&name.trim()));
    versions.next().map(|(_, version)| version.trim().to_owned()).unwrap_or_default()
}
