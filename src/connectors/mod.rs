//! Connectors: the types of systems one can connect. They are data files (slug, name, spec, guide, known streams), built in
//! or found in `VESTIBULE_CONNECTORS_DIR`; a file there replaces the built-in connector of the same kind and slug. An installed connector
//! has a file in a folder of the installation, which replaces a built-in one, too, and never one of the operator's. What changes in these
//! folders is taken in while the process runs.
//!
//! Invariants: (kind, slug) names one connector; a connector in the list has a spec that compiled.

mod catalogue;
mod file;
mod folder;
mod guide;
mod honoured;
mod honoured_loaders;
pub mod import;
mod installed;
mod loader;
mod mapping;
mod near;
mod packages;
mod registry;
mod runtime;

use std::sync::Arc;

pub use catalogue::Connectors;
pub use file::{ConnectorFile, ConnectorMark, KnownStream};
pub use folder::{FileFault, FolderEvent};
pub use guide::to_html as guide_html;
pub use installed::InstalledBlock;
pub use loader::LoaderKind;
pub use mapping::{MappedConstant, MappedValue, MappingBlock};
pub use packages::{InstallablePackage, PackageTable, PackageWay, PythonPackage, UnknownPackage, shipped_packages};
pub use registry::RegistryBlock;
pub use runtime::{AirbyteBlock, DltBlock, HttpBlock, HttpError, HttpRequest, LimitsBlock, NoOptions, RuntimeBlock};

use sha2::{Digest as _, Sha256};

use crate::base::text_column::text_enum;
use crate::schema::spec::Spec;

use crate::base::forms::FieldPath;
use crate::connectors::provider::{DotPath, ProviderBlock};

text_enum! {
    /// Whether data is read from a system or written to it.
    #[derive(PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Kind {
        /// Data is read from it.
        Source = "source",
        /// Data is written to it.
        Destination = "destination",
    }
}

/// Bytes of a digest that tell two specs apart; nobody gains by making two alike.
const MARK_BYTES: usize = 8;

/// One connector, ready to use.
#[derive(Debug)]
pub struct Connector {
    /// What its file says.
    pub file: ConnectorFile,
    /// The compiled spec.
    pub spec: Spec,
    /// The setup guide as safe HTML; empty when there is none.
    pub guide_html: String,
    /// Whether it came from a folder: the operator's, or that of what was installed.
    pub is_custom: bool,
    /// Stands for the questions of its file: another spec has another mark.
    pub questions_mark: String,
    /// How to sign in with its provider, when it has a way.
    oauth: Option<Arc<ProviderBlock>>,
    /// The same connector without the questions that signing in answers; there is one when there is a way to sign in.
    narrowed: Option<Arc<Connector>>,
}

impl Connector {
    /// Compiles a file's spec.
    ///
    /// # Errors
    /// The spec cannot be used at all, or the block about signing in is wrong.
    pub fn new(file: ConnectorFile, is_custom: bool) -> anyhow::Result<Arc<Self>> {
        let mut spec = Spec::compile(&file.spec).map_err(|error| anyhow::anyhow!("{}: {error}", file.slug))?;
        if let Some(honoured) = file.runtime.as_ref().and_then(|runtime| honoured::by(runtime, file.kind)) {
            spec = spec.held_against(honoured);
        }
        let problems = file.oauth.as_ref().map(|block| block.problems(&spec)).unwrap_or_default();
        anyhow::ensure!(problems.is_empty(), "{}: {}", file.slug, problems.join("; "));
        let guide_html = guide::to_html(&file.guide);
        let block = file.oauth.as_deref().cloned().map(Arc::new);
        let digest = Sha256::digest(file.spec.to_string());
        let questions_mark = digest.iter().take(MARK_BYTES).map(|byte| format!("{byte:02x}")).collect();
        let mut whole = Self { file, spec, guide_html, is_custom, questions_mark, oauth: None, narrowed: None };
        if let Some(block) = block {
            whole.narrowed = Some(Arc::new(whole.narrow(&block)));
            whole.oauth = Some(block);
        }
        Ok(Arc::new(whole))
    }

    /// The connector as it asks somebody who signs in.
    fn narrow(&self, block: &ProviderBlock) -> Self {
        let filled: Vec<FieldPath> = block.filled_paths().into_iter().map(DotPath::field).collect();
        let landings = [Some(&block.landing), block.landing.without_refresh_token.as_deref()];
        let chosen = landings.into_iter().flatten().filter_map(|landing| landing.when.as_ref());
        let chosen: Vec<_> = chosen.map(|when| (when.path.field(), when.value.clone())).collect();
        Self {
            file: self.file.clone(),
            spec: self.spec.narrowed(&filled, &chosen),
            guide_html: self.guide_html.clone(),
            is_custom: self.is_custom,
            questions_mark: self.questions_mark.clone(),
            oauth: None,
            narrowed: None,
        }
    }

    /// How to sign in with the provider, and the connector as it asks somebody who does; `None` when there is no way.
    pub fn sign_in(&self) -> Option<(&Arc<ProviderBlock>, &Arc<Connector>)> {
        self.oauth.as_ref().zip(self.narrowed.as_ref())
    }

    /// The name, like "Facebook Ads".
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// How to sign in with the provider, when the connector has it.
    pub fn oauth(&self) -> Option<&Arc<ProviderBlock>> {
        self.oauth.as_ref()
    }

    /// How to call the recipient's side of it, like "Postgres database".
    pub fn system(&self) -> &str {
        if self.file.system.is_empty() { &self.file.name } else { &self.file.system }
    }
}
pub mod provider;
