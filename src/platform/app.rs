//! Everything that reaches outside the process, in one struct that a test can build with harmless twins.

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::base::clock::Clock;
use crate::base::crypto::password::Cost;
use crate::base::crypto::{KeyRing, Marker, PasswordWorkers, Sealed, SealedAt};
use crate::base::error::AppError;
use crate::base::http_client::{AddressPolicy, GuardedClient, Resolver};
use crate::base::rng::Rng;
use crate::connectors::Connectors;
use crate::engines::install::{InstallFolders, Installer};
use crate::engines::{EngineSettings, Engines};
use crate::platform::config::Config;
use crate::platform::db::{Conn, DatabaseUrl, Db, instance};
use crate::platform::email::Mailer;
use crate::platform::lease_watch::LeaseWatch;
use crate::platform::metrics::Metrics;
use crate::platform::noted_lately::NotedLately;
use crate::platform::private;
use crate::platform::web::rate_limit::RateLimits;

/// The ports of the product.
pub struct App {
    /// Checked settings.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// The present.
    pub clock: Clock,
    /// Randomness.
    pub rng: Rng,
    /// What seals secrets.
    pub keys: KeyRing,
    /// Where mail goes.
    pub mailer: Mailer,
    /// The way out to addresses that people give.
    pub http: GuardedClient,
    /// The way out to identity providers of workspaces.
    pub identity_http: GuardedClient,
    /// The way out to providers that connectors sign in with.
    pub connector_http: GuardedClient,
    /// The catalogue.
    pub connectors: Connectors,
    /// What runs connectors.
    pub engines: Engines,
    /// What makes the environments they are installed in.
    pub installer: Installer,
    /// Who is asking too often.
    pub limits: RateLimits,
    /// Marks on forms.
    pub form_marks: Marker,
    /// Marks on receipts.
    pub receipt_marks: Marker,
    /// What this process has noted lately and need not note again.
    pub noted_lately: NotedLately,
    /// What this process has watched of the leases of workers.
    pub lease_watch: LeaseWatch,
    /// What this process has counted.
    pub metrics: Metrics,
    /// How much work a password hash takes.
    pub password_cost: Cost,
    /// Who computes them.
    pub passwords: PasswordWorkers,
}

impl App {
    /// Opens everything for real: database (migrated), keys, catalogue, mail.
    ///
    /// # Errors
    /// Whatever keeps the product from running, in words for the operator.
    pub fn build(config: Config) -> anyhow::Result<Arc<Self>> {
        Self::build_with(config, Clock::System, Rng::System, Cost::Standard)
    }

    /// [`App::build`] with time, randomness and password cost given.
    ///
    /// # Errors
    /// As [`App::build`].
    pub fn build_with(config: Config, clock: Clock, rng: Rng, password_cost: Cost) -> anyhow::Result<Arc<Self>> {
        private::prepare_storage(&config.storage)?;
        let db = Db::open(&config.storage.database)?.with_patience(config.storage.patience);
        let keys = load_keys(&config, &db, &clock, &rng)?;
        let mailer = Mailer::from_config(&config.mail, &config.storage.mail_dir())?;
        let policy = AddressPolicy::with_open(config.webhooks.allow.clone());
        let http = GuardedClient::new(policy, Resolver::System, config.mail.extra_ca_file.as_deref())?;
        let identity_http = http.with_policy(AddressPolicy::with_open(config.sign_in.allow.clone()));
        let connector_http = http.with_policy(AddressPolicy::with_open(config.connectors.allow.clone()));
        let installed = InstallFolders::of(&config.storage.data_dir);
        let connectors = Connectors::load_with(Some(&installed.files), config.connectors.dir.as_deref())?;
        for fault in connectors.faults() {
            tracing::error!(file = %fault.place(), reason = fault.reason, "a connector file cannot be used. {}", fault.meanwhile());
        }
        let engines = Engines::new(engine_settings(&config), connector_http.clone(), rng.clone());
        let installer = installer(&config, &rng);
        Ok(Arc::new(Self {
            limits: RateLimits::new(config.server.rate_limits),
            form_marks: Marker::new(&keys, "form"),
            receipt_marks: Marker::new(&keys, "receipt"),
            noted_lately: NotedLately::default(),
            lease_watch: LeaseWatch::default(),
            metrics: Metrics::default(),
            config,
            db,
            clock,
            rng,
            keys,
            mailer,
            http,
            identity_http,
            connector_http,
            connectors,
            engines,
            installer,
            password_cost,
            passwords: PasswordWorkers::default(),
        }))
    }
}

/// What installs connectors by these settings.
pub fn installer(config: &Config, rng: &Rng) -> Installer {
    let folders = InstallFolders::of(&config.storage.data_dir);
    Installer::new(folders, config.connectors.path.clone(), config.connectors.tool_variables.clone(), rng.clone())
}

