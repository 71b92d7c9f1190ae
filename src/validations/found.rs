//! What a validation found, packed (gzip) and sealed: a catalog can have most of a megabyte of schemas.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::{Validation, sealed_at};
use crate::crypto::{KeyRing, Sealed};
use crate::error::{AppError, AppResult};
use crate::ids::{ValidationId, WorkspaceId};
use crate::rng::Rng;
use crate::runtimes::Catalog;

pub(super) const COLUMN: &str = "sealed_found";
/// More than this unpacked is no catalog of ours.
const LARGEST: u64 = 64 * 1024 * 1024;

pub(super) fn pack(
    catalog: &Catalog,
    (workspace, id): (&WorkspaceId, &ValidationId),
    keys: &KeyRing,
    rng: &Rng,
) -> AppResult<Sealed> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut packer, catalog).map_err(AppError::internal)?;
    packer.flush().map_err(AppError::internal)?;
    let bytes = packer.finish().map_err(AppError::internal)?;
    Ok(keys.seal(&bytes, sealed_at(id.as_str(), COLUMN, workspace), rng)?)
}

impl Validation {
    /// The streams it found; none when it found none.
    ///
    /// # Errors
    /// The sealed value does not open.
    pub fn found(&self, keys: &KeyRing) -> AppResult<Catalog> {
        let Some(bytes) = &self.sealed_found else { return Ok(Catalog::default()) };
        let at = sealed_at(self.id.as_str(), COLUMN, &self.workspace_id);
        let packed = keys.open(&Sealed::from_bytes(bytes.clone()), at)?;
        let mut text = Vec::new();
        GzDecoder::new(packed.as_slice()).take(LARGEST).read_to_end(&mut text).map_err(AppError::internal)?;
        serde_json::from_slice(&text).map_err(AppError::internal)
    }
}
