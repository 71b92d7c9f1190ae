//! `VESTIBULE_CONNECTORS_DIR`, `VESTIBULE_CONNECTOR_ALLOW_CIDRS`.

use std::path::PathBuf;

use ipnet::IpNet;

use super::server::networks;
use super::source::{Problems, Source};

/// Connectors beside the built-in ones.
#[derive(Debug, Clone)]
pub struct ConnectorsConfig {
    /// Folder of connector files; a file there replaces a built-in connector of the same kind and slug.
    pub dir: Option<PathBuf>,
    /// Ranges beside the public internet where providers and other systems of connectors may be.
    pub allow: Vec<IpNet>,
}

impl ConnectorsConfig {
    pub(super) fn read(source: &dyn Source, problems: &mut Problems) -> Self {
        let dir = problems.text(source, "VESTIBULE_CONNECTORS_DIR").map(PathBuf::from);
        if let Some(dir) = &dir
            && !dir.is_dir()
        {
            problems.add("VESTIBULE_CONNECTORS_DIR", format!("is no folder: {}", dir.display()));
        }
        let allow = problems.parsed(source, "VESTIBULE_CONNECTOR_ALLOW_CIDRS", Vec::new(), networks);
        Self { dir, allow }
    }
}
