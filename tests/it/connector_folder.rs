//! The operator changes connector files while the product runs.

use std::path::PathBuf;
use std::sync::Arc;

use vestibule::base::crypto::password::Cost;
use vestibule::base::rng::Rng;
use vestibule::connectors::{FolderEvent, Kind};
use vestibule::features::accounts::Role;
use vestibule::features::catalogue::look;
use vestibule::platform::app::App;

use crate::setup_links::share;
use crate::support::{CANARY, TestApp, shop};

/// The shop's file, and the product that has it.
struct Place {
    app: TestApp,
    file: PathBuf,
}

impl Place {
    fn new() -> Self {
        let app = shop::app();
        let file = app.app.config.connectors.dir.clone().unwrap().join("shop.json");
        Self { app, file }
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.file, text).unwrap();
    }

    /// Two seconds go by, and a process looks.
    async fn look(&self, process: &Arc<App>) -> Vec<FolderEvent> {
        self.app.advance(time::Duration::seconds(2));
        look(process).await.unwrap()
    }
}

/// The same product as a process of its own.
fn other_process(app: &TestApp) -> Arc<App> {
    App::build_with(app.app.config.clone(), app.app.clock.clone(), Rng::System, Cost::Cheap).unwrap()
}

fn name_in(process: &App) -> String {
    process.connectors.find(Kind::Source, "shop").unwrap().name().to_owned()
}

#[tokio::test]
async fn a_change_is_taken_in_by_every_process_and_a_broken_file_breaks_nothing() {
    let place = Place::new();
    let (app, worker) = (&place.app.app, other_process(&place.app));
    let owner = place.app.owner().await;
    let viewer = place.app.member(&owner, Role::Viewer, "vera@acme.example").await;
    place.write(&shop::connector_file().replace("Corner Shop", "Town Shop"));
    for process in [app, &worker] {
        assert_eq!(place.look(process).await, [FolderEvent::Taken("shop.json".to_owned())]);
        assert_eq!(name_in(process), "Town Shop");
    }
    assert!(owner.get("/connections/new?find=shop").await.text().contains("Town Shop"));

    let broken = shop::connector_file().replace("\"runtime\"", "\"runtine\"");
    let line = broken.lines().position(|line| line.contains("runtine")).unwrap() + 1;
    place.write(&broken);
    for process in [app, &worker] {
        // The first look may have seen half of what is being written.
        assert_eq!(place.look(process).await, []);
        let told = place.look(process).await;
        let [FolderEvent::Faulty(fault)] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((fault.line, fault.is_kept), (Some(line), true), "{fault:?}");
        assert_eq!(place.look(process).await, [], "it is told once");
        assert_eq!(name_in(process), "Town Shop");
    }
    let failures = owner.get("/settings/failures").await.text();
    for words in [format!("shop.json, line {line}"), "runtine".to_owned(), "version of before stays in use".to_owned()]
    {
        assert!(failures.contains(&words), "{words}: {failures}");
    }
    assert!(!viewer.get("/settings/failures").await.text().contains("shop.json"), "files are the operator's");
    assert!(
        owner.get("/connections").await.text().contains("1 failure")
            || owner.get("/connections").await.has("a[href='/settings/failures']")
    );
    assert!(owner.get("/metrics").await.body.contains("vestibule_connector_files_faulty 1"));
    // Whoever starts now never had a good version: the file alone is left out.
    let late = other_process(&place.app);
    assert!(
        late.connectors.find(Kind::Source, "shop").is_none()
            && late.connectors.find(Kind::Source, "postgres").is_some()
    );
    assert!(!late.connectors.faults()[0].is_kept);

    place.write(&shop::connector_file());
    for process in [app, &worker, &late] {
        assert_eq!(place.look(process).await, [FolderEvent::Taken("shop.json".to_owned())]);
        assert_eq!((name_in(process).as_str(), process.connectors.faults()), ("Corner Shop", vec![]));
    }
    assert!(owner.get("/settings/failures").await.text().contains("Nothing has failed"));
    assert!(owner.get("/metrics").await.body.contains("vestibule_connector_files_faulty 0"));
}

