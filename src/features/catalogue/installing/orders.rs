//! What is wanted of a connector, with what has to be fetched first.

use std::path::Path;

use super::{GivenManifest, InstallOrder, InstalledConnector, fetch_manifest, read_manifest};
use crate::base::http_client::GuardedClient;
use crate::connectors::{InstallablePackage, PackageTable, PackageWay};
use crate::engines::install::InstallError;

/// Whether this names something elsewhere and no file.
pub fn is_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// The manifest of a connector that is one.
///
/// # Errors
/// It cannot be fetched or read.
pub async fn manifest_of(
    client: &GuardedClient,
    package: &InstallablePackage,
) -> Result<Option<GivenManifest>, InstallError> {
    match &package.way {
        PackageWay::Manifest { url, .. } if is_address(url) => fetch_manifest(client, url).await.map(Some),
        PackageWay::Manifest { url, .. } => read_manifest(Path::new(url)).map(Some),
        PackageWay::Python(_) | PackageWay::Image(_) | PackageWay::Loader { .. } => Ok(None),
    }
}

/// What is wanted of a connector that is there, when it is brought to a newer version: a newer table may know newer versions; a manifest
/// stays the one that was given, and what the operator has set stays.
///
/// # Errors
/// As [`manifest_of`].
pub async fn order_to_upgrade(
    client: &GuardedClient,
    table: &PackageTable,
    there: &InstalledConnector,
) -> Result<InstallOrder, InstallError> {
    let known = table.find(&there.block.name).ok().filter(|_| there.block.manifest_from.is_none());
    let package = known.cloned().unwrap_or_else(|| there.package());
    let manifest = manifest_of(client, &package).await?;
    Ok(InstallOrder { components: there.components(), limits: there.limits(), ..InstallOrder::of(package, manifest) })
}
