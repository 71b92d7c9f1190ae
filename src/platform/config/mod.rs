//! Settings: environment variables, each also as `…_FILE`; every problem is reported at once. One file a section.

mod connectors;
mod log;
mod mail;
mod metrics;
mod oauth;
mod server;
mod sign_in;
pub mod source;
mod storage;
mod webhooks;

pub use connectors::ConnectorsConfig;
pub use log::{LogConfig, LogFormat};
pub use mail::{MailConfig, MailLimits};
pub use metrics::MetricsConfig;
pub use oauth::{InstanceApp, OauthConfig};
pub use server::{BaseUrl, ServerConfig, ServerLimits};
pub use sign_in::{SessionLife, SignInConfig};
pub use source::{ConfigProblems, Environment, Source};
pub use storage::StorageConfig;
pub use webhooks::WebhooksConfig;

use crate::base::steps::steps_between;

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address, public URL, proxies, limits.
    pub server: ServerConfig,
    /// Data folder, database, master keys.
    pub storage: StorageConfig,
    /// How mail leaves.
    pub mail: MailConfig,
    /// More connector files.
    pub connectors: ConnectorsConfig,
    /// How webhooks are delivered.
    pub webhooks: WebhooksConfig,
    /// Clients at providers for every workspace.
    pub oauth: OauthConfig,
    /// Where identity providers may be.
    pub sign_in: SignInConfig,
    /// Who may read the figures.
    pub metrics: MetricsConfig,
    /// What is logged, and how.
    pub log: LogConfig,
    /// Variables that look like ours but are no setting of this version: worth a warning, they may be misspelt.
    pub unknown: Vec<String>,
}

impl Config {
    /// Reads and checks every setting.
    ///
    /// # Errors
    /// All problems, one line each; no line contains a secret value.
    pub fn from_source(source: &dyn Source) -> Result<Self, ConfigProblems> {
        let mut problems = ConfigProblems::default();
        let server = ServerConfig::read(source, &mut problems);
        let storage = StorageConfig::read(source, &mut problems);
        let mail = MailConfig::read(source, &mut problems, &server);
        let connectors = ConnectorsConfig::read(source, &mut problems);
        let webhooks = WebhooksConfig::read(source, &mut problems);
        let oauth = OauthConfig::read(source, &mut problems);
        let sign_in = SignInConfig::read(source, &mut problems);
        let metrics = MetricsConfig::read(source, &mut problems);
        let log = LogConfig::read(source, &mut problems);
        let unknown = source.unknown(&SETTINGS.map(|(name, _)| name));
        problems.into_result(Self {
            server,
            storage,
            mail,
            connectors,
            webhooks,
            oauth,
            sign_in,
            metrics,
            log,
            unknown,
        })
    }
}

/// The setting that is spelled almost like this name.
#[must_use]
pub fn nearest_setting(name: &str) -> Option<String> {
    let (bare, ending) = name.strip_suffix("_FILE").map_or((name, ""), |bare| (bare, "_FILE"));
    let names = SETTINGS.map(|(name, _)| (steps_between(bare, name), name));
    let near = names.into_iter().filter(|(steps, _)| *steps <= 4).min()?;
    Some(format!("{}{ending}", near.1))
}

/// A variable that looks like a setting and is none, in a sentence.
#[must_use]
pub fn no_setting(name: &str) -> String {
    let near = nearest_setting(name).map(|near| format!(": did you mean {near}?"));
    format!("{name} is set, but is no setting of this version{}", near.unwrap_or_default())
}

/// Every setting with what it is for: the one list that `--help`, `check-config` and the README's table agree with.
pub const SETTINGS: [(&str, &str); 25] = [
    ("VESTIBULE_BIND", "address and port to listen on; default 127.0.0.1:8080"),
    ("VESTIBULE_BASE_URL", "public address people open; default http://localhost with the port of VESTIBULE_BIND"),
    ("VESTIBULE_DATA_DIR", "folder for the database, the master key and mails; default ./data"),
    ("VESTIBULE_DATABASE_URL", "sqlite:PATH or postgres://…; default an SQLite file in the data folder"),
    (
        "VESTIBULE_MASTER_KEYS",
        "id:base64,… the first seals, all open; default a file in the data folder, made on the first run",
    ),
    (
        "VESTIBULE_SMTP_URL",
        "smtp://, smtps:// or smtp+starttls://user:password@host:port; without it mails become files in the data folder",
    ),
    ("VESTIBULE_MAIL_FROM", "sender of mails, like Vestibule <vestibule@example.com>"),
    ("VESTIBULE_TRUSTED_PROXIES", "addresses or networks, comma-separated, whose X-Forwarded-For is believed"),
    (
        "VESTIBULE_EXTRA_CA_FILE",
        "PEM file of further certificate authorities to trust (mail server, receivers of webhooks, providers)",
    ),
    ("VESTIBULE_CONNECTORS_DIR", "folder with more connector files; changes are taken in while Vestibule runs"),
    (
        "VESTIBULE_CONNECTOR_ALLOW_CIDRS",
        "networks, comma-separated, where providers, other systems of connectors and output layers may be although they are not public; default none",
    ),
    (
        "VESTIBULE_CONNECTOR_CONCURRENCY",
        "connectors of a kind of work (checks, extractions) that run at the same time in one process; default 2. Workspaces take turns, and one of several never has all of them",
    ),
    ("VESTIBULE_CONTAINER_ENGINE", "program that runs connectors kept as container images, like docker; default none"),
    (
        "VESTIBULE_CONNECTOR_INSTALL",
        "on or off; default off. On: owners of the instance (of its first workspace) who signed in a moment ago may install, upgrade and remove connectors in the browser; what they install runs on this server",
    ),
    (
        "VESTIBULE_WEBHOOK_RETRY_SCHEDULE",
        "seconds before each try, comma-separated; default 0,5,300,1800,7200,18000,36000,50400,72000,86400",
    ),
    (
        "VESTIBULE_WEBHOOK_ALLOW_CIDRS",
        "networks, comma-separated, that webhooks may go to although they are not public; default none",
    ),
    (
        "VESTIBULE_OAUTH_APPS_FILE",
        "JSON file with OAuth apps for every workspace: provider, client id, client secret; default none",
    ),
    (
        "VESTIBULE_SIGN_IN_ALLOW_CIDRS",
        "networks, comma-separated, where a workspace's identity provider may be although they are not public; default none",
    ),
    ("VESTIBULE_SESSION_IDLE_DAYS", "days after which somebody who was not seen signs in again; default 30"),
    (
        "VESTIBULE_SESSION_MAX_DAYS",
        "days after which everybody signs in again, however often they were seen; default 90",
    ),
    (
        "VESTIBULE_RATE_LIMITS",
        "on or off; default on. Tries at passwords, codes and tokens are counted in the database, over all processes",
    ),
    ("VESTIBULE_WORKERS", "threads that answer requests; default the number of cores"),
    (
        "VESTIBULE_METRICS_TOKEN",
        "what a reader of /metrics has to show as a bearer token; without it only this machine may read",
    ),
    ("VESTIBULE_LOG", "what is logged, like info or vestibule=debug; default info"),
    ("VESTIBULE_LOG_FORMAT", "text or json; default text"),
];
