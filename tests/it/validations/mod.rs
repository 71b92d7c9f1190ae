//! Checks of credentials, from the wish to the verdict.

mod api;
mod beside;
mod fair;
mod kept;
mod killed;
mod pages;
mod real;
mod recipient;
mod tunnel;
mod worker;

use serde_json::{Value, json};

use crate::api::Program;
use crate::support::{CANARY, TestApp, shop};

/// A product with the shop, a program, and the slug of a draft whose token is good or not.
pub async fn shop_draft(token: &str, more: Value) -> (TestApp, Program, String) {
    let app = shop::app();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "shop").await;
    let mut config = json!({"token": format!("{token}-{CANARY}")});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": config})).await.expect(200);
    (app, program, slug)
}

/// Starts a validation, lets it run, and gives it as it is then.
pub async fn validated(app: &TestApp, program: &Program, slug: &str) -> Value {
    // The newest counts, so that no two may begin at the same moment.
    app.advance(time::Duration::seconds(1));
    let started = program.post(&format!("/api/v1/sources/{slug}/revalidate/"), json!({})).await.expect(202);
    assert_eq!(started.json["status"], "in_progress");
    app.work().await;
    let id = started.text("/id");
    program.get(&format!("/api/v1/connector-validations/{id}/")).await.expect(200).json
}