/// How connectors are run by these settings.
pub fn engine_settings(config: &Config) -> EngineSettings {
    EngineSettings {
        runs: config.storage.data_dir.join("runs"),
        environments: InstallFolders::of(&config.storage.data_dir).environments,
        data_dir: config.storage.data_dir.clone(),
        concurrency: config.connectors.concurrency,
        path: config.connectors.path.clone(),
        container_engine: config.connectors.container_engine.clone(),
        only_public: config.connectors.allow.is_empty(),
        own_database: match &config.storage.database {
            DatabaseUrl::Postgres(url) => Some(url.clone()),
            DatabaseUrl::Sqlite(_) => None,
        },
    }
}

/// Name of the value in the instance table that only the right master keys open.
pub const KEY_CHECK: &str = "key_check";
const KEY_CHECK_AT: SealedAt<'static> = SealedAt { table: "instance", row: KEY_CHECK, column: "value", workspace: "" };

/// The master keys: from the settings, else from the key file; made only for a database that has never had a key.
fn load_keys(config: &Config, db: &Db, clock: &Clock, rng: &Rng) -> anyhow::Result<KeyRing> {
    let check = db.read_blocking(|conn| Ok(instance::find(conn, KEY_CHECK)?)).context("reading the key check")?;
    let keys = match existing_keys(config)? {
        Some(keys) => keys,
        None => new_key_file(config, check.is_some(), clock, rng)?,
    };
    let bytes = match check {
        Some(bytes) => bytes,
        None => first_key_check(db, &keys, rng)?,
    };
    keys.open(&Sealed::from_bytes(bytes), KEY_CHECK_AT).context(
        "the master keys do not fit this database: give the keys it was made with (VESTIBULE_MASTER_KEYS or the key file)",
    )?;
    Ok(keys)
}

/// Writes the key check; when another process was faster, its check is the one that counts.
fn first_key_check(db: &Db, keys: &KeyRing, rng: &Rng) -> anyhow::Result<Vec<u8>> {
    let sealed = keys.seal(b"vestibule", KEY_CHECK_AT, rng)?;
    let stored = db.write_blocking(move |conn| {
        instance::claim(conn, KEY_CHECK, sealed.as_bytes())?;
        Ok(instance::find(conn, KEY_CHECK)?)
    })?;
    stored.context("the key check was not stored")
}

/// Re-seals the key check with the primary key; the last step of a rotation.
///
/// # Errors
/// The database or the key ring refuses.
pub fn reseal_key_check(db: &Db, keys: &KeyRing, rng: &Rng) -> anyhow::Result<()> {
    let Some(bytes) = db.read_blocking(|conn| Ok(instance::find(conn, KEY_CHECK)?))? else { return Ok(()) };
    if let Some(sealed) = keys.reseal(&Sealed::from_bytes(bytes), KEY_CHECK_AT, rng)? {
        db.write_blocking(move |conn| instance::put(conn, KEY_CHECK, sealed.as_bytes()).map_err(AppError::from))?;
    }
    Ok(())
}

/// The master keys of the settings, else of the key file; `None` when there is neither. Nothing is made.
///
/// # Errors
/// The keys or their file cannot be read.
pub fn existing_keys(config: &Config) -> anyhow::Result<Option<KeyRing>> {
    if let Some(text) = &config.storage.master_keys {
        return KeyRing::parse(text.expose_secret()).map(Some);
    }
    let path = config.storage.key_file();
    match std::fs::read_to_string(&path).map(Zeroizing::new) {
        Ok(text) => KeyRing::parse(text.trim()).map(Some).with_context(|| format!("the key file {}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => bail!("the key file {} cannot be read: {error}", path.display()),
    }
}

/// Whether the keys open what this database keeps for that question; `false` when it keeps nothing, because no key was ever used.
///
/// # Errors
/// The keys are not those of this database.
pub fn keys_fit(conn: &mut Conn, keys: &KeyRing) -> anyhow::Result<bool> {
    let Some(bytes) = instance::find(conn, KEY_CHECK)? else { return Ok(false) };
    keys.open(&Sealed::from_bytes(bytes), KEY_CHECK_AT)?;
    Ok(true)
}

fn new_key_file(config: &Config, database_has_key: bool, clock: &Clock, rng: &Rng) -> anyhow::Result<KeyRing> {
    let path = config.storage.key_file();
    ensure!(
        !database_has_key,
        "this database was sealed with a master key that is not here: put it back into {} or set VESTIBULE_MASTER_KEYS. \
         No new key is made, because it could not open what is stored",
        path.display()
    );
    let text = KeyRing::generate(clock.now(), rng);
    private::write_private(&path, text.as_bytes())?;
    tracing::info!(file = %path.display(), "made a new master key; keep a copy of this file in a safe place");
    KeyRing::parse(&text)
}
