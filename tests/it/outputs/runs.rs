//! Extractions into a real PostgreSQL, from the trigger to the rows.

use serde_json::{Value, json};

use super::add;
use crate::api::Program;
use crate::runs::extract;
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::{CANARY, TestApp, shop};
use crate::validations::validated;

struct Site {
    app: TestApp,
    program: Program,
    cluster: Cluster,
    source: String,
}

/// A finalised shop whose records go into the schema `raw`; `None` without PostgreSQL.
async fn site(more: Value) -> Option<Site> {
    let cluster = Cluster::new("").await?;
    cluster.sql("CREATE SCHEMA raw AUTHORIZATION $role").await;
    let app = shop::app_with(|config| {
        config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]
    });
    let program = Program::start(&app).await;
    let layer = json!({"name": "Warehouse", "kind": "postgres", "postgres": {
        "host": cluster.host, "port": cluster.port, "database": cluster.name, "user": cluster.name, "password": PASSWORD,
        "schema": "raw", "tls_mode": "prefer",
    }});
    let one = add(&program, layer).await;
    let tried = program.post(&format!("{one}check/"), json!({})).await.expect(200);
    assert_eq!(tried.json["works"], true, "{}", tried.body);
    let slug = program.draft("sources", "shop").await;
    let source = format!("/api/v1/sources/{slug}/");
    let mut config = json!({"token": format!("right-{CANARY}")});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    program.patch(&source, json!({"config": config})).await.expect(200);
    validated(&app, &program, &slug).await;
    let body = json!({
        "draft": false, "output_layer": "warehouse", "trigger": {"type": "manual"},
        "add_streams": [
            {"stream_name": "orders", "sync_type": "INCREMENTAL", "replication_key": "id", "table_name": "shop_orders"},
            {"stream_name": "people"},
        ],
    });
    program.patch(&source, body).await.expect(200);
    Some(Site { app, program, cluster, source: slug })
}

impl Site {
    async fn extract(&self, body: Value) -> Value {
        self.app.advance(time::Duration::seconds(1));
        extract(&self.app, &self.program, &self.source, body).await
    }

