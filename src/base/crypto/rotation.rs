//! Rotation of master keys: what is stored is sealed anew with the first key, a few rows at a time, each batch in a transaction of its
//! own, so that it goes on while the product runs and can be killed and run again.

use super::keys::KeyRing;
use super::seal::{Sealed, SealedAt};
use crate::base::error::{AppError, AppResult};
use crate::base::rng::Rng;

/// Rows that are looked at in one transaction.
pub const ROWS_AT_ONCE: i64 = 50;

/// What values are sealed anew with.
#[derive(Clone, Copy)]
pub struct Rotation<'a> {
    /// All keys; the first one seals.
    pub keys: &'a KeyRing,
    /// Randomness.
    pub rng: &'a Rng,
}

/// What came of one batch of rows: the last id that was looked at and how many values were sealed anew, or `None` at the end of the
/// table.
pub type Batch<Id> = Option<(Id, usize)>;

impl Rotation<'_> {
    /// Seals one value anew and has it `put` in its place. Gives how many values that were: none when there is no value here, or the
    /// first key has sealed it already.
    ///
    /// # Errors
    /// The value does not open with any key of the ring, or is not put.
    pub fn value<E>(
        &self,
        sealed: Option<&Sealed>,
        at: SealedAt<'_>,
        put: impl FnOnce(&Sealed) -> Result<(), E>,
    ) -> AppResult<usize>
    where
        AppError: From<E>,
    {
        let Some(sealed) = sealed else { return Ok(0) };
        let Some(fresh) = self.keys.reseal(sealed, at, self.rng)? else { return Ok(0) };
        put(&fresh)?;
        Ok(1)
    }
}

/// Goes through the rows that one query gave, in its order; `values` seals those of one row anew and says how many they were.
///
/// # Errors
/// As `values`.
pub fn batch<Row, Id: Clone>(
    rows: &[Row],
    id: impl Fn(&Row) -> &Id,
    mut values: impl FnMut(&Row) -> AppResult<usize>,
) -> AppResult<Batch<Id>> {
    let Some(last) = rows.last() else { return Ok(None) };
    let mut count = 0;
    for row in rows {
        count += values(row)?;
    }
    Ok(Some((id(last).clone(), count)))
}
