//! Where records of other sources go: a schema of PostgreSQL or a folder of a bucket, which are built in, or a place that dlt loads into. Both take records, then get
//! everything ready, and then let it be seen.

use super::dlt::{DltLoad, DltTarget};
use super::s3::{S3Load, S3Target};
use super::{Failure, HostKey, Load, LoadTarget, Record, TableLoss};

/// A place that records can go to.
#[derive(Debug, Clone)]
pub enum LoadPlace {
    /// A schema of PostgreSQL.
    Postgres(Box<LoadTarget>),
    /// A folder of a bucket.
    S3(Box<S3Target>),
    /// A place that dlt loads into.
    Dlt(Box<DltTarget>),
}

/// Records on their way. Dropped, it leaves nothing.
#[derive(Debug)]
pub enum RecordLoad {
    /// Into a schema of PostgreSQL.
    Postgres(Box<Load>),
    /// Into a folder of a bucket.
    S3(Box<S3Load>),
    /// Into a place that dlt loads into.
    Dlt(Box<DltLoad>),
}

impl LoadPlace {
    /// Where it is, without who may go there.
    pub fn address(&self) -> String {
        match self {
            Self::Postgres(target) => target.address(),
            Self::S3(target) => target.address().to_owned(),
            Self::Dlt(target) => target.address().to_owned(),
        }
    }

    /// What tells this place from others.
    pub fn mark(&self) -> String {
        match self {
            Self::Postgres(target) => target.mark(),
            Self::S3(target) => target.mark(),
            Self::Dlt(target) => target.mark().to_owned(),
        }
    }

    /// Whether a load that breaks off leaves nothing; otherwise the next one puts it right.
    pub const fn is_all_or_nothing(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// A host key that a jump server on the way has shown since, and that is not the known one.
    pub fn shown_host_key(&self) -> Option<HostKey> {
        match self {
            Self::Postgres(target) => target.shown_host_key(),
            Self::S3(_) | Self::Dlt(_) => None,
        }
    }
}

impl RecordLoad {
    /// Takes some records.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn write(&mut self, records: Vec<Record>) -> Result<(), Failure> {
        match self {
            Self::Postgres(load) => load.write(&records).await,
            Self::S3(load) => load.write(records).await,
            Self::Dlt(load) => load.write(records).await,
        }
    }

    /// The records that come for this table take the place of all that it holds. Before the first of them.
    pub fn begin_anew(&mut self, place: usize) {
        match self {
            Self::Postgres(load) => load.begin_anew(place),
            Self::S3(load) => load.begin_anew(place),
            Self::Dlt(load) => load.begin_anew(place),
        }
    }

    /// Asks whether the other side is still there; where records wait here, there is nobody to ask.
    ///
    /// # Errors
    /// It is not.
    pub async fn nudge(&self) -> Result<(), Failure> {
        match self {
            Self::Postgres(load) => load.nudge().await,
            Self::S3(_) | Self::Dlt(_) => Ok(()),
        }
    }

    /// Gets everything ready. Streams that could not be read to the end (`incomplete`) take nobody's place.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn prepare(&mut self, incomplete: &[usize]) -> Result<(), Failure> {
        match self {
            Self::Postgres(load) => load.prepare(incomplete).await,
            Self::S3(load) => load.prepare(incomplete).await.map_err(|failure| load.hide(failure)),
            Self::Dlt(load) => load.prepare(incomplete).await.map_err(|failure| load.hide(failure)),
        }
    }

    /// Lets it be seen. What dlt loads is seen as soon as it is loaded.
    ///
    /// # Errors
    /// Why nobody can say that it is so.
    pub async fn commit(self) -> Result<(), Failure> {
        match self {
            Self::Postgres(load) => load.commit().await,
            Self::S3(load) => {
                let target = load.target();
                load.commit().await.map_err(|failure| target.hide(failure))
            }
            Self::Dlt(_) => Ok(()),
        }
    }

    /// What is worth a line of the log, once.
    pub fn notes(&mut self) -> Vec<String> {
        std::mem::take(match self {
            Self::Postgres(load) => &mut load.notes,
            Self::S3(load) => &mut load.notes,
            Self::Dlt(load) => &mut load.notes,
        })
    }

    /// Tables that cannot be added to, once.
    pub fn lost(&mut self) -> Vec<(usize, TableLoss)> {
        std::mem::take(match self {
            Self::Postgres(load) => &mut load.lost,
            Self::S3(load) => &mut load.lost,
            Self::Dlt(load) => &mut load.lost,
        })
    }
}
