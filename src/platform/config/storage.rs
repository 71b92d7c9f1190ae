//! `VESTIBULE_DATA_DIR`, `VESTIBULE_DATABASE_URL`, `VESTIBULE_MASTER_KEYS`.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::source::{ConfigProblems, Source};
use crate::platform::db::DatabaseUrl;

/// Where data lies and what seals it.
#[derive(Debug, Clone)]
pub struct StorageConfig {
    /// Folder for everything kept in files.
    pub data_dir: PathBuf,
    /// The database.
    pub database: DatabaseUrl,
    /// Master keys as given (`id:base64,…`); `None`: the key file of the data folder.
    pub master_keys: Option<SecretString>,
    /// So long a request waits for a connection to the database; whoever waits longer is told to come back. No setting changes it.
    pub patience: Duration,
}

const PATIENCE: Duration = Duration::from_secs(4);

impl StorageConfig {
    pub(super) fn read(source: &dyn Source, problems: &mut ConfigProblems) -> Self {
        let data_dir =
            PathBuf::from(problems.text(source, "VESTIBULE_DATA_DIR").unwrap_or_else(|| "./data".to_owned()));
        let default = DatabaseUrl::Sqlite(data_dir.join("vestibule.db").to_string_lossy().into_owned());
        let database = problems.parsed(source, "VESTIBULE_DATABASE_URL", default, DatabaseUrl::parse);
        let master_keys = problems.parsed(source, "VESTIBULE_MASTER_KEYS", None, |text| {
            crate::base::crypto::KeyRing::parse(text).map(|_| Some(SecretString::from(text)))
        });
        Self { data_dir, database, master_keys, patience: PATIENCE }
    }

    /// Everything in one folder, as the embedded default has it.
    #[cfg(test)]
    pub fn in_folder(data_dir: &std::path::Path) -> Self {
        let database = DatabaseUrl::Sqlite(data_dir.join("vestibule.db").to_string_lossy().into_owned());
        Self { data_dir: data_dir.to_owned(), database, master_keys: None, patience: PATIENCE }
    }

    /// The key file of the data folder.
    pub fn key_file(&self) -> PathBuf {
        self.data_dir.join("master.key")
    }

    /// Where mails are written when there is no mail server.
    pub fn mail_dir(&self) -> PathBuf {
        self.data_dir.join("mail")
    }
}
