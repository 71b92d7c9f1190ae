//! Where the extractions of a workspace run: here, or on an Airbyte of its own.
//!
//! Why: one machine is not enough for everybody. An Airbyte has workers that grow; Vestibule stays what gets the details, and has the sources
//! made, started and watched there through Airbyte's public API. `work/runs/remote` starts and watches.
//!
//! Invariants: only an owner says where, signed in a moment ago; the secret exists sealed only, is never shown again, a blank one keeps it,
//! and it is not kept for another origin; what lives on a provider's sign-in is given to no Airbyte; a source that cannot run there goes on
//! running here, and says why; what was made there is known by its id, so that nothing is made twice.

pub mod api;
mod api_view;
mod bodies;
mod counterpart;
mod form;
pub mod objects;
pub mod pages;
mod route;
mod save;
mod store;
mod try_out;
mod validate;

pub use bodies::{PlannedStreams, airbyte_cron};
pub use counterpart::{Counterpart, Publication};
pub use route::{AirbyteTarget, Route, route};
pub use store::find;
pub use validate::EngineInput;

use secrecy::SecretString;

use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, Sealed};
use crate::base::error::{AppError, AppResult};
use crate::base::http_client::HttpsUrl;
use crate::base::ids::{ExtractionEngineId, WorkspaceId};
use crate::base::text_column::text_enum;
use crate::engines::airbyte_api::{AirbyteAccount, AirbyteLogin};
use crate::platform::jobs::Registry;
use crate::platform::sealed::sealed_column;

text_enum! {
    /// Where extractions run.
    pub enum EngineKind {
        /// By the workers of this installation.
        Local = "local" => "Here",
        /// On the workspace's own Airbyte.
        Airbyte = "airbyte" => "On your Airbyte",
    }
}

/// What the columns of runs call it.
pub const LOCAL: &str = "local";

sealed_column!(
    /// Client secrets and tokens of the workspaces' own Airbytes.
    pub SEALED_ENGINE_SECRETS = extraction_engines[id].sealed
);

/// Where a workspace's extractions run, as it was set.
#[derive(Debug, Clone)]
pub struct EngineSetting {
    id: ExtractionEngineId,
    workspace_id: WorkspaceId,
    /// Which is used. The rest stays stored while that is the one here.
    pub kind: EngineKind,
    /// Where the public API of the Airbyte begins, without a slash at its end.
    pub url: String,
    /// The id of the workspace there.
    pub airbyte_workspace: String,
    /// The destination there for sources whose records go to none of ours.
    pub destination: Option<String>,
    /// The client id of an application; `None`: the secret is a bearer token.
    pub client_id: Option<String>,
    sealed: Option<Vec<u8>>,
    version: i64,
    /// When a test of these details succeeded.
    pub tested_at: Option<UtcTime>,
    /// When it last changed.
    pub updated_at: UtcTime,
}

impl EngineSetting {
    /// Whether a secret is stored.
    pub fn has_secret(&self) -> bool {
        self.sealed.is_some()
    }

    /// Tells one workspace of one Airbyte from every other: ids of another place mean nothing there.
    pub fn place(&self) -> String {
        format!("{} {}", self.url, self.airbyte_workspace)
    }

    /// What gets us in.
    ///
    /// # Errors
    /// The secret does not open, or the address is none.
    pub fn account(&self, keys: &KeyRing) -> AppResult<AirbyteAccount> {
        let sealed = self.sealed.clone().map(Sealed::from_bytes).ok_or(AppError::NotFound)?;
        let plain = keys.open(&sealed, SEALED_ENGINE_SECRETS.at(&self.id, &self.workspace_id))?;
        let secret = SecretString::from(std::str::from_utf8(&plain).map_err(AppError::internal)?);
        let url = HttpsUrl::parse(&self.url);
        let url = url.map_err(|problem| AppError::internal(std::io::Error::other(problem.sentence())))?;
        let login = match &self.client_id {
            Some(client_id) => AirbyteLogin::Application { client_id: client_id.clone(), client_secret: secret },
            None => AirbyteLogin::Token(secret),
        };
        Ok(AirbyteAccount { url, workspace: self.airbyte_workspace.clone(), login })
    }
}

/// Adds the jobs of this feature.
pub fn jobs(registry: Registry) -> Registry {
    objects::jobs(registry)
}
