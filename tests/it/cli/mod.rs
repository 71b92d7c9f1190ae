//! Commands that work on a database, run the way an operator runs them.

mod api_key;
mod backup;
mod copy;
mod demo;
mod doctor;
mod install;
mod keys;
mod migrate;
mod owner;
mod serve;
pub mod sign_in_provider;

use std::sync::Arc;

use vestibule::base::clock::Clock;
use vestibule::base::crypto::password::Cost;
use vestibule::base::rng::Rng;
use vestibule::platform::app::App;
use vestibule::platform::db::DatabaseUrl;

use crate::support::db;
use crate::support::installation::Installation;

/// Goes with the installation that uses it.
struct OwnDatabase(DatabaseUrl);

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        db::remove(&self.0);
    }
}

impl Installation {
    /// On the database the test run is for.
    pub fn new() -> Self {
        let mut installation = Self::on_sqlite();
        if db::postgres_url().is_some() {
            let place = db::empty_postgres();
            if let DatabaseUrl::Postgres(url) = &place {
                installation.set("VESTIBULE_DATABASE_URL", url);
            }
            installation.kept = Some(Box::new(OwnDatabase(place)));
        }
        installation
    }

    pub fn is_postgres(&self) -> bool {
        self.kept.is_some()
    }

    /// The product in this process, to look at what commands did.
    pub fn app(&self) -> Arc<App> {
        App::build_with(self.config(), Clock::System, Rng::System, Cost::Cheap).unwrap()
    }
}
