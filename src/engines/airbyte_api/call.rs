//! One request and its answer.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::account::{AirbyteAccount, AirbyteLogin};
use super::fault::AirbyteFault;
use crate::base::http_client::{Call, GuardedClient, HttpsUrl, Method, Response};
use crate::engines::mask::Masks;

/// Most bytes of an answer.
const MOST: usize = 4 * 1024 * 1024;
/// Most characters that are shown of what Airbyte says.
const SHOWN: usize = 300;
/// How long Airbyte may take to make something: it asks the source for its streams meanwhile.
const MAKING: Duration = Duration::from_secs(120);

/// An Airbyte that has let us in.
pub struct AirbyteApi {
    http: GuardedClient,
    url: HttpsUrl,
    /// The id of the workspace there.
    pub(super) workspace: String,
    token: SecretString,
    secrets: Vec<SecretString>,
    masks: Masks,
}

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) method: Method,
    /// Behind the address of the API: `jobs`.
    pub(super) path: String,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<&'a Value>,
    /// What it is about, for when it is not there: "job".
    pub(super) about: &'static str,
}

impl Question<'_> {
    pub(super) fn get(path: String, about: &'static str) -> Self {
        Question { method: Method::GET, path, query: &[], body: None, about }
    }
}

impl AirbyteApi {
    /// Signs in.
    ///
    /// # Errors
    /// It does not answer, or does not let us in.
    pub async fn sign_in(http: &GuardedClient, account: &AirbyteAccount) -> Result<Self, AirbyteFault> {
        let secret = account.login.secret().clone();
        let mut api = Self {
            http: http.clone(),
            url: account.url.clone(),
            workspace: account.workspace.clone(),
            token: SecretString::default(),
            masks: Masks::new(std::slice::from_ref(&secret)),
            secrets: vec![secret],
        };
        api.token = match &account.login {
            AirbyteLogin::Token(token) => token.clone(),
            AirbyteLogin::Application { client_id, client_secret } => {
                let body = json!({
                    "client_id": client_id, "client_secret": client_secret.expose_secret(), "grant-type": "client_credentials",
                });
                let question = Question {
                    method: Method::POST,
                    body: Some(&body),
                    ..Question::get("applications/token".to_owned(), "such address for tokens")
                };
                token_of(api.ask(&question).await)?
            }
        };
        let token = api.token.clone();
        Ok(api.hiding(vec![token]))
    }

    /// The same, with more that no word of it may hold.
    #[must_use]
    pub fn hiding(mut self, more: Vec<SecretString>) -> Self {
        self.secrets.extend(more);
        self.masks = Masks::new(&self.secrets);
        self
    }

    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Value, AirbyteFault> {
        let mut address = format!("{}/{}", self.url.as_str().trim_end_matches('/'), question.path);
        if !question.query.is_empty() {
            let query = Serializer::new(String::new()).extend_pairs(question.query).finish();
            address = format!("{address}?{query}");
        }
        let url = HttpsUrl::parse(&address).map_err(|_| AirbyteFault::NotAirbyte)?;
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned().into())];
        if !self.token.expose_secret().is_empty() {
            headers.push(("authorization".to_owned(), format!("Bearer {}", self.token.expose_secret()).into()));
        }
        let mut body = Vec::new();
        if let Some(value) = question.body {
            headers.push(("content-type".to_owned(), "application/json".to_owned().into()));
            body = serde_json::to_vec(value).map_err(|_| AirbyteFault::NotAirbyte)?;
        }
        let http = if question.method == Method::GET { self.http.clone() } else { self.http.with_patience(MAKING) };
        let call = Call { method: question.method.clone(), headers, body: body.into(), most: MOST };
        let response = http.call(&url, call).await.map_err(AirbyteFault::NoAnswer)?;
        self.read(&response, question.about)
    }

    fn read(&self, response: &Response, about: &'static str) -> Result<Value, AirbyteFault> {
        let json = || serde_json::from_slice::<Value>(&response.body).ok();
        match response.status {
            204 => Ok(Value::Null),
            200..=299 => json().ok_or(AirbyteFault::NotAirbyte),
            401 => Err(AirbyteFault::TokenRefused),
            403 => Err(AirbyteFault::Forbidden),
            404 => Err(AirbyteFault::NotThere(about)),
            429 | 500.. => Err(AirbyteFault::Busy(response.status)),
            400..=499 => Err(AirbyteFault::Refused(json().map(|said| self.said(&said)).unwrap_or_default())),
            // A redirect, or nothing of HTTP's at all.
            _ => Err(AirbyteFault::NotAirbyte),
        }
    }

    /// What it says of its own no: without secrets, in one line, and not too long.
    fn said(&self, problem: &Value) -> String {
        let data = problem.get("data").and_then(|data| data.get("message"));
        let own = ["detail", "message", "title"].iter().map(|name| problem.get(name));
        let said = std::iter::once(data).chain(own).flatten().find_map(Value::as_str).unwrap_or_default();
        let line = said.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let line = self.masks.hide(&line.collect::<Vec<_>>().join(" "));
        if line.chars().count() > SHOWN { line.chars().take(SHOWN).chain(['…']).collect() } else { line }
    }
}

/// An application that is not known is a matter of the token, whatever the status.
fn token_of(answer: Result<Value, AirbyteFault>) -> Result<SecretString, AirbyteFault> {
    let answer = match answer {
        Err(AirbyteFault::Forbidden | AirbyteFault::Refused(_)) => return Err(AirbyteFault::TokenRefused),
        other => other?,
    };
    let token = answer.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    token.map(|token| SecretString::from(token.to_owned())).ok_or(AirbyteFault::NotAirbyte)
}

impl std::fmt::Debug for AirbyteApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AirbyteApi").field("workspace", &self.workspace).finish_non_exhaustive()
    }
}
