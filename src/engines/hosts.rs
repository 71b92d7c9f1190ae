//! Which hosts a configuration may lead to: public ones, the ranges the operator opened, and never the server's own database or an
//! address that hands out a machine's own credentials.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use super::{Failure, FailureReason};
use crate::base::http_client::{Duplex, GuardedClient, HttpFailure};
use crate::schema::addresses::{Host, addresses};

#[derive(Clone)]
pub(super) struct Hosts {
    client: GuardedClient,
    own: Option<OwnDatabase>,
}

#[derive(Clone)]
pub(super) struct OwnDatabase {
    host: String,
    port: u16,
    database: String,
}

/// Every host is looked up, so there is an end to them.
const MOST_HOSTS: usize = 64;

impl Hosts {
    pub(super) fn new(client: GuardedClient, own: Option<OwnDatabase>) -> Self {
        Self { client, own }
    }

    /// Where a host and port of a configuration lead, all of it judged.
    pub(super) async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        self.client.addresses_of(host, port).await.map_err(|failure| not_found(failure, host))
    }

    /// A connection to judged addresses of a host.
    pub(super) async fn connect(
        &self,
        host: &str,
        addresses: &[SocketAddr],
        is_encrypted: bool,
    ) -> Result<Box<dyn Duplex>, Failure> {
        self.client.connect(host, addresses, is_encrypted).await.map_err(|failure| match failure {
            HttpFailure::Tls => Failure::new(
                FailureReason::Tls,
                format!("{host} does not prove by a certificate that it is this host."),
            ),
            HttpFailure::NotPublic => not_public(host),
            _ => Failure::new(FailureReason::NotReachable, format!("Nobody answers at {host}. Check the address.")),
        })
    }

    /// The same for a database; the server's own is refused by whatever name it is called.
    pub(super) async fn database(&self, host: &str, port: u16, name: &str) -> Result<Vec<SocketAddr>, Failure> {
        let found = self.addresses(host, port).await?;
        if let Some(own) = self.own.as_ref().filter(|own| own.port == port && own.database == name) {
            let mine = tokio::net::lookup_host((own.host.as_str(), own.port)).await.map(Iterator::collect::<Vec<_>>);
            if own.host == host || mine.unwrap_or_default().iter().any(|address| found.contains(address)) {
                return Err(Failure::new(
                    FailureReason::AddressRefused,
                    "This is the database Vestibule itself keeps its data in. It cannot be connected as a source or destination.",
                ));
            }
        }
        Ok(found)
    }

    /// Judges every host a configuration names, for programs that then connect by themselves. They look names up again: a name may lead
    /// elsewhere by then, and what a server tells them to do next is not seen here. Only a network that keeps them in closes that.
    pub(super) async fn judge_all(&self, config: &Value) -> Result<(), Failure> {
        let mut named: Vec<Host> = addresses(config).into_iter().flat_map(|address| address.hosts).collect();
        named.sort_by(|one, other| one.name.cmp(&other.name).then(other.must_be_known.cmp(&one.must_be_known)));
        named.dedup_by(|later, earlier| later.name == earlier.name);
        if named.len() > MOST_HOSTS {
            let words = format!("The configuration names more than {MOST_HOSTS} hosts, which are too many to look at.");
            return Err(Failure::new(FailureReason::AddressRefused, words));
        }
        for host in named {
            match self.addresses(&host.name, 0).await {
                Err(failure) if host.must_be_known || failure.reason == FailureReason::AddressRefused => {
                    return Err(failure);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Why it is not known where a host leads that somebody has entered.
pub(super) fn not_found(failure: HttpFailure, host: &str) -> Failure {
    match failure {
        HttpFailure::NotPublic => not_public(host),
        HttpFailure::NoLookup | HttpFailure::Timeout => Failure::new(
            FailureReason::NotReachable,
            format!("The DNS gives no answer at the moment, so nobody knows where {host} is. Try again in a while."),
        ),
        _ => Failure::new(
            FailureReason::HostUnknown,
            format!(
                "Nobody knows a host named {host}. Check the spelling, and that the name works from outside your network."
            ),
        ),
    }
}

/// What is said of an entered host that is not public.
pub(super) fn not_public(host: &str) -> Failure {
    Failure::new(
        FailureReason::AddressRefused,
        format!("{host} is, or leads to, an address that is not public, and only public addresses are connected to."),
    )
}

/// Whether an address is of this machine or its own network, which a setting has opened.
pub(super) fn is_near(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    }
}

impl OwnDatabase {
    /// The database a `postgres://` URL names.
    pub(super) fn of(url: &str) -> Option<Self> {
        let url = url::Url::parse(url).ok()?;
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
    use crate::base::http_client::{AddressPolicy, Resolver};

    /// Why the configuration is refused, if it is.
    async fn refused_of(config: serde_json::Value) -> Option<FailureReason> {
        let table = |host: &str| match host {
            "public.example" => vec![[93, 184, 216, 34].into()],
            "inside.example" => vec![[10, 0, 0, 1].into()],
            "mixed.example" => vec![[93, 184, 216, 34].into(), [127, 0, 0, 1].into()],
            _ => Vec::new(),
        };
        let resolver = Resolver::Fixed(std::sync::Arc::new(table));
        let client = GuardedClient::new(AddressPolicy::with_open(Vec::new()), resolver, None).unwrap();
        let hosts = Hosts::new(client, None);
        hosts.judge_all(&config).await.err().map(|failure| failure.reason)
    }

    #[tokio::test]
    async fn every_host_of_a_list_is_judged_and_must_be_known() {
        use serde_json::json;
        for (config, due) in [
            (json!({"host": "public.example", "port": 1}), None),
            (
                json!({"bootstrap_servers": "public.example:9092,inside.example:9092"}),
                Some(FailureReason::AddressRefused),
            ),
            (json!({"servers": ["public.example", {"name": "inside.example:1"}]}), Some(FailureReason::AddressRefused)),
            (json!({"host": "mixed.example"}), Some(FailureReason::AddressRefused)),
            (
                json!({"connection_string": "mongodb://public.example:1,inside.example:2/x"}),
                Some(FailureReason::AddressRefused),
            ),
            (json!({"jdbc_url": "jdbc:postgresql://inside.example/x"}), Some(FailureReason::AddressRefused)),
            (json!({"jdbc_url_params": "socksProxyHost=inside.example"}), Some(FailureReason::AddressRefused)),
            (json!({"deep": [{"tunnel": {"tunnel_host": "inside.example"}}]}), Some(FailureReason::AddressRefused)),
            (json!({"note": "https://inside.example/x"}), Some(FailureReason::AddressRefused)),
            (json!({"host": "nobody.example"}), Some(FailureReason::HostUnknown)),
            (json!({"connection_string": "mongodb+srv://nobody.example/x"}), None),
            (json!({"subdomain": "acme", "note": "https://nobody.example"}), None),
            (
                json!({"servers": (0..100).map(|n| format!("h{n}.public.example")).collect::<Vec<_>>()}),
                Some(FailureReason::AddressRefused),
            ),
        ] {
            assert_eq!(refused_of(config.clone()).await, due, "{config}");
        }
    }
}
