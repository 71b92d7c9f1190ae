//! An address a person gave, as far as one can judge it without asking anybody: https, a host, no user, a sensible port.

use std::net::IpAddr;

use url::{Host, Url};

/// Most bytes of an address.
pub const LONGEST: usize = 2_000;

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressProblem {
    /// It cannot be read as an address.
    Unreadable,
    /// It has more than 2,000 characters.
    TooLong,
    /// It does not begin with `https://`.
    NotHttps,
    /// It carries a user name or a password.
    HasUser,
    /// It carries a part after `#`, which no server ever sees.
    HasFragment,
    /// Its port is neither 443 nor 1024 or higher.
    BadPort,
    /// Nobody knows an address for its host.
    Unknown,
    /// Its host is, or leads to, an address that is not public.
    NotPublic,
}

impl AddressProblem {
    /// A stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "url_unreadable",
            Self::TooLong => "url_too_long",
            Self::NotHttps => "url_not_https",
            Self::HasUser => "url_has_user",
            Self::HasFragment => "url_has_fragment",
            Self::BadPort => "url_port_refused",
            Self::Unknown => "url_host_unknown",
            Self::NotPublic => "url_not_public",
        }
    }

    /// The problem in a sentence; it never quotes the address.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unreadable => "URL must be a web address, like https://example.com/hooks",
            Self::TooLong => "URL must be 2,000 characters or fewer",
            Self::NotHttps => "URL must begin with https://",
            Self::HasUser => "URL must not contain a user name or password; use a header instead",
            Self::HasFragment => "URL must not contain a part after #",
            Self::BadPort => "URL must use port 443, or a port from 1024 up",
            Self::Unknown => "URL names a host that cannot be found in the DNS right now",
            Self::NotPublic => "URL must lead to a public address: this one is private, local or reserved",
        }
    }
}

/// An https address that was read and found in order. Where its host leads is judged each time it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpsUrl(Url);

impl HttpsUrl {
    /// Reads and judges an address.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, AddressProblem> {
        if text.len() > LONGEST {
            return Err(AddressProblem::TooLong);
        }
        // The URL standard would drop tabs and line ends and turn backslashes around: other readers would see another address.
        if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(AddressProblem::Unreadable);
        }
        let url = Url::parse(text).map_err(|_| AddressProblem::Unreadable)?;
        if url.scheme() != "https" || !text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://")) {
            return Err(AddressProblem::NotHttps);
        }
        let authority = text.get(8..).and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
        if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
            return Err(AddressProblem::HasUser);
        }
        if authority.is_empty() || url.host_str().is_none_or(|host| host.trim_matches('.').is_empty()) {
            return Err(AddressProblem::Unreadable);
        }
        if url.fragment().is_some() {
            return Err(AddressProblem::HasFragment);
        }
        match url.port_or_known_default() {
            Some(443 | 1024..) => Ok(Self(url)),
            _ => Err(AddressProblem::BadPort),
        }
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host without brackets: what receivers are told apart by.
    pub fn host(&self) -> String {
        self.0.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned()
    }

    /// Scheme, host and port: what tells one server from another.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The host as the `Host` header names it.
    pub(super) fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Path and query, as a request names them.
    pub(super) fn target(&self) -> String {
        self.0.query().map_or_else(|| self.0.path().to_owned(), |query| format!("{}?{query}", self.0.path()))
    }

    pub(super) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// The host when it is an address itself.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }
}
