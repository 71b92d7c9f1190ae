//! What a bad answer, or none, means.

use crate::base::http_client;
use crate::engines::{Blame, Failure, FailureReason};

/// What a status means that the connector's file does not explain.
pub(super) fn of_status(status: u16, host: &str) -> Failure {
    let message = match status {
        401 => format!("{host} does not accept these credentials. They may be mistyped, expired or withdrawn."),
        403 => format!(
            "{host} knows these credentials, but they do not allow what is needed. Check the permissions they were given."
        ),
        404 => format!("{host} does not know what was asked for. Check names and addresses that were entered."),
        429 => format!("{host} was asked too often lately. Try again in a while."),
        500..=599 => format!("{host} is not well at the moment (status {status}). Try again in a while."),
        300..=399 => format!("{host} points somewhere else (status {status}). Check the address that was entered."),
        200..=299 => format!("{host} gave another answer than expected."),
        _ => format!("{host} refused the request (status {status})."),
    };
    Failure::new(reason(status), message)
}

/// The kind of failure behind a status.
pub(super) const fn reason(status: u16) -> FailureReason {
    match status {
        401 => FailureReason::SignIn,
        403 => FailureReason::Permission,
        429 => FailureReason::RateLimited,
        500..=599 => FailureReason::Unwell,
        _ => FailureReason::Refused,
    }
}

/// Why no answer came.
pub(super) fn of_failure(failure: http_client::HttpFailure, host: &str) -> Failure {
    use http_client::HttpFailure as Http;
    match failure {
        Http::Unknown => {
            Failure::new(FailureReason::HostUnknown, format!("Nobody knows a host named {host}. Check the spelling."))
        }
        Http::NotPublic => Failure::new(
            FailureReason::AddressRefused,
            format!(
                "{host} is, or leads to, an address that is not public. Vestibule connects to public addresses only; its operator can open \
                 networks by name in VESTIBULE_CONNECTOR_ALLOW_CIDRS."
            ),
        ),
        Http::Connect => Failure::new(FailureReason::NotReachable, format!("{host} cannot be reached at the moment.")),
        Http::Tls => Failure::new(FailureReason::Tls, format!("No secure connection to {host} could be made.")),
        Http::Timeout => {
            Failure::new(FailureReason::Timeout, format!("{host} did not answer in time.")).blaming(Blame::Moment)
        }
        Http::Broken | Http::TooLarge => {
            Failure::new(FailureReason::Unwell, format!("{host} gave an answer that cannot be read."))
        }
    }
}
