//! Installing connectors: an environment, the program's own word for its settings, and a connector file that every process takes in. Without
//! our database, because it is done before there is one, too.
//!
//! Invariants: nothing of a connector is shipped, and none is installed whose licence nobody agreed to; what does not answer for its settings
//! is not kept; what is built in of a connector (guide, sign-in, category) stays; the environment of the version before stays until the next
//! time, for what still runs from it.

mod documents;
mod licence;
mod make;
mod orders;
mod upkeep;

use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::connectors::{ConnectorFile, Connectors, InstallablePackage, LimitsBlock, PackageTable};
use crate::engines::Engines;
use crate::engines::install::{InstallError, Installer, Tell};

pub use documents::{GivenManifest, fetch_manifest, fetch_registry, read_manifest, read_registry};
pub use licence::{LicenceWords, licence_words};
pub use make::install;
pub use orders::{is_address, manifest_of, order_to_upgrade};
pub use upkeep::{
    InstalledConnector, Upgrade, find_installed, installed, installed_of, remove, upgrade, upgrade_runner,
};

/// The name of the environment that all manifests share.
pub const RUNNER: &str = "airbyte-cdk";

/// What installing needs.
pub struct InstallPorts<'a> {
    /// Makes environments.
    pub installer: &'a Installer,
    /// Asks programs.
    pub engines: &'a Engines,
    /// What is built in.
    pub built_in: &'a Connectors,
    /// What can be installed.
    pub table: &'a PackageTable,
    /// Who is told what is going on.
    pub tell: Tell<'a>,
}

/// A connector to install, whose licence was agreed to.
#[derive(Debug, Clone)]
pub struct InstallOrder {
    /// The row of the table.
    pub package: InstallablePackage,
    /// The manifest, where it is one.
    pub manifest: Option<GivenManifest>,
    /// Python code the manifest uses, which the operator allows.
    pub components: Option<String>,
    /// Other versions than the table names, as package tools write them.
    pub versions: Option<String>,
    /// Limits that the operator sets.
    pub limits: LimitsBlock,
    /// The program to use as Python.
    pub python_program: Option<PathBuf>,
    /// A list of exact versions with hashes.
    pub lock_file: Option<PathBuf>,
}

impl InstallOrder {
    /// A connector as the table has it, with nothing set by hand.
    pub fn of(package: InstallablePackage, manifest: Option<GivenManifest>) -> Self {
        Self {
            package,
            manifest,
            components: None,
            versions: None,
            limits: LimitsBlock::default(),
            python_program: None,
            lock_file: None,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct InstallOutcome {
    /// The connector as it is used from now on.
    pub file: ConnectorFile,
    /// Where its file lies.
    pub path: PathBuf,
    /// The environment's folder below that of all environments.
    pub environment: String,
    /// Bytes of the environment.
    pub bytes: u64,
    /// Whether the environment was there already.
    pub is_shared: bool,
    /// What was kept of the one that is built in.
    pub kept: Vec<String>,
    /// What the form cannot carry, and what was not understood of signing in.
    pub notes: Vec<String>,
    /// Fields that are asked and were not before, as dot paths.
    pub asked_anew: Vec<String>,
}

/// Bytes of a digest that tell manifests apart.
const MARK_BYTES: usize = 4;
/// What a manifest may have: YAML and JSON of this size.
const LARGEST_MANIFEST: usize = 8 << 20;

fn refused(message: impl Into<String>) -> InstallError {
    InstallError { message: message.into(), detail: None, is_busy: false }
}

/// The manifest's own version; of one that names none a mark of what it says.
fn version_of_manifest(manifest: &Value) -> String {
    if let Some(version) = manifest.pointer("/metadata/version").and_then(Value::as_str) {
        return version.to_owned();
    }
    let digest = Sha256::digest(manifest.to_string());
    digest.iter().take(MARK_BYTES).fold("manifest-".to_owned(), |mark, byte| mark + &format!("{byte:02x}"))
}
