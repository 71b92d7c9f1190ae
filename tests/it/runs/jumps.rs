//! Work and schedules while somebody sets the clock and the machine stands still: what lives goes on, what was asked for last counts, what
//! comes round comes round.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use vestibule::base::clock::UtcTime;
use vestibule::features::streams::Cron;
use vestibule::features::work::{runs, validations};

use super::source;
use crate::api::Program;
use crate::support::{Dice, TestApp};

/// A run whose worker lives and whose source waits to be told to go on.
struct LiveRun {
    path: String,
    go_on: PathBuf,
    worker: tokio::task::JoinHandle<()>,
}

impl LiveRun {
    async fn begin(app: &TestApp, program: &Program, slug: &str) -> Self {
        let go_on = app.data_dir().join("go-on");
        let mode = json!({"config": {"mode": format!("read:{}", go_on.display())}});
        program.patch(&format!("/api/v1/sources/{slug}/"), mode).await.expect(200);
        let run = program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(202).text("/id");
        let inner = Arc::clone(&app.app);
        let worker = tokio::spawn(async move {
            runs::run_due(&inner).await.unwrap();
        });
        let this = Self { path: format!("/api/v1/runs/{run}/"), go_on, worker };
        while this.see(program).await["records"] == 0 {
            tokio::task::yield_now().await;
        }
        this
    }

    async fn see(&self, program: &Program) -> Value {
        program.get(&self.path).await.expect(200).json
    }

    /// Somebody looks for lost work, and the run still goes on.
    async fn lives(&self, app: &TestApp, program: &Program, after: &str) {
        runs::run_due(&app.app).await.unwrap();
        let seen = self.see(program).await;
        assert_eq!(seen["status"], "in_progress", "after {after}: {seen}");
    }

    /// Its worker says that it lives.
    async fn beats(&self, app: &TestApp) {
        let beat = async || {
            let all = |conn: &mut vestibule::platform::db::Conn| -> vestibule::base::error::AppResult<Vec<i64>> {
                use diesel::prelude::*;
                use vestibule::platform::db::schema::runs::dsl;
                Ok(dsl::runs.filter(dsl::ended_at.is_null()).select(dsl::beat).load(conn)?)
            };
            app.app.db.read(all).await.unwrap()
        };
        let before = beat().await;
        while beat().await == before {
            tokio::task::yield_now().await;
        }
    }

    async fn ends_well(self, program: &Program) {
        std::fs::write(&self.go_on, "").unwrap();
        self.worker.await.unwrap();
        let done = program.get(&self.path).await.expect(200).json;
        assert_eq!(done["status"], "success", "{done}");
    }
}

#[tokio::test]
async fn neither_a_stop_nor_a_step_of_the_clock_ends_a_run_that_lives() {
    let (app, program, slug) = source(json!({}), json!({})).await;
    let run = LiveRun::begin(&app, &program, &slug).await;
    run.lives(&app, &program, "nothing").await;
    for (step, after) in
        [(10, "ten minutes forward"), (-60, "an hour back"), (-24 * 60, "a day back"), (48 * 60, "two days forward")]
    {
        app.step(time::Duration::minutes(step));
        run.lives(&app, &program, after).await;
    }
    app.advance(time::Duration::seconds(33));
    run.lives(&app, &program, "a stop of 33 seconds").await;
    app.advance(time::Duration::hours(9));
    run.lives(&app, &program, "a night asleep").await;
    run.ends_well(&program).await;
}

/// Whether the newest validation found the details good, as a program learns it that wants to finalise.
async fn is_good(app: &TestApp, program: &Program, slug: &str) -> bool {
    let connection = program.get(&format!("/api/v1/sources/{slug}/")).await.expect(200).text("/id");
    let workspace = crate::api::workspace_id(app, "Acme Analytics").await;
    let id = vestibule::base::ids::ConnectionId::from_text(&connection);
    let newest = app.app.db.read(move |conn| Ok(validations::latest(conn, &workspace, &id)?)).await.unwrap().unwrap();
    newest.state == vestibule::platform::jobs::WorkState::Success
}

