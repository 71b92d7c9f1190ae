//! `connectors install` for the loader of a destination.

use serde_json::{Value, json};

use crate::support::installation::Installation;
use crate::support::wheels::WheelFolder;

#[test]
fn a_loader_is_installed_told_and_removed_like_a_connector() {
    let mut here = Installation::on_sqlite();
    let Some(wheels) = WheelFolder::of(&mut here) else { return };
    let none = here.run(&["doctor"]).good().out;
    assert!(none.contains("loaders: none; `vestibule connectors install NAME` brings dlt for"), "{none}");
    wheels.put("dlt", "1.31.7", "bare");
    let bare = wheels.install(&here, "destination-duckdb", &[]).ended(1);
    assert!(bare.err.contains("was installed and does not begin, so nothing of it is kept"), "{bare:?}");
    assert!(
        bare.err.contains("A package is missing in the environment of dlt") && bare.err.contains("duckdb"),
        "{bare:?}"
    );

    wheels.put("dlt", "1.31.7", "");
    let asked = here.run(&["connectors", "install", "duckdb"]).ended(2);
    assert!(asked.out.contains("the loader dlt, the Python package dlt[duckdb,parquet]"), "{asked:?}");
    assert!(asked.out.contains("Apache-2.0, a free licence"), "{asked:?}");
    let ran = wheels.install(&here, "duckdb", &["--limit", "memory_mb=2048"]).good();
    assert!(ran.out.contains("destination duckdb 1.31.7: "), "{ran:?}");
    let path = here.data().join("connectors/installed/destination-duckdb.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(
        (&file["runtime"]["type"], &file["runtime"]["destination"], &file["runtime"]["limits"]),
        (&json!("dlt"), &json!("duckdb"), &json!({"memory_mb": 2048}))
    );
    assert!(file["guide"].as_str().unwrap().contains("Choose a schema"), "what is built in stays");
    let told = here.run(&["doctor"]).good().out;
    assert!(told.contains("loaders: dlt for destination-duckdb; "), "{told}");
    let all = here.run(&["connectors", "list", "--installed"]).good().out;
    assert!(all.contains("destination-duckdb") && all.contains("1.31.7"), "{all}");

    wheels.put("dlt", "1.31.8", "");
    let upgraded = wheels.upgrade(&here, "destination-duckdb").good();
    assert!(upgraded.out.contains("was 1.31.7"), "{upgraded:?}");
    let removed = here.run(&["connectors", "remove", "destination-duckdb"]).good();
    assert!(removed.out.contains("destination duckdb is the built-in one again"), "{removed:?}");
}

#[test]
fn dlt_alone_names_no_destination() {
    let here = Installation::on_sqlite();
    let ran = here.run(&["connectors", "install", "dlt"]).ended(2);
    assert!(
        ran.err.contains("name one: ") && ran.err.contains("destination-duckdb, destination-local-files"),
        "{ran:?}"
    );
}
