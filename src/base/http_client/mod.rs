//! The only door to addresses that people give: https, public unicast only, no redirects, no proxies, no compression, little time
//! and little room for an answer. [`GuardedClient::post`] keeps the beginning of an answer, for receivers of webhooks;
//! [`GuardedClient::call`] takes an answer whole or not at all, for providers.
//!
//! Invariants: every address a host leads to is judged, and one that is not public refuses them all; the connection goes to an address
//! that was judged a moment ago, never to a name, so a second answer of the DNS changes nothing; there is no other way to connect.

mod address;
mod connect;
mod policy;

pub use hyper::Method;

pub use address::{AddressProblem, HttpsUrl, LONGEST};
pub use connect::Duplex;
pub use policy::{AddressPolicy, is_public};

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

/// An answer has to come within this time, everything included.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// Longer than this nobody waits, whatever is asked.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// Most bytes of an answer that are read.
pub const MOST_READ: usize = 64 * 1024;
/// Most bytes a [`Call`] can ask for.
pub const LARGEST: usize = 64 * 1024 * 1024;
/// Bytes of an answer that are kept, as text.
pub const KEPT: usize = 1_024;

/// The addresses of a name.
pub type Lookup = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

/// How names become addresses.
#[derive(Clone)]
pub enum Resolver {
    /// The system's.
    System,
    /// A table or function of one's own; for tests.
    Fixed(Arc<Lookup>),
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseSummary {
    /// The status code.
    pub status: u16,
    /// The header `Retry-After`, as it was sent.
    pub retry_after: Option<String>,
    /// The beginning of the body: at most 1,024 bytes, as text without control characters.
    pub text: String,
}

/// A request of any kind.
#[derive(Clone, Default)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Header lines; `Host`, `User-Agent`, `Accept-Encoding` and `Connection` are the client's own.
    pub headers: Vec<(String, Zeroizing<String>)>,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
    /// Most bytes of the answer that are taken, at most [`LARGEST`].
    pub most: usize,
}

/// Header lines of a [`Call`].
pub fn header_lines(lines: Vec<(String, String)>) -> Vec<(String, Zeroizing<String>)> {
    lines.into_iter().map(|(name, value)| (name, value.into())).collect()
}

impl std::fmt::Debug for Call {
    /// Headers and body carry secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("method", &self.method).field("most", &self.most).finish_non_exhaustive()
    }
}

/// A whole answer.
#[derive(Clone)]
pub struct Response {
    /// The status code; redirects are answers like others and never followed.
    pub status: u16,
    /// The header lines that are readable as text.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

impl Response {
    /// The first header line of that name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for Response {
    /// The body may carry secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpFailure {
    /// Nobody knows the host.
    Unknown,
    /// The DNS could not say whether anybody knows it.
    NoLookup,
    /// The host leads to an address that is not public.
    NotPublic,
    /// Nobody listens there.
    Connect,
    /// The secure connection was not made: no TLS, or a certificate nobody vouches for.
    Tls,
    /// No answer within the time.
    Timeout,
    /// What came back is no HTTP, or the connection broke.
    Broken,
    /// The answer is larger than was asked for.
    TooLarge,
}

/// The client. Clones share its rules.
#[derive(Clone)]
pub struct GuardedClient {
    policy: Arc<AddressPolicy>,
    resolver: Resolver,
    tls: TlsConnector,
    timeout: Duration,
}

impl GuardedClient {
    /// A client with these rules, which trusts the usual certificate authorities and those of a PEM file.
    ///
    /// # Errors
    /// The file cannot be read or holds no certificate.
    pub fn new(policy: AddressPolicy, resolver: Resolver, extra_ca_file: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self { policy: Arc::new(policy), resolver, tls: connect::tls(extra_ca_file)?, timeout: TIMEOUT })
    }

    /// The same client with other rules for addresses.
    #[must_use]
    pub fn with_policy(&self, policy: AddressPolicy) -> Self {
        Self { policy: Arc::new(policy), ..self.clone() }
    }

