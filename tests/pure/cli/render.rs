//! Secrets put into the files of a hand-off.

use serde_json::{Value, json};

use crate::support::installation::Installation;

const SECRET: &str = "a\"}, \"admin\": true, \"x\": \"${HOME}\\ \n$(id) é";

/// A folder as a hand-off to Airbyte fills it.
fn folder(here: &Installation, file: &str) -> String {
    let source = json!({"name": "${SHOP_TOKEN}", "configuration": {"token": "${SHOP_TOKEN}", "mode": "${SHOP_TOKEN}"}});
    let references =
        json!({"file": file, "inside": ["configuration"], "secrets": [{"name": "SHOP_TOKEN", "path": ["token"]}]});
    here.write("source.json", &source.to_string());
    let path = here.write("references.json", &references.to_string());
    path.parent().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_secret_is_one_value_whatever_it_holds() {
    let mut here = Installation::on_sqlite();
    let folder = folder(&here, "source.json");
    let ran = here.run(&["render", &folder]);
    assert!(ran.code == 2 && ran.err.contains("not set, or empty: SHOP_TOKEN"), "{ran:?}");
    here.set("SHOP_TOKEN", SECRET);
    let wanted = json!({"name": "${SHOP_TOKEN}", "configuration": {"token": SECRET, "mode": "${SHOP_TOKEN}"}});
    let ran = here.run(&["render", &folder]).good();
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap(), wanted);
    let ran = here.run(&["render", &folder, "--format", "yaml"]).good();
    assert_eq!(serde_yaml_ng::from_str::<Value>(&ran.out).unwrap(), wanted);
    assert!(!here.data().exists(), "no database is asked");
}

#[test]
fn the_file_is_new_and_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut here = Installation::on_sqlite();
    let folder = folder(&here, "source.json");
    let secret = here.write("secret.txt", "from a file\n");
    here.set("SHOP_TOKEN_FILE", secret.to_str().unwrap());
    let out = format!("{folder}/filled.json");
    assert_eq!(here.run(&["render", &folder, "--out", &out]).good().out, "");
    let read: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(read["configuration"]["token"], "from a file");
    assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    let again = here.run(&["render", &folder, "--out", &out]);
    assert!(again.code == 1 && again.err.contains("cannot be written"), "{again:?}");
}

#[test]
fn a_file_elsewhere_is_not_read() {
    let here = Installation::on_sqlite();
    for file in ["../source.json", "/etc/hosts", ".."] {
        let ran = here.run(&["render", &folder(&here, file)]);
        assert!(ran.code == 2 && ran.err.contains("not beside it"), "{file}: {ran:?}");
    }
}
