//! Why something did not work, and who can do something about it.

use crate::base::text_column::text_enum;

text_enum! {
    /// Whose turn it is.
    pub enum Blame {
        /// Something in the configuration: whoever filled it in can mend it.
        Config = "config_error",
        /// The other side has a bad moment: trying again may help.
        Moment = "transient_error",
        /// Something of this installation or of the connector: its operator can mend it.
        Operator = "system_error",
        /// Somebody stopped it; nothing is wrong.
        Stopped = "stopped",
    }
}

text_enum! {
    /// What kind of failure it is, as a name for programs.
    pub enum FailureReason {
        /// The connector says that the configuration does not work.
        Refused = "refused",
        /// Nobody knows the host.
        HostUnknown = "host_unknown",
        /// The host is, or leads to, an address this installation does not connect to.
        AddressRefused = "address_refused",
        /// Nobody listens there.
        NotReachable = "not_reachable",
        /// The jump server of an SSH tunnel does not answer, or not as one.
        TunnelNotReachable = "tunnel_not_reachable",
        /// The jump server does not let the user in.
        TunnelSignIn = "tunnel_sign_in_failed",
        /// The jump server has another host key than before.
        TunnelHostKeyChanged = "tunnel_host_key_changed",
        /// The tunnel stands, and the system behind it cannot be reached from there.
        TunnelBehind = "not_reachable_through_tunnel",
        /// No secure connection could be made.
        Tls = "tls_failed",
        /// User name, password, key or token is wrong.
        SignIn = "sign_in_failed",
        /// The database does not exist.
        NoDatabase = "no_database",
        /// Signed in, but not allowed to see what is needed.
        Permission = "no_permission",
        /// A setting asks for something the built-in runtime does not do.
        NotSupported = "not_supported",
        /// It took too long.
        Timeout = "timeout",
        /// Too many questions were asked lately.
        RateLimited = "rate_limited",
        /// The other side is not well.
        Unwell = "unwell",
        /// The connector's program is not there or cannot be started.
        NotInstalled = "not_installed",
        /// The connector ended before it said what it was asked.
        Crashed = "crashed",
        /// The connector wrote more than it may.
        TooMuchOutput = "too_much_output",
        /// The connector wrote something that is no message.
        Unreadable = "unreadable",
        /// The connector cannot be read from in this installation.
        NoRuntime = "no_runtime",
        /// The saved state is not one of this connector.
        BadState = "bad_state",
        /// Something the connector needs is missing.
        Incomplete = "incomplete",
        /// The provider has ended the sign-in.
        NeedsReconnecting = "needs_reconnecting",
        /// The provider gives no token right now.
        ProviderUnavailable = "provider_unavailable",
        /// The OAuth app is not set, or the provider does not take it.
        OauthApp = "oauth_app",
        /// It was cancelled.
        Cancelled = "cancelled",
    }
}

/// A failure. The message is for people, without any secret of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind.
    pub reason: FailureReason,
    /// Whose turn it is.
    pub blame: Blame,
    /// What happened and what to do, one or two sentences; at most 2,000 characters.
    pub message: String,
    /// More for whoever mends connectors, such as a stack trace; for the workspace's members, never for recipients.
    pub detail: Option<String>,
}

impl FailureReason {
    /// Whose turn it usually is.
    const fn blame(self) -> Blame {
        match self {
            Self::Refused
            | Self::HostUnknown
            | Self::AddressRefused
            | Self::Tls
            | Self::SignIn
            | Self::TunnelSignIn
            | Self::TunnelHostKeyChanged
            | Self::TunnelBehind
            | Self::NoDatabase
            | Self::Permission
            | Self::NotSupported
            | Self::Incomplete
            | Self::NeedsReconnecting => Blame::Config,
            Self::NotReachable
            | Self::TunnelNotReachable
            | Self::Timeout
            | Self::RateLimited
            | Self::Unwell
            | Self::ProviderUnavailable => Blame::Moment,
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

impl Failure {
    pub(super) fn new(reason: FailureReason, message: impl Into<String>) -> Self {
        Self { reason, blame: reason.blame(), message: message.into(), detail: None }
    }

    pub(super) fn blaming(self, blame: Blame) -> Self {
        Self { blame, ..self }
    }

    pub(super) fn cancelled() -> Self {
        Self::new(FailureReason::Cancelled, "It was stopped before it was done.")
    }
}
