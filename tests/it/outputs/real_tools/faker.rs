//! A real connector and a real loader: what the faker makes stands in DuckDB, once, however often it is read.

use serde_json::json;

use super::super::loaders::LoaderSite;
use super::{environment, query, succeed};
use crate::support::loaders;
use crate::support::programs::{import, programs};
use crate::validations::validated;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dlt and real connectors, which tests/run long installs"]
async fn the_faker_goes_into_duckdb_twice() {
    let (Some(environment), Some(programs)) = (environment(), programs("airbyte-source-faker")) else { return };
    let program = programs.join("source-faker");
    let site = LoaderSite::of(loaders::app_with(&[("duckdb", "duckdb")], Some(&environment), |config| {
        import(config.connectors.dir.as_ref().unwrap(), &["--exec", program.to_str().unwrap()]);
    }))
    .await;
    let warehouse = site.destination("duckdb", json!({"schema": "main"})).await;
    let slug = site.program.draft("sources", "faker").await;
    let source = format!("/api/v1/sources/{slug}/");
    let config = json!({"count": 500, "seed": 7, "parallelism": 2, "always_updated": false});
    site.program.patch(&source, json!({"config": config})).await.expect(200);
    validated(&site.app, &site.program, &slug).await;
    let stream = |name: &str| json!({"stream_name": name, "sync_type": "INCREMENTAL"});
    let body = json!({
        "draft": false, "output_layer": format!("destination:{warehouse}"), "trigger": {"type": "manual"},
        "add_streams": [stream("users"), stream("products")],
    });
    site.program.patch(&source, body).await.expect(200);
    let first = succeed(&site, &slug).await;
    assert!(first["records"].as_u64().unwrap() >= 600, "{first}");
    let second = succeed(&site, &slug).await;
    assert_eq!(second["records"], 0, "nothing has changed: {second}");
    let file = site.folder().join("warehouse.duckdb");
    let counts =
        |table: &str| query(&environment, &file, &format!("SELECT count(*), count(DISTINCT id) FROM main.{table}"));
    assert_eq!((counts("users"), counts("products")), (json!([[500, 500]]), json!([[100, 100]])));
}
