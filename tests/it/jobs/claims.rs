//! Which jobs are taken, in which order, and whose a job is.

use diesel::prelude::*;
use time::Duration;
use vestibule::base::clock::UtcTime;
use vestibule::platform::db::schema::jobs;
use vestibule::platform::jobs::{LEASE, ensure_recurring};
use vestibule::server::dispatcher::{Sweep, run_due, run_until};

use super::{add, app_with_submission, change, rows, watch_for};
use crate::setup_links::share;
use crate::support::{PATIENCE, TestApp};

/// Jobs of a lane that one look takes.
const AT_ONCE: usize = 20;

async fn ids(app: &TestApp) -> Vec<String> {
    app.app.db.read(|conn| Ok(jobs::table.order(jobs::id).select(jobs::id).load(conn)?)).await.unwrap()
}

#[tokio::test]
async fn of_a_lane_the_oldest_come_first_and_not_all_at_once() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, AT_ONCE + 5).await;
    let (all, now) = (ids(&app).await, app.app.clock.now());
    // The last of them has been due for longest.
    let due = all.clone();
    let spread = app.app.db.write(move |conn| {
        for (place, id) in (0_i64..).zip(&due) {
            let run_at = now - Duration::seconds(place);
            diesel::update(jobs::table.find(id)).set(jobs::run_at.eq(run_at)).execute(conn)?;
        }
        Ok(())
    });
    spread.await.unwrap();
    assert_eq!(run_due(&app.app).await.unwrap(), AT_ONCE);
    assert_eq!(ids(&app).await, all[..5]);
    assert_eq!(run_due(&app.app).await.unwrap(), 5);
}

#[tokio::test]
async fn what_failed_and_what_others_hold_keeps_nothing_waiting() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, 2 * AT_ONCE + 10).await;
    let (all, now) = (ids(&app).await, app.app.clock.now());
    let set = app.app.db.write(move |conn| {
        let (failed, held) = all.split_at(AT_ONCE + 5);
        diesel::update(jobs::table.filter(jobs::id.eq_any(failed))).set(jobs::failed_at.eq(now)).execute(conn)?;
        let claimed = (jobs::lease_until.eq(now + LEASE), jobs::attempts.eq(1));
        Ok(diesel::update(jobs::table.filter(jobs::id.eq_any(held))).set(claimed).execute(conn)?)
    });
    set.await.unwrap();
    app.advance(Duration::SECOND);
    add(&app, &link, 1).await;
    assert_eq!((run_due(&app.app).await.unwrap(), run_due(&app.app).await.unwrap()), (1, 0));
    assert_eq!((rows(&app).await.len(), app.app.mailer.kept().len()), (2 * AT_ONCE + 10, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_that_comes_back_late_does_not_end_the_claim_of_another() {
    // Two claims of a job differ in the number of the try, or in the end of the lease when the tries were counted anew.
    for counted_anew in [false, true] {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", silent.local_addr().unwrap());
        let app = TestApp::start_with(|config| config.mail.smtp_url = Some(url.into()));
        let owner = app.owner().await;
        let (_, link) = share(&owner, "source", "postgres", &[]).await;
        let visitor = app.visitor();
        let form = visitor.get(&link).await.form_with("/host").set("/host", "db.example").add("intent", "partial");
        assert_eq!(form.send(&visitor).await.status, 303);
        let work = |worker: &std::sync::Arc<vestibule::platform::app::App>| {
            let worker = std::sync::Arc::clone(worker);
            tokio::spawn(async move { run_due(&worker).await.unwrap() })
        };
        let first = work(&app.app);
        let (late_call, _) = silent.accept().await.unwrap();
        let (_, other) = app.second_server();
        assert_eq!(run_due(&other).await.unwrap(), 0);
        assert_eq!(watch_for(&app, &other, LEASE - Duration::SECOND).await, 0);
        app.advance(Duration::SECOND);
        if !counted_anew {
            // The clock stands where it stood at the first claim, so both leases end at the same moment.
            app.step(-LEASE);
        }
        let second = work(&other);
        let (call, _) = silent.accept().await.unwrap();
        if counted_anew {
            change(&app, "UPDATE jobs SET attempts = 1").await;
        }
        let held = rows(&app).await;
        assert_eq!(held[0].lease_until, Some(app.app.clock.now() + LEASE));
        drop(late_call);
        assert_eq!(first.await.unwrap(), 1);
        assert_eq!(rows(&app).await, held, "counted anew: {counted_anew}");
        drop(call);
        assert_eq!(second.await.unwrap(), 1);
    }
}

#[tokio::test]
async fn every_claim_is_watched_from_its_own_beginning() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, 2).await;
    let all = ids(&app).await;
    // What two workers leave behind that are killed at different times.
    let hold = async |id: &str| {
        let claimed = (jobs::lease_until.eq(app.app.clock.now() + LEASE), jobs::attempts.eq(1));
        let held = diesel::update(jobs::table.find(id.to_owned())).set(claimed);
        app.app.db.write(move |conn| Ok(held.execute(conn)?)).await.unwrap();
    };
    for id in &all {
        hold(id).await;
        if *id == all[0] {
            let later =
                diesel::update(jobs::table.find(all[1].clone())).set(jobs::run_at.eq(app.app.clock.now() + LEASE));
            app.app.db.write(move |conn| Ok(later.execute(conn)?)).await.unwrap();
        }
        assert_eq!(run_due(&app.app).await.unwrap(), 0, "nobody has watched it yet");
        assert_eq!(watch_for(&app, &app.app, Duration::seconds(20)).await, 0);
    }
    let rest = LEASE - Duration::seconds(40);
    assert_eq!(watch_for(&app, &app.app, rest).await, 1, "the first");
    assert_eq!(watch_for(&app, &app.app, Duration::seconds(15)).await, 0);
    assert_eq!(watch_for(&app, &app.app, Duration::seconds(5)).await, 1, "and the second in its time");
}

