//! The SDK that Airbyte makes of its own description reads every body that is sent, and writes the same again. It is large, so it is installed
//! by the test script alone (TEST_TOOLS).

use std::path::Path;

use serde_json::{Value, json};

use super::{CANARY, site};
use crate::handoff::{tool, within};

/// What the SDK makes of a body. What it does not know it leaves out.
fn again(python: &Path, model: &str, body: &Value) -> Value {
    let script = "import sys; from airbyte_api import models, utils; kind = getattr(models, sys.argv[1]); \
                  print(utils.marshal_json(utils.unmarshal_json(sys.argv[2], kind), kind))";
    #[allow(clippy::disallowed_methods, reason = "a program of the tests")]
    let said = std::process::Command::new(python).args(["-c", script, model, &body.to_string()]).output().unwrap();
    assert!(said.status.success(), "{model}: {}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&said.stdout).unwrap()
}

#[tokio::test]
#[ignore = "needs the SDK of Airbyte's API, which tests/run long installs"]
async fn the_sdk_knows_every_member_that_is_sent() {
    let Some(bin) = tool("airbyte-api") else { return };
    let site = site().await;
    let slug = site.shop(json!({})).await;
    site.app.run_jobs().await;
    let one = format!("/api/v1/sources/{slug}/");
    site.program.patch(&one, json!({"config": {"token": format!("right-2-{CANARY}")}})).await.expect(200);
    site.program.patch(&one, json!({"add_streams": [{"stream_name": "people", "enabled": false}]})).await.expect(200);
    site.trigger(&slug).await;
    let mut seen = 0;
    for (call, model) in [
        ("POST /sources", "SourceCreateRequest"),
        ("PUT /sources/", "SourcePutRequest"),
        ("POST /connections", "ConnectionCreateRequest"),
        ("PATCH /connections/", "ConnectionPatchRequest"),
        ("POST /jobs", "JobCreateRequest"),
    ] {
        for mut body in site.airbyte.bodies_of(call) {
            if let Some(configuration) = body.get_mut("configuration") {
                // The settings of the tests' shop are no shape of theirs.
                *configuration = json!({"sourceType": "faker", "count": 7});
            }
            let again = again(&bin.join("python"), model, &body);
            assert_eq!(within(&again, &body), body, "{model}: {again}");
            seen += 1;
        }
    }
    assert_eq!(seen, 5, "{:?}", site.airbyte.heard());
}
