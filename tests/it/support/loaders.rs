//! Destinations that dlt loads into, with an environment that stands for one with dlt, or with the real one.

use std::path::Path;

use serde_json::{Value, json};
use vestibule::platform::config::Config;

use super::{TestApp, shop};

const REFERENCE: &str = "1.31.0-00000000";

/// A product that knows the shop and for which the loaders of these destinations are installed. Where `real` is there, it is the folder of
/// an environment with dlt; else a program stands for it.
pub fn app_with(loaders: &[(&str, &str)], real: Option<&Path>, adjust: impl FnOnce(&mut Config)) -> TestApp {
    shop::app_with(|config| {
        for (slug, destination) in loaders {
            install(&config.storage.data_dir, slug, destination, real);
        }
        config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap()];
        adjust(config);
    })
}

/// What `vestibule connectors install` leaves.
fn install(data_dir: &Path, slug: &str, destination: &str, real: Option<&Path>) {
    let catalogue = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/connectors/catalogue/destinations");
    let mut file: Value =
        serde_json::from_slice(&std::fs::read(catalogue.join(format!("{slug}.json"))).unwrap()).unwrap();
    let name = format!("destination-{slug}");
    file["runtime"] = json!({"type": "dlt", "destination": destination, "environment": format!("{name}/{REFERENCE}")});
    file["installed"] = json!({
        "name": name, "requirement": "dlt>=1.31,<1.32", "python": ">=3.10,<3.15", "version": "1.31.0", "licence": "Apache-2.0",
    });
    let installed = data_dir.join("connectors/installed");
    std::fs::create_dir_all(&installed).unwrap();
    std::fs::write(installed.join(format!("{name}.json")), file.to_string()).unwrap();
    let environment = data_dir.join("connectors/environments").join(&name);
    std::fs::create_dir_all(&environment).unwrap();
    let environment = environment.join(REFERENCE);
    match real {
        Some(real) => std::os::unix::fs::symlink(real, environment).unwrap(),
        None => {
            std::fs::create_dir_all(environment.join("bin")).unwrap();
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/loader.py");
            let python = environment.join("bin/python");
            std::fs::copy(script, &python).unwrap();
            crate::support::installation::set_mode(&python, 0o755);
        }
    }
}