#[tokio::test]
async fn what_comes_round_and_was_put_off_by_a_clock_ahead_comes_when_it_is_set_right() {
    let app = TestApp::start();
    let now = app.app.clock.now();
    app.app.db.write(move |conn| Ok(ensure_recurring(conn, &Sweep, now)?)).await.unwrap();
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    app.step(Duration::days(1));
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    app.step(-Duration::days(1));
    assert_eq!((run_due(&app.app).await.unwrap(), run_due(&app.app).await.unwrap()), (1, 0), "now, not tomorrow");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_that_goes_on_takes_more_than_it_has_places_and_minds_a_clock_that_goes_back() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, 11).await;
    let now = app.app.clock.now();
    app.app.db.write(move |conn| Ok(ensure_recurring(conn, &Sweep, now)?)).await.unwrap();
    let worker = tokio::spawn(run_until(std::sync::Arc::clone(&app.app), std::future::pending()));
    // Only the sweep is left, and due after that moment.
    let settled = async |moment: UtcTime| {
        let done = async {
            loop {
                let left: Vec<UtcTime> =
                    app.app.db.read(|conn| Ok(jobs::table.select(jobs::run_at).load(conn)?)).await.unwrap();
                if left.len() == 1 && left[0] > moment && left[0] < moment + Duration::hours(1) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, done).await.expect("it goes on");
    };
    settled(now).await;
    assert_eq!(app.app.mailer.kept().len(), 12);
    app.step(Duration::days(1));
    settled(now + Duration::days(1)).await;
    app.step(-Duration::days(1));
    settled(now).await;
    worker.abort();
}

#[tokio::test]
async fn what_is_called_in_is_called_in_once_and_what_failed_is_left_alone() {
    let (app, link) = app_with_submission().await;
    add(&app, &link, 3).await;
    let (all, now) = (ids(&app).await, app.app.clock.now());
    let tomorrow = now + Duration::days(1);
    let put_off = app.app.db.write(move |conn| {
        let ahead = (jobs::run_at.eq(tomorrow), jobs::decided_at.eq(tomorrow));
        diesel::update(jobs::table).set(ahead).execute(conn)?;
        diesel::update(jobs::table.find(&all[0])).set(jobs::failed_at.eq(now)).execute(conn)?;
        diesel::update(jobs::table.find(&all[1])).set(jobs::lease_until.eq(now + LEASE)).execute(conn)?;
        // A minute is what clocks may differ by.
        let soon = now + Duration::MINUTE;
        diesel::update(jobs::table.find(&all[2]))
            .set((jobs::run_at.eq(soon), jobs::decided_at.eq(soon)))
            .execute(conn)
            .map_err(Into::into)
    });
    put_off.await.unwrap();
    assert_eq!(run_due(&app.app).await.unwrap(), 0);
    let times = jobs::table.order(jobs::id).select((jobs::run_at, jobs::decided_at));
    let times: Vec<(UtcTime, Option<UtcTime>)> = app.app.db.read(move |conn| Ok(times.load(conn)?)).await.unwrap();
    let soon = now + Duration::MINUTE;
    assert_eq!(times, [(tomorrow, Some(tomorrow)), (now, Some(now)), (soon, Some(soon))]);
}