#[tokio::test]
async fn of_two_validations_the_one_asked_for_last_counts_whatever_the_clock_says() {
    let (app, program, slug) = crate::validations::shop_draft("right", json!({})).await;
    let path = format!("/api/v1/sources/{slug}/");
    let validate = async |token: &str| {
        program.patch(&path, json!({"config": {"token": token}})).await.expect(200);
        program.post(&format!("{path}revalidate/"), json!({})).await.expect(202);
        app.work().await;
    };
    validate("wrong").await;
    app.step(time::Duration::hours(-1));
    validate("right").await;
    let finish = json!({"draft": false, "add_streams": [{"stream_name": "people"}]});
    assert_eq!(program.patch(&path, finish).await.expect(200).json["draft"], false);
    assert!(is_good(&app, &program, &slug).await);
    app.step(time::Duration::hours(-1));
    validate("wrong").await;
    assert!(!is_good(&app, &program, &slug).await, "an older success is no newer for its later time");
    let first = program.post(&format!("{path}trigger/"), json!({})).await.expect(202).text("/id");
    app.work().await;
    app.step(time::Duration::hours(-1));
    let second = program.post(&format!("{path}trigger/"), json!({})).await.expect(202).text("/id");
    app.work().await;
    let ids = |page: &Value| -> Vec<String> {
        page["results"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
    };
    let page = program.get("/api/v1/runs/?limit=1").await.expect(200).json;
    assert_eq!(ids(&page), [second]);
    let page = program.get(page["next"].as_str().unwrap()).await.expect(200).json;
    assert_eq!(ids(&page), [first]);
}

/// A journey of jumps and stops, beside what must be true after each.
#[tokio::test]
async fn on_a_journey_of_jumps_what_lives_goes_on_and_what_comes_round_comes_round() {
    for seed in 1..=2 {
        journey(Dice(seed)).await;
    }
}

async fn journey(mut dice: Dice) {
    let (app, program, slug) = source(json!({}), json!({})).await;
    let clocked = program.draft("sources", "shop").await;
    let path = format!("/api/v1/sources/{clocked}/");
    program.patch(&path, json!({"config": {"token": "right"}})).await.expect(200);
    super::finalise(&app, &program, &clocked, json!({"trigger": {"type": "cron", "cron": "0 * * * *"}})).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let run = LiveRun::begin(&app, &program, &slug).await;
    let mut done = Vec::new();
    for turn in 0..10 {
        let minutes = i64::try_from(dice.throw(3_000)).unwrap();
        let what = match dice.throw(4) {
            0 => {
                app.step(time::Duration::minutes(minutes));
                "forward"
            }
            1 => {
                app.step(time::Duration::minutes(-minutes));
                "back"
            }
            2 => {
                app.advance(time::Duration::minutes(minutes));
                "a stop"
            }
            _ => {
                app.advance(time::Duration::seconds(33));
                "a short stop"
            }
        };
        done.push(format!("{what} {minutes}"));
        let after = done.join(", ");
        run.lives(&app, &program, &after).await;
        let next = program.get(&path).await.expect(200).json["trigger"]["next_at"].as_str().map(str::to_owned);
        let next = UtcTime::from_iso(&next.unwrap_or_else(|| panic!("after {after} it comes never again"))).unwrap();
        let wait = next - app.app.clock.now();
        assert!(
            wait > time::Duration::ZERO && wait <= time::Duration::minutes(61),
            "after {after}: it comes in {wait}"
        );
        let page = owner.get(&format!("/connections/{clocked}")).await.text();
        let shown = Cron { expression: "0 * * * *".to_owned(), zone: "UTC".to_owned() }.local(next);
        assert!(page.contains(&format!("Next times {shown}")), "after {after}: {shown} is not shown in {page}");
        if turn % 4 == 3 {
            run.beats(&app).await;
            runs::run_due(&app.app).await.unwrap();
        }
    }
    run.ends_well(&program).await;
}
