//! A source that somebody signed in for: its tokens and the operator's app are references like every other secret.

use serde_json::{Value, json};

use crate::oauth::links::renewed::connected;
use crate::support::CANARY;
use crate::support::provider::CLIENT_ID;
use crate::validations::validated;

/// What stands in the connection where the sign-in has the real value.
const MARK: &str = "kept with the sign-in";

const KEPT: [&str; 5] = ["access_token", "client_id", "client_secret", "developer_token", "refresh_token"];

#[tokio::test(flavor = "multi_thread")]
async fn every_value_of_a_sign_in_is_a_reference_for_every_engine() {
    let (site, program, slug) = connected().await;
    validated(&site.app, &program, &slug).await;
    let finish = json!({"draft": false, "add_streams": [{"stream_name": "campaigns"}]});
    program.patch(&format!("/api/v1/sources/{slug}/"), finish).await.expect(200);
    for engine in ["airbyte", "terraform", "protocol"] {
        let answer = program.get(&format!("/api/v1/sources/{slug}/hand-off/?format={engine}")).await.expect(200);
        let page = site.owner.get(&format!("/connections/{slug}/hand-off?to={engine}")).await;
        for told in [&answer.body, &page.body] {
            assert!(!told.contains(CANARY) && !told.contains(MARK) && !told.contains(CLIENT_ID), "{engine}: {told}");
        }
        let references = answer.json["secrets"].as_array().unwrap();
        let mut fields: Vec<&str> = references.iter().map(|one| one["field"].as_str().unwrap()).collect();
        fields.sort_unstable();
        assert_eq!(fields, KEPT.map(|name| format!("credentials.{name}")), "{engine}");
        let files: String =
            answer.json["files"].as_array().unwrap().iter().map(|file| file["text"].as_str().unwrap()).collect();
        for name in references.iter().map(|one| one["name"].as_str().unwrap()) {
            assert!(files.contains(name), "{engine}: {name} stands in no file:\n{files}");
        }
    }
    let answer = program.get(&format!("/api/v1/sources/{slug}/hand-off/?format=airbyte")).await.expect(200);
    let source: Value = serde_json::from_str(answer.json["files"][0]["text"].as_str().unwrap()).unwrap();
    let configuration = &source["configuration"];
    for name in KEPT {
        let text = configuration["credentials"][name].as_str().unwrap();
        assert!(text.starts_with("${") && text.ends_with(&format!("{}}}", name.to_uppercase())), "{text}");
    }
    assert!(!configuration["customer_id"].as_str().unwrap().is_empty(), "the chosen accounts are no secret");
}
