//! How often a request asks the database.

use serde_json::json;

use super::Program;
use crate::support::TestApp;
use crate::support::statements::{self, Watched};

fn reads(watched: &Watched) -> Vec<String> {
    let plain = watched.take().into_iter().map(|statement| statement.replace(['"', '`'], ""));
    plain.filter(|statement| statement.starts_with("SELECT") && statement.contains("FROM connections ")).collect()
}

#[tokio::test]
async fn a_new_source_is_not_read_back() {
    statements::listen();
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let watched = Watched::new(&app.place);
    let new = json!({"connector_slug": "postgres", "description": "Shop", "config": {"host": "db.shop.example", "password": "p"}});
    let made = program.post("/api/v1/sources/", new).await.expect(201);
    let found = reads(&watched);
    let path = format!("/api/v1/sources/{}/", made.text("/slug"));
    assert_eq!(program.get(&path).await.expect(200).json, made.json);
    assert!(!reads(&watched).is_empty(), "reading it is noticed");
    let [read] = found.as_slice() else { panic!("one look whether the slug is free: {found:#?}") };
    assert!(!read.contains("config"), "{read}");
}
