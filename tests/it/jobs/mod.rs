//! What must happen later happens: once for each worker that stays alive, again for one that died, and never for ever in vain.

mod claims;
mod failed;
mod forgotten;

use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use time::Duration;
use vestibule::base::clock::UtcTime;
use vestibule::base::error::AppError;
use vestibule::base::ids::SetupLinkId;
use vestibule::features::setup_links::SubmissionMail;
use vestibule::platform::app::App;
use vestibule::platform::db::schema::{jobs, members, setup_links};
use vestibule::platform::jobs::{
    LEASE, MOST_ATTEMPTS, ensure_recurring, forget_failed, forgettable_failed, try_failed_again,
};
use vestibule::server::dispatcher::{Sweep, run_due};

use crate::setup_links::{app_with_link, share};
use crate::support::TestApp;

/// The state of a job in the table.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
struct Row {
    run_at: UtcTime,
    lease_until: Option<UtcTime>,
    attempts: i32,
    failed_at: Option<UtcTime>,
    last_error: Option<String>,
}

async fn rows(app: &TestApp) -> Vec<Row> {
    let columns = (jobs::run_at, jobs::lease_until, jobs::attempts, jobs::failed_at, jobs::last_error);
    app.app.db.read(move |conn| Ok(jobs::table.order(jobs::id).select(columns).load(conn)?)).await.unwrap()
}

/// An app with nothing to do, and a link whose submission can be told of.
async fn app_with_submission() -> (TestApp, SetupLinkId) {
    let (app, _owner, _, link) = app_with_link().await;
    let visitor = app.visitor();
    let form = visitor.get(&link).await.form_with("/host").set("/host", "db.example").add("intent", "partial");
    assert_eq!(form.send(&visitor).await.status, 303);
    app.run_jobs().await;
    assert_eq!((rows(&app).await.len(), app.app.mailer.kept().len()), (0, 1));
    let id = app.app.db.read(|conn| Ok(setup_links::table.select(setup_links::id).first(conn)?)).await.unwrap();
    (app, id)
}

async fn add(app: &TestApp, link: &SetupLinkId, count: usize) {
    let link = link.clone();
    let add = move |tx: &mut vestibule::platform::tx::Tx<'_>| {
        for _ in 0..count {
            tx.enqueue(&SubmissionMail(link.clone()))?;
        }
        Ok(())
    };
    app.app.write(add).await.unwrap();
}

/// Lets a worker watch for that long what others hold; how many jobs it did meanwhile.
async fn watch_for(app: &TestApp, worker: &Arc<App>, span: Duration) -> usize {
    let mut done = 0;
    let (most, mut left) = (Duration::seconds(5), span);
    while left > Duration::ZERO {
        app.advance(left.min(most));
        left -= left.min(most);
        done += run_due(worker).await.unwrap();
    }
    done
}

