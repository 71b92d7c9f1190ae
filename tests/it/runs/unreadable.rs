//! One source whose row nobody can read any more holds up nobody else.

use diesel::prelude::*;
use diesel::sql_types::{Binary, Text};
use serde_json::json;

use super::{finalise, source};
use crate::support::TestApp;

/// As a value looks whose key is gone.
async fn spoil(app: &TestApp, slug: &str) {
    let sql =
        "UPDATE validations SET sealed_found = $1 WHERE connection_id = (SELECT id FROM connections WHERE slug = $2)";
    let slug = slug.to_owned();
    let spoil = move |conn: &mut vestibule::platform::db::Conn| {
        let query = diesel::sql_query(sql).bind::<Binary, _>(vec![0_u8; 40]).bind::<Text, _>(slug);
        Ok(query.execute(conn)?)
    };
    assert_eq!(app.app.db.write(spoil).await.unwrap(), 1);
}

#[tokio::test]
async fn a_source_that_cannot_be_read_fails_alone_and_in_words() {
    let (app, program, broken) = source(json!({}), json!({})).await;
    let other = program.draft("sources", "shop").await;
    program.patch(&format!("/api/v1/sources/{other}/"), json!({"config": {"token": "right"}})).await.expect(200);
    finalise(&app, &program, &other, json!({})).await;
    spoil(&app, &broken).await;
    let mut runs = Vec::new();
    for slug in [&broken, &other] {
        let started = program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(202);
        runs.push(format!("/api/v1/runs/{}/", started.text("/id")));
        app.advance(time::Duration::seconds(1));
    }
    app.work().await;
    let failed = program.get(&runs[0]).await.expect(200);
    assert_eq!(failed.json["status"], "failed", "{}", failed.body);
    assert!(failed.body.contains("What is stored cannot be read"), "{}", failed.body);
    let done = program.get(&runs[1]).await.expect(200);
    assert_eq!(done.json["status"], "success", "{}", done.body);
}
