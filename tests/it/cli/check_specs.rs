use serde_json::{Value, json};

use super::Installation;

#[test]
fn every_built_in_connector_is_carried_whole() {
    let here = Installation::on_sqlite();
    let catalogue = concat!(env!("CARGO_MANIFEST_DIR"), "/src/connectors/catalogue");
    let ran = here.run(&["connectors", "check-specs", catalogue]).good();
    let postgres = ran.out.lines().find(|line| line.starts_with("source-postgres ")).unwrap();
    assert!(
        postgres.ends_with(", carried") && postgres.contains(" fields, ") && postgres.contains(" variants, "),
        "{postgres}"
    );
    let listed = here.run(&["connectors", "list"]).good().out.lines().count();
    assert!(ran.out.lines().last().unwrap().starts_with(&format!("{listed} specifications checked with ")), "{ran:?}");
}

#[test]
fn what_is_not_carried_and_what_cannot_be_read_are_told_apart() {
    let here = Installation::on_sqlite();
    let schema = json!({"type": "object", "properties": {"days": {"type": "array", "enum": ["Monday"]}}});
    here.write("specs/source-calendar.json", &json!({"connectionSpecification": schema}).to_string());
    here.write(
        "specs/source-fine.yaml",
        "connectionSpecification: {type: object, properties: {key: {type: string}}}\n",
    );
    here.write("specs/broken.json", "{\"type\": ");
    here.write("specs/inner/other.json", "{\"colour\": \"blue\"}");
    let bytes = here.file("specs/bytes.json");
    std::fs::write(&bytes, [0xff, 0xfe, 0x00]).unwrap();
    let folder = here.file("specs");
    let ran = here.run(&["connectors", "check-specs", folder.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.lines().any(|line| line.starts_with("source-calendar ") && line.contains("NOT carried")),
        "{ran:?}"
    );
    assert!(ran.out.contains("    /days: "), "{ran:?}");
    assert!(ran.out.trim_end().ends_with("1 carried, 1 not; 3 entries could not be read."), "{ran:?}");

    let ran = here.run(&["connectors", "check-specs", "--json", folder.to_str().unwrap()]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (ran.code, &report["total"]["carried"], &report["total"]["not_carried"], &report["total"]["unreadable"]),
        (1, &json!(1), &json!(1), &json!(3))
    );
    assert!(
        report["specs"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"] == "source-calendar" && one["findings"] != json!([]))
    );
}

#[test]
fn a_place_that_is_not_there_is_an_error() {
    let here = Installation::on_sqlite();
    let ran = here.run(&["connectors", "check-specs", "nowhere"]);
    assert!(ran.code == 1 && ran.out.contains("cannot be read"), "{ran:?}");
    std::fs::create_dir(here.file("empty")).unwrap();
    assert_eq!(here.run(&["connectors", "check-specs", "empty"]).code, 1);
}
