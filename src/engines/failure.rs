//! Why something did not work, and who can do something about it.

use crate::base::text_column::text_enum;

text_enum! {
    /// Whose turn it is.
    pub enum Turn {
        /// Whoever filled the values in: something in them, or in the system they lead to, has to change.
        Giver = "giver",
        /// Members of the workspace: something they chose, or have to ask for.
        Owner = "owner",
        /// Whoever runs this installation: a setting, a program, a disk, a connector file.
        Operator = "operator",
        /// Nobody's yet: the other side has a bad moment, and trying again may help.
        Provider = "provider",
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
        /// The disk of this installation takes no more files, or none at all.
        NoRoom = "no_room",
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
        /// It cannot even begin: what it needs is gone, or cannot be read.
        NotPossible = "not_possible",
        /// Records cannot be put where they were to go.
        OutputFailed = "output_failed",
        /// Records cannot be put into the destination they were to go to.
        DestinationFailed = "destination_failed",
        /// The engine outside that a workspace extracts with says no, or that it failed.
        EngineFailed = "engine_failed",
        /// What had to be read whole was not, so nothing of it counts.
        NotReadWhole = "not_read_whole",
        /// The server stopped while it was going on.
        Interrupted = "interrupted",
        /// It was cancelled.
        Cancelled = "cancelled",
    }
}

/// A failure. The message is for the workspace's members, without any secret of the configuration and without what only an operator could
/// do; [`Failure::words`] says what of it who reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind.
    pub reason: FailureReason,
    /// Whose turn it is.
    pub turn: Turn,
    /// What happened and what to do, one or two sentences; at most 2,000 characters.
    pub message: String,
    /// More for whoever mends connectors, such as a stack trace: for the log of the work and nothing else.
    pub detail: Option<String>,
}

impl FailureReason {
    /// Whose turn it usually is.
    const fn turn(self) -> Turn {
        match self {
            Self::Refused
            | Self::HostUnknown
            | Self::AddressRefused
            | Self::Tls
            | Self::SignIn
            | Self::TunnelNotReachable
            | Self::TunnelSignIn
            | Self::TunnelBehind
            | Self::NoDatabase
            | Self::Permission
            | Self::NotSupported
            | Self::Incomplete => Turn::Giver,
            Self::TunnelHostKeyChanged
            | Self::NeedsReconnecting
            | Self::NotPossible
            | Self::OutputFailed
            | Self::DestinationFailed
            | Self::EngineFailed
            | Self::Interrupted
            | Self::Cancelled => Turn::Owner,
            Self::NotReachable
            | Self::Timeout
            | Self::RateLimited
            | Self::Unwell
            | Self::ProviderUnavailable
            | Self::NotReadWhole => Turn::Provider,
            Self::NotInstalled
            | Self::NoRoom
            | Self::Crashed
            | Self::TooMuchOutput
            | Self::Unreadable
            | Self::NoRuntime
            | Self::BadState
            | Self::OauthApp => Turn::Operator,
        }
    }
}

impl Failure {
    /// One of this kind, of whose turn it usually is then.
    pub fn new(reason: FailureReason, message: impl Into<String>) -> Self {
        Self { reason, turn: reason.turn(), message: message.into(), detail: None }
    }

    /// The same as somebody else's turn.
    #[must_use]
    pub fn on(self, turn: Turn) -> Self {
        Self { turn, ..self }
    }

    /// The same with more for the log.
    #[must_use]
    pub fn with_detail(self, detail: impl std::fmt::Display) -> Self {
        let detail = Some(detail.to_string()).filter(|text| !text.trim().is_empty());
        Self { detail, ..self }
    }

    /// The same where what was given is a setting of members, such as an output layer.
    #[must_use]
    pub fn of_members(self) -> Self {
        if self.turn == Turn::Giver { self.on(Turn::Owner) } else { self }
    }

    pub(super) fn cancelled() -> Self {
        Self::new(FailureReason::Cancelled, "It was stopped before it was done.")
    }

    /// Whether somebody stopped it, so that nothing is wrong.
    pub fn is_stop(&self) -> bool {
        self.reason == FailureReason::Cancelled
    }

    /// The kind of failure in the terms of the Airbyte protocol (`AirbyteErrorTraceMessage.failure_type`), as programs read it that know
    /// no turns.
    pub const fn kind(&self) -> &'static str {
        match (self.reason, self.turn) {
            (FailureReason::Interrupted, _) | (_, Turn::Provider) => "transient_error",
            (_, Turn::Operator) => "system_error",
            (_, Turn::Giver | Turn::Owner) => "config_error",
        }
    }
}

impl Turn {
    /// Of work that was stored before turns were: what its kind means.
    pub fn of_kind(kind: &str) -> Self {
        match kind {
            "transient_error" => Self::Provider,
            "system_error" => Self::Operator,
            _ => Self::Giver,
        }
    }
}
