//! For Airbyte: the script is run against a stand-in of its public API, and the Terraform is read by a parser of the language.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::folder::Folder;
use super::{NASTY, nasty_line, shop, token};
use crate::runs::source;
use crate::support::CANARY;
use crate::support::python;

/// A stand-in of the API.
pub struct Api {
    _process: Child,
    said: Lines<BufReader<ChildStdout>>,
    pub url: String,
}

impl Api {
    pub async fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/handoff/airbyte_api.py");
        #[allow(clippy::disallowed_methods, reason = "a program of the tests")]
        let command = &mut Command::new("python3");
        let process = command.arg(script).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn();
        let mut process = process.unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = said.next_line().await.unwrap().unwrap();
        Self { _process: process, said, url: format!("http://127.0.0.1:{port}") }
    }

    /// The next request.
    pub async fn heard(&mut self) -> Value {
        serde_json::from_str(&self.said.next_line().await.unwrap().unwrap()).unwrap()
    }
}

/// The workspace's side of it.
pub fn at(folder: Folder, api: &Api) -> Folder {
    let folder = folder.give("AIRBYTE_API_URL", &api.url).give("AIRBYTE_WORKSPACE_ID", "w1");
    folder.give("AIRBYTE_DESTINATION_ID", "t1")
}

#[tokio::test]
async fn the_script_makes_source_and_connection() {
    let (_app, program, slug) = shop(json!({"count": 7, "mode": nasty_line()})).await;
    let mut api = Api::start().await;
    let folder = at(Folder::of(&program, &slug, "airbyte").await, &api);
    assert!(!folder.told.to_string().contains(CANARY), "{}", folder.told);
    let secret = format!("{}{NASTY}", token());
    let folder = folder.give_secrets(&[("token", &secret)]).give("AIRBYTE_TOKEN", "own");

    // Nobody publishes the shop, so its definition has to be named.
    let ended = folder.run("python3", &["send.py"]).await;
    assert!(!ended.good && ended.err.contains("AIRBYTE_SOURCE_DEFINITION_ID is not set"), "{ended:?}");
    let folder = folder.give("AIRBYTE_SOURCE_DEFINITION_ID", "d7");
    assert_eq!(folder.ran("python3", &["send.py"]).await, "source s1\nconnection c1\n");

    let made = api.heard().await;
    assert_eq!(
        (&made["method"], &made["path"], &made["token"]),
        (&json!("POST"), &json!("/sources"), &json!("Bearer own"))
    );
    let body = &made["body"];
    assert_eq!(body["configuration"], json!({"token": secret, "count": 7, "mode": nasty_line()}));
    assert_eq!((&body["workspaceId"], &body["definitionId"]), (&json!("w1"), &json!("d7")));
    let made = api.heard().await;
    let body = &made["body"];
    assert_eq!((&body["sourceId"], &body["destinationId"]), (&json!("s1"), &json!("t1")));
    assert_eq!(body["schedule"]["cronExpression"], "0 0 6 ? * MON-FRI Europe/Lisbon");
    let streams = &body["configurations"]["streams"];
    assert_eq!(streams[0]["syncMode"], "incremental_deduped_history");
    assert_eq!((&streams[0]["cursorField"], &streams[0]["primaryKey"]), (&json!(["id"]), &json!([["id"]])));
    assert_eq!(streams[1], json!({"name": "people", "syncMode": "full_refresh_overwrite"}));
}

#[tokio::test]
async fn what_the_api_refuses_is_said() {
    let (_app, program, slug) = shop(json!({})).await;
    let mut api = Api::start().await;
    let folder = at(Folder::of(&program, &slug, "airbyte").await, &api).give_secrets(&[("token", "t")]);
    let folder = folder.give("AIRBYTE_CLIENT_ID", "id").give("AIRBYTE_CLIENT_SECRET", "so secret");
    let ended = folder.give("AIRBYTE_SOURCE_DEFINITION_ID", "nobody").run("python3", &["send.py"]).await;
    assert!(!ended.good, "{ended:?}");
    assert!(ended.err.contains("POST /sources: 422") && ended.err.contains("definitionId is not known"), "{ended:?}");
    let asked = api.heard().await;
    assert_eq!((&asked["path"], &asked["body"]["client_secret"]), (&json!("/applications/token"), &json!("so secret")));
    assert_eq!(api.heard().await["token"], "Bearer short-lived");
}

/// What somebody typed into a link is not expanded where the file is, by whatever expands it: it could fetch the secret into a host's name.
#[tokio::test]
async fn text_that_looks_like_a_reference_is_none() {
    let evil = json!({"mode": "${SHOP_TOKEN}.evil.example"});
    let (_app, program, slug) = source(evil, json!({})).await;
    for (format, file) in [("airbyte", "source.json"), ("protocol", "config.json")] {
        let folder = Folder::of(&program, &slug, format).await;
        let name = folder.told["secrets"][0]["name"].as_str().unwrap();
        let text = folder.text(file);
        assert_eq!(text.matches('$').count(), 1, "{text}");
        assert!(text.contains(&format!("\"${{{name}}}\"")), "{text}");
        let config = folder.json(file);
        let config = config.get("configuration").unwrap_or(&config);
        assert_eq!(config["mode"], "${SHOP_TOKEN}.evil.example");
    }
    // Nor does text that looks like our own mark get what is due to a secret.
    let name = Folder::of(&program, &slug, "terraform").await.told["secrets"][0]["name"].as_str().unwrap().to_owned();
    for mark in
        [format!("reference 0:{name}"), format!("reference 1:{name}"), format!("var.{name}"), format!("${{{name}}}")]
    {
        let url = format!("/api/v1/sources/{slug}/");
        program.patch(&url, json!({"config": {"mode": mark}})).await.expect(200);
        let main = Folder::of(&program, &slug, "terraform").await.text("main.tf");
        assert_eq!(main.matches(&format!("= var.{name}")).count(), 1, "{main}");
        assert!(main.contains(&format!("\"mode\" = \"{}\"", mark.replace('$', "\\u0024"))), "{main}");
    }
}

/// A parser of the language reads what is written for Terraform, to the values that were meant.
#[tokio::test]
async fn terraform_says_what_was_meant() {
    let Some(python) = python("a parser of Terraform's language") else { return };
    let (_app, program, slug) = shop(json!({"count": 7, "mode": nasty_line()})).await;
    let folder = Folder::of(&program, &slug, "terraform").await;
    let name = folder.told["secrets"][0]["name"].as_str().unwrap().to_owned();
    let script = "import hcl2, json; print(json.dumps(hcl2.load(open('main.tf'))))";
    let read: Value = serde_json::from_str(&folder.ran(python, &["-c", script]).await).unwrap();
    let text = read.to_string();
    let variables: Vec<String> = read["variable"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one.as_object().unwrap().keys().map(|key| key.trim_matches('"').to_owned()))
        .collect();
    assert_eq!(variables.len(), 4, "{text}");
    assert!(variables.contains(&name), "{text}");
    let main = folder.text("main.tf");
    assert!(
        main.contains(&format!("\"token\" = var.{name}\n")) || main.contains(&format!("\"token\" = var.{name},")),
        "{main}"
    );
    assert!(main.contains(r#"a\"b\\c'd \u0024{HOME} \u0024(id) \u0025{x} `id` é# {{ config }}"#), "{main}");
    assert!(main.contains("\"cursor_field\" = [") && main.contains("0 0 6 ? * MON-FRI Europe/Lisbon"), "{main}");
}
