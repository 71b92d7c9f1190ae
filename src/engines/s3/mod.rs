//! Storage that speaks the protocol of Amazon S3, built in: records become files of a bucket, as JSON Lines or as Parquet.
//!
//! A table is a folder. Its file `_vestibule.json` says which files hold its rows, whose they are, and which run filled it last; it is written
//! last of all and is the word that counts. Records wait in files of the run's folder until the source was read; then the files are sent, in parts
//! that nobody sees, and one short step per table makes them files and says so (`load.rs`). `place.rs` says where the details lead, `table.rs`
//! what a table's own file says, and `storage.rs` is the way there: the protocol is that of the crate `object_store`, the connections are ours.
//!
//! Invariants: a connection goes to an address that was judged a moment before; nothing is deleted that this product has not written for the
//! same source; a load that broke off leaves nothing that the next one does not take away, so no record is there twice.

mod load;
mod place;
mod storage;
mod table;

pub use load::S3Load;
pub(super) use load::open;
pub use place::S3Target;

use futures_util::StreamExt as _;
use object_store::{ObjectStore as _, ObjectStoreExt as _};

use super::engine::{Engine, EngineAnswer};
use super::hosts::Hosts;
use super::run::EngineRun;
use super::{Ability, Failure, HostKey, Level, LoadPlace};
use crate::base::rng::Rng;
use crate::connectors::{Connector, Kind};
use crate::schema::form::{FinalConfig, secret_values};

const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The engine of such destinations.
pub(super) struct S3<'a> {
    pub(super) hosts: &'a Hosts,
    pub(super) rng: &'a Rng,
}

impl S3<'_> {
    fn place(connector: &Connector, config: &FinalConfig) -> Result<S3Target, Failure> {
        place::read(config.expose(), secret_values(&connector.spec, config))
    }

    /// Lists, and begins to send a file, which is taken back before it is one.
    async fn try_out(&self, target: &S3Target) -> Result<(), Failure> {
        let store = storage::open(self.hosts, target)?;
        let of_storage = |error| storage::failure(&error);
        if let Some(found) = store.list(Some(&target.folder())).next().await {
            found.map_err(of_storage)?;
        }
        let probe = target.at(&format!("_vestibule_check_{}", self.rng.text(ALPHABET, 12)));
        let mut upload = store.put_multipart(&probe).await.map_err(of_storage)?;
        let sent = upload.put_part("x".into()).await;
        upload.abort().await.map_err(of_storage)?;
        sent.map_err(of_storage)
    }
}

impl Engine for S3<'_> {
    fn ability(&self, connector: &Connector) -> Ability {
        let is_destination = connector.file.kind == Kind::Destination;
        Ability { check: is_destination, write: is_destination, ..Ability::default() }
    }

    fn check<'a>(&'a self, run: &'a EngineRun<'_>) -> EngineAnswer<'a, ()> {
        Box::pin(run.deadline.guard(async move {
            let target = Self::place(run.connector, run.config)?;
            self.try_out(&target).await.map_err(|failure| target.hide(failure))?;
            let words = "Signed in. The bucket can be listed, and an upload was begun and taken back.";
            run.sink.log(Level::Info, words).await
        }))
    }

    fn target(
        &self,
        connector: &Connector,
        config: &FinalConfig,
        _: Option<&HostKey>,
        _: &str,
    ) -> Result<LoadPlace, Failure> {
        Ok(LoadPlace::S3(Box::new(Self::place(connector, config)?)))
    }
}
