//! What a connector can do here is said before anything is asked for, alike everywhere, and no page leads to a step that cannot be done.

use serde_json::{Value, json};
use vestibule::connectors::import::{ImportHints, onto, read_path, write_file};
use vestibule::connectors::{Connectors, Kind};
use vestibule::features::accounts::api_keys::Scope;
use vestibule::schema::form::sample_config;

use crate::api::Program;
use crate::support::receiver::{Receiver, Reply, authority_file};
use crate::support::{Page, TestApp, Visitor, connectors, shop};

/// What the words of a connector's tile are by the API.
fn tags(capability: &Value) -> Vec<&'static str> {
    let all = [("Checks", "check"), ("Reads", "read"), ("Writes", "write")];
    let tags: Vec<_> = all.into_iter().filter(|(_, member)| capability[*member] == true).map(|(tag, _)| tag).collect();
    if tags.is_empty() { vec!["Hand-off only"] } else { tags }
}

/// The tags on the tile that leads to this address.
fn on_tile(catalogue: &Page, url: &str) -> Vec<String> {
    catalogue.texts(&format!(".catalogue a[href=\"{url}\"] .tag"))
}

/// Goes on from a connection's page by its main way until it is finalised; gives the page where that led.
async fn to_the_end(owner: &Visitor, connection: &str, slug: &str) -> Page {
    let page = owner.get(connection).await;
    assert_eq!(page.status, 200);
    assert!(!page.actions().iter().any(|action| action.ends_with("/validations")), "{slug}: {}", page.text());
    assert!(!page.texts(".stepper").concat().contains("Validated"), "{slug}: {}", page.text());
    let finish = page
        .links()
        .into_iter()
        .find(|link| link.ends_with("/finish"))
        .unwrap_or_else(|| panic!("{slug}: {}", page.text()));
    let review = owner.get(&finish).await;
    assert!(review.text().contains("so they are not tried"), "{slug}: {}", review.text());
    assert!(!review.has("#layer") && !review.has("#cron"), "{slug} is read by nobody here");
    let done = review.form_with("intent").press("intent", "finalise", owner).await;
    assert_eq!(done.status, 303, "{slug}: {}", done.text());
    owner.follow(&done).await
}

#[tokio::test]
async fn no_page_of_any_connector_leads_to_a_step_that_cannot_be_done() {
    let (checked, handed_off) = walk_all(&TestApp::start()).await;
    assert!(checked >= 20 && handed_off >= 12, "{checked} {handed_off}");
}

/// The same where a registry was imported that has an entry of the same name for everything that is built in, and others besides.
#[tokio::test]
async fn nor_does_one_of_an_imported_registry() {
    let built_in = Connectors::load(None).unwrap();
    let entry = |name: &str, image: String| {
        let properties = json!({"host": {"type": "string"}, "port": {"type": "integer", "default": 1}, "key": {"type": "string", "airbyte_secret": true}});
        let spec = json!({"connectionSpecification": {"type": "object", "required": ["host", "key"], "properties": properties}});
        json!({"name": name, "dockerRepository": image, "dockerImageTag": "1.0.0", "spec": spec})
    };
    let entries = |kind: Kind| -> Vec<Value> {
        let known = built_in.search(kind, "").into_iter().map(|one| (one.name().to_owned(), one.file.slug.clone()));
        let others =
            ["Corner Ledger", "Harbour Log"].map(|name| (name.to_owned(), name.to_lowercase().replace(' ', "-")));
        let all = known.chain(others);
        all.map(|(name, slug)| entry(&name, format!("maker/{}-{slug}", kind.as_str()))).collect()
    };
    let registry = json!({"sources": entries(Kind::Source), "destinations": entries(Kind::Destination)});
    let import_all = |dir: &std::path::Path| {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("registry.json");
        std::fs::write(&path, registry.to_string()).unwrap();
        for found in read_path(&path) {
            let file = found.unwrap().into_file(&ImportHints::default()).unwrap().file;
            let file = match built_in.find(file.kind, &file.slug) {
                Some(there) => onto(&there.file, file).map(|addition| addition.file),
                None => Some(file),
            };
            file.map(|file| write_file(&file, dir, false).unwrap());
        }
    };
    let (checked, handed_off) = walk_all(&connectors::app_with(import_all, |_| {})).await;
    assert!(checked >= 20 && handed_off >= 16, "{checked} {handed_off}");
}