    /// The same client with less patience.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout: timeout.min(TIMEOUT), ..self.clone() }
    }

    /// The same client for what may take longer than usual, at most [`LONGEST_WAIT`].
    #[must_use]
    pub fn with_patience(&self, timeout: Duration) -> Self {
        Self { timeout: timeout.min(LONGEST_WAIT), ..self.clone() }
    }

    /// Judges where an address leads at this moment.
    ///
    /// # Errors
    /// Nobody knows the host, or one of its addresses is not public.
    pub async fn judge(&self, url: &HttpsUrl) -> Result<(), AddressProblem> {
        match self.addresses(url).await {
            Ok(_) => Ok(()),
            Err(HttpFailure::NotPublic) => Err(AddressProblem::NotPublic),
            Err(_) => Err(AddressProblem::Unknown),
        }
    }

    /// Posts a body once. Whatever the receiver answers is an answer, redirects and errors too.
    ///
    /// # Errors
    /// Why there was no answer.
    pub async fn post(
        &self,
        url: &HttpsUrl,
        headers: &[(String, Zeroizing<String>)],
        body: String,
    ) -> Result<ResponseSummary, HttpFailure> {
        let deadline = tokio::time::Instant::now() + self.timeout;
        let send = async {
            let addresses = self.addresses(url).await?;
            connect::post(&self.tls, url, &addresses, headers, body, deadline).await
        };
        tokio::time::timeout_at(deadline, send).await.unwrap_or(Err(HttpFailure::Timeout))
    }

    /// Sends a request once and takes the answer whole. Whatever the other side answers is an answer, redirects and errors too.
    ///
    /// # Errors
    /// Why there was no whole answer.
    pub async fn call(&self, url: &HttpsUrl, call: Call) -> Result<Response, HttpFailure> {
        let send = async {
            let addresses = self.addresses(url).await?;
            connect::call(&self.tls, url, &addresses, call).await
        };
        tokio::time::timeout(self.timeout, send).await.unwrap_or(Err(HttpFailure::Timeout))
    }

    /// The judged addresses of a host and port, all of them or none: for protocols other than HTTP.
    ///
    /// # Errors
    /// Nobody knows the host, or one of its addresses is not public.
    pub async fn addresses_of(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, HttpFailure> {
        self.judged(host, host.parse().ok(), port).await
    }

    /// A connection to one of these addresses, which [`GuardedClient::addresses_of`] has judged: for protocols with a client of their own.
    ///
    /// # Errors
    /// Nobody listens there, or the server does not prove that it is the host.
    pub async fn connect(
        &self,
        host: &str,
        addresses: &[SocketAddr],
        is_encrypted: bool,
    ) -> Result<Box<dyn Duplex>, HttpFailure> {
        if !addresses.iter().all(|address| self.policy.allows(address.ip())) {
            return Err(HttpFailure::NotPublic);
        }
        let tls = if is_encrypted { Some((&self.tls, connect::proven_name(host)?)) } else { None };
        tokio::time::timeout(self.timeout, connect::open(tls, addresses)).await.unwrap_or(Err(HttpFailure::Timeout))
    }

    async fn addresses(&self, url: &HttpsUrl) -> Result<Vec<SocketAddr>, HttpFailure> {
        self.judged(&url.host(), url.literal(), url.port()).await
    }

    /// The judged addresses of a host: all of them, or none.
    async fn judged(&self, host: &str, literal: Option<IpAddr>, port: u16) -> Result<Vec<SocketAddr>, HttpFailure> {
        let found = match literal {
            Some(address) => vec![address],
            None => self.resolve(host, port).await?,
        };
        if found.is_empty() {
            return Err(HttpFailure::Unknown);
        }
        if !found.iter().all(|address| self.policy.allows(*address)) {
            return Err(HttpFailure::NotPublic);
        }
        Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<IpAddr>, HttpFailure> {
        match &self.resolver {
            Resolver::Fixed(table) => Ok(table(host)),
            Resolver::System => {
                let lookup = tokio::time::timeout(TIMEOUT, tokio::net::lookup_host((host, port))).await;
                let found = lookup.map_err(|_| HttpFailure::NoLookup)?.map_err(|error| of_lookup(&error))?;
                Ok(found.map(|address| address.ip()).collect())
            }
        }
    }
}

/// What a look-up means that failed. The standard library has no kind for it, so the texts of EAI_AGAIN count: the one of glibc, of macOS
/// and the BSDs, and of musl.
fn of_lookup(error: &std::io::Error) -> HttpFailure {
    let words = error.to_string();
    let for_now = ["Temporary failure in name resolution", "Temporary name lookup failure", "Try again"];
    if for_now.iter().any(|text| words.contains(text)) { HttpFailure::NoLookup } else { HttpFailure::Unknown }
}

impl std::fmt::Debug for GuardedClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuardedClient").field("policy", &self.policy).finish_non_exhaustive()
    }
}
