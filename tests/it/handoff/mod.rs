//! Finalised sources as configuration of other engines, without a secret: each is run by what it is meant for.

mod airbyte;
mod database;
mod folder;
mod real_tools;
mod signed_in;

pub use real_tools::{tool, within};

use serde_json::{Value, json};

use crate::api::Program;
use crate::runs::{extract, records, source};
use crate::support::{CANARY, TestApp};
use folder::Folder;

/// What a recipient may have typed, and what breaks a shell, JSON, a template or another language in it.
const NASTY: &str = "a\"b\\c'd ${HOME} $(id) %{x} `id` é\n# {{ config }}";

/// The same in one line, as a field of one line takes it.
fn nasty_line() -> String {
    NASTY.replace([',', '\n'], "")
}

/// The token of the shop, with the same in it.
fn token() -> String {
    format!("right-{CANARY}")
}

async fn shop(more: Value) -> (TestApp, Program, String) {
    let trigger = json!({"trigger": {"type": "cron", "cron": "0 6 * * 1-5", "time_zone": "Europe/Lisbon"}});
    source(more, trigger).await
}

/// The protocol's own files are read by the connector's own program, to the very records that are extracted here.
#[tokio::test]
async fn the_files_of_the_protocol_are_read_by_the_connectors_program() {
    let (app, program, slug) = source(json!({"count": 7, "mode": nasty_line()}), json!({})).await;
    let here = extract(&app, &program, &slug, json!({})).await;
    let folder = Folder::of(&program, &slug, "protocol").await;
    assert!(!folder.told.to_string().contains(CANARY), "{}", folder.told);

    let ended = folder.run("python3", &["fill.py"]).await;
    let name = folder.told["secrets"][0]["name"].as_str().unwrap().to_owned();
    assert!(!ended.good && ended.err.contains(&format!("{name} is not set")), "{ended:?}");

    let secret = format!("right-{NASTY}");
    let folder = folder.give_secrets(&[("token", &secret)]);
    let filled = folder.ran("python3", &["fill.py"]).await;
    std::fs::write(folder.dir.path().join("filled.json"), &filled).unwrap();
    let config = folder.json("filled.json");
    assert_eq!(config, json!({"token": secret, "count": 7, "mode": nasty_line()}));

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/shop.py");
    let said = folder.ran("python3", &[script, "read", "--config", "filled.json", "--catalog", "catalog.json"]).await;
    let messages = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let read: Vec<Value> = messages.filter(|message| message["type"] == "RECORD").collect();
    for (stream, table) in [("orders", "shop_orders"), ("people", "people")] {
        let of_stream = read.iter().filter(|message| message["record"]["stream"] == stream);
        let theirs: Vec<&Value> = of_stream.map(|message| &message["record"]["data"]["id"]).collect();
        let ours = records(&app, &here, table);
        assert!(!theirs.is_empty());
        assert_eq!(theirs, ours.iter().map(|record| &record["id"]).collect::<Vec<_>>(), "{stream}");
    }
}

/// What would not run is not offered: refused by name and with the reason, on the page too.
#[tokio::test]
async fn what_cannot_run_is_refused_with_the_reason() {
    let (app, program, slug) = source(json!({}), json!({})).await;
    let url = format!("/api/v1/sources/{slug}/hand-off/");
    let first = program.get(&url).await.expect(200).json;
    assert_eq!(
        (&first["format"], &first["offered"]),
        (&json!("airbyte"), &json!(["airbyte", "terraform", "protocol"]))
    );
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    for one in first["not_offered"].as_array().unwrap() {
        let (format, reason) = (one["format"].as_str().unwrap(), one["reason"].as_str().unwrap());
        let refused = program.get(&format!("{url}?format={format}")).await;
        assert_eq!((refused.status, refused.text("/detail").as_str()), (409, reason));
        let page = owner.get(&format!("/connections/{slug}/hand-off?to={format}")).await;
        assert!(page.status == 200 && page.text().matches(reason).count() >= 2, "{format}: {}", page.text());
        assert!(page.text().contains("source.json"), "what is offered is shown instead: {}", page.text());
    }
    assert_eq!(first["not_offered"].as_array().unwrap().len(), 3);
    program.get(&format!("{url}?format=morse")).await.expect(422);
}

#[tokio::test]
async fn the_page_has_every_engine_that_is_offered() {
    let (app, _, slug) = shop(json!({})).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    for (engine, file) in [("airbyte", "send.py"), ("terraform", "main.tf"), ("protocol", "catalog.json")] {
        let page = owner.get(&format!("/connections/{slug}/hand-off?to={engine}")).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains(file) && !page.body.contains(CANARY), "{engine}: {}", page.text());
    }
    let page = owner.get(&format!("/connections/{slug}/hand-off?to=protocol")).await;
    assert!(page.text().contains("The schedule 0 6 * * 1-5 (Europe/Lisbon) is not in the files"), "{}", page.text());
}
