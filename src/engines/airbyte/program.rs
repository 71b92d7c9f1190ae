//! The argument vector of a connector: a program of this machine, or a container.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Airbyte;
use crate::engines::folder::RunFolder;
use crate::engines::process::find_program;
use crate::engines::{Failure, FailureReason};

/// Where a container finds the folder of its run.
const INSIDE: &str = "/run/vestibule";

/// A command of the protocol with its documents.
#[derive(Clone, Copy)]
pub(super) struct ProtocolCommand<'a> {
    /// `spec`, `check`, `discover`, `read`.
    pub(super) verb: &'static str,
    pub(super) config: Option<&'a [u8]>,
    pub(super) catalog: Option<&'a Value>,
    pub(super) state: Option<&'a Value>,
}

impl ProtocolCommand<'_> {
    /// A command without documents.
    pub(super) const fn of(verb: &'static str) -> Self {
        Self { verb, config: None, catalog: None, state: None }
    }
}

pub(super) struct Program {
    pub(super) command: Vec<OsString>,
    /// The configuration goes by a file descriptor; in a container it is a file.
    pub(super) by_descriptor: bool,
    /// The engine and the container's name, to take it away afterwards.
    pub(super) container: Option<(PathBuf, String)>,
}

/// Whether what starts the connector is on this machine: its program, or the engine of containers for its image.
pub(super) fn is_there(airbyte: &Airbyte<'_>) -> bool {
    match &airbyte.block.image {
        Some(_) => airbyte.container_engine.is_some_and(|name| find_program(name, airbyte.path).is_some()),
        None => beginning(airbyte).is_ok(),
    }
}

/// The program with its own arguments. In an environment the environment's Python starts it, wherever the folder of environments lies now.
fn beginning(airbyte: &Airbyte<'_>) -> Result<Vec<OsString>, Failure> {
    let (name, arguments) =
        airbyte.block.command.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
    let mut command = match &airbyte.block.environment {
        Some(environment) => {
            let programs = airbyte.environments.join(environment).join("bin");
            let both = ["python", name].map(|name| programs.join(name));
            if !both.iter().all(|path| path.is_file()) {
                return Err(not_installed(&format!("{name} of the environment {environment}")));
            }
            both.map(PathBuf::into_os_string).to_vec()
        }
        None => vec![find_program(name, airbyte.path).ok_or_else(|| not_installed(name))?.into_os_string()],
    };
    command.extend(arguments.iter().map(OsString::from));
    Ok(command)
}

impl Program {
    /// Writes the order's documents into the folder and makes the argument vector.
    pub(super) fn of(airbyte: &Airbyte<'_>, order: ProtocolCommand<'_>, folder: &RunFolder) -> Result<Self, Failure> {
        match &airbyte.block.image {
            Some(image) => Self::container(airbyte, image, order, folder),
            None => Self::local(airbyte, order, folder),
        }
    }

    fn local(airbyte: &Airbyte<'_>, order: ProtocolCommand<'_>, folder: &RunFolder) -> Result<Self, Failure> {
        let mut command = beginning(airbyte)?;
        command.push(order.verb.into());
        if order.config.is_some() {
            command.extend(["--config".into(), "/dev/fd/3".into()]);
        }
        for (option, path) in documents(order, airbyte.block.manifest.as_ref(), folder)? {
            command.extend([option.into(), path.into_os_string()]);
        }
        if let Some(code) = &airbyte.block.components {
            let path = folder.put("components.py", code.as_bytes()).map_err(no_folder)?;
            command.extend(["--components-path".into(), path.into_os_string()]);
        }
        Ok(Self { command, by_descriptor: true, container: None })
    }

    fn container(
        airbyte: &Airbyte<'_>,
        image: &str,
        order: ProtocolCommand<'_>,
        folder: &RunFolder,
    ) -> Result<Self, Failure> {
        let Some(engine) = airbyte.container_engine else {
            return Err(Failure::new(
                FailureReason::NotInstalled,
                "This connector is kept as a container image, and no engine for containers is named here.",
            ));
        };
        let engine = find_program(engine, airbyte.path).ok_or_else(|| not_installed(engine))?;
        let name = format!("vestibule-{}", folder.mark());
        let user = format!("{}:{}", rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let mut folder_of_run = folder.path().as_os_str().to_owned();
        folder_of_run.push(format!(":{INSIDE}"));
        let mut command: Vec<OsString> = vec![engine.clone().into_os_string()];
        let fixed = ["run", "--rm", "--init", "--network=bridge", "--cap-drop=ALL", "--security-opt=no-new-privileges"];
        command.extend(fixed.map(OsString::from));
        command.extend(["--memory=4g", "--pids-limit=512", "--name", &name, "--user", &user].map(OsString::from));
        command.extend([OsString::from("--volume"), folder_of_run, "--workdir".into(), INSIDE.into()]);
        for (variable, value) in airbyte.variables {
            command.extend([OsString::from("--env"), format!("{variable}={value}").into()]);
        }
        command.extend([image, order.verb].map(OsString::from));
        if let Some(bytes) = order.config {
            folder.put("config.json", bytes).map_err(no_folder)?;
            command.extend(["--config".into(), inside(Path::new("config.json"))]);
        }
        for (option, path) in documents(order, None, folder)? {
            command.extend([option.into(), inside(&path)]);
        }
        Ok(Self { command, by_descriptor: false, container: Some((engine, name)) })
    }
}

fn inside(path: &Path) -> OsString {
    Path::new(INSIDE).join(path.file_name().unwrap_or_default()).into_os_string()
}

/// Catalog, state and manifest as files of the run.
fn documents(
    order: ProtocolCommand<'_>,
    manifest: Option<&Value>,
    folder: &RunFolder,
) -> Result<Vec<(&'static str, PathBuf)>, Failure> {
    let all = [
        ("--catalog", "catalog.json", order.catalog),
        ("--state", "state.json", order.state),
        ("--manifest-path", "manifest.yaml", manifest),
    ];
    let given = all.into_iter().filter_map(|(option, name, document)| Some((option, name, document?)));
    given
        .map(|(option, name, document)| {
            let path = folder.put(name, document.to_string().as_bytes()).map_err(no_folder)?;
            Ok((option, path))
        })
        .collect()
}

pub(super) fn no_folder(error: std::io::Error) -> Failure {
    Failure::new(
        FailureReason::NoRoom,
        "The data folder has no room for the connector's files, or cannot be written to.",
    )
    .with_detail(error)
}

fn not_installed(name: &str) -> Failure {
    Failure::new(FailureReason::NotInstalled, format!("The program {name} is not installed where Vestibule runs."))
}
