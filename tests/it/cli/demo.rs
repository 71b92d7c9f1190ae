use std::collections::BTreeMap;

use vestibule::features::accounts::{self, api_keys};
use vestibule::features::{connections, setup_links};

use crate::support::installation::{Installation, Running};
use crate::support::{Page, Visitor};

async fn sign_in(server: &Running, password: &str) -> (Visitor, Page) {
    let ana = Visitor::new(&server.base, &server.base);
    let page = ana.get("/sign-in").await;
    let done = page.form_with("email").set("email", "ana@acme.example").set("password", password).send(&ana).await;
    (ana, done)
}

#[actix_web::test]
async fn what_it_prints_works_and_nothing_is_left_behind() {
    let here = Installation::on_sqlite();
    let mut demo = here.start(&["demo"]);
    let password = demo.wait_for("Password").trim().to_owned();
    assert_eq!(demo.wait_for("API key").trim().get(..4), Some("vst_"));
    let base = demo.base.clone();
    let link = demo.wait_for(&format!("{base}/scl/"));
    let (ana, done) = sign_in(&demo, &password).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let list = ana.get("/connections").await.text();
    for name in ["Shop database", "Payments", "Customers in HubSpot", "Warehouse", "Summer campaign"] {
        assert!(list.contains(name), "{name}: {list}");
    }
    let ben = Visitor::new(&base, &base).get(&format!("/scl/{link}")).await;
    assert!(ben.status == 200 && ben.text().contains("Postgres") && ben.text().contains("Ana Lima"), "{}", ben.text());
    let folders = || std::fs::read_dir(here.dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert_eq!(folders().len(), 1);
    let done = demo.stop_with("INT");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(folders().is_empty() && !here.data().exists());
    assert!(!done.err.contains(&password) && !done.err.contains(&link));
}

#[test]
fn its_connections_really_are_in_their_states() {
    let here = Installation::on_sqlite();
    let folder = here.data();
    let mut demo = here.start(&["demo", "--dir", folder.to_str().unwrap()]);
    let mails = demo.wait_for("Mails become files in ");
    let mail = std::path::PathBuf::from(mails.trim_end_matches('.'));
    let end = std::time::Instant::now() + crate::support::PATIENCE;
    while std::fs::read_dir(&mail).map_or(0, Iterator::count) == 0 {
        assert!(std::time::Instant::now() < end, "no mail about what the recipient sent");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    demo.stop().good();

    let app = here.app();
    let now = app.clock.now();
    let workspace =
        app.db.read_blocking(|conn| Ok(accounts::find_workspace_by_slug(conn, "acme-analytics")?)).unwrap().unwrap();
    let states = |conn: &mut vestibule::platform::db::Conn| -> BTreeMap<String, (i32, bool, String)> {
        let rows = connections::list(conn, &workspace.id, &Default::default(), 100).unwrap();
        let one = |row: connections::ListRow| {
            let links = setup_links::list(conn, &workspace.id, &row.id).unwrap();
            let words: Vec<&str> = links.iter().map(|link| link.state(now).word()).collect();
            let blank = connections::find_by_id(conn, &workspace.id, &row.id).unwrap().unwrap().is_blank();
            (row.connector_slug.clone(), (row.missing_count, blank, words.join(",")))
        };
        rows.into_iter().map(one).collect()
    };
    let found = app.db.read_blocking(|conn| Ok(states(conn))).unwrap();
    let is = |slug: &str, missing: std::ops::Range<i32>, blank: bool, links: &str| {
        let (count, is_blank, words) = &found[slug];
        assert!(missing.contains(count) && *is_blank == blank && words == links, "{slug}: {:?}", found[slug]);
    };
    is("facebook-ads", 1..9, true, "");
    is("hubspot", 0..1, false, "");
    is("snowflake", 1..9, false, "Revoked");
    is("stripe", 1..2, false, "Used");
    is("postgres", 1..9, true, "Open");
    assert_eq!(app.db.read_blocking(|conn| api_keys::list(conn, &workspace.id)).unwrap().len(), 1);
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let here = Installation::on_sqlite();
    let file = here.write("full/letter.txt", "dear diary");
    here.run(&["demo", "--dir", file.parent().unwrap().to_str().unwrap()]).refused(2, "is not empty");
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn it_stays_away_from_the_real_installation() {
    let mut here = Installation::on_sqlite();
    here.owner("Real", "real@acme.example").good();
    let key = here.run(&["keys", "generate"]).good().out;
    let before = std::fs::read(here.database_file()).unwrap();
    let database = format!("sqlite:{}", here.database_file().display());
    here.set("VESTIBULE_MASTER_KEYS", key.trim()).set("VESTIBULE_DATABASE_URL", &database);
    here.start(&["demo"]).stop().good();
    assert_eq!(std::fs::read(here.database_file()).unwrap(), before);
}
