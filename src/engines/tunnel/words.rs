//! Which step of the way failed, in words that say whose turn it is.

use russh::{ChannelOpenFailure, Error, MethodKind};

use super::TunnelOptions;
use super::host_key::HostKey;
use crate::engines::reach::Unreached;
use crate::engines::{Failure, FailureReason};

/// What was shown to the jump server.
pub(super) enum ShownCredential {
    Password,
    /// A key with this fingerprint.
    Key(String),
}

/// How the server took what was shown.
pub(super) enum Verdict {
    In,
    /// It wants something more.
    More,
    /// No; it takes these ways.
    No(Vec<MethodKind>),
}

fn place(options: &TunnelOptions) -> String {
    format!("the jump server {} (port {})", options.host, options.port)
}

/// The jump server's address is not known, or may not be connected to.
pub(super) fn of_address(failure: Failure) -> Failure {
    Failure { message: format!("The SSH tunnel cannot begin. {}", failure.message), ..failure }
}

/// Nobody answers there.
pub(super) fn of_way(unreached: Unreached, options: &TunnelOptions) -> Failure {
    let place = place(options);
    let words = match unreached {
        Unreached::Refused => format!(
            "The SSH tunnel cannot begin: {place} refused the connection. No SSH server listens there, or a firewall turns it away. \
             Check the SSH port."
        ),
        Unreached::Silent => format!(
            "The SSH tunnel cannot begin: {place} did not answer. A firewall may be in between: allow the addresses Vestibule connects from."
        ),
    };
    Failure::new(FailureReason::TunnelNotReachable, words)
}

/// It answered and then went silent.
pub(super) fn silent(options: &TunnelOptions) -> Failure {
    let words =
        format!("{} accepted the connection and then said nothing. Is it an SSH server?", upper(&place(options)));
    Failure::new(FailureReason::TunnelNotReachable, words)
}

/// The first messages led nowhere.
pub(super) fn of_greeting(
    error: &Error,
    options: &TunnelOptions,
    known: Option<&HostKey>,
    seen: Option<&HostKey>,
) -> Failure {
    if let (Error::UnknownKey, Some(known), Some(seen)) = (error, known, seen) {
        return changed(options, known, seen);
    }
    let place = upper(&place(options));
    let words = match error {
        Error::NoCommonAlgo { theirs, .. } => format!(
            "{place} speaks SSH in ways only that are too old to be safe ({}). Whoever runs it has to update it.",
            theirs.join(", ")
        ),
        Error::Version | Error::Utf8(_) => format!("{place} does not speak SSH. Check the SSH port."),
        _ => format!(
            "{place} ended the connection before anybody signed in. Is it an SSH server, and does it let this address in?"
        ),
    };
    Failure::new(FailureReason::TunnelNotReachable, words)
}

/// Somebody else may be in its place.
fn changed(options: &TunnelOptions, known: &HostKey, seen: &HostKey) -> Failure {
    let words = format!(
        "{} has another host key than before: {} {} instead of {} {}. It was set up anew, or somebody else answers in its place. Nothing \
         was sent to it. Ask whoever runs it which key is right (ssh-keygen -lf on that server prints it); a member of the workspace can \
         then accept the new one.",
        upper(&place(options)),
        seen.algorithm,
        seen.fingerprint,
        known.algorithm,
        known.fingerprint
    );
    Failure::new(FailureReason::TunnelHostKeyChanged, words)
}

/// It does not let this user in.
pub(super) fn of_sign_in(verdict: &Verdict, shown: &ShownCredential, options: &TunnelOptions) -> Failure {
    let (place, user) = (upper(&place(options)), &options.user);
    let words = match (verdict, shown) {
        (Verdict::More, _) => format!(
            "{place} wants more of the user {user} than a password or a key, such as a code of the moment. Ask whoever runs it for a user \
             that needs only one of them."
        ),
        // Some servers leave a way out of the list once it was tried in vain.
        (Verdict::No(ways), ShownCredential::Password) if is_for_keys(ways) => format!(
            "{place} does not accept this password for the user {user}; it may let people in with keys only. Choose SSH with a key in the form \
             if that is so."
        ),
        (_, ShownCredential::Password) => format!("{place} does not accept this password for the user {user}."),
        (_, ShownCredential::Key(fingerprint)) => format!(
            "{place} does not accept this key ({fingerprint}) for the user {user}. Its public half has to stand in the file \
             .ssh/authorized_keys of that user there."
        ),
    };
    Failure::new(FailureReason::TunnelSignIn, words)
}

fn is_for_keys(ways: &[MethodKind]) -> bool {
    let takes_passwords = ways.contains(&MethodKind::Password) || ways.contains(&MethodKind::KeyboardInteractive);
    ways.contains(&MethodKind::PublicKey) && !takes_passwords
}

/// It ended the connection while somebody signed in.
pub(super) fn hung_up(options: &TunnelOptions) -> Failure {
    let words = format!("{} ended the connection while {} signed in.", upper(&place(options)), options.user);
    Failure::new(FailureReason::TunnelSignIn, words)
}

/// Signed in, and no way from there to the server behind.
pub(super) fn of_behind(error: &Error, jump: &str, host: &str, port: u16) -> Failure {
    let words = match error {
        Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited) => format!(
            "The SSH tunnel stands, and the jump server {jump} does not let this user through to {host} on port {port}. Whoever runs it can \
             allow that (AllowTcpForwarding, PermitOpen)."
        ),
        Error::ChannelOpenFailure(_) => format!(
            "The SSH tunnel stands, and the jump server {jump} cannot reach {host} on port {port}. The name is looked up there, in its own \
             network: check host and port as they are called there, and that a firewall lets it through."
        ),
        _ => format!("The SSH tunnel through {jump} ended before {host} was reached."),
    };
    Failure::new(FailureReason::TunnelBehind, words)
}

/// The jump server does not say whether it reached the server behind.
pub(super) fn silent_behind(jump: &str, host: &str, port: u16) -> Failure {
    let words = format!(
        "The SSH tunnel stands, and {host} on port {port} did not answer the jump server {jump}. A firewall may be between the two."
    );
    Failure::new(FailureReason::TunnelBehind, words)
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
