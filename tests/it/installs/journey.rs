//! From the button to a connector that is read, to a newer version, and back.

use serde_json::json;
use time::Duration;
use vestibule::features::catalogue::look;

use super::{PACKAGE, PAGE, Site, act, events, press, rows};
use crate::api::Program;
use crate::support::{Page, TestApp, Visitor};

fn says_what_it_is(asked: &Page) {
    for words in [
        PACKAGE,
        "ELv2",
        "may not offer it to others as a service",
        "In the data folder of this server alone",
        ". Here: Python 3.",
        "None uses it yet",
    ] {
        assert!(asked.text().contains(words), "{words}: {}", asked.text());
    }
}

fn is_held_to_hashes(app: &TestApp) {
    let lock = std::fs::read_dir(app.data_dir().join("connectors/environments/source-facebook-marketing"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path().join("requirements.lock")).unwrap())
        .collect::<String>();
    assert!(lock.contains("airbyte-source-facebook-marketing==6.1.9") && lock.contains("--hash=sha256:"), "{lock}");
}

async fn is_removed(site: &Site, owner: &Visitor, program: &Program) {
    let app = &site.app;
    app.advance(Duration::seconds(1));
    let asked = owner.get(&act("remove")).await;
    assert!(asked.text().contains("1 connection uses it, in all workspaces together"), "{}", asked.text());
    assert!(asked.text().contains("The connector that is built in is used again"), "{}", asked.text());
    press(owner, "remove").await;
    site.work().await;
    for _ in 0..2 {
        app.advance(Duration::seconds(2));
        look(&app.app).await.unwrap();
    }
    let gone = owner.get(PAGE).await;
    assert!(
        gone.text().contains("6.2.0 is removed.") && gone.text().contains("Built into this version"),
        "{}",
        gone.text()
    );
    let told = program.get("/api/v1/source-connectors/facebook-ads/").await.expect(200);
    assert_eq!((&told.json["capability"]["read"], &told.json["installed"]), (&json!(false), &json!(null)));
}

#[tokio::test]
async fn a_connector_is_made_readable_upgraded_and_removed_in_the_browser() {
    let Some(site) = Site::start() else { return };
    let app = &site.app;
    site.wheels.put(PACKAGE, "6.1.9", "");
    let program = Program::start(app).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = owner.get(PAGE).await;
    assert!(page.text().contains("What is there only checks details"), "{}", page.text());
    assert!(page.links().contains(&act("install")) && page.text().contains("Make it readable"), "{}", page.text());
    says_what_it_is(&owner.get(&act("install")).await);
    assert_eq!(press(&owner, "install").await.status, 303);
    let waits = owner.get(PAGE).await;
    assert!(waits.has("[data-live]") && waits.text().contains("Waiting"), "{}", waits.text());
    assert!(!waits.body.contains("/installing/"), "one at a time");
    assert_eq!(site.work().await, 1);
    let done = owner.get(PAGE).await;
    assert!(done.text().contains("source-facebook-marketing 6.1.9 is installed."), "{}", done.text());
    assert!(done.text().contains("Its streams are found and its records are extracted here"), "{}", done.text());
    assert!(!done.has("[data-live]") && done.text().contains("Installed on this server"));
    let told = program.get("/api/v1/source-connectors/facebook-ads/").await.expect(200);
    assert_eq!((&told.json["capability"]["read"], told.text("/installed/version").as_str()), (&json!(true), "6.1.9"));
    is_held_to_hashes(app);

    program.draft("sources", "facebook-ads").await;
    site.wheels.put(PACKAGE, "6.2.0", "");
    app.advance(Duration::seconds(1));
    assert!(owner.get(&act("upgrade")).await.text().contains("1 connection uses it"));
    press(&owner, "upgrade").await;
    site.work().await;
    let done = owner.get(PAGE).await;
    assert!(done.text().contains("6.2.0 is installed. It was 6.1.9."), "{}", done.text());
    app.advance(Duration::seconds(1));
    press(&owner, "upgrade").await;
    site.work().await;
    assert!(owner.get(PAGE).await.text().contains("6.2.0 is the newest of its range already."));

    is_removed(&site, &owner, &program).await;
    assert_eq!(rows(app).await.len(), 1, "of a connector the last one stays");
    let (asked, done) = ("connector.upgrade_asked", "connector.install_done");
    assert_eq!(
        events(app).await,
        ["connector.install_asked", done, asked, done, asked, done, "connector.removal_asked", done]
    );
}

#[tokio::test]
async fn what_is_not_in_the_catalogue_is_found_by_its_name_and_installed() {
    let Some(site) = Site::start() else { return };
    site.wheels.put("airbyte-source-faker", "7.2.5", "");
    let owner = site.app.owner().await;
    let found = owner.get("/connections/new?find=Sample+Data").await;
    assert!(found.links().contains(&"/connectors/source/faker".to_owned()), "{}", found.text());
    let page = owner.get("/connectors/source/faker").await;
    assert!(page.text().contains("It is not in the catalogue until it is installed"), "{}", page.text());
    let way = "/connectors/source/faker/installing/install";
    owner.get(way).await.form_to(way).set("agree", "yes").send(&owner).await;
    site.work().await;
    let page = owner.get("/connectors/source/faker").await;
    assert!(page.links().contains(&"/connections/new/source/faker".to_owned()), "{}", page.text());
    assert_eq!(owner.get("/connections/new/source/faker").await.status, 200, "without a restart");
}

#[tokio::test]
async fn what_fails_says_why_and_leaves_nothing() {
    let Some(site) = Site::start() else { return };
    let owner = site.app.owner().await;
    let environments = site.app.data_dir().join("connectors/environments");
    let left = || std::fs::read_dir(&environments).map(|all| all.count()).unwrap_or_default();
    let cases = [
        (None, "No version of airbyte-source-facebook-marketing"),
        (Some("broken"), "is broken, so nothing was installed"),
        (Some("mute"), "does not answer the question for its settings, so nothing of it is kept"),
    ];
    for (mode, words) in cases {
        site.app.advance(Duration::seconds(1));
        if let Some(mode) = mode {
            site.wheels.put(PACKAGE, "6.1.9", mode);
        }
        press(&owner, "install").await;
        site.work().await;
        let page = owner.get(PAGE).await;
        assert!(page.text().contains(words) && page.text().contains("Not installed"), "{words}: {}", page.text());
        assert!(page.links().contains(&act("install")), "one may try again");
        assert_eq!(left(), 0, "{words}");
    }
    let viewer = site.app.member(&owner, vestibule::features::accounts::Role::Viewer, "vic@acme.example").await;
    let (own, other) = (owner.get(PAGE).await, viewer.get(PAGE).await);
    assert!(own.text().contains("The last words of the tool"), "{}", own.text());
    assert!(!other.text().contains("The last words of the tool") && other.text().contains("Not installed"));
    assert_eq!(events(&site.app).await.last().map(String::as_str), Some("connector.install_failed"));
}
