//! Connectors that are not built in: files in a folder of the installation.

use std::path::Path;

use vestibule::platform::config::Config;

use super::TestApp;

/// A product whose folder of connectors somebody has filled, with settings of the test's own.
pub fn app_with(fill: impl FnOnce(&Path), adjust: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::start_with(|config| {
        let dir = config.storage.data_dir.join("connectors");
        std::fs::create_dir_all(&dir).unwrap();
        fill(&dir);
        config.connectors.dir = Some(dir);
        #[allow(clippy::disallowed_methods, reason = "connectors are looked for where the tests find theirs")]
        let path = std::env::var("PATH").unwrap();
        config.connectors.path = path;
        adjust(config);
    })
}
