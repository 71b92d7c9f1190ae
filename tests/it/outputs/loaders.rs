//! Destinations that dlt loads into: from the check to rows, what becomes of a load that breaks off, where it lies and when it goes. A program of the
//! tests stands for dlt; `real_tools.rs` has the real one.

use serde_json::{Value, json};
use vestibule::console::retention::sweep;

use super::destinations::one;
use crate::api::Program;
use crate::runs::extract;
use crate::support::{TestApp, Visitor, loaders};
use crate::validations::validated;

pub struct LoaderSite {
    pub app: TestApp,
    pub program: Program,
    pub owner: Visitor,
}

impl LoaderSite {
    pub async fn of(app: TestApp) -> Self {
        let program = Program::start(&app).await;
        let owner = app.visitor();
        owner.sign_in("ana@acme.example").await;
        Self { app, program, owner }
    }

    async fn duckdb(schema: &str) -> (Self, String) {
        let site = Self::of(loaders::app_with(&[("duckdb", "duckdb")], None, |_| {})).await;
        let slug = site.destination("duckdb", json!({"schema": schema})).await;
        (site, slug)
    }

    /// A validated draft of a destination, and how the validation ended.
    pub async fn checked(&self, connector: &str, config: Value) -> (String, Value) {
        let slug = self.program.draft("destinations", connector).await;
        self.program.patch(&one(&slug), json!({"config": config})).await.expect(200);
        let started = self.program.post(&format!("{}revalidate/", one(&slug)), json!({})).await.expect(202);
        self.app.work().await;
        let id = started.text("/id");
        let done = self.program.get(&format!("/api/v1/connector-validations/{id}/")).await.expect(200).json;
        (slug, done)
    }

    /// A finalised destination; gives its slug.
    pub async fn destination(&self, connector: &str, config: Value) -> String {
        let (slug, done) = self.checked(connector, config).await;
        assert_eq!(done["status"], "success", "{done}");
        self.program.patch(&one(&slug), json!({"draft": false})).await.expect(200);
        slug
    }

    /// A finalised shop whose orders are continued, and whose people are read whole.
    pub async fn shop(&self, destination: &str) -> String {
        let slug = self.program.draft("sources", "shop").await;
        let source = format!("/api/v1/sources/{slug}/");
        self.program.patch(&source, json!({"config": {"token": "right"}})).await.expect(200);
        validated(&self.app, &self.program, &slug).await;
        let body = json!({
            "draft": false, "output_layer": format!("destination:{destination}"), "trigger": {"type": "manual"},
            "add_streams": [
                {"stream_name": "orders", "sync_type": "INCREMENTAL", "replication_key": "id", "table_name": "shop_orders"},
                {"stream_name": "people"},
            ],
        });
        self.program.patch(&source, body).await.expect(200);
        slug
    }

    pub async fn extract(&self, source: &str) -> Value {
        self.app.advance(time::Duration::seconds(1));
        extract(&self.app, &self.program, source, json!({})).await
    }

    pub async fn log(&self, run: &Value) -> String {
        self.program.get(&format!("/api/v1/runs/{}/logs/", run["id"].as_str().unwrap())).await.expect(200).body
    }

    /// The folder of the only destination of this server.
    pub fn folder(&self) -> std::path::PathBuf {
        let mut all = std::fs::read_dir(self.app.data_dir().join("destinations")).unwrap();
        all.next().unwrap().unwrap().path()
    }

    /// A table as the program that stands for dlt keeps it.
    fn table(&self, name: &str) -> Value {
        let all: Value = serde_json::from_slice(&std::fs::read(self.folder().join("tables.json")).unwrap()).unwrap();
        all[name].clone()
    }

    fn ids(&self, table: &str) -> Vec<i64> {
        let rows = self.table(table)["rows"].clone();
        let mut ids: Vec<i64> =
            rows.as_object().unwrap().values().map(|record| record["id"].as_i64().unwrap()).collect();
        ids.sort_unstable();
        ids
    }
}

