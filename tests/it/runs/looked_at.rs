//! Records of files are looked at and taken away: by whom, what they see, what is written down, and what is said when they are gone.

use std::io::Read as _;

use serde_json::{Value, json};
use vestibule::features::accounts::Role;
use vestibule::features::accounts::api_keys::Scope;

use super::{extract, source};
use crate::api::Program;
use crate::support::{TestApp, Visitor};

async fn owner(app: &TestApp) -> Visitor {
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    owner
}

fn path(run: &Value) -> String {
    format!("/runs/{}/records", run["id"].as_str().unwrap())
}

fn api(run: &Value) -> String {
    format!("/api/v1/runs/{}/records/", run["id"].as_str().unwrap())
}

#[tokio::test]
async fn first_rows_are_a_page_for_owners_and_admins() {
    let (app, program, slug) = source(json!({"mode": "talks,bends"}), json!({})).await;
    let run = extract(&app, &program, &slug, json!({})).await;
    let owner = owner(&app).await;
    let page = owner.get(&format!("/runs/{}", run["id"].as_str().unwrap())).await;
    let rows = format!("{}?stream=orders", path(&run));
    let links = page.links();
    assert!(links.contains(&rows) && links.contains(&format!("{}/file?stream=orders", path(&run))), "{links:?}");
    let connection = format!("/connections/{slug}");
    assert!(owner.get(&connection).await.links().contains(&path(&run)));

    let page = owner.get(&rows).await;
    assert!(page.title().starts_with("First rows of orders"), "{}", page.title());
    let text = page.text();
    assert!(text.contains("3 of 3 records that the extraction of"), "{text}");
    assert_eq!(page.texts("thead th"), ["Row", "id bigint", "changed timestamp with time zone", "note text", "extra"]);
    assert!(page.has(".scroll[tabindex='0'][role='region'][aria-label='First rows of orders'] table.records"));
    let whole = "é".repeat(300);
    let details = page.texts("td details pre");
    assert_eq!((details.len(), details[0].as_str()), (3, whole.as_str()), "the whole value is there");
    let beginning = format!("{}…", "é".repeat(60));
    assert_eq!(page.texts("td summary")[0], beginning);
    assert!(text.contains(r#"{"a": [1]}"#) && text.contains("yesterday"), "{text}");

    // Everything is written down, once for each look; HEAD looks at nothing.
    assert_eq!(owner.head(&rows).await.status, 200);
    owner.get(&format!("{}/file?stream=people", path(&run))).await;
    let timeline = owner.get(&connection).await.text();
    let id = run["id"].as_str().unwrap();
    assert_eq!(timeline.matches("Ana Lima looked at the first records of orders").count(), 1, "{timeline}");
    assert!(timeline.contains(&format!("Ana Lima downloaded the records of people, extraction {id}")), "{timeline}");

    for role in [Role::Member, Role::Viewer] {
        let other = app.member(&owner, role, &format!("{}@acme.example", role.as_str())).await;
        for path in [&rows, &path(&run), &format!("{}/file?stream=orders", path(&run))] {
            assert_eq!(other.get(path).await.status, 403, "{role:?} {path}");
        }
        let page = other.get(&format!("/runs/{id}")).await;
        assert!(!page.links().iter().any(|link| link.contains("/records")), "{role:?}");
        assert!(!other.get(&connection).await.links().contains(&path(&run)), "{role:?}");
    }
    let admin = app.member(&owner, Role::Admin, "admin@acme.example").await;
    assert_eq!(admin.get(&rows).await.status, 200);
    let stranger = app.owner_of("Other", "Olga", "olga@other.example").await;
    for path in [&rows, &format!("{}/file?stream=orders", path(&run))] {
        assert_eq!(stranger.get(path).await.status, 404, "{path}");
    }
    for odd in ["../../../etc/passwd", "..%2F..%2Fmaster.key", "shop_orders.jsonl.gz", "manifest.json", ""] {
        assert_eq!(owner.get(&format!("{}?stream={odd}", path(&run))).await.status, 404, "{odd}");
        assert_eq!(owner.get(&format!("{}/file?stream={odd}", path(&run))).await.status, 404, "{odd}");
    }
}

#[tokio::test]
async fn programs_with_the_scope_look_and_download() {
    let (app, program, slug) = source(json!({"count": 120}), json!({})).await;
    let run = extract(&app, &program, &slug, json!({})).await;
    let all = Scope::ALL.iter().copied().filter(|scope| *scope != Scope::RecordsRead).collect::<Vec<_>>();
    let without = program.with_scopes(&app, "Acme Analytics", &all).await;
    for path in [api(&run), format!("{}file/", api(&run))] {
        assert_eq!(without.get(&path).await.expect(403).code(), "scope_missing");
        assert_eq!(program.send("HEAD", &path, None, &[]).await.status, 405);
    }
    let first = program.get(&format!("{}?stream=orders&limit=2", api(&run))).await.expect(200);
    assert_eq!(
        first.json,
        json!({
            "run": run["id"], "stream_name": "orders", "table_name": "shop_orders", "format": "jsonl", "count": 120, "is_cut": false,
            "columns": [
                {"name": "id", "type": "bigint"}, {"name": "changed", "type": "timestamp with time zone"}, {"name": "note", "type": "text"},
            ],
            "records": [
                {"id": 1, "changed": "2026-01-01T00:00:00Z", "note": "é"}, {"id": 2, "changed": "2026-01-01T00:00:00Z", "note": "é"},
            ],
        })
    );
    let usual = program.get(&api(&run)).await.expect(200);
    assert_eq!(
        (usual.json["records"].as_array().unwrap().len(), usual.text("/stream_name")),
        (50, "orders".to_owned())
    );
    for (query, parameter) in [("limit=0", "limit"), ("limit=101", "limit"), ("stream=../manifest.json", "stream")] {
        let refused = program.get(&format!("{}?{query}", api(&run))).await.expect(422);
        assert_eq!(refused.text("/errors/0/parameter"), parameter);
    }
    let file = format!("{}file/?stream=people", api(&run));
    let plain = program.get(&file).await.expect(200);
    assert_eq!(plain.header("content-type"), Some("application/x-ndjson"));
    let name = format!("attachment; filename=\"{slug}-people.jsonl\"");
    assert_eq!(plain.header("content-disposition"), Some(name.as_str()));
    assert_eq!(plain.header("x-content-type-options"), Some("nosniff"));
    let lines: Vec<Value> = plain.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), lines[119]["id"].as_i64()), (120, Some(120)));
    let timeline = owner(&app).await.get(&format!("/connections/{slug}")).await.text();
    assert!(timeline.contains("looked at the first records of orders, extraction"), "{timeline}");
    assert!(timeline.contains("downloaded the records of people, extraction"), "{timeline}");
    packed(&app, &program, &file, &plain.body).await;
}

