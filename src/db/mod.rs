//! The database: two doors, [`Db::read`] and [`Db::write`]. diesel blocks, so each door hops to the blocking pool once; all
//! SQL of one step goes into one closure, and a write closure is one transaction.
//!
//! SQLite has one writer thread (many writers in one pool wait for each other for seconds) and a pool of readers.
//! PostgreSQL has one pool for both.

pub mod conn;
pub mod dialect;
pub mod instance;
pub mod migrations;
pub mod schema;
pub mod types;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use diesel::r2d2::Pool;

pub use conn::{Conn, Place};

use crate::error::{AppError, AppResult};
use conn::Manager;
use writer::Writer;

const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;

/// The open database. Clones share it.
#[derive(Clone)]
pub struct Db {
    place: Place,
    pool: Pool<Manager>,
    writer: Option<Arc<Writer>>,
}

impl Db {
    /// Opens the database and brings its tables up to date.
    ///
    /// # Errors
    /// It cannot be reached, or a migration fails.
    pub fn open(place: &Place) -> anyhow::Result<Self> {
        migrations::run(&mut place.open()?)?;
        Self::open_as_is(place)
    }

    /// Opens the database without touching its tables.
    ///
    /// # Errors
    /// It cannot be reached.
    pub fn open_as_is(place: &Place) -> anyhow::Result<Self> {
        let (size, writer) = match place {
            Place::Sqlite(_) => (READERS, Some(Arc::new(Writer::start(place.clone())?))),
            Place::Postgres(_) => (POSTGRES_CONNECTIONS, None),
        };
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(Duration::from_secs(10))
            .build(Manager(place.clone()))
            .with_context(|| format!("cannot open {}", place.shown()))?;
        Ok(Self { place: place.clone(), pool, writer })
    }

    /// Where the data lives.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Runs queries that change nothing.
    ///
    /// # Errors
    /// What the closure refuses, or an internal error when the database cannot be asked.
    pub async fn read<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        let db = self.clone();
        hop(move || db.read_blocking(work)).await
    }

    /// Runs one transaction: everything in the closure happens, or nothing.
    ///
    /// # Errors
    /// What the closure refuses (then nothing was written), or an internal error when the database cannot be asked.
    pub async fn write<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        match &self.writer {
            Some(writer) => writer.write(work).await,
            None => {
                let db = self.clone();
                hop(move || db.write_pooled(work)).await
            }
        }
    }

    /// [`Db::read`] for code that may block: commands and start-up.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_blocking<T>(&self, work: impl FnOnce(&mut Conn) -> AppResult<T>) -> AppResult<T> {
        work(&mut *self.pool.get().map_err(|error| AppError::internal(error).context("database pool"))?)
    }

    /// [`Db::write`] for code that may block: commands and start-up.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_blocking<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        match &self.writer {
            Some(writer) => writer.write_blocking(work),
            None => self.write_pooled(work),
        }
    }

    fn write_pooled<T>(&self, work: impl FnOnce(&mut Conn) -> AppResult<T>) -> AppResult<T> {
        let mut conn = self.pool.get().map_err(|error| AppError::internal(error).context("database pool"))?;
        transaction(&mut conn, work)
    }
}

/// One transaction on a connection of our own choice.
fn transaction<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> AppResult<T>) -> AppResult<T> {
    dialect::begin_write(conn)?;
    match work(conn) {
        Ok(value) => {
            dialect::commit(conn)?;
            Ok(value)
        }
        Err(error) => {
            dialect::rollback(conn)?;
            Err(error)
        }
    }
}

async fn hop<T: Send + 'static>(work: impl FnOnce() -> AppResult<T> + Send + 'static) -> AppResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(AppError::internal(error)),
    }
}
