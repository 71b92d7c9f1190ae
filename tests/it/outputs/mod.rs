//! Output layers: kept, changed, tried, and filled by extractions.

mod api;
mod destinations;
mod keys;
mod loaders;
mod pages;
mod real_tools;
mod refusals;
mod runs;
mod typed;

use serde_json::{Value, json};

use crate::api::Program;
use crate::support::CANARY;

/// A layer nobody can reach.
pub fn layer(name: &str) -> Value {
    json!({"name": name, "kind": "postgres", "postgres": {
        "host": "127.0.0.1", "database": "warehouse", "user": "loader", "password": format!("{CANARY}-layer"), "schema": "raw",
    }})
}

/// Adds a layer; gives its address in the API.
pub async fn add(program: &Program, body: Value) -> String {
    let made = program.post("/api/v1/output-layers/", body).await.expect(201);
    format!("/api/v1/output-layers/{}/", made.text("/slug"))
}