async fn change(app: &TestApp, sql: &str) {
    let sql = sql.to_owned();
    app.app.db.write(move |conn| Ok(conn.batch_execute(&sql)?)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_workers_do_each_job_once() {
    let (app, link) = app_with_submission().await;
    let (_, second) = app.second_server();
    add(&app, &link, 90).await;
    let workers = [&app.app, &second, &app.app, &second].map(|worker| {
        let worker = Arc::clone(worker);
        tokio::spawn(async move {
            let mut tried = 0;
            loop {
                let now = run_due(&worker).await.unwrap();
                tried += now;
                let left: i64 = worker.db.read(|conn| Ok(jobs::table.count().get_result(conn)?)).await.unwrap();
                if now == 0 && left == 0 {
                    return tried;
                }
            }
        })
    });
    let mut tried = 0;
    for worker in workers {
        tried += worker.await.unwrap();
    }
    assert_eq!((tried, app.app.mailer.kept().len()), (90, 91));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_job_in_work_is_nobody_elses_until_its_lease_is_over() {
    // A mail server that takes calls and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", silent.local_addr().unwrap());
    let app = TestApp::start_with(|config| config.mail.smtp_url = Some(url.into()));
    let owner = app.owner().await;
    let (_, link) = share(&owner, "source", "postgres", &[]).await;
    let visitor = app.visitor();
    let form = visitor.get(&link).await.form_with("/host").set("/host", "db.example").add("intent", "partial");
    assert_eq!(form.send(&visitor).await.status, 303);
    let first = tokio::spawn({
        let worker = Arc::clone(&app.app);
        async move { run_due(&worker).await.unwrap() }
    });
    let (call, _) = silent.accept().await.unwrap();
    let row = rows(&app).await.remove(0);
    assert_eq!((row.attempts, row.lease_until), (1, Some(app.app.clock.now() + LEASE)));
    let (_, other) = app.second_server();
    assert_eq!(run_due(&other).await.unwrap(), 0);
    for (step, after) in [(3_600, "an hour forward"), (-7_200, "two hours back"), (86_400, "a day forward")] {
        app.step(Duration::seconds(step));
        assert_eq!(run_due(&other).await.unwrap(), 0, "{after}");
    }
    app.advance(Duration::hours(9));
    assert_eq!(run_due(&other).await.unwrap(), 0, "a night asleep counts for no more than a moment");
    assert_eq!(watch_for(&app, &other, LEASE - Duration::seconds(6)).await, 0, "held to its last moment");
    assert_eq!(rows(&app).await.remove(0).attempts, 1);
    let second = tokio::spawn({
        let other = Arc::clone(&other);
        app.advance(Duration::SECOND);
        async move { run_due(&other).await.unwrap() }
    });
    let (other_call, _) = silent.accept().await.unwrap();
    assert_eq!(rows(&app).await.remove(0).attempts, 2);
    drop((call, other_call));
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 1));
    let row = rows(&app).await.remove(0);
    assert!(row.lease_until.is_none() && row.last_error.is_some(), "{row:?}");
}

#[tokio::test]
async fn the_job_of_a_worker_that_died_is_taken_when_its_lease_is_over() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, 1).await;
    // What a worker leaves behind that was killed after its claim; its clock was a year behind.
    let until = app.app.clock.now() - Duration::days(365);
    let claimed = diesel::update(jobs::table).set((jobs::lease_until.eq(until), jobs::attempts.eq(1)));
    app.app.db.write(move |conn| Ok(claimed.execute(conn)?)).await.unwrap();
    assert_eq!(run_due(&app.app).await.unwrap(), 0, "nobody has watched it yet");
    assert_eq!(watch_for(&app, &app.app, LEASE - Duration::SECOND).await, 0);
    assert_eq!(watch_for(&app, &app.app, Duration::SECOND).await, 1);
    assert_eq!((rows(&app).await.len(), app.app.mailer.kept().len()), (0, 2));
}

#[tokio::test]
async fn what_fails_is_tried_again_ever_later_and_given_up_in_the_end() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, 1).await;
    change(&app, "UPDATE members SET email = 'no address'").await;
    for (attempt, wait) in (1..).zip([30, 120, 480, 1_920, 7_680, 28_800, 28_800]) {
        let now = app.app.clock.now();
        assert_eq!((run_due(&app.app).await.unwrap(), run_due(&app.app).await.unwrap()), (1, 0), "try {attempt}");
        let row = rows(&app).await.remove(0);
        assert_eq!((row.attempts, row.run_at, row.lease_until), (attempt, now + Duration::seconds(wait), None));
        assert!(row.failed_at.is_none() && row.last_error.is_some_and(|error| error.contains("address")));
        app.advance(Duration::seconds(wait) - Duration::SECOND);
        assert_eq!(run_due(&app.app).await.unwrap(), 0, "not before its time");
        app.advance(Duration::SECOND);
    }
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    let row = rows(&app).await.remove(0);
    assert_eq!((row.attempts, row.failed_at), (MOST_ATTEMPTS, Some(app.app.clock.now())));
    app.advance(Duration::days(30));
    assert_eq!(run_due(&app.app).await.unwrap(), 0, "given up");
    assert_eq!(app.app.mailer.kept().len(), 1);
}

#[tokio::test]
async fn a_job_that_fails_and_then_works_is_over() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, 1).await;
    change(&app, "UPDATE members SET email = 'no address'").await;
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    change(&app, "UPDATE members SET email = 'ana@acme.example'").await;
    app.advance(Duration::seconds(30));
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    assert_eq!((rows(&app).await.len(), app.app.mailer.kept().len()), (0, 2));
}

#[tokio::test]
async fn a_job_whose_tries_never_come_to_an_end_is_given_up_too() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, 1).await;
    // Eight workers took it, and none of them lived to tell.
    let claimed =
        diesel::update(jobs::table).set((jobs::lease_until.eq(app.app.clock.now()), jobs::attempts.eq(MOST_ATTEMPTS)));
    app.app.db.write(move |conn| Ok(claimed.execute(conn)?)).await.unwrap();
    assert_eq!(run_due(&app.app).await.unwrap(), 0);
    assert_eq!(watch_for(&app, &app.app, LEASE).await, 1);
    assert!(rows(&app).await.remove(0).failed_at.is_some());
    assert_eq!(app.app.mailer.kept().len(), 1, "it was not tried once more");
}

