//! A product with a connector of the tests' own: a small shop, run as a program.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::TestApp;

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
    prepared(|config| {
        let dir = config.storage.data_dir.join("connectors");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("shop.json"), connector_file()).unwrap();
        config.connectors.dir = Some(dir);
        adjust(config);
    })
}

/// A product that can run connectors.
pub fn prepared(adjust: impl FnOnce(&mut vestibule::config::Config)) -> TestApp {
    TestApp::start_prepared(
        |config| {
            #[allow(clippy::disallowed_methods, reason = "connectors are looked for where the tests find theirs")]
            let path = std::env::var("PATH").unwrap();
            config.connectors.path = path;
            adjust(config);
        },
        |app| {
            let app = Arc::get_mut(app).unwrap();
            app.runtimes = app.runtimes.clone().launched_by(env!("CARGO_BIN_EXE_vestibule").into());
        },
    )
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
