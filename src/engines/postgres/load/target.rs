//! Where records go.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::base::text_column::text_enum;
use crate::engines::Failure;
use crate::engines::mask::Masks;
use crate::engines::postgres::options::{Options, Tls};

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
}

impl TlsMode {
    /// Whether an authority's certificate is needed.
    pub const fn needs_ca(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }
}

impl LoadTarget {
    /// The failure without the password, should a server repeat it.
    pub(in crate::engines) fn hide(&self, failure: Failure) -> Failure {
        let masks = Masks::new(std::slice::from_ref(&self.password));
        Failure { message: masks.hide(&failure.message), ..failure }
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
            tls: match self.tls {
                TlsMode::Disable => Tls::Disable,
                TlsMode::Prefer => Tls::Prefer,
                TlsMode::Require => Tls::Require,
                TlsMode::VerifyCa => verify(false),
                TlsMode::VerifyFull => verify(true),
            },
            tunnel: None,
            by_version: false,
            look_back_hours: 0,
        }
    }
}
