//! A product with a connector of the tests' own: a small shop, run as a program.

use std::path::Path;

use serde_json::json;

use super::{TestApp, connectors};

/// The connector file of the shop.
pub fn connector_file() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/shop.py");
    json!({
        "slug": "shop", "name": "Corner Shop", "kind": "source",
        "spec": {
            "type": "object", "required": ["token"],
            "properties": {
                "token": {"type": "string", "title": "Token", "airbyte_secret": true, "order": 0},
                "count": {"type": "integer", "title": "Count", "default": 3, "order": 1},
                "mode": {"type": "string", "title": "Mode", "order": 2},
            },
        },
        "runtime": {"type": "airbyte", "command": ["python3", script]},
    })
    .to_string()
}

/// A product that knows the shop.
pub fn app() -> TestApp {
    app_with(|_| {})
}

pub fn app_with(adjust: impl FnOnce(&mut vestibule::config::Config)) -> TestApp {
    connectors::app_with(|dir| std::fs::write(dir.join("shop.json"), connector_file()).unwrap(), adjust)
}

impl TestApp {
    /// Does every validation and every run that waits.
    pub async fn work(&self) {
        while vestibule::validations::run_due(&self.app).await.unwrap()
            + vestibule::runs::run_due(&self.app).await.unwrap()
            > 0
        {}
    }
}
