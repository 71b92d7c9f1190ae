//! A program at a server that is a process of its own.

use serde_json::Value;

use super::installation::Installation;

/// With a key of the workspace `acme`.
#[derive(Clone)]
pub struct Caller {
    client: reqwest::Client,
    base: String,
    key: String,
}

impl Caller {
    pub fn new(here: &Installation, base: &str, scopes: &[&str]) -> Self {
        let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
        let args: Vec<&str> =
            ["api-key", "create", "--workspace", "acme", "--name", "Program"].into_iter().chain(scopes).collect();
        let key = here.run(&args).good().out.trim().to_owned();
        #[allow(clippy::disallowed_methods, reason = "a program of the tests")]
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client, base: base.replace("localhost", "127.0.0.1"), key }
    }

    /// The same program at another server.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.replace("localhost", "127.0.0.1"), ..self.clone() }
    }

    /// An answer that is still being sent.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.base)).header("x-api-key", &self.key).send().await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        read(self.open(path).await).await
    }

    pub async fn text(&self, path: &str) -> String {
        self.open(path).await.text().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.send(reqwest::Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Value {
        self.send(reqwest::Method::PATCH, path, body).await
    }

    async fn send(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.base)).header("x-api-key", &self.key);
        let request = request.header("content-type", "application/json").body(body.to_string());
        read(request.send().await.unwrap()).await
    }
}

async fn read(answer: reqwest::Response) -> Value {
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}
