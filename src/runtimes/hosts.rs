//! Which hosts a configuration may lead to: public ones, the ranges the operator opened, and never the server's own database or an
//! address that hands out a machine's own credentials.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use super::{Failure, Reason};
use crate::db::Place;
use crate::http_client::{self, GuardedClient};

/// Judges hosts.
#[derive(Clone)]
pub(super) struct Hosts {
    client: GuardedClient,
    own: Option<OwnDatabase>,
}

#[derive(Clone)]
struct OwnDatabase {
    host: String,
    port: u16,
    database: String,
}

/// Addresses that tell a machine its own credentials; no setting opens them.
const METADATA: [&str; 4] = ["169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"];

impl Hosts {
    pub(super) fn new(client: GuardedClient, own: &Place) -> Self {
        Self { client, own: OwnDatabase::of(own) }
    }

    /// Where a host and port lead, all of it judged.
    pub(super) async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        let found = self.client.addresses_of(host, port).await.map_err(|failure| match failure {
            http_client::Failure::NotPublic => refused(host),
            http_client::Failure::Timeout => {
                Failure::new(Reason::HostUnknown, format!("The DNS did not say in time where {host} is. Try again in a while."))
            }
            _ => Failure::new(
                Reason::HostUnknown,
                format!("Nobody knows a host named {host}. Check the spelling, and that the name works from outside your network."),
            ),
        })?;
        if found.iter().any(|address| is_metadata(address.ip())) {
            return Err(refused(host));
        }
        Ok(found)
    }

    /// The same for a database; the server's own is refused by whatever name it is called.
    pub(super) async fn database(&self, host: &str, port: u16, name: &str) -> Result<Vec<SocketAddr>, Failure> {
        let found = self.addresses(host, port).await?;
        if let Some(own) = self.own.as_ref().filter(|own| own.port == port && own.database == name) {
            let mine = tokio::net::lookup_host((own.host.as_str(), own.port)).await.map(Iterator::collect::<Vec<_>>);
            if own.host == host || mine.unwrap_or_default().iter().any(|address| found.contains(address)) {
                return Err(Failure::new(
                    Reason::AddressRefused,
                    "This is the database Vestibule itself keeps its data in. It cannot be connected as a source or destination.",
                ));
            }
        }
        Ok(found)
    }

    /// Judges every host a configuration names, for programs that then connect by themselves. A host nobody knows is theirs to tell.
    pub(super) async fn judge_all(&self, config: &Value) -> Result<(), Failure> {
        let mut named = Vec::new();
        hosts_in("", config, &mut named);
        for (host, port) in named {
            match self.addresses(&host, port).await {
                Err(failure) if failure.reason == Reason::AddressRefused => return Err(failure),
                _ => {}
            }
        }
        Ok(())
    }
}

fn refused(host: &str) -> Failure {
    Failure::new(
        Reason::AddressRefused,
        format!(
            "{host} is, or leads to, an address that is not public. Vestibule connects to public addresses only; its operator can open networks \
             by name in VESTIBULE_CONNECTOR_ALLOW_CIDRS."
        ),
    )
}

fn is_metadata(address: IpAddr) -> bool {
    let plain = address.to_canonical().to_string();
    METADATA.contains(&plain.as_str())
}

/// Hosts by the names their settings usually have, and in every web address.
fn hosts_in(key: &str, value: &Value, found: &mut Vec<(String, u16)>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, inner)| hosts_in(key, inner, found)),
        Value::Array(list) => list.iter().for_each(|inner| hosts_in(key, inner, found)),
        Value::String(text) => found.extend(host_of(key, text)),
        _ => {}
    }
}

fn host_of(key: &str, text: &str) -> Option<(String, u16)> {
    let text = text.trim();
    if text.contains("://") {
        let url = url::Url::parse(text).ok()?;
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        return Some((host, url.port_or_known_default().unwrap_or(0)));
    }
    let key = key.to_lowercase();
    let is_host =
        ["host", "hostname", "server", "endpoint", "domain", "address"].iter().any(|word| key.ends_with(word));
    // A name with a port, or a path behind it, is judged by its name.
    let (host, rest) = match text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, rest)) => (host, rest.trim_start_matches(':')),
        None if text.contains("::") => (text, ""),
        None => text.split_once([':', '/']).unwrap_or((text, "")),
    };
    let could_be = !host.is_empty() && host.len() < 254 && !host.contains(char::is_whitespace) && !host.contains('@');
    (is_host && could_be).then(|| (host.to_owned(), rest.parse().unwrap_or(0)))
}

impl OwnDatabase {
    fn of(place: &Place) -> Option<Self> {
        let Place::Postgres(text) = place else { return None };
        let url = url::Url::parse(text).ok()?;
        Some(Self {
            host: url.host_str().unwrap_or("localhost").trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port().unwrap_or(5432),
            database: url.path().trim_start_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_by_their_settings_and_in_addresses() {
        let config = serde_json::json!({
            "host": "db.example.com", "port": 1, "database": "x", "api_url": "https://[::1]:8443/v1",
            "tunnel": {"tunnel_host": "10.0.0.1:22"}, "servers": [{"server": "a.example:9092"}, {"server": "[::1]:80"}, {"server": "::1"}], "note": "127.0.0.1",
        });
        let mut found = Vec::new();
        hosts_in("", &config, &mut found);
        let due =
            [("db.example.com", 0), ("::1", 8443), ("10.0.0.1", 22), ("a.example", 9092), ("::1", 80), ("::1", 0)];
        assert_eq!(found, due.map(|(host, port)| (host.to_owned(), port)));
        assert!(is_metadata("::ffff:169.254.169.254".parse().unwrap()) && !is_metadata("169.254.1.1".parse().unwrap()));
    }
}
