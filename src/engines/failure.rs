//! Why something did not work, and who can do something about it.

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// Something in the configuration: whoever filled it in can mend it.
    Config,
    /// The other side has a bad moment: trying again may help.
    Moment,
    /// Something of this installation or of the connector: its operator can mend it.
    Operator,
    /// Somebody stopped it; nothing is wrong.
    Stopped,
}

/// What kind of failure it is, as a name for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The connector says that the configuration does not work.
    Refused,
    /// Nobody knows the host.
    HostUnknown,
    /// The host is, or leads to, an address this installation does not connect to.
    AddressRefused,
    /// Nobody listens there.
    NotReachable,
    /// No secure connection could be made.
    Tls,
    /// User name, password, key or token is wrong.
    SignIn,
    /// The database does not exist.
    NoDatabase,
    /// Signed in, but not allowed to see what is needed.
    Permission,
    /// A setting asks for something the built-in runtime does not do.
    NotSupported,
    /// It took too long.
    Timeout,
    /// Too many questions were asked lately.
    RateLimited,
    /// The other side is not well.
    Unwell,
    /// The connector's program is not there or cannot be started.
    NotInstalled,
    /// The connector ended before it said what it was asked.
    Crashed,
    /// The connector wrote more than it may.
    TooMuchOutput,
    /// The connector wrote something that is no message.
    Unreadable,
    /// The connector cannot be read from in this installation.
    NoRuntime,
    /// The saved state is not one of this connector.
    BadState,
    /// Something the connector needs is missing.
    Incomplete,
    /// The provider has ended the sign-in.
    NeedsReconnecting,
    /// The provider gives no token right now.
    ProviderUnavailable,
    /// The OAuth app is not set, or the provider does not take it.
    OauthApp,
    /// It was cancelled.
    Cancelled,
}

/// A failure. The message is for people, without any secret of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind.
    pub reason: Reason,
    /// Whose turn it is.
    pub blame: Blame,
    /// What happened and what to do, one or two sentences; at most 2,000 characters.
    pub message: String,
    /// More for whoever mends connectors, such as a stack trace; for the workspace's members, never for recipients.
    pub detail: Option<String>,
}

impl Reason {
    /// The name for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::HostUnknown => "host_unknown",
            Self::AddressRefused => "address_refused",
            Self::NotReachable => "not_reachable",
            Self::Tls => "tls_failed",
            Self::SignIn => "sign_in_failed",
            Self::NoDatabase => "no_database",
            Self::Permission => "no_permission",
            Self::NotSupported => "not_supported",
            Self::Timeout => "timeout",
            Self::RateLimited => "rate_limited",
            Self::Unwell => "unwell",
            Self::NotInstalled => "not_installed",
            Self::Crashed => "crashed",
            Self::TooMuchOutput => "too_much_output",
            Self::Unreadable => "unreadable",
            Self::NoRuntime => "no_runtime",
            Self::BadState => "bad_state",
            Self::Incomplete => "incomplete",
            Self::NeedsReconnecting => "needs_reconnecting",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::OauthApp => "oauth_app",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whose turn it usually is.
    const fn blame(self) -> Blame {
        match self {
            Self::Refused
            | Self::HostUnknown
            | Self::AddressRefused
            | Self::Tls
            | Self::SignIn
            | Self::NoDatabase
            | Self::Permission
            | Self::NotSupported
            | Self::Incomplete
            | Self::NeedsReconnecting => Blame::Config,
            Self::NotReachable | Self::Timeout | Self::RateLimited | Self::Unwell | Self::ProviderUnavailable => {
                Blame::Moment
            }
            Self::NotInstalled
            | Self::Crashed
            | Self::TooMuchOutput
            | Self::Unreadable
            | Self::NoRuntime
            | Self::BadState
            | Self::OauthApp => Blame::Operator,
            Self::Cancelled => Blame::Stopped,
        }
    }
}

impl Blame {
    /// The name for programs: `config_error`, `transient_error`, `system_error`, `stopped`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config_error",
            Self::Moment => "transient_error",
            Self::Operator => "system_error",
            Self::Stopped => "stopped",
        }
    }
}

impl Failure {
    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, blame: reason.blame(), message: message.into(), detail: None }
    }

    pub(super) fn blaming(self, blame: Blame) -> Self {
        Self { blame, ..self }
    }

    pub(super) fn cancelled() -> Self {
        Self::new(Reason::Cancelled, "It was stopped before it was done.")
    }
}
