//! A product with a connector of the tests' own: a small shop, run as a program.

use std::path::Path;

use super::{TestApp, connectors};

/// The connector file of the shop.
pub fn connector_file() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/shop.py");
    include_str!("shop.json").replace("shop.py", script.to_str().unwrap())
}

/// A product that knows the shop.
pub fn app() -> TestApp {
    app_with(|_| {})
}

pub fn app_with(adjust: impl FnOnce(&mut vestibule::platform::config::Config)) -> TestApp {
    connectors::app_with(|dir| std::fs::write(dir.join("shop.json"), connector_file()).unwrap(), adjust)
}

impl TestApp {
    /// A minute goes by while the worker looks every second, and does what waits.
    pub async fn minute(&self) {
        for _ in 0..60 {
            self.advance(time::Duration::seconds(1));
            self.work().await;
        }
    }

    /// Does every validation and every run that waits.
    pub async fn work(&self) {
        while vestibule::features::work::validations::run_due(&self.app).await.unwrap()
            + vestibule::features::work::runs::run_due(&self.app).await.unwrap()
            > 0
        {}
    }
}