#[tokio::test]
async fn records_go_into_a_file_that_is_placed_by_the_connection() {
    let (site, slug) = LoaderSite::duckdb("raw").await;
    let source = site.shop(&slug).await;
    let first = site.extract(&source).await;
    assert_eq!(first["status"], "success", "{first} {}", site.log(&first).await);
    let folder = site.folder();
    let id = folder.file_name().unwrap().to_str().unwrap();
    assert!(id.len() == 36 && !id.contains(&slug), "it is named by the connection's id: {id}");
    assert_eq!(first["place"], format!("duckdb:destinations/{id}/warehouse.duckdb/raw"));
    assert_eq!((site.ids("shop_orders"), site.ids("people")), (vec![1, 2, 3], vec![1, 2, 3]));
    assert_eq!(
        site.table("shop_orders")["columns"],
        json!({"id": {"data_type": "bigint"}, "changed": {"data_type": "timestamp"}, "note": {"data_type": "text"}}),
        "declared types travel along"
    );
    let second = site.extract(&source).await;
    assert_eq!((&second["status"], &second["records"]), (&json!("success"), &json!(6)), "{second}");
    assert_eq!((site.ids("shop_orders"), site.ids("people")), ((1..=6).collect(), vec![1, 2, 3]));
    let page = site.owner.get(&format!("/connections/{slug}")).await.text();
    assert!(page.contains("Receiving") && page.contains("The records of 1 source go to it"), "{page}");

    // What it holds is gone: it begins anew and says so.
    std::fs::remove_file(folder.join("tables.json")).unwrap();
    let third = site.extract(&source).await;
    assert_eq!(third["status"], "success", "{third}");
    assert_eq!(site.ids("shop_orders"), (1..=third_orders(&third)).collect::<Vec<_>>());
    assert!(
        site.log(&third).await.contains("orders is read from the beginning, because"),
        "{}",
        site.log(&third).await
    );
}

/// How many orders a run has read.
fn third_orders(run: &Value) -> i64 {
    let streams = run["streams"].as_array().unwrap();
    streams.iter().find(|stream| stream["stream_name"] == "orders").unwrap()["records"].as_i64().unwrap()
}

#[tokio::test]
async fn a_load_that_dies_is_put_right_by_the_next_run() {
    let (site, slug) = LoaderSite::duckdb("falls_once").await;
    let source = site.shop(&slug).await;
    let failed = site.extract(&source).await;
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&json!("failed"), &json!("destination_failed")),
        "{failed}"
    );
    let words = failed["error"]["message"].as_str().unwrap();
    assert!(words.contains("dlt ended before it said what came of it"), "{words}");
    assert_eq!(site.ids("shop_orders"), [1, 2, 3], "half of it is there");
    assert_eq!(std::fs::read_dir(site.app.data_dir().join("runs")).unwrap().count(), 0, "nothing waits any more");
    let next = site.extract(&source).await;
    assert_eq!(next["status"], "success", "{next}");
    assert_eq!(
        (site.ids("shop_orders"), site.ids("people")),
        (vec![1, 2, 3], vec![1, 2, 3]),
        "nothing is lost or doubled"
    );
    assert_eq!(site.extract(&source).await["status"], "success");
    assert_eq!(site.ids("shop_orders"), (1..=6).collect::<Vec<_>>(), "it continues where the last whole one ended");
}

#[tokio::test]
async fn another_table_of_the_same_name_is_not_touched() {
    let (site, slug) = LoaderSite::duckdb("raw").await;
    let source = site.shop(&slug).await;
    assert_eq!(site.extract(&source).await["status"], "success");
    let other = site.shop(&slug).await;
    let refused = site.extract(&other).await;
    let words = refused["error"]["message"].as_str().unwrap();
    assert!(words.contains("was not filled by this source"), "{refused}");
    assert_eq!(site.ids("shop_orders"), [1, 2, 3]);
}

#[tokio::test]
async fn without_its_loader_a_destination_is_not_offered_and_the_command_is_named() {
    let app = crate::support::shop::app();
    let site = LoaderSite::of(app).await;
    let slug = site.program.draft("destinations", "duckdb").await;
    site.program.patch(&one(&slug), json!({"config": {"schema": "raw"}})).await.expect(200);
    site.program.patch(&one(&slug), json!({"draft": false})).await.expect(200);
    let command = "vestibule connectors install destination-duckdb";
    let page = site.owner.get(&format!("/connections/{slug}")).await.text();
    assert!(page.contains("Nothing installed here can write records to DuckDB") && page.contains(command), "{page}");
    let (_, program, source) = (&site.app, &site.program, site.program.draft("sources", "shop").await);
    let path = format!("/api/v1/sources/{source}/");
    program.patch(&path, json!({"config": {"token": "right"}})).await.expect(200);
    validated(&site.app, program, &source).await;
    let refused = program.patch(&path, json!({"output_layer": format!("destination:{slug}")})).await.expect(422);
    assert_eq!(refused.text("/errors/0/code"), "destination_not_writable");
    assert!(refused.text("/errors/0/detail").contains(command), "{}", refused.body);
    let finish = site.owner.get(&format!("/connections/{source}/finish")).await;
    assert!(finish.text().contains(command), "{}", finish.text());
    assert!(!finish.body.contains(&format!("destination:{slug}")), "it cannot be chosen");
}

