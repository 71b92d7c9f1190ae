//! Finalised sources as configuration of other engines, without a secret.

mod signed_in;

use std::process::Stdio;

use serde_json::{Value, json};

use crate::runs::source;
use crate::support::CANARY;

async fn files(format: &str) -> (Vec<(String, String)>, Value) {
    let trigger = json!({"trigger": {"type": "cron", "cron": "0 6 * * 1-5", "time_zone": "Europe/Lisbon"}});
    let (_app, program, slug) = source(json!({"count": 7}), trigger).await;
    let answer = program.get(&format!("/api/v1/sources/{slug}/hand-off/?format={format}")).await.expect(200);
    assert!(!answer.body.contains(CANARY), "{}", answer.body);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let files = answer.json["files"].as_array().unwrap().iter();
    (files.map(|file| (text(&file["name"]), text(&file["text"]))).collect(), answer.json["secrets"].clone())
}

#[tokio::test]
async fn for_airbyte_by_its_api() {
    let (files, secrets) = files("airbyte").await;
    let name = secrets[0]["name"].as_str().unwrap();
    let made: Value = serde_json::from_str(&files[0].1).unwrap();
    assert_eq!(made["configuration"], json!({"token": format!("${{{name}}}"), "count": 7}));
    let connection: Value = serde_json::from_str(&files[1].1).unwrap();
    assert_eq!(connection["schedule"]["cronExpression"], "0 0 6 ? * MON-FRI Europe/Lisbon");
    let streams = &connection["configurations"]["streams"];
    assert_eq!(streams[0]["syncMode"], "incremental_append");
    assert_eq!((&streams[0]["cursorField"], &streams[0]["primaryKey"]), (&json!(["id"]), &json!([["id"]])));
    assert_eq!(streams[1], json!({"name": "people", "syncMode": "full_refresh_overwrite"}));
}

/// What somebody typed into a link is not expanded where the file is: it could fetch the secret into a host's name.
#[tokio::test]
async fn text_a_shell_would_expand_is_a_reference_too() {
    let evil = json!({"mode": "${SHOP_TOKEN}.evil.example"});
    let (_app, program, slug) = source(evil, json!({})).await;
    for (format, file) in [("airbyte", 0), ("meltano", 1)] {
        let answer = program.get(&format!("/api/v1/sources/{slug}/hand-off/?format={format}")).await.expect(200);
        assert!(!answer.body.contains("evil.example"), "{}", answer.body);
        let made: Value = serde_json::from_str(&answer.text(&format!("/files/{file}/text"))).unwrap();
        let config = made.get("configuration").unwrap_or(&made);
        let secrets = answer.json["secrets"].as_array().unwrap();
        assert_eq!(secrets.len(), 2, "{}", answer.body);
        for one in secrets {
            let (field, name) = (one["field"].as_str().unwrap(), one["name"].as_str().unwrap());
            assert_eq!(config[field], format!("${{{name}}}"), "{}", answer.body);
        }
        assert_ne!(secrets[0]["name"], secrets[1]["name"]);
    }
    // Terraform has its own way to say that text is only text.
    let answer = program.get(&format!("/api/v1/sources/{slug}/hand-off/?format=terraform")).await.expect(200);
    assert!(answer.text("/files/0/text").contains("\"$${SHOP_TOKEN}.evil.example\""), "{}", answer.body);
}

#[tokio::test]
async fn for_airbyte_by_terraform() {
    let (files, secrets) = files("terraform").await;
    let name = secrets[0]["name"].as_str().unwrap();
    let text = &files[0].1;
    assert!(text.contains(&format!("variable \"{name}\" {{\n  type      = string\n  sensitive = true\n}}")), "{text}");
    assert!(text.contains(&format!("\"token\": var.{name}")) && text.contains("\"cursor_field\": ["), "{text}");
    assert_eq!(text.matches('{').count(), text.matches('}').count());
}

#[tokio::test]
async fn for_meltano() {
    let (files, secrets) = files("meltano").await;
    let project: Value = serde_yaml_ng::from_str(&files[0].1).unwrap();
    let tap = &project["plugins"]["extractors"][0];
    assert_eq!((&tap["name"], &tap["select"]), (&json!("tap-shop"), &json!(["orders.*", "people.*"])));
    assert_eq!(tap["config"]["token"], format!("${{{}}}", secrets[0]["name"].as_str().unwrap()));
    assert_eq!(tap["metadata"]["orders"]["replication-key"], "id");
    assert_eq!(project["schedules"][0]["interval"], "0 6 * * 1-5");
}

/// Python reads what is written for dlt.
#[tokio::test]
async fn for_dlt() {
    let (files, secrets) = files("dlt").await;
    assert!(secrets[0]["name"].as_str().unwrap().starts_with("SOURCES__SHOP_"), "{secrets}");
    let script = "import ast, sys, tomllib; config = tomllib.loads(sys.argv[1]); ast.parse(sys.argv[2]); \
                  source = next(iter(config['sources'].values())); print(source['count'], 'token' in source)";
    #[allow(clippy::disallowed_methods, reason = "a program of the tests")]
    let output = tokio::process::Command::new("python3")
        .args(["-c", script, files[0].1.as_str(), files[2].1.as_str()])
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(out.trim(), "7 False", "{err}");
    assert!(files[2].1.contains("(\"orders\", \"shop_orders\", [\"id\"])"), "{}", files[2].1);
}

#[tokio::test]
async fn the_page_has_every_engine() {
    let (app, _, slug) = source(json!({}), json!({})).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    for (engine, file) in
        [("airbyte", "source.json"), ("terraform", "main.tf"), ("meltano", "meltano.yml"), ("dlt", "pipeline.py")]
    {
        let page = owner.get(&format!("/connections/{slug}/hand-off?to={engine}")).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains(file) && !page.body.contains(CANARY), "{engine}: {}", page.text());
    }
}
