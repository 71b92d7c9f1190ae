//! How often a request asks the database.

use std::sync::Mutex;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use serde_json::json;

use super::{Program, workspace_id};
use crate::support::TestApp;

/// Whose statements are noted; every workspace of the test run has an id of its own.
static WATCHED: Mutex<Option<String>> = Mutex::new(None);
static READS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn noting() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        let InstrumentationEvent::StartQuery { query, .. } = event else { return };
        let Some(workspace) = WATCHED.lock().unwrap().clone() else { return };
        let statement = query.to_string().replace(['"', '`'], "");
        if statement.contains(&workspace) && statement.contains("FROM connections ") {
            READS.lock().unwrap().push(statement);
        }
    }))
}

#[tokio::test]
async fn a_new_source_is_not_read_back() {
    set_default_instrumentation(noting).unwrap();
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let workspace = workspace_id(&app, "Acme Analytics").await;
    *WATCHED.lock().unwrap() = Some(workspace.to_string());
    let new = json!({"connector_slug": "postgres", "description": "Shop", "config": {"host": "db.shop.example", "password": "p"}});
    let made = program.post("/api/v1/sources/", new).await.expect(201);
    let reads = std::mem::take(&mut *READS.lock().unwrap());
    let path = format!("/api/v1/sources/{}/", made.text("/slug"));
    assert_eq!(program.get(&path).await.expect(200).json, made.json);
    *WATCHED.lock().unwrap() = None;
    assert!(!READS.lock().unwrap().is_empty(), "reading it is noticed");
    let [read] = reads.as_slice() else { panic!("one look whether the slug is free: {reads:#?}") };
    assert!(!read.contains("config"), "{read}");
}
