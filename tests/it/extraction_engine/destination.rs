//! A destination that somebody handed over is made there, too, and Airbyte writes to it.

use serde_json::json;

use super::{ENGINE, Site, details, published};
use crate::api::Program;
use crate::extraction_engine::airbyte::Airbyte;
use crate::support::cluster::{Cluster, PASSWORD};

#[tokio::test]
async fn a_destination_of_ours_is_made_there_once_and_changed_with_ours() {
    let Some(cluster) = Cluster::new("").await else { return };
    cluster.sql("CREATE SCHEMA raw AUTHORIZATION $role").await;
    let (dir, airbyte) = (tempfile::tempdir().unwrap(), Airbyte::start());
    let app = super::product(&published(), dir.path());
    let program = Program::start(&app).await;
    let mut set = details(&airbyte);
    set["airbyte"].as_object_mut().unwrap().remove("destination_id");
    program.patch(ENGINE, set).await.expect(200);
    let site = Site { app, program, airbyte, _dir: dir };

    let destination = site.program.draft("destinations", "postgres").await;
    let one = format!("/api/v1/destinations/{destination}/");
    let config = json!({
        "host": cluster.host, "port": cluster.port, "database": cluster.name, "schema": "raw",
        "username": cluster.name, "password": PASSWORD, "ssl_mode": {"mode": "prefer"},
    });
    site.program.patch(&one, json!({"config": config})).await.expect(200);
    site.program.post(&format!("{one}revalidate/"), json!({})).await.expect(202);
    site.app.work().await;
    site.program.patch(&one, json!({"draft": false})).await.expect(200);

    site.airbyte.delete_all("destinations");
    let output = json!({"output_layer": format!("destination:{destination}")});
    let slug = site.shop(output.clone()).await;
    site.app.run_jobs().await;
    let made = site.airbyte.only("destinations");
    let configuration = &made["configuration"];
    assert_eq!((&configuration["destinationType"], &configuration["password"]), (&json!("postgres"), &json!(PASSWORD)));
    assert!(made["name"].as_str().unwrap().ends_with(&format!("(Vestibule {destination})")));
    assert_eq!(site.airbyte.only("connections")["destinationId"], made["destinationId"]);

    // A second source shares it.
    let other = site.shop(output).await;
    site.app.run_jobs().await;
    site.airbyte.only("destinations");
    assert_eq!(site.airbyte.all("connections").len(), 2);
    site.program.delete(&format!("/api/v1/sources/{other}/")).await.expect(204);
    site.app.run_jobs().await;
    site.airbyte.only("destinations");

    // What changes of it here is changed there before the next job.
    site.program.patch(&one, json!({"config": {"schema": "raw_two"}})).await.expect(200);
    let run = site.trigger(&slug).await;
    assert_eq!(site.airbyte.only("destinations")["configuration"]["schema"], "raw_two");
    let seen = site.run(&run).await;
    assert_eq!(seen["output_layer"], format!("destination:{destination}"));
    site.airbyte.is_content();
    cluster.end().await;
}
