//! What several people and programs do to one draft: nothing of anybody is lost, and what two of them changed is said.

mod members;
mod model;
mod programs;
mod recipients;
mod revisions;

use serde_json::{Value, json};
use vestibule::features::accounts::api_keys::Scope;

use crate::api::Program;
use crate::support::{Page, TestApp, Visitor, connectors};

/// A connector with everything that can be lost: plain values, a secret, a box, a choice and rows with secrets.
const LEDGER: &str = r#"{"slug": "ledger", "name": "Ledger", "kind": "source", "spec": {"type": "object", "properties": {
    "memo": {"type": "string", "title": "Memo"}, "note": {"type": "string", "title": "Note"},
    "fast": {"type": "boolean", "title": "Fast", "default": true},
    "key": {"type": "string", "title": "Key", "airbyte_secret": true},
    "way": {"type": "object", "title": "Way", "oneOf": [
        {"title": "Token", "properties": {"by": {"const": "token"}, "token": {"type": "string", "title": "Token", "airbyte_secret": true}, "area": {"type": "string", "title": "Area"}}},
        {"title": "Login", "properties": {"by": {"const": "login"}, "user": {"type": "string", "title": "User"}, "pass": {"type": "string", "title": "Pass", "airbyte_secret": true}}}]},
    "rows": {"type": "array", "title": "Rows", "items": {"type": "object", "title": "Row", "properties": {
        "name": {"type": "string", "title": "Name"}, "token": {"type": "string", "title": "Row token", "airbyte_secret": true}}}}}}}"#;

/// A draft of that connector.
pub struct Scene {
    pub app: TestApp,
    pub owner: Visitor,
    pub program: Program,
    /// Its slug.
    pub slug: String,
}

impl Scene {
    pub async fn new() -> Self {
        let app = connectors::app_with(|dir| std::fs::write(dir.join("ledger.json"), LEDGER).unwrap(), |_| {});
        let owner = app.owner().await;
        let program = Program::nobody(&app).await.with_scopes(&app, "Acme Analytics", Scope::ALL).await;
        let slug = program.draft("sources", "ledger").await;
        Self { app, owner, program, slug }
    }

    pub fn connection(&self) -> String {
        format!("/connections/{}", self.slug)
    }

    pub fn path(&self) -> String {
        format!("/api/v1/sources/{}/", self.slug)
    }

    /// The owner's form as it is now.
    pub async fn form(&self) -> Page {
        self.owner.get(&format!("{}/configuration", self.connection())).await
    }

    pub async fn link(&self) -> String {
        crate::setup_links::share_again(&self.owner, &self.connection()).await
    }

    pub async fn set(&self, config: Value) {
        self.program.patch(&self.path(), json!({"config": config})).await.expect(200);
    }

    pub async fn read(&self) -> Value {
        self.program.get(&self.path()).await.expect(200).json
    }

    /// The whole configuration with its secrets.
    pub async fn whole(&self) -> Value {
        self.program.get(&format!("{}credentials/", self.path())).await.expect(200).json["config"].clone()
    }

    pub async fn timeline(&self) -> String {
        self.owner.get(&self.connection()).await.text()
    }
}

/// The values that a form is sent with.
pub async fn save(form: &Page, changes: &[(&str, &str)], visitor: &Visitor) -> Page {
    let form = changes.iter().fold(form.form_with("/memo"), |form, (name, value)| form.set(name, value));
    form.press("intent", "save", visitor).await
}

/// The same by somebody outside.
pub async fn submit(form: &Page, changes: &[(&str, &str)], visitor: &Visitor) -> Page {
    let form = changes.iter().fold(form.form_with("/memo"), |form, (name, value)| form.set(name, value));
    form.press("intent", "partial", visitor).await
}
