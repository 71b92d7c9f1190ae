//! What lies on disk, and where the next run begins.

use diesel::RunQueryDsl as _;
use serde_json::{Value, json};

use vestibule::features::work::runs::{self, Run};

use super::{extract, ids, source};
use crate::support::TestApp;

#[tokio::test]
async fn records_lie_on_disk_and_the_next_run_continues() {
    let (app, program, slug) = source(json!({}), json!({})).await;
    let first = extract(&app, &program, &slug, json!({})).await;
    assert_eq!((first["status"].as_str(), first["records"].as_i64()), (Some("success"), Some(6)), "{first}");
    assert_eq!((ids(&app, &first, "shop_orders"), ids(&app, &first, "people")), (vec![1, 2, 3], vec![1, 2, 3]));
    let folder = app.data_dir().join(first["place"].as_str().unwrap());
    let manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["streams"][0]["records"], 3);
    assert_eq!(manifest["streams"][0]["file"], "shop_orders.jsonl.gz");
    assert_eq!(manifest["run"], first["id"]);

    app.advance(time::Duration::seconds(1));
    let second = extract(&app, &program, &slug, json!({})).await;
    assert_eq!((ids(&app, &second, "shop_orders"), ids(&app, &second, "people")), (vec![4, 5, 6], vec![1, 2, 3]));
    app.advance(time::Duration::seconds(1));
    let again = extract(&app, &program, &slug, json!({"from_start": true})).await;
    assert_eq!(ids(&app, &again, "shop_orders"), [1, 2, 3]);
    let list = program.get(&format!("/api/v1/runs/?source={slug}&limit=2")).await.expect(200);
    assert_eq!((list.json["count"].as_i64(), list.json["results"][0]["id"].clone()), (Some(3), again["id"].clone()));
    let more = program.get(list.json["next"].as_str().unwrap()).await.expect(200);
    assert_eq!(more.json["results"][0]["id"], first["id"]);
    assert_eq!(program.get("/api/v1/runs/?source=nothing").await.expect(200).json["count"], 0);
}

#[tokio::test]
async fn a_failed_run_leaves_nothing_and_the_state_as_it_was() {
    let (app, program, slug) = source(json!({"mode": "breaks"}), json!({})).await;
    let failed = extract(&app, &program, &slug, json!({})).await;
    assert_eq!(failed["status"], "failed", "{failed}");
    assert!(failed["place"].is_null() && !failed["error"]["message"].as_str().unwrap().is_empty(), "{failed}");
    let left = walk(&app.data_dir().join("extractions"));
    assert!(left.is_empty(), "{left:?}");
    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": {"mode": null}})).await.expect(200);
    let good = extract(&app, &program, &slug, json!({})).await;
    assert_eq!(ids(&app, &good, "shop_orders"), [1, 2, 3]);
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_run_is_stopped_and_a_killed_one_is_over_within_a_minute() {
    let (app, program, slug) = source(json!({}), json!({})).await;
    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": {"mode": "slow"}})).await.expect(200);
    let trigger = format!("/api/v1/sources/{slug}/trigger/");
    let started = program.post(&trigger, json!({})).await.expect(202);
    assert_eq!(program.post(&trigger, json!({})).await.expect(409).code(), "conflict");
    let one = format!("/api/v1/runs/{}/", started.text("/id"));
    let stop = async {
        while program.get(&one).await.json["started_at"].is_null() {
            tokio::task::yield_now().await;
        }
        program.post(&format!("{one}cancel/"), json!({})).await.expect(202);
    };
    tokio::join!(app.work(), stop);
    assert_eq!(program.get(&one).await.json["status"], "cancelled");

    let started = program.post(&trigger, json!({})).await.expect(202);
    let one = format!("/api/v1/runs/{}/", started.text("/id"));
    let inner = std::sync::Arc::clone(&app.app);
    let server = tokio::spawn(async move { vestibule::features::work::runs::run_due(&inner).await });
    while !has_log(&app, &started.text("/id")).await {
        tokio::task::yield_now().await;
    }
    server.abort();
    let _ = server.await;
    app.minute().await;
    assert_eq!(program.get(&one).await.json["error"]["code"], "interrupted");
    assert!(walk(&app.data_dir().join("extractions")).is_empty());
    let log = program.get(&format!("{one}logs/")).await.expect(200);
    assert!(log.body.contains("Reading 2 streams of Corner Shop"), "{}", log.body);
}

/// Both databases let one of many begin that ask at the same moment.
#[tokio::test]
async fn of_many_that_start_it_at_once_one_does() {
    let (app, program, slug) = source(json!({}), json!({})).await;
    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": {"mode": "slow"}})).await.expect(200);
    let trigger = format!("/api/v1/sources/{slug}/trigger/");
    for round in 0..5 {
        let ask = || program.post(&trigger, json!({}));
        let answers: [_; 6] = tokio::join!(ask(), ask(), ask(), ask(), ask(), ask()).into();
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [202, 409, 409, 409, 409, 409], "round {round}");
        let refused = answers.iter().find(|answer| answer.status == 409).unwrap();
        assert!(refused.text("/detail").contains("goes on already"), "{}", refused.body);
        let started = answers.iter().find(|answer| answer.status == 202).unwrap().text("/id");
        if round == 3 {
            abandon(&app, &started).await;
            app.minute().await;
        } else {
            program.post(&format!("/api/v1/runs/{started}/cancel/"), json!({})).await.expect(202);
        }
    }
    let all = program.get("/api/v1/runs/").await.expect(200);
    assert_eq!(all.json["count"], 5, "{}", all.body);
    let lost = all.json["results"].as_array().unwrap().iter().filter(|run| run["error"]["code"] == "interrupted");
    assert_eq!(lost.count(), 1, "{}", all.body);
}

