//! Programs that hang, flood, leak, fork and die: bounded, ended as a group, and failed with a reason.

use std::time::Instant;

use vestibule::engines::{FailureReason, Level, Turn};

use crate::support::engine::{Place, Task, is_alive};
use crate::support::{CANARY, PATIENCE};

#[tokio::test]
async fn a_connector_that_hangs_is_stopped_when_its_time_is_up() {
    let place = Place::new();
    for mode in ["hang", "stubborn"] {
        let began = Instant::now();
        let (done, _) = place.check(&Task::script(mode).within(5)).await;
        let failure = done.unwrap_err();
        assert_eq!((failure.reason, failure.turn), (FailureReason::Timeout, Turn::Provider), "{failure}");
        assert!(began.elapsed().as_secs() < 45, "{mode}: {:?}", began.elapsed());
        assert_eq!(place.left_behind(), 0);
    }
}

#[tokio::test]
async fn nothing_that_was_forked_stays_behind() {
    let place = Place::new();
    for (mode, task) in [("forks", Task::script("forks").interrupted()), ("orphans", Task::script("orphans"))] {
        let (done, told) = place.check(&task).await;
        assert_eq!(done.is_ok(), mode == "orphans", "{mode}: {done:?}");
        let pids: Vec<&str> = told.lines[0].1.split(' ').collect();
        assert!(pids.len() >= 2, "{pids:?}");
        // A killed process takes a moment to die.
        let end = Instant::now() + PATIENCE;
        while let Some(pid) = pids.iter().find(|pid| is_alive(pid)) {
            assert!(Instant::now() < end, "{mode}: {pid} of {pids:?}");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn too_much_output_ends_a_connector() {
    let place = Place::new();
    for mode in ["flood", "long_line"] {
        let (done, told) = place.check(&Task::script(mode)).await;
        assert_eq!(done.unwrap_err().reason, FailureReason::TooMuchOutput, "{mode}");
        assert!(told.lines.len() <= 2_101, "{mode}: {}", told.lines.len());
        assert!(told.lines.iter().all(|(_, text)| text.chars().count() <= 4_000));
    }
}

#[tokio::test]
async fn secrets_are_hidden_in_every_form() {
    let (done, told) = Place::new().check(&Task::script("leaks")).await;
    let failure = done.unwrap_err();
    assert_eq!(failure.reason, FailureReason::Refused);
    assert_eq!(failure.message, "GET https://api.example.com/?access_token=[hidden] failed: [hidden]");
    let log = told.log();
    assert!(log.matches("[hidden]").count() >= 18, "{log}");
    // The middle of the canary in base64 and in hexadecimal.
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    for form in [CANARY, "QW5BclktN2YzZTl", &hex, "cAnArY%2D"] {
        assert!(!log.contains(form), "{form}: {log}");
    }
}

#[tokio::test]
async fn memory_is_bounded_and_deaths_are_told() {
    let place = Place::new();
    for (mode, words) in [
        ("memory", "ended with status 1"),
        ("signal", "the signal SEGV"),
        ("exit", "ended with status 2"),
        ("crash", "Something went wrong."),
    ] {
        let (done, told) = place.check(&Task::script(mode)).await;
        let failure = done.unwrap_err();
        assert_eq!((failure.reason, failure.turn), (FailureReason::Crashed, Turn::Operator), "{mode}: {failure}");
        assert!(failure.message.contains(words), "{mode}: {failure}");
        match mode {
            "memory" => assert!(failure.detail.unwrap().contains("MemoryError"), "{}", told.log()),
            "crash" => assert_eq!(failure.detail.as_deref(), Some("'count'\nline 7")),
            _ => {}
        }
    }
}

#[tokio::test]
async fn garbage_is_kept_as_log_and_the_verdict_counts() {
    let place = Place::new();
    let (done, told) = place.check(&Task::script("garbage")).await;
    assert!(done.is_ok(), "{done:?}");
    assert!(told.log().contains("[1, 2]") && told.log().contains("a line without an end"), "{}", told.log());
    let (done, _) = place.check(&Task::script("twice")).await;
    assert_eq!(done.unwrap_err().message, "the second one counts");
    let (done, _) = place.check(&Task::script("refused")).await;
    assert_eq!(done.unwrap_err().message, "Unauthorized. The token is wrong.");
    let (done, _) = place.read(&Task::script("broken_record"), &[], None).await;
    assert_eq!(done.unwrap_err().reason, FailureReason::Unreadable);
}

#[tokio::test]
async fn a_verdict_counts_although_the_program_stays() {
    let began = Instant::now();
    let (done, _) = Place::new().check(&Task::script("late")).await;
    assert!(done.is_ok() && began.elapsed().as_secs() < 45, "{done:?} {:?}", began.elapsed());
}

#[tokio::test]
async fn a_connector_is_cancelled_at_once() {
    let began = Instant::now();
    let (done, told) = Place::new().check(&Task::script("stubborn").interrupted()).await;
    assert_eq!(told.lines.len(), 1, "{}", told.log());
    let failure = done.unwrap_err();
    assert!(failure.is_stop(), "{failure:?}");
    assert!(began.elapsed().as_secs() < 45, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_program_finds_nothing_of_ours_around_it() {
    let (done, told) = Place::new().check(&Task::script("surroundings")).await;
    assert!(done.is_ok(), "{done:?}");
    let line = told.lines.iter().find(|(level, text)| *level == Level::Info && text.starts_with('{')).unwrap();
    let found: serde_json::Value = serde_json::from_str(&line.1).unwrap();
    let names = found["environment"].as_object().unwrap().keys().map(String::as_str);
    // What a wrapper around Python may add.
    let wrapper = |name: &str| name.contains("PYENV") || ["PWD", "OLDPWD", "SHLVL", "_"].contains(&name);
    let names: Vec<&str> = names.filter(|name| !wrapper(name)).collect();
    let due = ["DEPLOYMENT_MODE", "HOME", "LANG", "LC_CTYPE", "PATH", "PYTHONUNBUFFERED", "TMPDIR", "VESTIBULE_RUN"];
    assert!(names.iter().all(|name| due.contains(name)) && names.contains(&"PATH"), "{names:?}");
    assert_eq!((&found["mode"], &found["written"]), (&"0o700".into(), &"0o600".into()));
    assert_eq!((&found["privileges"], &found["group"]), (&"1".into(), &true.into()));
    assert_eq!(found["limits"]["RLIMIT_CORE"], 0);
    assert_eq!(found["limits"]["RLIMIT_AS"], 4_u64 << 30);
    let descriptors = found["descriptors"].as_object().unwrap();
    assert!(descriptors["3"].as_str().unwrap().starts_with("/memfd:configuration"), "{descriptors:?}");
    assert!(!descriptors.values().any(|target| target.as_str().unwrap().starts_with("socket:")), "{descriptors:?}");
    let arguments = found["arguments"].to_string();
    assert!(arguments.contains("/dev/fd/3") && !arguments.contains("hidden"), "{arguments}");
}
