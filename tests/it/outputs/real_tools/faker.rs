//! A real connector and a real loader: what the faker makes stands in DuckDB and in PostgreSQL, once, however often it is read.

use std::path::Path;

use serde_json::{Value, json};
use vestibule::platform::config::Config;

use super::super::loaders::LoaderSite;
use super::{environment, query, succeed};
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::loaders;
use crate::support::programs::{import, programs};
use crate::validations::validated;

/// A product where one destination is loaded by dlt, and that has the faker.
async fn site(loader: &str, environment: &Path, program: &Path, adjust: impl FnOnce(&mut Config)) -> LoaderSite {
    LoaderSite::of(loaders::app_with(&[(loader, loader)], Some(environment), |config| {
        import(config.connectors.dir.as_ref().unwrap(), &["--exec", program.to_str().unwrap()]);
        adjust(config);
    }))
    .await
}

/// Two streams of the faker go to a destination twice; the second time nothing is new.
async fn twice(site: &LoaderSite, warehouse: &str) {
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
    let first = succeed(site, &slug).await;
    assert!(first["records"].as_u64().unwrap() >= 600, "{first}");
    let second = succeed(site, &slug).await;
    assert_eq!(second["records"], 0, "nothing has changed: {second}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dlt and real connectors, which tests/run long installs"]
async fn the_faker_goes_into_duckdb_twice() {
    let (Some(environment), Some(programs)) = (environment(), programs("airbyte-source-faker")) else { return };
    let site = site("duckdb", &environment, &programs.join("source-faker"), |_| {}).await;
    let warehouse = site.destination("duckdb", json!({"schema": "main"})).await;
    twice(&site, &warehouse).await;
    let file = site.folder().join("warehouse.duckdb");
    let counts =
        |table: &str| query(&environment, &file, &format!("SELECT count(*), count(DISTINCT id) FROM main.{table}"));
    assert_eq!((counts("users"), counts("products")), (json!([[500, 500]]), json!([[100, 100]])));
}

/// A PostgreSQL that wants to be reached encrypted, with its name looked at.
fn details(cluster: &Cluster, authority: &str) -> Value {
    json!({
        "host": "localhost", "port": cluster.port, "database": cluster.name, "schema": "raw_data", "username": cluster.name,
        "password": PASSWORD, "ssl_mode": {"mode": "verify-full", "ca_certificate": authority},
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dlt and real connectors, which tests/run long installs"]
async fn the_faker_goes_into_postgresql_by_dlt_twice() {
    let (Some(environment), Some(programs)) = (environment(), programs("airbyte-source-faker")) else { return };
    let Some((cluster, authority)) = Cluster::strict("SELECT 1").await else { return };
    let site = site("postgres", &environment, &programs.join("source-faker"), |config| {
        config.connectors.allow.push("::1/128".parse().unwrap());
    })
    .await;
    let key = rcgen::KeyPair::generate().unwrap();
    let stranger = rcgen::CertificateParams::new(vec!["x".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    let mut wrong = details(&cluster, &authority);
    wrong["password"] = json!("not-the-password-of-it");
    let (_, found) = site.checked("postgres", wrong).await;
    assert_eq!(found["error"]["code"], "sign_in_failed", "{found}");
    let (_, found) = site.checked("postgres", details(&cluster, &stranger)).await;
    assert_eq!(found["error"]["code"], "tls_failed", "{found}");
    let (_, found) = site.checked("postgres", details(&cluster, &authority)).await;
    assert_eq!(found["error"]["code"], "no_permission", "nobody may make a schema there: {found}");
    cluster.sql(&format!("GRANT CREATE ON DATABASE {} TO $role", cluster.name)).await;
    let warehouse = site.destination("postgres", details(&cluster, &authority)).await;
    let page = site.owner.get(&format!("/connections/{warehouse}")).await.text();
    assert!(page.contains("dlt, which is installed here, writes them."), "{page}");
    twice(&site, &warehouse).await;
    for (table, due) in [("users", 500), ("products", 100)] {
        let sql = format!("SELECT count(*), count(DISTINCT id) FROM raw_data.{table}");
        let row = cluster.admin.query_one(&sql, &[]).await.unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (due, due), "{table}");
    }
    let kinds = "SELECT data_type::text FROM information_schema.columns WHERE table_schema = 'raw_data' AND table_name = 'users' AND column_name = 'created_at'";
    assert_eq!(cluster.admin.query_one(kinds, &[]).await.unwrap().get::<_, String>(0), "timestamp with time zone");
    cluster.end().await;
}