/// Takes a connection of every connector to its end; how many are asked here, and how many are only handed off.
async fn walk_all(app: &TestApp) -> (usize, usize) {
    let owner = app.owner().await;
    let program = Program::nobody(app).await.with_scopes(app, "Acme Analytics", Scope::ALL).await;
    let catalogue = owner.get("/connections/new").await;
    let docs = app.visitor().get("/docs/connectors").await;
    let (mut checked, mut handed_off) = (0, 0);
    for kind in [Kind::Source, Kind::Destination] {
        for connector in app.app.connectors.search(kind, "") {
            let (kind, slug) = (kind.as_str(), &connector.file.slug);
            let told = program.get(&format!("/api/v1/{kind}-connectors/{slug}/")).await.expect(200);
            let capability = &told.json["capability"];
            let words = tags(capability);
            assert_eq!(on_tile(&catalogue, &format!("/connections/new/{kind}/{slug}")), words, "{slug}");
            let rows = docs.texts("tr").into_iter().filter(|row| row.starts_with(connector.name()));
            let mut rows = rows.filter(|row| row[connector.name().len()..].trim_start().starts_with(kind));
            assert!(rows.any(|row| row.contains(&words.join(" · "))), "{slug}: {}", docs.text());

            let new = json!({"connector_slug": slug, "config": sample_config(&connector.spec).unwrap()});
            let made = program.post(&format!("/api/v1/{kind}s/"), new.clone()).await;
            assert_eq!(made.status, 201, "{slug}: {new} {}", made.body);
            let (api, own) = (format!("/api/v1/{kind}s/{}/", made.text("/slug")), made.text("/slug"));
            assert_eq!(made.json["config_completed"], true, "{slug}: {}", made.body);
            let page = format!("/connections/{own}");
            if capability["check"] == true {
                checked += 1;
                assert!(
                    owner.get(&page).await.actions().iter().any(|action| action.ends_with("/validations")),
                    "{slug}"
                );
                let refused = program.patch(&api, json!({"draft": false})).await.expect(422);
                assert_eq!(refused.text("/errors/0/code"), "not_validated", "{slug}");
                program.post(&format!("{api}revalidate/"), json!({})).await.expect(202);
                program.delete(&api).await.expect(204);
            } else {
                handed_off += 1;
                let refused = program.post(&format!("{api}revalidate/"), json!({})).await.expect(409);
                assert_eq!(refused.code(), "cannot_be_checked", "{slug}");
                let list = owner.get("/connections").await.text();
                assert!(list.contains("You: finalise it"), "{slug}: {list}");
                let last = to_the_end(&owner, &page, slug).await;
                let is_hand_off = last.text().contains("Hand off") && last.status == 200;
                assert!(is_hand_off || kind == "destination", "{slug}: {}", last.text());
                assert_eq!(program.get(&api).await.expect(200).json["state"], "finalised", "{slug}");
                let shown = owner.get(&page).await;
                assert!(!shown.text().contains("Extract now") && !shown.has(".stepper [data-state=current]"), "{slug}");
                if kind == "source" {
                    let trigger = program.post(&format!("{api}trigger/"), json!({})).await.expect(409);
                    assert!(trigger.text("/detail").contains("Nothing installed here can read"), "{slug}");
                }
                program.delete(&api).await.expect(204);
            }
        }
    }
    (checked, handed_off)
}

