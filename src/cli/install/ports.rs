//! What the commands share: the settings, what makes environments, what asks programs, and what is told on the way.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use actix_web::rt::{System, SystemRunner};
use tokio::signal::unix::{SignalKind, signal};

use crate::base::http_client::{AddressPolicy, GuardedClient, Resolver};
use crate::base::rng::Rng;
use crate::cli::out;
use crate::connectors::{Connectors, PackageTable, shipped_packages};
use crate::engines::Engines;
use crate::engines::install::{InstallError, Installer};
use crate::features::catalogue::installing::{InstallPorts, fetch_registry, is_address, read_registry};
use crate::platform::app::{engine_settings, installer};
use crate::platform::config::{Config, Environment};

/// A page of progress: on a terminal one line that changes, elsewhere every line.
const WIDEST: usize = 100;

/// Everything an installation needs.
pub(super) struct Workshop {
    pub(super) config: Config,
    pub(super) installer: Installer,
    pub(super) engines: Engines,
    pub(super) client: GuardedClient,
    pub(super) built_in: Connectors,
    pub(super) table: PackageTable,
    system: SystemRunner,
}

impl Workshop {
    /// By the settings; with the rows of a registry, when one is named.
    pub(super) fn open(registry: Option<&str>) -> anyhow::Result<Self> {
        let config = Config::from_source(&Environment)?;
        let policy = AddressPolicy::with_open(config.connectors.allow.clone());
        let client = GuardedClient::new(policy, Resolver::System, config.mail.extra_ca_file.as_deref())?;
        let installer = installer(&config, &Rng::System);
        let engines = Engines::new(engine_settings(&config), client.clone(), Rng::System);
        let built_in = Connectors::load(None)?;
        let system = System::new();
        let mut table = shipped_packages()?.clone();
        if let Some(from) = registry {
            let read = match is_address(from) {
                true => system.block_on(fetch_registry(&client, from)),
                false => read_registry(Path::new(from)),
            };
            table = table.with_registry(&read.map_err(shown)?).0;
        }
        Ok(Self { config, installer, engines, client, built_in, table, system })
    }

    pub(super) fn ports<'a>(&'a self, progress: &'a ProgressLine) -> InstallPorts<'a> {
        InstallPorts {
            installer: &self.installer,
            engines: &self.engines,
            built_in: &self.built_in,
            table: &self.table,
            tell: progress.tell(),
        }
    }

    /// Does the work, unless somebody stops the command: nothing of what was begun stays then.
    pub(super) fn block_on<T>(&self, work: impl Future<Output = Result<T, InstallError>>) -> anyhow::Result<T> {
        let done = self.system.block_on(async {
            let (mut terminate, mut interrupt) =
                (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            tokio::select! {
                done = work => Ok(done.map_err(shown)),
                _ = terminate.recv() => Ok(Err(anyhow::anyhow!("stopped; nothing of what was begun is kept"))),
                _ = interrupt.recv() => Ok::<_, std::io::Error>(Err(anyhow::anyhow!("stopped; nothing of what was begun is kept"))),
            }
        });
        done?
    }

    /// Whether the operator's own folder has a file for this connector, which then counts.
    pub(super) fn is_overridden(&self, one: &crate::connectors::ConnectorFile) -> bool {
        let own = self.config.connectors.dir.as_deref().map(|dir| Connectors::load(Some(dir)));
        let found = own.and_then(Result::ok).and_then(|all| all.find(one.kind, &one.slug));
        found.is_some_and(|found| found.is_custom)
    }
}

/// An error with the last lines of the tool, when there are some.
pub(super) fn shown(error: InstallError) -> anyhow::Error {
    match error.detail {
        Some(detail) => anyhow::anyhow!("{}\n{}", error.message, indented(&detail)),
        None => anyhow::anyhow!(error.message),
    }
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

/// Megabytes, as disks count them.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

/// Tells the person at the terminal what is going on.
pub(super) struct ProgressLine {
    tell: Box<dyn Fn(&str) + Send + Sync>,
    is_terminal: bool,
}

impl ProgressLine {
    pub(super) fn new() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let tell: Box<dyn Fn(&str) + Send + Sync> = if is_terminal {
            Box::new(|line| {
                let line: String = line.trim().chars().filter(|letter| !letter.is_control()).take(WIDEST).collect();
                let _ = write!(std::io::stderr().lock(), "\r\x1b[2K{line}");
                let _ = std::io::stderr().flush();
            })
        } else {
            Box::new(|line| out::aside(line))
        };
        Self { tell, is_terminal }
    }

    fn tell(&self) -> &(dyn Fn(&str) + Send + Sync) {
        &*self.tell
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.is_terminal {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
        }
    }
}
