//! `VESTIBULE_BIND`, `VESTIBULE_BASE_URL`, `VESTIBULE_TRUSTED_PROXIES`, `VESTIBULE_RATE_LIMITS`, `VESTIBULE_WORKERS`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::source::{ConfigProblems, Source};

/// How the server is reached.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Address and port to listen on.
    pub bind: SocketAddr,
    /// The public address; all links, mails and redirect addresses are made from it.
    pub base_url: BaseUrl,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether callers are slowed down.
    pub rate_limits: bool,
    /// Threads that answer requests; `None`: one per core.
    pub workers: Option<usize>,
    /// How long callers may take; no setting of the environment.
    pub limits: ServerLimits,
}

/// How long whoever calls may keep a connection without saying anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// From the call until the first request is there with all its headers; who takes longer is answered 408.
    pub head: Duration,
    /// From an answer until the next request.
    pub idle: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), idle: Duration::from_secs(30) }
    }
}

/// The public address: `http` or `https`, a host, no path of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads and checks the address.
    ///
    /// # Errors
    /// Says in words what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("is no web address: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err("must begin with https:// (or http:// on your own machine)".to_owned());
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || has_user {
            return Err("must be only scheme, host and port, like https://connect.example.com".to_owned());
        }
        Ok(Self(url))
    }

    /// The address for people on this machine.
    pub(crate) fn local(port: u16) -> Self {
        let mut url = LOCAL.clone();
        // Refused only for addresses without a host.
        let _ = url.set_port(Some(port));
        Self(url)
    }

    /// The address of a path on this installation; `path` begins with `/`.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Scheme, host and port, as browsers send it in `Origin`.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Host (and port when it is not the usual one), for people to compare with their address bar.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Whether people reach us over TLS, so that cookies can insist on it.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl ServerConfig {
    pub(super) fn read(source: &dyn Source, problems: &mut ConfigProblems) -> Self {
        let local = SocketAddr::from(([127, 0, 0, 1], 8080));
        let bind = problems.parsed(source, "VESTIBULE_BIND", local, |text| {
            text.parse().map_err(|_| "must be an address and a port, like 127.0.0.1:8080 or [::]:8080")
        });
        let local_url = BaseUrl::local(if bind.port() == 0 { local.port() } else { bind.port() });
        let base_url =
            problems.parsed(source, "VESTIBULE_BASE_URL", local_url, |text| BaseUrl::parse(text.trim_end_matches('/')));
        let trusted_proxies = problems.parsed(source, "VESTIBULE_TRUSTED_PROXIES", Vec::new(), networks);
        let rate_limits = problems.parsed(source, "VESTIBULE_RATE_LIMITS", true, |text| match text {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err("must be on or off"),
        });
        let workers = problems.parsed(source, "VESTIBULE_WORKERS", None, |text| match text.parse() {
            Ok(count @ 1..=256) => Ok(Some(count)),
            _ => Err("must be a whole number from 1 to 256"),
        });
        Self { bind, base_url, trusted_proxies, rate_limits, workers, limits: ServerLimits::default() }
    }
}

#[expect(clippy::expect_used, reason = "a constant address; a test reads it")]
static LOCAL: std::sync::LazyLock<Url> =
    std::sync::LazyLock::new(|| Url::parse("http://localhost").expect("a constant"));

/// A list of addresses and networks, comma-separated.
pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let single = || part.parse::<IpAddr>().map(IpNet::from);
            part.parse::<IpNet>()
                .or_else(|_| single())
                .map_err(|_| format!("has an entry that is no address or network: {part}"))
        })
        .collect()
}
