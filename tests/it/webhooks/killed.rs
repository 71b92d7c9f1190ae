//! Two processes on one PostgreSQL, one of them killed in the middle of a delivery: every event arrives, and what arrives twice has one id.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use vestibule::base::clock::Clock;
use vestibule::base::crypto::password::Cost;
use vestibule::base::rng::Rng;
use vestibule::platform::config::Config;

use super::{Scene, app, submit};
use crate::setup_links::share;
use crate::support::receiver::{Receiver, Reply};
use crate::support::{PATIENCE, db};

/// A worker of its own on the scene's database.
fn worker(config: &Config, url: &str) -> Child {
    #[allow(clippy::disallowed_methods, reason = "the test starts the real program")]
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command
        .arg("worker")
        .env("VESTIBULE_DATABASE_URL", url)
        .env("VESTIBULE_DATA_DIR", &config.storage.data_dir)
        .env("VESTIBULE_EXTRA_CA_FILE", config.mail.extra_ca_file.as_ref().unwrap())
        .env("VESTIBULE_WEBHOOK_ALLOW_CIDRS", "127.0.0.0/8")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

#[tokio::test]
async fn a_worker_that_dies_in_the_middle_loses_nothing() {
    if db::postgres_url().is_none() {
        // SQLite serves one process: there is no second one to take over.
        return;
    }
    let slow_one = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&slow_one);
    // The first requests hang, so that their worker can be killed while it waits for the answer.
    let receiver = Receiver::start(move |n, _| {
        count.fetch_add(1, Ordering::SeqCst);
        if n < 4 { Reply::status(200).after(Duration::from_secs(14)) } else { Reply::status(200) }
    });
    let scene = Scene::on(app(), &receiver).await;
    scene.submit().await;
    for _ in 0..7 {
        let (connection, link) = share(&scene.owner, "source", "postgres", &[]).await;
        assert_eq!(super::set_webhook(&scene.owner, &connection, &receiver.url("/hooks"), None).await.status, 303);
        submit(&scene.app, &link).await;
    }
    let vestibule::platform::db::DatabaseUrl::Postgres(url) = &scene.app.place else { panic!("PostgreSQL") };
    let config = &scene.app.app.config;
    let mut first = worker(config, url);
    let begun = Instant::now();
    while slow_one.load(Ordering::SeqCst) < 4 {
        assert!(begun.elapsed() < PATIENCE, "the first worker sends");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let mut second = worker(config, url);
    let product =
        vestibule::platform::app::App::build_with(config.clone(), Clock::System, Rng::System, Cost::Cheap).unwrap();
    loop {
        let left = product.db.read(|conn| Ok(vestibule::features::webhooks::undelivered(conn)?)).await.unwrap();
        if left == 0 {
            break;
        }
        assert!(begun.elapsed() < 3 * PATIENCE, "{left} are not delivered");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    second.kill().unwrap();
    second.wait().unwrap();
    let mut bodies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for got in receiver.got() {
        bodies.entry(got.header("webhook-id").unwrap().to_owned()).or_default().push(got.body);
    }
    assert_eq!(bodies.len(), 8, "every event, and under one id each");
    assert!(bodies.values().any(|bodies| bodies.len() > 1), "the killed worker's events came again");
    assert!(bodies.values().all(|bodies| bodies.iter().all(|body| body == &bodies[0])));
}
