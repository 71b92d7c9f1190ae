//! Extractions: records on disk, state from run to run, the clock, what goes wrong; and the whole way from a link to records.

mod clock;
mod deleted;
mod docs;
mod faker;
mod history;
mod journey;
mod jumps;
mod looked_at;
mod parquet;
mod positions;
mod postgres;
mod processes;
mod records;
mod unreadable;

pub use journey::Journey;

use serde_json::{Value, json};

use crate::api::Program;
use crate::support::TestApp;
use crate::validations::{shop_draft, validated};

/// A finalised shop with both streams.
pub async fn source(more: Value, finish: Value) -> (TestApp, Program, String) {
    let (app, program, slug) = shop_draft("right", more).await;
    finalise(&app, &program, &slug, finish).await;
    (app, program, slug)
}

/// Validates a shop and makes it a source.
async fn finalise(app: &TestApp, program: &Program, slug: &str, finish: Value) {
    validated(app, program, slug).await;
    let mut body = json!({
        "draft": false, "output_layer": "files", "trigger": {"type": "manual"},
        "add_streams": [
            {"stream_name": "orders", "sync_type": "INCREMENTAL", "replication_key": "id", "table_name": "shop_orders"},
            {"stream_name": "people"},
        ],
    });
    body.as_object_mut().unwrap().extend(finish.as_object().unwrap().clone());
    program.patch(&format!("/api/v1/sources/{slug}/"), body).await.expect(200);
}

/// Starts an extraction, lets it run, and gives it as it is then.
pub async fn extract(app: &TestApp, program: &Program, slug: &str, body: Value) -> Value {
    let started = program.post(&format!("/api/v1/sources/{slug}/trigger/"), body).await.expect(202);
    app.work().await;
    program.get(&format!("/api/v1/runs/{}/", started.text("/id"))).await.expect(200).json
}

/// The records in a file of a run.
pub fn records(app: &TestApp, run: &Value, table: &str) -> Vec<Value> {
    use std::io::Read as _;
    let path = app.data_dir().join(run["place"].as_str().unwrap()).join(format!("{table}.jsonl.gz"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The ids in a file of a run.
pub fn ids(app: &TestApp, run: &Value, table: &str) -> Vec<i64> {
    records(app, run, table).iter().map(|record| record["id"].as_i64().unwrap()).collect()
}