#[tokio::test]
async fn a_file_that_is_gone_leaves_its_connections_as_they_are() {
    let place = Place::new();
    let owner = place.app.owner().await;
    let (connection, link) = share(&owner, "source", "shop", &[("/mode", "many")]).await;
    std::fs::remove_file(&place.file).unwrap();
    assert_eq!(place.look(&place.app.app).await, [], "an editor may put another one there");
    assert_eq!(place.look(&place.app.app).await, [FolderEvent::Removed("shop.json".to_owned())]);
    let page = owner.get(&connection).await.text();
    assert!(page.contains("The connector is missing here") && page.contains("What was filled in is kept"), "{page}");
    let list = owner.get("/connections").await.text();
    assert!(list.contains("Connector missing") && list.contains("Its connector to be put back"), "{list}");
    let outsider = place.app.visitor();
    assert_eq!(outsider.get(&link).await.status, 503);

    place.write(&shop::connector_file());
    assert_eq!(place.look(&place.app.app).await, [FolderEvent::Taken("shop.json".to_owned())]);
    let form = outsider.get(&link).await.form_with("/token").set("/token", CANARY);
    assert_eq!(form.press("intent", "complete", &outsider).await.status, 303);
    let page = owner.get(&connection).await.text();
    assert!(page.contains("many") && page.contains("Provided") && !page.contains("missing here"), "{page}");
}

/// The shop that asks for a colour and not for a mode.
fn other_questions() -> String {
    shop::connector_file().replace(
        r#""mode": {"type": "string", "title": "Mode", "order": 2}"#,
        r#""colour": {"type": "string", "title": "Colour", "order": 2}"#,
    )
}

#[tokio::test]
async fn a_form_that_is_open_while_the_questions_change_loses_nothing() {
    let place = Place::new();
    let owner = place.app.owner().await;
    let (connection, link) = share(&owner, "source", "shop", &[]).await;
    let outsider = place.app.visitor();
    let open =
        outsider.get(&link).await.form_with("/token").set("/token", CANARY).set("/count", "7").set("/mode", "many");
    place.write(&other_questions());
    assert_eq!(place.look(&place.app.app).await.len(), 1);
    let again = open.press("intent", "complete", &outsider).await;
    let text = again.text();
    assert_eq!(again.status, 422, "{text}");
    assert!(text.contains("The questions have changed") && text.contains("mode") && text.contains("Colour"), "{text}");
    assert!(text.contains("Received just now") && !again.body.contains(CANARY), "the secret is held: {text}");
    assert!(!owner.get(&connection).await.text().contains("Provided"), "nothing was taken");
    let form = again.form_with("/token");
    assert_eq!(form.value("/count"), Some("7"));
    assert_eq!(form.set("/colour", "green").press("intent", "complete", &outsider).await.status, 303);
    let page = owner.get(&connection).await.text();
    assert!(page.contains("Provided") && page.contains("green") && page.contains('7'), "{page}");
}

#[tokio::test]
async fn a_member_s_form_is_shown_again_with_the_questions_of_now() {
    let place = Place::new();
    let owner = place.app.owner().await;
    let (connection, _) = share(&owner, "source", "shop", &[("/mode", "many"), ("/token", CANARY)]).await;
    let open = owner.get(&format!("{connection}/configuration")).await.form_with("/token").set("/count", "8");
    place.write(&other_questions());
    assert_eq!(place.look(&place.app.app).await.len(), 1);
    let again = open.press("intent", "save", &owner).await;
    assert_eq!(again.status, 422, "{}", again.text());
    assert!(again.text().contains("The questions have changed"), "{}", again.text());
    let form = again.form_with("/token");
    assert_eq!(form.value("/count"), Some("8"));
    assert_eq!(form.set("/colour", "red").press("intent", "save", &owner).await.status, 303);
    place.write(&shop::connector_file());
    assert_eq!(place.look(&place.app.app).await.len(), 1);
    let page = owner.get(&connection).await.text();
    assert!(page.contains('8') && page.contains("Provided") && page.contains("many"), "{page}");
}
