//! Connections for r2d2.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::r2d2;

use super::alive::{ALIVE, Turn};
use super::conn::{Conn, DatabaseUrl};
use super::dialect;

/// A connection of the pool.
pub struct Pooled {
    // In this order: the turn ends when the connection is closed.
    pub(super) conn: Conn,
    _turn: Turn<'static>,
}

/// Makes connections for r2d2.
#[derive(Debug, Clone)]
pub struct Manager(pub DatabaseUrl);

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<Pooled, Self::Error> {
        let failed = |reason| r2d2::Error::ConnectionError(ConnectionError::BadConnection(reason));
        let turn = ALIVE.begin().ok_or_else(|| failed("the process is about to end".to_owned()))?;
        let conn = self.0.open().map_err(|error| failed(format!("{error:#}")))?;
        Ok(Pooled { conn, _turn: turn })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), Self::Error> {
        pooled.conn.batch_execute("SELECT 1").map_err(r2d2::Error::QueryError)
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        std::thread::panicking() || dialect::is_broken(&mut pooled.conn)
    }
}
