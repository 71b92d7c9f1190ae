//! Which of Airbyte's connectors takes the settings of a connector as they are.

use serde_json::Value;

use crate::connectors::{AirbyteBlock, Connector, LoaderKind, PackageWay, RuntimeBlock, shipped_packages};

/// How a program of it is to be had for Python.
#[derive(Debug, Clone, PartialEq)]
pub enum Publication {
    /// A package of PyPI, by its requirement; `None`: the program has to be on the search path.
    Package(Option<String>),
    /// A manifest that is published under its name.
    PublishedManifest,
    /// This manifest.
    Manifest(Value),
    /// A container image alone.
    Image,
    /// A program with arguments of its own, as only this installation knows it.
    OwnCommand,
}

/// One of Airbyte's connectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Counterpart {
    /// Its name, such as `source-github`.
    pub name: String,
    /// The repository of its image; `None` where nobody publishes it.
    pub repository: Option<String>,
    /// How its program is to be had.
    pub program: Publication,
}

/// Built-in connectors whose specification is that of Airbyte's connector, as far as ours goes. Those with another form of their own say in
/// their mapping how it becomes Airbyte's, or are not handed to it.
const SAME_FORM: [&str; 18] = [
    "airtable",
    "bing-ads",
    "github",
    "google-ads",
    "google-sheets",
    "hubspot",
    "linkedin-ads",
    "mongodb",
    "mysql",
    "notion",
    "postgres",
    "s3",
    "salesforce",
    "shopify",
    "slack",
    "stripe",
    "tiktok-ads",
    "zendesk-support",
];

impl Counterpart {
    /// The one that takes these settings; `None`: nobody knows of one.
    pub fn of(connector: &Connector) -> Option<Self> {
        match &connector.file.runtime {
            Some(RuntimeBlock::Airbyte(block)) => Some(Self::of_block(connector, block)),
            // The form is the built-in one, whoever writes here.
            Some(RuntimeBlock::Dlt(_)) => Self::of_built_in(connector),
            _ if connector.is_custom => Some(Self::of_import(connector)),
            _ => Self::of_built_in(connector),
        }
    }

    fn of_block(connector: &Connector, block: &AirbyteBlock) -> Self {
        if let Some(manifest) = &block.manifest {
            return Self {
                name: format!("source-{}", connector.file.slug),
                repository: None,
                program: Publication::Manifest(manifest.clone()),
            };
        }
        if let Some(image) = &block.image {
            let repository = repository(image);
            let name = repository.rsplit('/').next().unwrap_or_default().to_owned();
            return Self { name, repository: Some(repository), program: Publication::Image };
        }
        let registry = connector.file.registry.clone().unwrap_or_default();
        let image = registry.image.as_deref().map(repository);
        let own = || format!("{}-{}", connector.file.kind.as_str(), connector.file.slug);
        match block.command.as_slice() {
            [program] => Self {
                name: program.rsplit('/').next().unwrap_or_default().to_owned(),
                repository: image,
                program: Publication::Package(registry.package),
            },
            _ => Self { name: own(), repository: image, program: Publication::OwnCommand },
        }
    }

    fn of_import(connector: &Connector) -> Self {
        let registry = connector.file.registry.clone().unwrap_or_default();
        let repository = registry.image.as_deref().map(repository);
        let own = || format!("{}-{}", connector.file.kind.as_str(), connector.file.slug);
        let name = repository.as_deref().and_then(|name| name.rsplit('/').next()).map_or_else(own, str::to_owned);
        let program = match registry.package {
            Some(package) => Publication::Package(Some(package)),
            None => Publication::Image,
        };
        Self { name, repository, program }
    }

    fn of_built_in(connector: &Connector) -> Option<Self> {
        let (file, table) = (&connector.file, shipped_packages().ok()?);
        let row = match &file.mapping {
            Some(mapping) => table.find(&mapping.program).ok()?,
            None if SAME_FORM.contains(&file.slug.as_str()) => table.of_connector(file.kind, &file.slug)?,
            None => return None,
        };
        let program = match &row.way {
            PackageWay::Python(package) => Publication::Package(Some(package.requirement())),
            PackageWay::Manifest { .. } => Publication::PublishedManifest,
            PackageWay::Image(_) => Publication::Image,
            // What is installed here for it is no program of Airbyte's, which publishes its own as an image.
            PackageWay::Loader { destination: LoaderKind::Postgres, .. } => Publication::Image,
            PackageWay::Loader { .. } => return None,
        };
        Some(Self { name: row.name.clone(), repository: Some(format!("airbyte/{}", row.name)), program })
    }
}

/// An image's name without its version.
fn repository(image: &str) -> String {
    let name = image.split('@').next().unwrap_or_default();
    // A colon before the last slash belongs to the address of a registry.
    match name.rfind(':').filter(|at| !name.get(*at..).unwrap_or_default().contains('/')) {
        Some(at) => name.get(..at).unwrap_or_default().to_owned(),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_loses_its_version_alone() {
        for (image, expected) in [
            ("airbyte/source-github:2.1.14", "airbyte/source-github"),
            ("registry.example:5000/source-shop", "registry.example:5000/source-shop"),
            ("registry.example:5000/source-shop:1@sha256:ab", "registry.example:5000/source-shop"),
        ] {
            assert_eq!(repository(image), expected);
        }
    }
}
