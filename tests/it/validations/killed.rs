//! A server that is killed while a connector runs: the validation is over within a minute, and nothing of the connector stays.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use vestibule::base::clock::Clock;
use vestibule::base::crypto::password::Cost;
use vestibule::base::ids::ValidationId;
use vestibule::base::rng::Rng;
use vestibule::features::accounts::find_workspace_by_slug;
use vestibule::features::work::validations::{self, Validation};
use vestibule::platform::app::App;
use vestibule::platform::jobs::WorkState;

use crate::support::caller::Caller;
use crate::support::engine::{is_alive, script_file};
use crate::support::installation::Installation;
use crate::support::{CANARY, PATIENCE};

/// An installation whose connector `corner-shop` says which processes it is, and stays.
fn installation() -> Installation {
    let mut here = Installation::new();
    let file = here.write("connectors/corner-shop.json", &script_file("forks").to_string());
    here.set("VESTIBULE_CONNECTORS_DIR", file.parent().unwrap().to_str().unwrap());
    #[allow(clippy::disallowed_methods, reason = "connectors are looked for where the tests find theirs")]
    let path = std::env::var("PATH").unwrap();
    here.set("PATH", &path).set("VESTIBULE_LOG", "warn");
    here.owner("Acme", "ana@acme.example").good();
    here
}

/// Follows a log until a line is made of numbers only: the connector and what it has forked.
async fn pids(caller: &Caller, log: &str) -> Vec<String> {
    let (mut answer, mut text) = (caller.open(log).await, String::new());
    loop {
        let chunk = answer.chunk().await.unwrap().unwrap_or_else(|| panic!("it said no numbers: {text}"));
        text.push_str(&String::from_utf8_lossy(&chunk));
        let numbers = |line: &str| -> Vec<String> { line.split_whitespace().skip(2).map(str::to_owned).collect() };
        let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(numbers);
        if let Some(pids) = lines.find(|all| all.len() == 4 && all.iter().all(|one| one.parse::<u32>().is_ok())) {
            return pids;
        }
    }
}

/// The next server, so many seconds later.
fn later(here: &Installation, seconds: i64) -> Arc<App> {
    let clock = Clock::manual(Clock::System.now() + time::Duration::seconds(seconds));
    App::build_with(here.config(), clock, Rng::System, Cost::Cheap).unwrap()
}

async fn find(app: &App, id: &str) -> Validation {
    let id = ValidationId::from_text(id);
    let find = move |conn: &mut _| {
        let workspace = find_workspace_by_slug(conn, "acme")?.unwrap();
        Ok(Validation::find(conn, &workspace.id, &id)?.unwrap())
    };
    app.db.read(find).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_leaves_neither_a_validation_nor_a_program_behind() {
    let here = installation();
    let server = here.start(&["serve"]);
    let caller = Caller::new(&here, &server.base, &["sources:read", "sources:write", "validations:write"]);
    let new = json!({"connector_slug": "corner-shop", "config": {"token": CANARY}});
    let source = caller.post("/api/v1/sources/", &new).await;
    let path = format!("/api/v1/sources/{}/revalidate/", source["slug"].as_str().unwrap());
    let id = caller.post(&path, &json!({})).await["id"].as_str().unwrap().to_owned();
    let pids = pids(&caller, &format!("/api/v1/connector-validations/{id}/logs/")).await;
    assert!(pids.iter().all(|pid| is_alive(pid)), "{pids:?}");
    drop(server); // SIGKILL

    let next = later(&here, 59);
    // A killed process takes a moment to die.
    let end = Instant::now() + PATIENCE;
    while pids.iter().any(|pid| is_alive(pid)) {
        assert!(Instant::now() < end, "of {pids:?} some are still there");
        tokio::task::yield_now().await;
    }
    assert!(std::fs::read_dir(next.engines.runs_dir()).unwrap().next().is_none(), "its folder is gone");
    // The next server has watched nothing yet, however late its clock says it is.
    validations::run_due(&next).await.unwrap();
    assert_eq!(find(&next, &id).await.state, WorkState::InProgress);
    for _ in 0..60 {
        next.clock.advance(time::Duration::seconds(1));
        validations::run_due(&next).await.unwrap();
    }
    let seen = find(&next, &id).await;
    assert_eq!((seen.state, seen.reason.as_deref()), (WorkState::Failed, Some("interrupted")));
}