#[tokio::test]
async fn what_is_checked_and_not_read_is_finalised_without_streams() {
    let service = Receiver::start(|_, _| Reply::with(200, &[], "[]"));
    let app = TestApp::start_with(|config| {
        config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap()];
        config.mail.extra_ca_file = Some(authority_file(&config.storage.data_dir));
    });
    let owner = app.owner().await;
    let program = Program::nobody(&app).await.with_scopes(&app, "Acme Analytics", Scope::ALL).await;
    let config = json!({"base_url": service.url(""), "auth": {"auth_type": "none"}, "endpoints": [{"name": "orders", "path": "/orders"}]});
    let made =
        program.post("/api/v1/sources/", json!({"connector_slug": "http-api", "config": config})).await.expect(201);
    let (slug, one) = (made.text("/slug"), format!("/connections/{}", made.text("/slug")));
    assert!(owner.get(&one).await.texts(".stepper").concat().contains("Validated"));
    program.post(&format!("/api/v1/sources/{slug}/revalidate/"), json!({})).await.expect(202);
    app.work().await;
    let page = owner.get(&one).await;
    assert!(
        page.text().contains("The details work") && !page.texts(".stepper").concat().contains("Streams"),
        "{}",
        page.text()
    );
    assert!(
        page.links().iter().any(|link| link.ends_with("/streams")),
        "whoever wants may choose them for the hand-off"
    );
    let review = owner.get(&format!("{one}/finish")).await;
    let done = review.form_with("intent").press("intent", "finalise", &owner).await;
    assert_eq!(done.location().as_deref(), Some(format!("{one}/hand-off").as_str()), "{}", done.text());
    assert_eq!(owner.follow(&done).await.status, 200);
    assert_eq!(service.got().len(), 1);
}

#[tokio::test]
async fn a_program_that_is_taken_away_takes_its_steps_with_it() {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/shop.py");
    let programs = tempfile::tempdir().unwrap();
    let program_file = programs.path().join("source-corner");
    let text = format!("#!/bin/sh\nexec python3 {} \"$@\"\n", script.display());
    let put = || {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(&program_file, &text).unwrap();
        std::fs::set_permissions(&program_file, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    put();
    let mut file: Value = serde_json::from_str(&shop::connector_file()).unwrap();
    file["runtime"]["command"] = json!([program_file]);
    let app = connectors::app_with(|dir| std::fs::write(dir.join("shop.json"), file.to_string()).unwrap(), |_| {});
    let program = Program::start(&app).await;
    let capability =
        async || program.get("/api/v1/source-connectors/shop/").await.expect(200).json["capability"].clone();
    assert_eq!(tags(&capability().await), ["Checks", "Reads"]);
    let new = json!({"connector_slug": "shop", "config": {"token": "right"}});
    let slug = program.post("/api/v1/sources/", new).await.expect(201).text("/slug");
    let one = format!("/api/v1/sources/{slug}/");
    program.post(&format!("{one}revalidate/"), json!({})).await.expect(202);
    app.work().await;
    std::fs::remove_file(&program_file).unwrap();
    assert_eq!(tags(&capability().await), ["Hand-off only"]);
    assert_eq!(program.post(&format!("{one}revalidate/"), json!({})).await.expect(409).code(), "cannot_be_checked");
    put();
    let refused = program.patch(&one, json!({"draft": false})).await.expect(422);
    assert_eq!(refused.text("/errors/0/code"), "no_streams", "it is there again, and read");
    std::fs::remove_file(&program_file).unwrap();
    program.patch(&one, json!({"draft": false})).await.expect(200);
    put();
    let trigger = program.post(&format!("{one}trigger/"), json!({})).await.expect(409);
    assert!(trigger.text("/detail").contains("No stream is chosen"), "{}", trigger.body);
}

#[tokio::test]
async fn a_program_is_told_what_breaks_the_rules_when_it_sends_it() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let config = json!({"host": "db.example", "port": 70_000});
    let refused =
        program.post("/api/v1/sources/", json!({"connector_slug": "mysql", "config": config})).await.expect(422);
    assert_eq!(
        (refused.text("/errors/0/pointer").as_str(), refused.text("/errors/0/code").as_str()),
        ("/config/port", "out_of_range")
    );
    let slug = program.draft("sources", "mysql").await;
    let both = json!({"config": {"host": "db.example:3306", "port": 3307}});
    let refused = program.patch(&format!("/api/v1/sources/{slug}/"), both).await.expect(422);
    assert_eq!(refused.text("/errors/0/code"), "host_with_port", "{}", refused.body);
    let pasted = json!({"config": {"host": "db.example:3308"}});
    let split = program.patch(&format!("/api/v1/sources/{slug}/"), pasted).await.expect(200);
    assert_eq!(split.json["config"], json!({"host": "db.example", "port": 3308}));
    let part = json!({"config": {"port": 3307}});
    program.patch(&format!("/api/v1/sources/{slug}/"), part).await.expect(200);
}
