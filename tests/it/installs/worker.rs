//! Two presses, two processes, a server that dies.

use diesel::prelude::*;
use time::Duration;
use vestibule::features::installs;
use vestibule::platform::db::schema::connector_installs;

use super::{PACKAGE, PAGE, Site, act, events, press, rows};

/// A worker has taken what waits, and died.
async fn die(site: &Site) {
    let taken = (
        connector_installs::state.eq("in_progress"),
        connector_installs::tries.eq(connector_installs::tries + 1),
        connector_installs::beat.eq(connector_installs::beat + 1_i64),
    );
    let done =
        site.app.app.db.write(move |conn| Ok(diesel::update(connector_installs::table).set(taken).execute(conn)?));
    assert_eq!(done.await.unwrap(), 1);
}

/// So many seconds go by while somebody looks; says what was done.
async fn seconds(site: &Site, count: i64) -> usize {
    let mut done = 0;
    for _ in 0..count {
        site.app.advance(Duration::seconds(1));
        done += installs::run_due(&site.app.app).await.unwrap();
    }
    done
}

#[tokio::test]
async fn many_presses_at_once_are_one_installation() {
    let Some(site) = Site::start() else { return };
    let owner = site.app.owner().await;
    let form = owner.get(&act("install")).await.form_to(&act("install")).set("agree", "yes");
    let all = futures_util::future::join_all((0..12).map(|_| form.send(&owner))).await;
    for page in &all {
        assert_eq!((page.status, page.location().as_deref()), (303, Some(PAGE)), "{}", page.text());
    }
    assert_eq!(rows(&site.app).await, [("install".to_owned(), "queued".to_owned(), 0)]);
    assert_eq!(events(&site.app).await, ["connector.install_asked"]);
}

#[tokio::test]
async fn of_two_processes_of_a_folder_one_does_it() {
    let Some(site) = Site::start() else { return };
    site.wheels.put(PACKAGE, "6.1.9", "");
    let owner = site.app.owner().await;
    press(&owner, "install").await;
    let (_, second) = site.app.second_server();
    let (one, other) = tokio::join!(installs::run_due(&site.app.app), installs::run_due(&second));
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    assert_eq!(rows(&site.app).await, [("install".to_owned(), "success".to_owned(), 1)]);
}

#[tokio::test]
async fn what_a_dead_server_has_left_is_begun_anew_once() {
    let Some(site) = Site::start() else { return };
    site.wheels.put(PACKAGE, "6.1.9", "");
    let owner = site.app.owner().await;
    press(&owner, "install").await;
    die(&site).await;
    assert!(owner.get(PAGE).await.text().contains("Installing"));
    assert_eq!(seconds(&site, 29).await, 0, "it may live still");
    assert_eq!(seconds(&site, 5).await, 1);
    assert_eq!(rows(&site.app).await, [("install".to_owned(), "success".to_owned(), 2)]);

    // And what dies twice ends with words.
    site.app.advance(Duration::seconds(1));
    press(&owner, "remove").await;
    die(&site).await;
    die(&site).await;
    assert_eq!(seconds(&site, 40).await, 0);
    assert_eq!(rows(&site.app).await, [("remove".to_owned(), "failed".to_owned(), 2)]);
    let page = owner.get(PAGE).await;
    assert!(page.text().contains("The server stopped twice while this was going on"), "{}", page.text());
    assert_eq!(events(&site.app).await.last().map(String::as_str), Some("connector.install_failed"));
}

#[tokio::test]
async fn a_server_with_another_data_folder_leaves_it_alone() {
    let Some(site) = Site::start() else { return };
    let owner = site.app.owner().await;
    press(&owner, "install").await;
    // As if the folder were another machine's.
    let mark = site.app.data_dir().join("connectors/.mark");
    let own = std::fs::read_to_string(&mark).unwrap();
    std::fs::write(&mark, "elsewhere").unwrap();
    assert_eq!(seconds(&site, 3).await, 0);
    assert!(!owner.get(PAGE).await.has("[data-live]"), "here nothing goes on");
    std::fs::write(&mark, own).unwrap();
    assert!(owner.get(PAGE).await.has("[data-live]"));
    assert_eq!(site.work().await, 1);
}

#[tokio::test]
async fn what_waits_when_it_is_switched_off_ends_with_words() {
    let Some(site) = Site::start() else { return };
    let owner = site.app.owner().await;
    press(&owner, "install").await;
    let mut config = site.app.app.config.clone();
    config.connectors.install = false;
    // SQLite serves one process, and here one after the other works.
    let off = vestibule::platform::app::App::build_with(
        config,
        site.app.app.clock.clone(),
        vestibule::base::rng::Rng::System,
        vestibule::base::crypto::password::Cost::Cheap,
    )
    .unwrap();
    assert_eq!(installs::run_due(&off).await.unwrap(), 1);
    assert_eq!(rows(&site.app).await, [("install".to_owned(), "failed".to_owned(), 1)]);
    assert!(owner.get(PAGE).await.text().contains("switched installing off meanwhile"));
}

#[tokio::test]
async fn it_waits_while_the_command_installs_something_else() {
    let Some(site) = Site::start() else { return };
    site.wheels.put(PACKAGE, "6.1.9", "");
    let owner = site.app.owner().await;
    press(&owner, "install").await;
    let lock = std::fs::File::create(site.app.data_dir().join("connectors/.lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(seconds(&site, 3).await, 0);
    assert_eq!(rows(&site.app).await, [("install".to_owned(), "queued".to_owned(), 0)]);
    lock.unlock().unwrap();
    assert_eq!(seconds(&site, 1).await, 1);
    assert_eq!(rows(&site.app).await, [("install".to_owned(), "success".to_owned(), 1)]);
}