    async fn ids(&self, table: &str) -> Vec<i64> {
        let sql = format!("SELECT id FROM raw.{table} ORDER BY id");
        self.cluster.admin.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    async fn tables(&self) -> i64 {
        let sql = "SELECT count(*) FROM pg_tables WHERE schemaname = 'raw'";
        self.cluster.admin.query_one(sql, &[]).await.unwrap().get(0)
    }
}

#[tokio::test]
async fn records_lie_in_tables_and_the_next_run_continues() {
    let Some(site) = site(json!({})).await else { return };
    let first = site.extract(json!({})).await;
    assert_eq!((first["status"].as_str(), first["records"].as_i64()), (Some("success"), Some(6)), "{first}");
    let Cluster { host, port, name, .. } = &site.cluster;
    assert_eq!(first["place"].as_str(), Some(format!("postgres://{host}:{port}/{name}/raw").as_str()));
    assert_eq!((site.ids("shop_orders").await, site.ids("people").await), (vec![1, 2, 3], vec![1, 2, 3]));
    let second = site.extract(json!({})).await;
    assert_eq!(second["status"], "success", "{second}");
    assert_eq!((site.ids("shop_orders").await, site.ids("people").await), ((1..=6).collect(), vec![1, 2, 3]));
    let again = site.extract(json!({"from_start": true})).await;
    assert_eq!(again["status"], "success", "{again}");
    assert_eq!(site.ids("shop_orders").await, [1, 2, 3], "from the beginning the table is filled anew");
    let owner = site.app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = owner.get(&format!("/runs/{}", first["id"].as_str().unwrap())).await;
    assert!(page.text().contains("The records are in tables of postgres://"), "{}", page.text());
    let log = site.program.get(&format!("/api/v1/runs/{}/logs/", first["id"].as_str().unwrap())).await.expect(200);
    assert!(log.body.contains("Done: 6 records") && !log.body.contains(PASSWORD), "{}", log.body);
    assert!(!site.app.data_dir().join("extractions").exists(), "no file is written beside");
    site.cluster.end().await;
}

#[tokio::test]
async fn a_failed_run_leaves_nothing_and_the_state_as_it_was() {
    let Some(site) = site(json!({"mode": "breaks"})).await else { return };
    let failed = site.extract(json!({})).await;
    assert_eq!((failed["status"].as_str(), failed["place"].clone()), (Some("failed"), Value::Null), "{failed}");
    assert_eq!(site.tables().await, 0);
    let source = format!("/api/v1/sources/{}/", site.source);
    site.program.patch(&source, json!({"config": {"mode": null}})).await.expect(200);
    assert_eq!(site.extract(json!({})).await["status"], "success");
    assert_eq!(site.ids("shop_orders").await, [1, 2, 3]);

    site.program
        .patch("/api/v1/output-layers/warehouse/", json!({"postgres": {"user": "nobody_here"}}))
        .await
        .expect(200);
    let shut = site.extract(json!({})).await;
    assert_eq!(
        (shut["status"].as_str(), shut["error"]["code"].as_str()),
        (Some("failed"), Some("output_failed")),
        "{shut}"
    );
    let message = shut["error"]["message"].as_str().unwrap();
    assert!(message.contains("output layer Warehouse") && !message.contains(PASSWORD), "{message}");
    assert_eq!(shut["error"]["kind"], "config_error");
    site.cluster.end().await;
}

/// An incremental stream that begins anew and breaks off must not take the place of a table that is whole.
#[tokio::test]
async fn a_table_is_not_filled_anew_with_half_of_a_stream() {
    let Some(site) = site(json!({})).await else { return };
    assert_eq!(site.extract(json!({})).await["status"], "success");
    assert_eq!(site.extract(json!({})).await["status"], "success");
    let source = format!("/api/v1/sources/{}/", site.source);
    site.program.patch(&source, json!({"config": {"mode": "tires"}})).await.expect(200);
    let failed = site.extract(json!({"from_start": true})).await;
    assert_eq!((failed["status"].as_str(), failed["place"].clone()), (Some("failed"), Value::Null), "{failed}");
    assert_eq!(failed["error"]["code"], "not_read_whole", "{failed}");
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(message.contains("its table shop_orders stays as it was"), "{message}");
    assert_eq!(site.ids("shop_orders").await, [1, 2, 3, 4, 5, 6]);
    // Where it continues, what came of it is renewed by its keys, and the state is that of the last success.
    let continued = site.extract(json!({})).await;
    assert_eq!(continued["status"], "partial", "{continued}");
    assert_eq!(site.ids("shop_orders").await, (1..=9).collect::<Vec<_>>());
    site.cluster.end().await;
}

#[tokio::test]
async fn a_run_that_waits_for_a_table_keeps_its_lease_and_can_be_stopped() {
    let Some(site) = site(json!({})).await else { return };
    assert_eq!(site.extract(json!({})).await["status"], "success");
    site.cluster.admin.batch_execute("BEGIN; LOCK TABLE raw.shop_orders IN ACCESS EXCLUSIVE MODE").await.unwrap();
    site.app.advance(time::Duration::seconds(1));
    let trigger = format!("/api/v1/sources/{}/trigger/", site.source);
    let started = site.program.post(&trigger, json!({})).await.expect(202);
    let one = format!("/api/v1/runs/{}/", started.text("/id"));
    let stop = async {
        while site.program.get(&one).await.json["records"] != 6 {
            tokio::task::yield_now().await;
        }
        site.program.post(&format!("{one}cancel/"), json!({})).await.expect(202);
    };
    tokio::join!(site.app.work(), stop);
    assert_eq!(site.program.get(&one).await.json["status"], "cancelled");
    site.cluster.admin.batch_execute("COMMIT").await.unwrap();
    assert_eq!(site.ids("shop_orders").await, [1, 2, 3]);
    assert_eq!(site.extract(json!({})).await["status"], "success");
    assert_eq!(site.ids("shop_orders").await, [1, 2, 3, 4, 5, 6]);
    site.cluster.end().await;
}