/// A worker takes the run and dies; nobody has seen to it yet.
async fn abandon(app: &TestApp, run: &str) {
    let inner = std::sync::Arc::clone(&app.app);
    let server = tokio::spawn(async move { vestibule::features::work::runs::run_due(&inner).await });
    while !has_log(app, run).await {
        tokio::task::yield_now().await;
    }
    server.abort();
    let _ = server.await;
}

/// The run that is lost, once somebody has watched for long enough.
async fn lost(app: &TestApp) -> Run {
    for _ in 0..60 {
        app.advance(time::Duration::seconds(1));
        if let Some(run) = runs::lost(&app.app).await.unwrap().pop() {
            return run;
        }
    }
    panic!("a minute has gone by");
}

/// A worker that was believed dead comes to its end after all, in the moment in which its run is to be ended for it.
#[tokio::test]
async fn the_records_of_a_run_that_ends_at_the_last_moment_stay() {
    let (app, program, slug) = source(json!({}), json!({})).await;
    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": {"mode": "slow"}})).await.expect(200);
    let run = program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(202).text("/id");
    abandon(&app, &run).await;
    let partial = walk(&app.data_dir().join("extractions"))[0].parent().unwrap().to_owned();
    let whole = partial.with_extension("");
    let seen = lost(&app).await;
    // First a sign of life alone, then the end.
    for (sign, status) in [("beat = beat + 1", "in_progress"), ("state = 'success', ended_at = created_at", "success")]
    {
        let sql = format!("UPDATE runs SET {sign} WHERE id = '{run}'");
        app.app.db.write(move |conn| Ok(diesel::sql_query(sql).execute(conn)?)).await.unwrap();
        if status == "success" {
            std::fs::rename(&partial, &whole).unwrap();
        }
        runs::end_lost(&app.app, &seen).await.unwrap();
        assert_eq!(program.get(&format!("/api/v1/runs/{run}/")).await.json["status"], status);
        assert!(!walk(&app.data_dir().join("extractions")).is_empty(), "{status}");
    }
    assert!(!walk(&whole).is_empty(), "{}", whole.display());
}

async fn has_log(app: &TestApp, run: &str) -> bool {
    let id = vestibule::base::ids::RunId::from_text(run);
    !app.app
        .db
        .read(move |conn| Ok(vestibule::features::work::runs::Run::log_after(conn, &id, 0, 1)?))
        .await
        .unwrap()
        .is_empty()
}

#[tokio::test]
async fn what_cannot_be_read_says_what_to_install() {
    let (app, program, _) = source(json!({}), json!({})).await;
    let new = json!({"connector_slug": "airtable", "config": {}});
    let slug = program.post("/api/v1/sources/", new).await.expect(201).text("/slug");
    let refused = program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(409);
    assert!(refused.text("/detail").contains("Finalise it first"), "{}", refused.body);
    drop(app);
}
