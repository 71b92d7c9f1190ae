//! One connection type over both databases, opened by the URL's scheme: `MultiConnection::establish` would fall through
//! from a PostgreSQL that is down to an SQLite file of that name.

use anyhow::{Context as _, bail};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

/// A connection to SQLite or PostgreSQL.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// A PostgreSQL server.
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
}

/// Where the data lives.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// Path of an SQLite file.
    Sqlite(String),
    /// A `postgres://` URL. It may hold a password: never print it; [`DatabaseUrl::shown`] is what may be seen.
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads `sqlite:PATH`, `sqlite://PATH` or `postgres://…`; anything else is refused rather than guessed.
    ///
    /// # Errors
    /// An unknown scheme, with the accepted ones named.
    pub fn parse(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            Some("") => bail!("sqlite: names no file; write sqlite:/path/to/vestibule.db"),
            Some(path) => Ok(Self::Sqlite(path.to_owned())),
            None => bail!("must begin with sqlite: or postgres://"),
        }
    }

    /// The place for people and logs: without user and password.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("SQLite file {path}"),
            Self::Postgres(url) => match url::Url::parse(url) {
                Ok(url) => format!("PostgreSQL at {}{}", url.host_str().unwrap_or("local socket"), url.path()),
                Err(_) => "PostgreSQL".to_owned(),
            },
        }
    }

    /// Opens one connection and gives it this product's settings.
    ///
    /// # Errors
    /// The database cannot be reached, or this build has no PostgreSQL support.
    pub fn open(&self) -> anyhow::Result<Conn> {
        match self {
            Self::Sqlite(path) => open_sqlite(path),
            Self::Postgres(url) => open_postgres(url),
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

fn open_sqlite(path: &str) -> anyhow::Result<Conn> {
    let mut conn = SqliteConnection::establish(path).with_context(|| format!("cannot open the SQLite file {path}"))?;
    // busy_timeout comes first: switching to WAL already needs the lock. The log is folded back every 16 MB, not every 4: ids and
    // hashes spread a submission over many pages, and folding back writes a page once, however often it is in the log.
    conn.batch_execute(
        "PRAGMA busy_timeout = 4000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 4000;",
    )
    .context("cannot set up the SQLite connection")?;
    Ok(Conn::Sqlite(conn))
}

#[cfg(feature = "postgres")]
pub(super) fn connect(url: &str) -> anyhow::Result<PgConnection> {
    PgConnection::establish(&with_timeouts(url))
        .map_err(|error| anyhow::anyhow!("cannot reach PostgreSQL: {}", safe_reason(&error.to_string())))
}

#[cfg(feature = "postgres")]
fn open_postgres(url: &str) -> anyhow::Result<Conn> {
    let mut conn = connect(url)?;
    // A bitmap reads everything that a condition finds before the first row comes out, and our lists stop after a page; they are read in
    // the order of an index. Compiling a statement takes longer than any of ours.
    conn.batch_execute(
        "SET TIME ZONE 'UTC'; SET lock_timeout = '4s'; SET idle_in_transaction_session_timeout = '60s'; \
         SET enable_bitmapscan = off; SET jit = off;",
    )
    .context("cannot set up the PostgreSQL connection")?;
    Ok(Conn::Postgres(conn))
}

/// What libpq is told of waiting (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>), unless the operator has said
/// something else: without these, a server that went away without a word is waited for for two hours.
#[cfg(feature = "postgres")]
const TIMEOUTS: [(&str, &str); 5] = [
    ("connect_timeout", "3"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "3"),
    // Milliseconds.
    ("tcp_user_timeout", "10000"),
];

#[cfg(feature = "postgres")]
fn with_timeouts(url: &str) -> String {
    let mut whole = url.to_owned();
    for (name, value) in TIMEOUTS.iter().filter(|(name, _)| !url.contains(&format!("{name}="))) {
        whole.push(if whole.contains('?') { '&' } else { '?' });
        whole.push_str(&format!("{name}={value}"));
    }
    whole
}

/// What libpq says when it tried to connect, in one line. What it says when it cannot read the URL quotes parts of it, the
/// password among them.
#[cfg(feature = "postgres")]
fn safe_reason(said: &str) -> String {
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.starts_with("connection to server") {
        return line;
    }
    let reason = if line.starts_with("could not translate host name") {
        "the host is not known"
    } else {
        "the address cannot be read; in user and password write @ as %40, / as %2F and % as %25"
    };
    format!("{reason} (VESTIBULE_DATABASE_URL)")
}

#[cfg(not(feature = "postgres"))]
fn open_postgres(_url: &str) -> anyhow::Result<Conn> {
    bail!(
        "this build has no PostgreSQL support. Install libpq (Debian: apt-get install libpq-dev) and build with: \
         cargo build --release --features postgres"
    )
}
