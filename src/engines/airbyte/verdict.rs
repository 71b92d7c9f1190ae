//! What a run comes to.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use super::catalog;
use super::listen::Heard;
use super::messages::TraceError;
use crate::engines::{Catalog, Failure, FailureReason, ReadEnd, is_dump};

pub(super) fn of_check(heard: Heard<'_>) -> Result<(), Failure> {
    match heard.status {
        Some(Ok(())) => Ok(()),
        Some(Err(said)) if said.is_empty() => {
            Err(Failure::new(FailureReason::Refused, "The connector refused these details without saying why."))
        }
        // A connector that fell over while it checked has not found out anything.
        Some(Err(said)) if is_dump(&said) => {
            let words = format!("{STOPPED} before it could say whether the details work.");
            Err(Failure::new(FailureReason::Crashed, words).with_detail(said))
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

/// How a failure begins of which the connector itself has said nothing that is for people.
const STOPPED: &str = "The connector stopped unexpectedly";

/// The program's own words count, then how it ended.
fn no_answer(heard: Heard<'_>, what: &str) -> Failure {
    if let Some(error) = heard.error {
        return by_trace(error);
    }
    let how = heard.exit.map_or_else(|| "it did not end by itself and was stopped".to_owned(), ended);
    let message = format!("{STOPPED} before it said {what}: {how}.");
    Failure::new(FailureReason::Crashed, message).with_detail(heard.stderr)
}

fn by_trace(error: TraceError) -> Failure {
    let is_dump = is_dump(&error.message);
    let reason = match error.failure_type.as_deref() {
        Some("config_error") if !is_dump => FailureReason::Refused,
        Some("transient_error") => FailureReason::Unwell,
        _ => FailureReason::Crashed,
    };
    let (dump, message) = match error.message.trim() {
        "" => (None, "The connector failed without saying why.".to_owned()),
        dump if is_dump => (Some(dump.to_owned()), format!("{STOPPED}.")),
        words => (None, words.to_owned()),
    };
    let parts = [dump, error.internal_message, error.stack_trace];
    let detail = parts.into_iter().flatten().filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("\n");
    Failure::new(reason, message).with_detail(detail)
}

/// How a program ended, in words.
fn ended(exit: ExitStatus) -> String {
    match (exit.code(), exit.signal()) {
        // What a shell says of a program that was killed is said of it too.
        (_, Some(signal)) => format!("it was ended by {}", signal_words(signal)),
        (Some(code @ 129..=159), _) => format!("it was ended by {}", signal_words(code - 128)),
        (Some(code), _) => format!("it ended with status {code}"),
        _ => "it ended".to_owned(),
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
    use crate::engines::Turn;
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
        assert_eq!((failure.turn, failure.message.as_str()), (Turn::Giver, "wrong key"));
    }

    #[test]
    fn without_a_verdict_nothing_is_well() {
        let failure = of_check(heard()).unwrap_err();
        assert_eq!(failure.reason, FailureReason::Crashed, "{failure}");
        for (kind, turn) in [("config_error", Turn::Giver), ("transient_error", Turn::Provider), ("x", Turn::Operator)]
        {
            let mut heard = heard();
            heard.error = Some(TraceError { failure_type: Some(kind.to_owned()), ..TraceError::default() });
            assert_eq!(of_check(heard).unwrap_err().turn, turn, "{kind}");
        }
        let mut killed = heard();
        killed.exit = Some(ExitStatus::from_raw(9));
        killed.stderr = "last words".to_owned();
        let failure = of_discover(killed).unwrap_err();
        assert!(failure.message.contains("the signal KILL"), "{failure}");
        assert_eq!(failure.detail.as_deref(), Some("last words"));
    }

    #[test]
    fn a_stack_trace_is_no_verdict_on_the_details() {
        let trace =
            "Traceback (most recent call last):\n  File \"/opt/source/main.py\", line 7, in check\nKeyError: 'count'";
        let mut one = heard();
        one.status = Some(Err(trace.to_owned()));
        let failure = of_check(one).unwrap_err();
        assert_eq!((failure.reason, failure.turn), (FailureReason::Crashed, Turn::Operator), "{failure}");
        assert!(failure.message.starts_with(STOPPED) && failure.detail.as_deref() == Some(trace), "{failure}");
        let mut other = heard();
        let config_error = Some("config_error".to_owned());
        other.error =
            Some(TraceError { failure_type: config_error, message: trace.to_owned(), ..TraceError::default() });
        let failure = of_check(other).unwrap_err();
        assert_eq!((failure.turn, failure.message.contains("Traceback")), (Turn::Operator, false), "{failure}");
        assert!(failure.detail.unwrap().contains("KeyError"));
    }
}
