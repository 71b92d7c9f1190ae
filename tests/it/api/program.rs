//! A program with an API key.

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::Value;
use vestibule::base::ids::{ApiKeyId, WorkspaceId};
use vestibule::features::accounts::api_keys::{self, NewApiKey, Scope};
use vestibule::platform::activity::Actor;

use super::Document;
use crate::support::TestApp;

#[derive(Clone)]
pub struct Program {
    client: reqwest::Client,
    base: String,
    key: Option<String>,
    document: Arc<Document>,
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub json: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The `code` of a problem.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// The value at a JSON Pointer, as text.
    pub fn text(&self, pointer: &str) -> String {
        self.json
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {pointer} in {}", self.body))
            .to_owned()
    }

    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

/// The id of the workspace of that name.
pub async fn workspace_id(app: &TestApp, name: &str) -> WorkspaceId {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::workspaces;
    let name = name.to_owned();
    app.app
        .db
        .read(move |conn| Ok(workspaces::table.filter(workspaces::name.eq(name)).select(workspaces::id).first(conn)?))
        .await
        .unwrap()
}

/// A new key of a workspace.
pub async fn key(app: &TestApp, workspace: &str, scopes: &[Scope]) -> (ApiKeyId, String) {
    let workspace = workspace_id(app, workspace).await;
    let scopes = scopes.to_vec();
    app.app
        .write(move |tx| {
            let id = ApiKeyId::new(tx.now, tx.rng);
            let new = NewApiKey {
                id: id.clone(),
                workspace: &workspace,
                name: "Program",
                scopes: &scopes,
                expires_at: None,
                created_by: None,
                actor: Actor::System,
            };
            let token = api_keys::create(tx, &new)?.unwrap();
            Ok((id, token.expose().to_owned()))
        })
        .await
        .unwrap()
}

impl Program {
    /// Somebody without a key.
    pub async fn nobody(app: &TestApp) -> Self {
        #[allow(clippy::disallowed_methods, reason = "a program of the tests")]
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { client, base: app.base.clone(), key: None, document: Arc::new(Document::of(app).await) }
    }

    /// A program of the first workspace that may do everything.
    pub async fn start(app: &TestApp) -> Self {
        app.owner().await;
        Self::nobody(app).await.with_scopes(app, "Acme Analytics", Scope::ALL).await
    }

    pub async fn with_scopes(&self, app: &TestApp, workspace: &str, scopes: &[Scope]) -> Self {
        self.with_key(&key(app, workspace, scopes).await.1)
    }

    pub fn with_key(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    /// Its key.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body.to_string()), &[]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, Some(body.to_string()), &[]).await
    }

    /// Sends a request; a body is declared as JSON unless the headers say otherwise. The answer is held against the document.
    pub async fn send(&self, method: &str, path: &str, body: Option<String>, headers: &[(&str, &str)]) -> Answer {
        let path = path.strip_prefix(&self.base).unwrap_or(path);
        let mut request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.header("x-api-key", key);
        }
        if let Some(body) = body {
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        let body = response.text().await.unwrap();
        let answer = Answer { status, headers, json: serde_json::from_str(&body).unwrap_or_default(), body };
        if method != "HEAD" {
            self.document.judge(method, path, status, answer.header("content-type").unwrap_or_default(), &answer.body);
        }
        answer
    }

    /// A new draft; gives its slug.
    pub async fn draft(&self, side: &str, connector: &str) -> String {
        self.post(&format!("/api/v1/{side}/"), serde_json::json!({"connector_slug": connector}))
            .await
            .expect(201)
            .text("/slug")
    }

    /// Gives a connection a callback webhook without asking the DNS.
    pub async fn call_back(&self, app: &TestApp, slug: &str) {
        let slug = slug.to_owned();
        let workspace = workspace_id(app, "Acme Analytics").await;
        app.app
            .write(move |tx| {
                let connection = vestibule::features::connections::find(tx.conn, &workspace, &slug)?.unwrap();
                let secret = Some(SecretString::from(crate::support::CANARY));
                let callback = vestibule::features::webhooks::CallbackWebhook::parse(
                    "https://hooks.example.com/in?key=1",
                    Some("X-Webhook-Secret"),
                    secret,
                )
                .unwrap();
                vestibule::features::webhooks::set_callback(tx, &connection, &callback, Actor::System)
            })
            .await
            .unwrap();
    }
}
