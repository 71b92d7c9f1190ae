//! Where records go.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::text_column::text_enum;
use crate::engines::mask::Masks;
use crate::engines::postgres::options::{Options, Tls};
use crate::engines::tunnel::{JumpContact, TunnelOptions};
use crate::engines::{Failure, HostKey};

text_enum! {
    /// How the connection is protected, in the words of PostgreSQL's clients.
    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    pub enum TlsMode {
        /// Not at all.
        Disable = "disable" => "Disable: never encrypted",
        /// Encrypted when the server can, and not otherwise.
        Prefer = "prefer" => "Prefer: encrypted when the server can",
        /// Encrypted; nobody looks at the certificate.
        #[default]
        Require = "require" => "Require: always encrypted",
        /// Encrypted, with a certificate that the given authority has signed.
        VerifyCa = "verify-ca" => "Verify CA: and the certificate is from your authority",
        /// The same, and for this host.
        VerifyFull = "verify-full" => "Verify full: and it is for this host",
    }
}

/// A schema of a database, and who may fill it.
#[derive(Debug, Clone)]
pub struct LoadTarget {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The user.
    pub user: String,
    /// The user's password, possibly empty.
    pub password: SecretString,
    /// The schema.
    pub schema: String,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// The authority's certificate (PEM), for the modes that look at it.
    pub ca: String,
    /// What the details of a destination say beyond that; nothing of a schema that members named.
    pub way: LoadWay,
}

/// The way to a destination, as whoever handed it over described it.
#[derive(Debug, Clone, Default)]
pub struct LoadWay {
    /// How the connection is protected, with a certificate of our own where one was given; it goes before [`LoadTarget::tls`].
    tls: Option<Tls>,
    tunnel: Option<TunnelOptions>,
    contact: JumpContact,
    /// Every secret of the details.
    secrets: Vec<SecretString>,
}

impl TlsMode {
    /// Whether an authority's certificate is needed.
    pub const fn needs_ca(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }
}

impl LoadTarget {
    /// What the finished configuration of the destination `postgres` says; `known` is the host key its jump server had the last time.
    ///
    /// # Errors
    /// It asks for something that is not done here.
    pub(in crate::engines) fn of_destination(
        config: &Value,
        secrets: Vec<SecretString>,
        known: Option<&HostKey>,
    ) -> Result<Self, Failure> {
        let Options { host, port, database, user, password, mut schemas, tls, tunnel, .. } =
            Options::read_destination(config)?;
        let way = LoadWay { tls: Some(tls), tunnel, contact: JumpContact::knowing(known), secrets };
        let schema = schemas.pop().unwrap_or_default();
        let (tls, ca) = (TlsMode::default(), String::new());
        Ok(Self { host, port, database, user, password, schema, tls, ca, way })
    }

    /// Where it is, without who may go there: `postgres://host:port/database/schema`.
    pub fn address(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("postgres://{host}:{}/{}/{}", self.port, self.database, self.schema)
    }

    /// What tells this place from others: behind two jump servers the same address may be two databases.
    pub fn mark(&self) -> String {
        match &self.way.tunnel {
            None => self.address(),
            Some(jump) => format!("{} through {}", self.address(), jump.address()),
        }
    }

    /// A host key that the jump server has shown since, and that is not the known one.
    pub fn shown_host_key(&self) -> Option<HostKey> {
        self.way.contact.shown()
    }

    /// The failure without any secret, should a server repeat one.
    pub(in crate::engines) fn hide(&self, failure: Failure) -> Failure {
        let secrets: Vec<SecretString> = self.way.secrets.iter().chain([&self.password]).cloned().collect();
        Failure { message: Masks::new(&secrets).hide(&failure.message), ..failure }
    }

    pub(super) fn options(&self) -> Options {
        let verify = |name_too| Tls::Verify { ca: self.ca.clone(), name_too, client: None };
        Options {
            host: self.host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: self.port,
            database: self.database.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
            schemas: vec![self.schema.clone()],
            tls: match (&self.way.tls, self.tls) {
                (Some(tls), _) => tls.clone(),
                (None, TlsMode::Disable) => Tls::Disable,
                (None, TlsMode::Prefer) => Tls::Prefer,
                (None, TlsMode::Require) => Tls::Require,
                (None, TlsMode::VerifyCa) => verify(false),
                (None, TlsMode::VerifyFull) => verify(true),
            },
            tunnel: self.way.tunnel.clone(),
            contact: self.way.contact.clone(),
            by_version: false,
            look_back_hours: 0,
        }
    }
}