#[tokio::test]
async fn what_a_destination_of_this_server_holds_goes_with_it() {
    let (site, slug) = LoaderSite::duckdb("raw").await;
    let source = site.shop(&slug).await;
    assert_eq!(site.extract(&source).await["status"], "success");
    let folder = site.folder();
    let path = format!("/api/v1/sources/{source}/");
    site.program.patch(&path, json!({"output_layer": "files"})).await.expect(200);
    let ask = site.owner.get(&format!("/connections/{slug}/deletion")).await.text();
    assert!(ask.contains("What it holds in the data folder of this server goes"), "{ask}");
    site.program.delete(&one(&slug)).await.expect(204);
    assert!(folder.join("tables.json").exists(), "deleted is not erased");
    site.app.advance(time::Duration::days(4_000));
    assert!(sweep(&site.app.app).await.unwrap());
    assert!(!folder.exists());
}

const KEY: &str = "wJalrXUtnFEMI-canary-of-the-tests";

fn bucket(more: Value) -> Value {
    let mut config = json!({
        "s3_bucket_name": "lake", "s3_bucket_path": "raw/shop", "s3_bucket_region": "eu-central-1",
        "access_key_id": "AKIAEXAMPLECANARY", "secret_access_key": KEY, "format": {"format_type": "Parquet"},
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

#[tokio::test]
async fn keys_stay_with_the_driver_and_endpoints_are_judged() {
    let site = LoaderSite::of(loaders::app_with(&[("s3", "s3")], None, |_| {})).await;
    let near = json!({"s3_endpoint": "http://127.0.0.1:9"});
    let (_, good) = site.checked("s3", bucket(near.clone())).await;
    assert_eq!(good["status"], "success", "{good}");
    let mut denied = bucket(near);
    denied["s3_bucket_path"] = json!("denied");
    let (slug, refused) = site.checked("s3", denied).await;
    assert_eq!(
        (&refused["status"], &refused["error"]["code"]),
        (&json!("failed"), &json!("sign_in_failed")),
        "{refused}"
    );
    assert!(refused["message"].as_str().unwrap().contains("The key is wrong") && !refused.to_string().contains(KEY));
    let id = refused["id"].as_str().unwrap();
    let log = site.program.get(&format!("/api/v1/connector-validations/{id}/logs/")).await.expect(200).body;
    assert!(!log.contains(KEY) && log.contains("Traceback"), "{log}");
    assert!(!site.owner.get(&format!("/connections/{slug}")).await.body.contains(KEY));
    for (endpoint, code) in [
        ("http://93.184.216.34:9000", "not_supported"),
        ("https://10.1.2.3", "address_refused"),
        ("https://169.254.169.254", "address_refused"),
    ] {
        let (_, refused) = site.checked("s3", bucket(json!({"s3_endpoint": endpoint}))).await;
        assert_eq!(refused["error"]["code"], code, "{endpoint}: {refused}");
    }
    let (_, keyless) = site.checked("s3", bucket(json!({"access_key_id": null}))).await;
    assert_eq!(keyless["error"]["code"], "incomplete", "nobody signs in as the server itself: {keyless}");
}

/// Without a loader the product writes to buckets itself.
#[tokio::test]
async fn buckets_need_no_loader_and_their_endpoints_are_judged() {
    let site = LoaderSite::of(loaders::app_with(&[], None, |_| {})).await;
    for (more, code) in [
        (json!({"s3_endpoint": "http://93.184.216.34:9000"}), "not_supported"),
        (json!({"s3_endpoint": "https://10.1.2.3"}), "address_refused"),
        (json!({"s3_endpoint": "https://169.254.169.254"}), "address_refused"),
        (json!({"s3_endpoint": "http://127.0.0.1:9"}), "not_reachable"),
        (json!({"access_key_id": null}), "incomplete"),
        (json!({"format": {"format_type": "CSV", "flattening": "No flattening"}}), "not_supported"),
    ] {
        let (slug, refused) = site.checked("s3", bucket(more.clone())).await;
        assert_eq!(refused["error"]["code"], code, "{more}: {refused}");
        assert!(!refused.to_string().contains(KEY));
        assert!(!site.owner.get(&format!("/connections/{slug}")).await.body.contains(KEY));
    }
}
