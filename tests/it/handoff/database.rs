//! A database: for tools that have a reader of their own for it.

use serde_json::{Value, json};

use super::folder::Folder;
use crate::api::Program;
use crate::support::TestApp;
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::connectors::app_with;
use crate::validations::validated;

/// Two tables, one of them with what only grows.
pub const SQL: &str = "
    CREATE TABLE orders (id int PRIMARY KEY, total numeric(10, 2), updated_at timestamptz NOT NULL);
    INSERT INTO orders VALUES (1, 9.50, '2026-01-01Z'), (2, 120.00, '2026-01-02Z');
    CREATE TABLE people (name text, age int);
    INSERT INTO people VALUES ('Ana', 41), ('Ben', 17);";

/// A finalised source of that database, with whatever else is to be different in its details.
pub async fn database(cluster: &Cluster, different: Value) -> (TestApp, Program, String) {
    let app = app_with(|_| {}, |config| config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap()]);
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let mut config = json!({
        "host": cluster.host, "port": cluster.port, "database": cluster.name, "username": cluster.name, "password": PASSWORD,
        "ssl_mode": {"mode": "prefer"}, "replication_method": {"method": "Standard"},
    });
    config.as_object_mut().unwrap().extend(different.as_object().unwrap().clone());
    let url = format!("/api/v1/sources/{slug}/");
    program.patch(&url, json!({"config": config})).await.expect(200);
    let found = validated(&app, &program, &slug).await;
    assert_eq!(found["status"], "success", "{found}");
    let finish = json!({
        "draft": false, "output_layer": "files", "trigger": {"type": "cron", "cron": "0 6 * * *", "time_zone": "UTC"},
        "add_streams": [
            {"stream_name": "orders", "namespace": "public", "sync_type": "INCREMENTAL", "replication_key": "updated_at", "table_name": "shop_orders"},
            {"stream_name": "people", "namespace": "public", "extract_all_fields": false, "fields": ["name"]},
        ],
    });
    program.patch(&url, finish).await.expect(200);
    (app, program, slug)
}

#[tokio::test]
async fn meltano_gets_the_settings_its_tap_knows() {
    let Some((cluster, authority)) = Cluster::strict(SQL).await else { return };
    let tls = json!({"host": "localhost", "ssl_mode": {"mode": "verify-full", "ca_certificate": authority}});
    let (_app, program, slug) = database(&cluster, tls).await;
    let folder = Folder::of(&program, &slug, "meltano").await;
    let project: Value = serde_yaml_ng::from_str(&folder.text("meltano.yml")).unwrap();
    let tap = &project["plugins"]["extractors"][0];
    assert_eq!(
        (&tap["name"], &tap["select"]),
        (&json!("tap-postgres"), &json!(["public-orders.*", "public-people.name"]))
    );
    let name = |field: &str| {
        let all = folder.told["secrets"].as_array().unwrap();
        all.iter().find(|one| one["field"] == field).map(|one| format!("${{{}}}", one["name"].as_str().unwrap()))
    };
    let config = &tap["config"];
    assert_eq!((&config["user"], &config["database"]), (&json!(cluster.name), &json!(cluster.name)));
    assert_eq!(config["password"].as_str().map(str::to_owned), name("password"));
    assert_eq!(config["ssl_certificate_authority"].as_str().map(str::to_owned), name("ssl_mode.ca_certificate"));
    assert_eq!((&config["ssl_enable"], &config["ssl_mode"]), (&json!(true), &json!("verify-full")));
    assert_eq!(tap["metadata"]["public-orders"]["replication-key"], "updated_at");
    assert_eq!(project["schedules"][0]["interval"], "0 6 * * *");
    cluster.end().await;
}

/// A way that an engine does not have is a reason, and no file that fails.
#[tokio::test]
async fn an_ssh_tunnel_is_not_offered_to_those_who_have_none() {
    let Some(cluster) = Cluster::new(SQL).await else { return };
    let (_app, program, slug) = database(&cluster, json!({})).await;
    let url = format!("/api/v1/sources/{slug}/hand-off/");
    let all = program.get(&url).await.expect(200).json;
    assert_eq!(all["offered"], json!(["airbyte", "terraform", "meltano", "dlt", "protocol"]));
    let tunnel = json!({"tunnel_method": {
        "tunnel_method": "SSH_PASSWORD_AUTH", "tunnel_host": "jump.example", "tunnel_port": 22, "tunnel_user": "u", "tunnel_user_password": "p",
    }});
    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": tunnel})).await.expect(200);
    let all = program.get(&url).await.expect(200).json;
    assert_eq!(all["offered"], json!(["airbyte", "terraform", "protocol"]));
    let reasons = all["not_offered"].to_string();
    assert!(reasons.contains("with a key only") && reasons.contains("has no SSH tunnel"), "{reasons}");
    cluster.end().await;
}
