//! `VESTIBULE_CONNECTORS_DIR`, `VESTIBULE_CONNECTOR_ALLOW_CIDRS`, `VESTIBULE_CONNECTOR_CONCURRENCY`, `VESTIBULE_CONTAINER_ENGINE`,
//! `VESTIBULE_CONNECTOR_INSTALL`.

use std::path::PathBuf;

use ipnet::IpNet;

use super::server::networks;
use super::source::{ConfigProblems, Source};

/// Connectors beside the built-in ones, and how connectors are run.
#[derive(Debug, Clone)]
pub struct ConnectorsConfig {
    /// Folder of connector files; a file there replaces a built-in connector of the same kind and slug.
    pub dir: Option<PathBuf>,
    /// Ranges beside the public internet where providers and other systems of connectors may be.
    pub allow: Vec<IpNet>,
    /// How many connectors check or discover at the same time, and how many read.
    pub concurrency: usize,
    /// The program that runs container images (`docker`, `podman`); `None`: images cannot be run.
    pub container_engine: Option<String>,
    /// Whether owners of the instance may install connectors in the browser.
    pub install: bool,
    /// Where the programs of connectors are looked for: the server's own `PATH`.
    pub path: String,
    /// Variables for the tools that install connectors: package indexes, proxies, certificates. Nothing else of the environment.
    pub tool_variables: Vec<(String, String)>,
}

impl ConnectorsConfig {
    pub(super) fn read(source: &dyn Source, problems: &mut ConfigProblems) -> Self {
        let dir = problems.text(source, "VESTIBULE_CONNECTORS_DIR").map(PathBuf::from);
        if let Some(dir) = &dir
            && !dir.is_dir()
        {
            problems.add("VESTIBULE_CONNECTORS_DIR", format!("is no folder: {}", dir.display()));
        }
        let allow = problems.parsed(source, "VESTIBULE_CONNECTOR_ALLOW_CIDRS", Vec::new(), networks);
        let concurrency =
            problems.parsed(source, "VESTIBULE_CONNECTOR_CONCURRENCY", 2, |text| match text.parse::<usize>() {
                Ok(count @ 1..=64) => Ok(count),
                _ => Err("must be a whole number from 1 to 64"),
            });
        let container_engine = problems.parsed(source, "VESTIBULE_CONTAINER_ENGINE", None, |text| {
            let is_one_word = !text.is_empty() && !text.starts_with('-') && !text.chars().any(char::is_whitespace);
            if is_one_word { Ok(Some(text.to_owned())) } else { Err("must be one program, like docker or podman") }
        });
        let install = problems.parsed(source, "VESTIBULE_CONNECTOR_INSTALL", false, |text| match text {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err("must be on or off"),
        });
        let path = source.raw("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned());
        let tool_variables = source.of_package_tools();
        Self { dir, allow, concurrency, container_engine, install, path, tool_variables }
    }
}
