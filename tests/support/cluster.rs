//! A database and a role of its own for every test.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_postgres::{Client, NoTls};

use super::engine::{Place, Task};
use super::{CANARY, skipped};

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The password of every role: long enough to be looked for.
pub const PASSWORD: &str = CANARY;

pub struct Cluster {
    pub host: String,
    pub port: u16,
    /// The database and the role that may read it.
    pub name: String,
    pub admin: Client,
}

impl Cluster {
    /// `None` when the tests run without PostgreSQL.
    pub async fn new(sql: &str) -> Option<Self> {
        let server = server()?;
        let name = format!("reader_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let first = connect(&server).await;
        first.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let role =
            format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'; GRANT CONNECT ON DATABASE {name} TO {name}");
        first.batch_execute(&role).await.unwrap();
        let mut own = server.clone();
        own.set_path(&name);
        let admin = connect(&own).await;
        admin.batch_execute(sql).await.unwrap();
        let host = server.host_str().unwrap().to_owned();
        let this = Self { host, port: server.port().unwrap_or(5432), name, admin };
        this.sql("GRANT USAGE ON SCHEMA public TO $role; GRANT SELECT ON ALL TABLES IN SCHEMA public TO $role").await;
        Some(this)
    }

    /// One whose reader has to give their password and come encrypted, and the authority that signed the server's certificate: needs the
    /// server that `tests/run` makes, where that is asked of the members of two roles, and the certificate is for `localhost`.
    pub async fn strict(sql: &str) -> Option<(Self, String)> {
        let authority =
            told("TEST_POSTGRES_CA").or_else(|| skipped("a PostgreSQL with certificates", "TEST_POSTGRES_CA"));
        let authority = std::fs::read_to_string(authority?).unwrap();
        let cluster = Self::new(sql).await?;
        for role in ["needs_password", "needs_tls"] {
            // Another test may be faster.
            let _ = cluster.admin.batch_execute(&format!("CREATE ROLE {role} NOLOGIN")).await;
            cluster.sql(&format!("GRANT {role} TO $role")).await;
        }
        Some((cluster, authority))
    }

    /// Statements of an administrator; `$role` is the reader.
    pub async fn sql(&self, sql: &str) {
        self.admin.batch_execute(&sql.replace("$role", &self.name)).await.unwrap();
    }

    /// One more session of the administrator.
    pub async fn another(&self) -> Client {
        let mut own = server().unwrap();
        own.set_path(&self.name);
        connect(&own).await
    }

    /// The connector `postgres` with this database, and whatever else is to be different.
    pub fn task(&self, different: &Value) -> Task {
        let mut config = json!({
            "host": self.host, "port": self.port, "database": self.name, "username": self.name, "password": PASSWORD,
            "ssl_mode": {"mode": "prefer"}, "replication_method": {"method": "Standard"},
        });
        for (name, value) in different.as_object().unwrap() {
            config[name] = value.clone();
        }
        task(&config)
    }

    /// Takes database and role away.
    pub async fn end(self) {
        let server = server().unwrap();
        let (name, first) = (self.name, connect(&server).await);
        drop(self.admin);
        first.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
        first.batch_execute(&format!("DROP ROLE {name}")).await.unwrap();
    }
}

fn told(setting: &str) -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment what they may use")]
    std::env::var(setting).ok().filter(|value| !value.is_empty())
}

/// The server that is read from, whatever database the product itself is on.
fn server() -> Option<url::Url> {
    let url = told("TEST_POSTGRES").or_else(|| told("TEST_DATABASE_URL"));
    Some(url::Url::parse(&url.or_else(|| skipped("a PostgreSQL to read from", "TEST_POSTGRES"))?).unwrap())
}

/// The connector `postgres` of the catalogue with a configuration.
pub fn task(config: &Value) -> Task {
    let connectors = vestibule::connectors::Connectors::load(None).unwrap();
    let connector = connectors.find(vestibule::connectors::Kind::Source, "postgres").unwrap();
    Task::of(connector, config)
}

/// What runs connectors, with the loopback opened by name.
pub fn place() -> Place {
    Place::with(&[("VESTIBULE_CONNECTOR_ALLOW_CIDRS", "127.0.0.0/8, ::1")])
}

/// A listener that answers the first message with these bytes and hangs up.
pub async fn answering(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 8];
            let _ = stream.read_exact(&mut request).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

async fn connect(url: &url::Url) -> Client {
    let (client, connection) = tokio_postgres::connect(url.as_str(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