#[tokio::test]
async fn what_no_version_knows_is_given_up_at_once() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, 1).await;
    change(&app, "UPDATE jobs SET kind = 'of_another_time'").await;
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    let row = rows(&app).await.remove(0);
    assert!(row.failed_at.is_some() && row.last_error.is_some_and(|error| error.contains("of_another_time")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_recurring_job_is_there_once_and_comes_round_for_ever() {
    let app = TestApp::start();
    let (_, second) = app.second_server();
    let now = app.app.clock.now();
    let asked: Vec<_> = (0..20)
        .map(|number| {
            let db = if number % 2 == 0 { app.app.db.clone() } else { second.db.clone() };
            tokio::spawn(async move { db.write(move |conn| Ok(ensure_recurring(conn, &Sweep, now)?)).await })
        })
        .collect();
    for one in asked {
        one.await.unwrap().unwrap();
    }
    assert_eq!(rows(&app).await.len(), 1);
    for _ in 0..3 {
        assert_eq!((run_due(&app.app).await.unwrap(), run_due(&app.app).await.unwrap()), (1, 0));
        let row = rows(&app).await.remove(0);
        assert_eq!((row.attempts, row.run_at, row.lease_until), (0, app.app.clock.now() + Duration::MINUTE, None));
        app.advance(Duration::MINUTE);
    }
}

#[tokio::test]
async fn a_recurring_job_that_fails_for_days_is_not_given_up() {
    let (app, _owner, connection, _) = app_with_link().await;
    let now = app.app.clock.now();
    app.app.db.write(move |conn| Ok(ensure_recurring(conn, &Sweep, now)?)).await.unwrap();
    change(&app, "ALTER TABLE held_secrets RENAME TO mislaid").await;
    for _ in 0..2 * MOST_ATTEMPTS {
        assert_eq!(run_due(&app.app).await.unwrap(), 1);
        assert_eq!(rows(&app).await.remove(0).failed_at, None);
        app.advance(Duration::hours(3));
    }
    change(&app, "ALTER TABLE mislaid RENAME TO held_secrets").await;
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    let row = rows(&app).await.remove(0);
    assert_eq!((row.attempts, row.last_error), (0, None));
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    assert!(owner.get(&connection).await.text().contains("expired"), "the sweep did its work");
}

#[tokio::test]
async fn a_deed_that_fails_leaves_no_job() {
    let (app, link) = app_with_submission().await;
    let refused = app.app.write::<(), _>(move |tx| {
        tx.enqueue(&SubmissionMail(link))?;
        diesel::update(members::table).set(members::name.eq("Changed")).execute(tx.conn)?;
        Err(AppError::Conflict("the deed is refused"))
    });
    assert!(refused.await.is_err());
    assert_eq!(rows(&app).await, []);
}

#[tokio::test]
async fn what_somebody_tries_again_is_not_forgotten_meanwhile() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, 2).await;
    change(&app, "UPDATE members SET email = 'no address'").await;
    while rows(&app).await.iter().any(|row| row.failed_at.is_none()) {
        run_due(&app.app).await.unwrap();
        app.advance(Duration::hours(9));
    }
    let now = app.app.clock.now();
    let old = app.app.db.read(move |conn| Ok(forgettable_failed(conn, now, 10)?)).await.unwrap();
    assert_eq!(old.len(), 2);
    let workspace = crate::api::workspace_id(&app, "Acme Analytics").await;
    let gone = app.app.db.write(move |conn| {
        assert!(try_failed_again(conn, &workspace, &old[0], now)?);
        Ok(forget_failed(conn, &old)?)
    });
    assert_eq!(gone.await.unwrap(), 1);
    assert_eq!(rows(&app).await.remove(0).failed_at, None);
}

#[tokio::test]
async fn what_a_clock_ahead_put_off_is_due_when_it_is_set_right() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, 1).await;
    change(&app, "UPDATE members SET email = 'no address'").await;
    app.step(Duration::days(1));
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    app.step(-Duration::days(1));
    change(&app, "UPDATE members SET email = 'ana@acme.example'").await;
    assert_eq!(run_due(&app.app).await.unwrap(), 1, "now, not tomorrow");
    assert_eq!((rows(&app).await.len(), app.app.mailer.kept().len()), (0, 2));
}
