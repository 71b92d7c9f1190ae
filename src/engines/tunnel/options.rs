//! The jump server, as configurations name it (`tunnel_method` of Airbyte's connectors for databases).

use secrecy::SecretString;
use serde_json::Value;

use super::key::Credential;
use crate::engines::{Failure, FailureReason};

/// Where to jump, as whom.
#[derive(Debug, Clone)]
pub(in crate::engines) struct TunnelOptions {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    way: SignInWay,
}

/// What is shown to the jump server.
#[derive(Debug, Clone)]
enum SignInWay {
    Password(SecretString),
    Key(SecretString),
}

/// The jump server that a configuration goes through, and its port; the secrets need not be in it.
pub fn jump_server_of(config: &Value) -> Option<(String, u16)> {
    let method = config.pointer("/tunnel_method/tunnel_method").and_then(Value::as_str);
    method.is_some_and(|method| !matches!(method, "" | "NO_TUNNEL")).then(|| place(config))
}

fn place(config: &Value) -> (String, u16) {
    let of = |name: &str| config.pointer(&format!("/tunnel_method/{name}"));
    let host = of("tunnel_host").and_then(Value::as_str).unwrap_or_default();
    let port = of("tunnel_port").and_then(Value::as_u64).and_then(|port| port.try_into().ok());
    (host.trim().trim_start_matches('[').trim_end_matches(']').to_owned(), port.unwrap_or(22))
}

impl TunnelOptions {
    /// The jump server as one text: `host:port`.
    pub(in crate::engines) fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// What `tunnel_method` says; `None`: no tunnel.
    ///
    /// # Errors
    /// It names a way that is unknown.
    pub(in crate::engines) fn read(config: &Value) -> Result<Option<Self>, Failure> {
        let text = |name: &str| {
            let value = config.pointer(&format!("/tunnel_method/{name}")).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let way = match text("tunnel_method").as_str() {
            "" | "NO_TUNNEL" => return Ok(None),
            "SSH_KEY_AUTH" => SignInWay::Key(text("ssh_key").into()),
            "SSH_PASSWORD_AUTH" => SignInWay::Password(text("tunnel_user_password").into()),
            other => {
                let words = format!("Nobody here knows the SSH tunnel {other}. Choose one of those in the form.");
                return Err(Failure::new(FailureReason::NotSupported, words));
            }
        };
        let (host, port) = place(config);
        Ok(Some(Self { host, port, user: text("tunnel_user"), way }))
    }

    /// What is shown to the jump server, read.
    ///
    /// # Errors
    /// The key cannot be read.
    pub(super) fn credential(&self) -> Result<Credential, Failure> {
        match &self.way {
            SignInWay::Password(password) => Ok(Credential::Password(password.clone())),
            SignInWay::Key(text) => Credential::key(text),
        }
    }

    /// For tests: everything that was read, the secrets too.
    #[cfg(test)]
    pub(in crate::engines) fn told(&self) -> String {
        use secrecy::ExposeSecret as _;
        let Self { host, port, user, way } = self;
        let way = match way {
            SignInWay::Password(text) => format!("password {}", text.expose_secret()),
            SignInWay::Key(text) => format!("key {}", text.expose_secret()),
        };
        format!("{host} {port} {user} {way}")
    }
}
