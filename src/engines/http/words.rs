//! What a bad answer, or none, means.

use crate::base::http_client::HttpFailure;
use crate::engines::{Failure, FailureReason, Turn, hosts};

/// What a status means that the connector's file does not explain.
pub(super) fn of_status(status: u16, goal: Goal<'_>) -> Failure {
    let host = goal.host;
    if (300..400).contains(&status) && !goal.is_entered {
        let words =
            format!("{host} points somewhere else (status {status}), so the connector's file asks at an old address.");
        return Failure::new(FailureReason::Unreadable, words);
    }
    let message = match status {
        401 => format!("{host} does not accept these credentials. They may be mistyped, expired or withdrawn."),
        403 => format!(
            "{host} knows these credentials, but they do not allow what is needed. Check the permissions they were given."
        ),
        404 => format!("{host} does not know what was asked for. Check names and addresses that were entered."),
        408 => format!("{host} gave up waiting (status 408). Try again in a while."),
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
        408 => FailureReason::Timeout,
        429 => FailureReason::RateLimited,
        500..=599 => FailureReason::Unwell,
        _ => FailureReason::Refused,
    }
}

/// Where a request goes.
#[derive(Clone, Copy)]
pub(super) struct Goal<'a> {
    pub(super) host: &'a str,
    /// The host, or a part of it, was entered; else the connector's file names it, and nobody who fills in a form can mend it.
    pub(super) is_entered: bool,
}

/// Why no answer came.
pub(super) fn of_failure(failure: HttpFailure, goal: Goal<'_>) -> Failure {
    let host = goal.host;
    match failure {
        HttpFailure::Unknown | HttpFailure::NotPublic | HttpFailure::NoLookup if goal.is_entered => {
            hosts::not_found(failure, host)
        }
        HttpFailure::Unknown | HttpFailure::NoLookup => {
            let words = format!(
                "{host} cannot be found in the DNS from here at the moment. It is no part of what was entered."
            );
            Failure::new(FailureReason::NotReachable, words)
        }
        HttpFailure::NotPublic => {
            let words = format!("The DNS of this installation leads {host} to an address that is not public.");
            Failure::new(FailureReason::AddressRefused, words).on(Turn::Operator)
        }
        HttpFailure::Connect if goal.is_entered => {
            let words = format!(
                "{host} does not answer. Check the name, and that it can be reached from outside your network."
            );
            Failure::new(FailureReason::NotReachable, words).on(Turn::Giver)
        }
        HttpFailure::Connect => {
            Failure::new(FailureReason::NotReachable, format!("{host} cannot be reached at the moment."))
        }
        HttpFailure::Tls if goal.is_entered => Failure::new(
            FailureReason::Tls,
            format!(
                "No secure connection to {host} could be made: it offers none, or nobody known vouches for its certificate."
            ),
        ),
        HttpFailure::Tls => {
            let words = format!("Somebody on the way to {host} shows a certificate that is not trusted here.");
            Failure::new(FailureReason::Tls, words).on(Turn::Operator)
        }
        HttpFailure::Timeout => Failure::new(FailureReason::Timeout, format!("{host} did not answer in time.")),
        HttpFailure::Broken | HttpFailure::TooLarge => {
            Failure::new(FailureReason::Unwell, format!("{host} gave an answer that cannot be read."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::FailureReader;

    /// Why no answer came: of a host somebody entered, and of one that the connector's file names.
    const TURNS: [(HttpFailure, Turn, Turn); 8] = [
        (HttpFailure::Unknown, Turn::Giver, Turn::Provider),
        (HttpFailure::NoLookup, Turn::Provider, Turn::Provider),
        (HttpFailure::NotPublic, Turn::Giver, Turn::Operator),
        (HttpFailure::Connect, Turn::Giver, Turn::Provider),
        (HttpFailure::Tls, Turn::Giver, Turn::Operator),
        (HttpFailure::Timeout, Turn::Provider, Turn::Provider),
        (HttpFailure::Broken, Turn::Provider, Turn::Provider),
        (HttpFailure::TooLarge, Turn::Provider, Turn::Provider),
    ];

    #[test]
    fn nobody_is_told_off_for_a_host_they_did_not_enter() {
        for (why, entered, fixed) in TURNS {
            for (is_entered, due) in [(true, entered), (false, fixed)] {
                let failure = of_failure(why, Goal { host: "api.example.com", is_entered });
                assert_eq!(failure.turn, due, "{why:?} {is_entered}: {failure}");
                let words = failure.words(FailureReader::Recipient).message;
                assert!(is_entered || !words.to_lowercase().contains("spelling"), "{why:?}: {words}");
                assert!(failure.message.contains("api.example.com"), "{why:?}: {failure}");
            }
        }
    }

    #[test]
    fn a_bad_moment_of_the_service_is_nobody_s_mistake() {
        let goal = Goal { host: "api.example.com", is_entered: false };
        for status in [408, 429, 500, 502, 503, 504] {
            assert_eq!(of_status(status, goal).turn, Turn::Provider, "{status}");
        }
        for status in [401, 403] {
            assert_eq!(of_status(status, goal).turn, Turn::Giver, "{status}");
        }
        assert_eq!(of_status(302, goal).turn, Turn::Operator);
    }
}
