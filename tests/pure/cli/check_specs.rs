use serde_json::{Value, json};

use crate::support::installation::Installation;

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
    assert_eq!(ran.code, 1, "{ran:?}");
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
fn a_block_about_signing_in_is_checked_against_the_spec() {
    let here = Installation::on_sqlite();
    let spec = json!({ "type": "object", "properties": { "token": { "type": "string", "airbyte_secret": true } } });
    let oauth = |path: &str| {
        json!({
            "provider": "corner", "name": "Corner",
            "authorize": { "url": "https://corner.example/authorize" }, "token": { "url": "https://corner.example/token" },
            "refresh": { "how": "none" }, "landing": { "outputs": { "access_token": path } }
        })
    };
    for (slug, path) in [("right", "token"), ("wrong", "tokens")] {
        let file = json!({ "slug": slug, "name": "Corner", "kind": "source", "spec": spec, "oauth": oauth(path) });
        here.write(&format!("specs/{slug}.json"), &file.to_string());
    }
    let mut unknown =
        json!({ "slug": "odd", "name": "Corner", "kind": "source", "spec": spec, "oauth": oauth("token") });
    unknown["oauth"]["token"]["colour"] = json!("blue");
    here.write("specs/odd.json", &unknown.to_string());
    let ran = here.run(&["connectors", "check-specs", here.file("specs").to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.lines().any(|line| line.starts_with("source-right ") && line.ends_with(", carried")), "{ran:?}");
    assert!(ran.out.contains("    oauth.landing names tokens, which the spec does not have there"), "{ran:?}");
    assert!(ran.out.contains("oauth.token.colour: unknown field `colour`"), "{ran:?}");
}

#[test]
fn what_is_not_understood_of_signing_in_is_told_at_import() {
    let here = Installation::on_sqlite();
    let spec = json!({
        "connectionSpecification": { "type": "object", "properties": { "token": { "type": "string", "airbyte_secret": true } } },
        "advanced_auth": { "auth_flow_type": "oauth2.0", "oauth_config_specification": {} }
    });
    here.write("source-corner.json", &spec.to_string());
    let into = here.file("connectors");
    let ran = here
        .run(&[
            "connectors",
            "import",
            here.file("source-corner.json").to_str().unwrap(),
            "--dir",
            into.to_str().unwrap(),
        ])
        .good();
    assert!(ran.out.contains("signing in: it does not say how signing in is done"), "{ran:?}");
    assert!(ran.out.contains("signing in: not offered; credentials are pasted"), "{ran:?}");
}

#[test]
fn a_place_that_is_not_there_is_an_error() {
    let here = Installation::on_sqlite();
    let ran = here.run(&["connectors", "check-specs", "nowhere"]);
    assert!(ran.code == 1 && ran.out.contains("cannot be read"), "{ran:?}");
    std::fs::create_dir(here.file("empty")).unwrap();
    here.run(&["connectors", "check-specs", "empty"]).ended(1);
}
