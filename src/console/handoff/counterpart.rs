//! Which of Airbyte's connectors takes the settings of a connector as they are.

use serde_json::Value;

use crate::connectors::{AirbyteBlock, Connector, RuntimeBlock};

/// How a program of it is to be had for Python.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Program {
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
pub(super) struct Counterpart {
    /// Its name, such as `source-github`.
    pub(super) name: String,
    /// The repository of its image; `None` where nobody publishes it.
    pub(super) repository: Option<String>,
    pub(super) program: Program,
}

/// Built-in connectors whose specification is that of Airbyte's connector, as far as ours goes: slug, name there, and how it is published.
/// Those with another form of their own (`facebook-ads`, `http-api` and others) are not among them.
const SAME_FORM: [(&str, &str, Published); 18] = [
    ("airtable", "source-airtable", Published::Manifest),
    ("bing-ads", "source-bing-ads", Published::Manifest),
    ("github", "source-github", Published::Package),
    ("google-ads", "source-google-ads", Published::Package),
    ("google-sheets", "source-google-sheets", Published::Manifest),
    ("hubspot", "source-hubspot", Published::Manifest),
    ("linkedin-ads", "source-linkedin-ads", Published::Manifest),
    ("mongodb", "source-mongodb-v2", Published::Image),
    ("mysql", "source-mysql", Published::Image),
    ("notion", "source-notion", Published::Manifest),
    ("postgres", "source-postgres", Published::Image),
    ("s3", "source-s3", Published::Package),
    ("salesforce", "source-salesforce", Published::Package),
    ("shopify", "source-shopify", Published::Package),
    ("slack", "source-slack", Published::Manifest),
    ("stripe", "source-stripe", Published::Manifest),
    ("tiktok-ads", "source-tiktok-marketing", Published::Manifest),
    ("zendesk-support", "source-zendesk-support", Published::Manifest),
];

#[derive(Clone, Copy)]
enum Published {
    Package,
    Manifest,
    Image,
}

impl Counterpart {
    /// The one that takes these settings; `None`: nobody knows of one.
    pub(super) fn of(connector: &Connector) -> Option<Self> {
        match &connector.file.runtime {
            Some(RuntimeBlock::Airbyte(block)) => Some(Self::of_block(connector, block)),
            _ if connector.is_custom => Some(Self::of_import(connector)),
            _ => Self::of_built_in(&connector.file.slug),
        }
    }

    fn of_block(connector: &Connector, block: &AirbyteBlock) -> Self {
        if let Some(manifest) = &block.manifest {
            return Self {
                name: format!("source-{}", connector.file.slug),
                repository: None,
                program: Program::Manifest(manifest.clone()),
            };
        }
        if let Some(image) = &block.image {
            let repository = repository(image);
            let name = repository.rsplit('/').next().unwrap_or_default().to_owned();
            return Self { name, repository: Some(repository), program: Program::Image };
        }
        let registry = connector.file.registry.clone().unwrap_or_default();
        let image = registry.image.as_deref().map(repository);
        let own = || format!("source-{}", connector.file.slug);
        match block.command.as_slice() {
            [program] => Self {
                name: program.rsplit('/').next().unwrap_or_default().to_owned(),
                repository: image,
                program: Program::Package(registry.package),
            },
            _ => Self { name: own(), repository: image, program: Program::OwnCommand },
        }
    }

    fn of_import(connector: &Connector) -> Self {
        let registry = connector.file.registry.clone().unwrap_or_default();
        let repository = registry.image.as_deref().map(repository);
        let own = || format!("source-{}", connector.file.slug);
        let name = repository.as_deref().and_then(|name| name.rsplit('/').next()).map_or_else(own, str::to_owned);
        let program = match registry.package {
            Some(package) => Program::Package(Some(package)),
            None => Program::Image,
        };
        Self { name, repository, program }
    }

    fn of_built_in(slug: &str) -> Option<Self> {
        let (_, name, published) = SAME_FORM.iter().find(|(own, _, _)| *own == slug)?;
        let program = match published {
            Published::Package => Program::Package(Some(format!("airbyte-{name}"))),
            Published::Manifest => Program::PublishedManifest,
            Published::Image => Program::Image,
        };
        Some(Self { name: (*name).to_owned(), repository: Some(format!("airbyte/{name}")), program })
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
