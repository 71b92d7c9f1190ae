//! What a validation found, packed (gzip) and sealed: a catalog can have most of a megabyte of schemas.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::{SEALED_FOUND, Validation};
use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, Sealed};
use crate::base::error::{AppError, AppResult};
use crate::engines::{Catalog, Failure, FailureReason, Turn};
use crate::platform::tx::Tx;

/// More than this unpacked is no catalog of ours.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Whether a catalog can be kept and read again.
pub(super) fn fits(catalog: &Catalog) -> bool {
    serde_json::to_vec(catalog).is_ok_and(|text| (text.len() as u64) < LARGEST)
}

/// What is said of one that does not fit.
pub(super) fn too_large() -> Failure {
    let message = "This source offers more streams and fields than can be kept (64 MB of names and types). \
                   Give the user rights on fewer tables, or name fewer of them in the details.";
    Failure::new(FailureReason::TooMuchOutput, message).on(Turn::Giver)
}

pub(super) fn pack(tx: &Tx<'_>, validation: &Validation, catalog: &Catalog) -> AppResult<Sealed> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut packer, catalog).map_err(AppError::internal)?;
    packer.flush().map_err(AppError::internal)?;
    let bytes = packer.finish().map_err(AppError::internal)?;
    Ok(tx.keys.seal(&bytes, SEALED_FOUND.at(&validation.id, &validation.workspace_id), tx.rng)?)
}

impl Validation {
    /// When the streams were read, where they were kept from before this validation began.
    pub fn kept_since(&self) -> Option<UtcTime> {
        let (found, started) = (self.details.found_at?, self.started_at?);
        Some(found).filter(|found| *found < started)
    }

    /// The streams it found; none when it found none.
    ///
    /// # Errors
    /// The sealed value does not open.
    pub fn found(&self, keys: &KeyRing) -> AppResult<Catalog> {
        let Some(bytes) = &self.details.sealed_found else { return Ok(Catalog::default()) };
        let at = SEALED_FOUND.at(&self.id, &self.workspace_id);
        let packed = keys.open(&Sealed::from_bytes(bytes.clone()), at)?;
        let mut text = Vec::new();
        GzDecoder::new(packed.as_slice()).take(LARGEST).read_to_end(&mut text).map_err(AppError::internal)?;
        serde_json::from_slice(&text).map_err(AppError::internal)
    }
}