/// Whoever takes gzip gets the file as it lies there.
async fn packed(app: &TestApp, program: &Program, file: &str, due: &str) {
    let key = program.key().to_owned();
    #[allow(clippy::disallowed_methods, reason = "a program of the tests")]
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request =
        client.get(format!("{}{file}", app.base)).header("x-api-key", key).header("accept-encoding", "gzip, br");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert!(answer.content_length().is_some());
    let mut text = String::new();
    flate2::read::GzDecoder::new(&answer.bytes().await.unwrap()[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, due);
}

#[tokio::test]
async fn what_is_not_there_says_why() {
    let (app, program, slug) = source(json!({"count": 0}), json!({})).await;
    let owner = owner(&app).await;
    let run = extract(&app, &program, &slug, json!({})).await;
    let page = owner.get(&format!("{}?stream=people", path(&run))).await;
    assert!(page.text().contains("brought no records of it") && !page.has("table"), "{}", page.text());
    assert_eq!(program.get(&api(&run)).await.expect(200).json["records"], json!([]));

    std::fs::remove_file(app.data_dir().join(run["place"].as_str().unwrap()).join("people.jsonl.gz")).unwrap();
    let gone = "not on this server any more";
    assert!(owner.get(&format!("{}?stream=people", path(&run))).await.text().contains(gone));
    std::fs::remove_dir_all(app.data_dir().join(run["place"].as_str().unwrap())).unwrap();
    let page = owner.get(&path(&run)).await;
    assert!(page.status == 200 && page.text().contains(gone), "{}", page.text());
    let page = owner.get(&format!("/runs/{}", run["id"].as_str().unwrap())).await;
    assert!(
        page.text().contains(gone) && !page.links().iter().any(|link| link.contains("/records")),
        "{}",
        page.text()
    );
    let download = owner.get(&format!("{}/file?stream=people", path(&run))).await;
    assert_eq!((download.status, download.location()), (303, Some(path(&run))));
    for path in [api(&run), format!("{}file/", api(&run))] {
        assert!(program.get(&path).await.expect(409).text("/detail").contains(gone));
    }

    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": {"mode": "breaks"}})).await.expect(200);
    let failed = extract(&app, &program, &slug, json!({})).await;
    assert!(owner.get(&path(&failed)).await.text().contains("left no records"));
    let waiting = program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(202).json;
    assert!(program.get(&api(&waiting)).await.expect(409).text("/detail").contains("not over"));
}
