//! What a run comes to.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use super::catalog;
use super::listen::Heard;
use super::messages::TraceError;
use crate::engines::{Blame, Catalog, Failure, FailureReason, ReadEnd};

pub(super) fn of_check(heard: Heard<'_>) -> Result<(), Failure> {
    match heard.status {
        Some(Ok(())) => Ok(()),
        Some(Err(said)) if said.is_empty() => {
            Err(Failure::new(FailureReason::Refused, "The connector refused these details without saying why."))
        }
        Some(Err(said)) => Err(Failure::new(FailureReason::Refused, said)),
        None => Err(no_answer(heard, "whether the details work")),
    }
}

pub(super) fn of_discover(mut heard: Heard<'_>) -> Result<Catalog, Failure> {
    match heard.catalog.take() {
        Some(body) => Ok(catalog::ours(body)),
        None => Err(no_answer(heard, "which streams there are")),
    }
}

pub(super) fn of_spec(mut heard: Heard<'_>) -> Result<serde_json::Value, Failure> {
    match heard.spec.take() {
        Some(spec) => Ok(spec),
        None => Err(no_answer(heard, "which settings it has")),
    }
}

pub(super) fn of_read(heard: Heard<'_>) -> Result<ReadEnd, Failure> {
    let ended_well = heard.exit.is_some_and(|exit| exit.success());
    if !ended_well || heard.error.is_some() {
        return Err(no_answer(heard, "that it was done"));
    }
    Ok(ReadEnd { incomplete: heard.incomplete })
}

/// The program's own words count, then how it ended.
fn no_answer(heard: Heard<'_>, what: &str) -> Failure {
    if let Some(error) = heard.error {
        return by_trace(error);
    }
    let how = heard.exit.map_or_else(|| "did not end by itself and was stopped".to_owned(), ended);
    let detail = Some(heard.stderr).filter(|text| !text.is_empty());
    let message = format!("The connector {how} before it said {what}.");
    Failure { detail, ..Failure::new(FailureReason::Crashed, message) }
}

fn by_trace(error: TraceError) -> Failure {
    let (reason, blame) = match error.failure_type.as_deref() {
        Some("config_error") => (FailureReason::Refused, Blame::Config),
        Some("transient_error") => (FailureReason::Unwell, Blame::Moment),
        _ => (FailureReason::Crashed, Blame::Operator),
    };
    let parts = [error.internal_message, error.stack_trace];
    let detail = parts.into_iter().flatten().filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("\n");
    let message =
        if error.message.trim().is_empty() { "The connector failed without saying why." } else { &error.message };
    Failure { detail: Some(detail).filter(|detail| !detail.is_empty()), ..Failure::new(reason, message).blaming(blame) }
}

/// How a program ended, in words.
fn ended(exit: ExitStatus) -> String {
    match (exit.code(), exit.signal()) {
        // What a shell says of a program that was killed is said of it too.
        (_, Some(signal)) => format!("was ended by {}", signal_words(signal)),
        (Some(code @ 129..=159), _) => format!("was ended by {}", signal_words(code - 128)),
        (Some(code), _) => format!("ended with status {code}"),
        _ => "ended".to_owned(),
    }
}

fn signal_words(signal: i32) -> String {
    match signal {
        9 => "the signal KILL (perhaps for want of memory)".to_owned(),
        11 => "the signal SEGV".to_owned(),
        24 => "the signal XCPU: it used all the computing time it may".to_owned(),
        25 => "the signal XFSZ: it wrote a file larger than it may".to_owned(),
        other => format!("the signal {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::airbyte::state::AirbyteState;

    fn heard() -> Heard<'static> {
        let mut heard = Heard::new(None, &[], AirbyteState::default());
        heard.exit = Some(ExitStatus::from_raw(0));
        heard
    }

    #[test]
    fn the_message_counts_and_not_the_exit_status() {
        let mut one = heard();
        one.exit = Some(ExitStatus::from_raw(1 << 8));
        one.status = Some(Ok(()));
        assert_eq!(of_check(one), Ok(()));
        let mut other = heard();
        other.status = Some(Err("wrong key".to_owned()));
        let failure = of_check(other).unwrap_err();
        assert_eq!((failure.blame, failure.message.as_str()), (Blame::Config, "wrong key"));
    }

    #[test]
    fn without_a_verdict_nothing_is_well() {
        let failure = of_check(heard()).unwrap_err();
        assert_eq!(failure.reason, FailureReason::Crashed, "{failure}");
        for (kind, blame) in
            [("config_error", Blame::Config), ("transient_error", Blame::Moment), ("x", Blame::Operator)]
        {
            let mut heard = heard();
            heard.error = Some(TraceError { failure_type: Some(kind.to_owned()), ..TraceError::default() });
            assert_eq!(of_check(heard).unwrap_err().blame, blame, "{kind}");
        }
        let mut killed = heard();
        killed.exit = Some(ExitStatus::from_raw(9));
        killed.stderr = "last words".to_owned();
        let failure = of_discover(killed).unwrap_err();
        assert!(failure.message.contains("the signal KILL"), "{failure}");
        assert_eq!(failure.detail.as_deref(), Some("last words"));
    }
}
