//! Workspaces share the places: what one has queued for a slow receiver keeps no other waiting, and what a dead worker held is sent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use vestibule::features::webhooks::run_until;
use vestibule::platform::db::schema::webhook_deliveries;

use super::{Scene, app, deliveries, set_webhook, submit};
use crate::setup_links::share;
use crate::support::PATIENCE;
use crate::support::receiver::{Receiver, Reply};

/// Runs SQL.
async fn sql(scene: &Scene, statement: String) {
    scene.app.app.db.write(move |conn| Ok(conn.batch_execute(&statement)?)).await.unwrap();
}

/// One more delivery like this one.
async fn copy(scene: &Scene, delivery: &str, number: usize) {
    let statement = format!(
        "INSERT INTO webhook_deliveries (id, workspace_id, message_id, connection_id, endpoint_id, event, url, host, state, \
         attempts, step, next_at, created_at, updated_at) SELECT '{delivery}-{number}', workspace_id, message_id, connection_id, \
         endpoint_id, event, url, host, state, attempts, step, next_at, created_at, updated_at FROM webhook_deliveries \
         WHERE id = '{delivery}'"
    );
    sql(scene, statement).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_deliveries_of_one_workspace_to_a_slow_receiver_keep_no_other_waiting() {
    let slow = Receiver::start(|_, _| Reply::status(200).after(Duration::from_secs(600)));
    let scene = Scene::on(app(), &slow).await;
    scene.submit().await;
    let first = scene.deliveries().await.remove(0).id;
    let copies: String = (0..1_000)
        .map(|number| {
            format!(
                "INSERT INTO webhook_deliveries (id, workspace_id, message_id, connection_id, endpoint_id, event, url, host, state, \
                 attempts, step, next_at, created_at, updated_at) SELECT '{first}-{number}', workspace_id, message_id, connection_id, \
                 endpoint_id, event, url, host, state, attempts, step, next_at, created_at, updated_at FROM webhook_deliveries \
                 WHERE id = '{first}';"
            )
        })
        .collect();
    sql(&scene, copies).await;
    let other = scene.app.owner_of("Other", "Olga", "olga@other.example").await;
    let (connection, link) = share(&other, "source", "postgres", &[]).await;
    assert_eq!(set_webhook(&other, &connection, &slow.url("/other"), None).await.status, 303);

    let (stop, stopped) = tokio::sync::watch::channel(false);
    let worker = tokio::spawn(run_until(Arc::clone(&scene.app.app), stopped));
    let begun = Instant::now();
    let wait_for = async |count: usize, path: &str| {
        while slow.got().iter().filter(|got| got.path == path).count() < count {
            assert!(begun.elapsed() < PATIENCE, "{path} waits");
            tokio::task::yield_now().await;
        }
    };
    wait_for(2, "/hooks").await;
    // From now on all that may begin of the first has begun.
    submit(&scene.app, &link).await;
    wait_for(1, "/other").await;
    assert_eq!(slow.got().iter().filter(|got| got.path == "/hooks").count(), 2, "half of the host's places");
    worker.abort();
    drop(stop);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_elsewhere_does_not_wait_for_the_many_that_a_slow_host_has() {
    let slow = Receiver::start(|_, _| Reply::status(200).after(Duration::from_secs(600)));
    let quick = Receiver::always(200);
    let scene = Scene::on(app(), &slow).await;
    scene.submit().await;
    let first = scene.deliveries().await.remove(0).id;
    // More than are looked at together, all of them due before the one that goes elsewhere.
    for number in 0..60 {
        copy(&scene, first.as_str(), number).await;
    }
    sql(&scene, "UPDATE webhook_deliveries SET host = 'slow.example'".to_owned()).await;
    scene.app.advance(time::Duration::SECOND);
    let (connection, link) = share(&scene.owner, "source", "postgres", &[]).await;
    assert_eq!(set_webhook(&scene.owner, &connection, &quick.url("/quick"), None).await.status, 303);
    submit(&scene.app, &link).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let worker = tokio::spawn(run_until(Arc::clone(&scene.app.app), stopped));
    let begun = Instant::now();
    while quick.got().is_empty() {
        assert!(begun.elapsed() < PATIENCE, "it waits for the slow host");
        tokio::task::yield_now().await;
    }
    assert!(slow.got().len() <= 4, "no more than the places of a host");
    worker.abort();
    drop(stop);
}

#[tokio::test]
async fn a_delivery_in_work_is_nobody_elses_whatever_the_clock_says_and_that_of_a_dead_worker_is_sent() {
    let receiver = Receiver::always(200);
    let scene = Scene::new(&receiver).await;
    scene.submit().await;
    // What a worker leaves behind that was killed after its claim.
    let until = scene.app.app.clock.now() + time::Duration::seconds(30);
    let claimed = (webhook_deliveries::attempts.eq(1), webhook_deliveries::lease_until.eq(until));
    let claimed = diesel::update(webhook_deliveries::table).set(claimed);
    scene.app.app.db.write(move |conn| Ok(claimed.execute(conn)?)).await.unwrap();
    assert_eq!(scene.deliver().await, 0);
    for step in [3_600, -7_200, 86_400] {
        scene.app.step(time::Duration::seconds(step));
        assert_eq!(scene.deliver().await, 0, "{step} seconds");
    }
    for _ in 0..5 {
        scene.app.advance(time::Duration::seconds(5));
        assert_eq!(scene.deliver().await, 0);
    }
    scene.app.advance(time::Duration::seconds(5));
    assert_eq!(scene.deliver().await, 1);
    assert_eq!((receiver.got().len(), deliveries(&scene.app.app, &scene.connection).await[0].attempts), (1, 2));
}
