//! What a use case gets to work with: one transaction, the moment it happens at, and what makes and seals new things.
//!
//! Features hang their own verbs on it (`tx.record` of the activity log, `tx.enqueue` of the queue, `tx.tell` of the webhooks), so that
//! whatever must happen later is written in the same transaction.

use crate::base::clock::UtcTime;
use crate::base::crypto::KeyRing;
use crate::base::error::AppResult;
use crate::base::rng::Rng;
use crate::platform::app::App;
use crate::platform::db::Conn;

/// One transaction.
pub struct Tx<'a> {
    /// Where everything is written; what is written is there when the transaction ends well, and was never there otherwise.
    pub conn: &'a mut Conn,
    /// The moment of the whole transaction.
    pub now: UtcTime,
    /// Randomness for ids, tokens and nonces.
    pub rng: &'a Rng,
    /// What seals secrets.
    pub keys: &'a KeyRing,
}

impl App {
    /// Runs one transaction: everything in the closure happens, or nothing.
    ///
    /// # Errors
    /// What the closure refuses (then nothing was written), or an internal error when the database cannot be asked.
    pub async fn write<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> AppResult<T> + Send + 'static,
    {
        self.db.write(self.with_ports(work)).await
    }

    /// [`App::write`] for code that may block: commands and start-up.
    ///
    /// # Errors
    /// As [`App::write`].
    pub fn write_blocking<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> AppResult<T> + Send + 'static,
    {
        self.db.write_blocking(self.with_ports(work))
    }

    fn with_ports<T>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> AppResult<T> + Send + 'static,
    ) -> impl FnOnce(&mut Conn) -> AppResult<T> + Send + 'static {
        let (now, rng, keys) = (self.clock.now(), self.rng.clone(), self.keys.clone());
        move |conn| work(&mut Tx { conn, now, rng: &rng, keys: &keys })
    }
}
