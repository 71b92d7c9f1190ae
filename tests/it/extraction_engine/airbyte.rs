//! An Airbyte on loopback that holds its callers to the published description of its public API, and does what it is asked in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use vestibule::platform::config::Config;

use super::contract::breaches;
use crate::support::CANARY;
use crate::support::receiver::{Received, Receiver, Reply, authority_file};

/// The only workspace there is.
pub const WORKSPACE: &str = "00000000-0000-4000-8000-00000000aaa1";
/// A destination that somebody made there.
pub const GIVEN: &str = "00000000-0000-4000-8000-00000000bbb2";
/// The connector of the tests' shop there.
pub const DEFINITION: &str = "00000000-0000-4000-8000-00000000ccc3";
/// The application that is let in.
pub const CLIENT: &str = "application-1";

/// Its secret.
pub fn client_secret() -> String {
    format!("{CANARY}-client-secret")
}

#[derive(Default)]
pub struct State {
    /// By the kind, as paths name it, and the id.
    pub things: BTreeMap<(String, String), Value>,
    pub jobs: BTreeMap<i64, Value>,
    /// Whoever shows anything is refused.
    pub refuses: bool,
    /// It answers 503.
    pub is_down: bool,
    /// Status and body of the next answer to that method and path, whatever it was.
    pub next: BTreeMap<String, (u16, Value)>,
    /// What is done, and the answer never sent, once: method and path.
    pub lose: BTreeSet<String>,
    pub breaches: Vec<String>,
    tokens: BTreeSet<String>,
    count: usize,
}

pub struct Airbyte {
    receiver: Receiver,
    state: Arc<Mutex<State>>,
}

impl Airbyte {
    pub fn start() -> Self {
        let mut first = State::default();
        let given = json!({"destinationId": GIVEN, "name": "Lake", "destinationType": "s3", "configuration": {}});
        first.things.insert(("destinations".to_owned(), GIVEN.to_owned()), given);
        let state = Arc::new(Mutex::new(first));
        let seen = Arc::clone(&state);
        let receiver = Receiver::start(move |_, request| answer(&mut seen.lock().unwrap(), request));
        Self { receiver, state }
    }

    /// Where its public API begins.
    pub fn url(&self) -> String {
        self.receiver.url("/api/public/v1")
    }

    /// Lets the product reach it.
    pub fn reachable(dir: &Path, config: &mut Config) {
        config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        config.mail.extra_ca_file = Some(authority_file(dir));
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// How a job stands from now on.
    pub fn job(&self, id: i64, status: &str, rows: i64) {
        let mut state = self.state();
        let job = state.jobs.get_mut(&id).unwrap();
        job["status"] = json!(status);
        job["rowsSynced"] = json!(rows);
        job["bytesSynced"] = json!(rows * 10);
    }

    /// All of a kind, as paths name it.
    pub fn all(&self, kind: &str) -> Vec<Value> {
        self.state().things.iter().filter(|((one, _), _)| one == kind).map(|(_, thing)| thing.clone()).collect()
    }

    /// The only one of a kind.
    pub fn only(&self, kind: &str) -> Value {
        let all = self.all(kind);
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    }

    /// Somebody deletes all of a kind there.
    pub fn delete_all(&self, kind: &str) {
        self.state().things.retain(|(one, _), _| one != kind);
    }

    /// What was asked, by method and path.
    pub fn heard(&self) -> Vec<String> {
        self.receiver.got().iter().map(|one| format!("{} {}", one.method, path(one).0)).collect()
    }

    /// The bodies of a call: the method, and what its path begins with.
    pub fn bodies_of(&self, call: &str) -> Vec<Value> {
        let is_it = |one: &&Received| {
            let heard = format!("{} {}", one.method, path(one).0);
            if call.ends_with('/') { heard.starts_with(call) } else { heard == call }
        };
        self.receiver.got().iter().filter(is_it).map(Received::json).collect()
    }

    /// Fails when anything did not fit the description.
    pub fn is_content(&self) {
        assert_eq!(self.state().breaches, Vec::<String>::new());
    }
}

type Pairs = Vec<(String, String)>;

fn path(request: &Received) -> (String, Pairs) {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    (path.strip_prefix("/api/public/v1").unwrap_or(path).to_owned(), pairs)
}

fn says(status: u16, body: &Value) -> Reply {
    Reply::with(status, &[("content-type", "application/json")], &body.to_string())
}

fn answer(state: &mut State, request: &Received) -> Reply {
    let (path, query) = path(request);
    let call = format!("{} {path}", request.method);
    let found = breaches(&request.method, &path, &query, &request.body);
    state.breaches.extend(found.iter().cloned());
    if state.is_down {
        return Reply::status(503);
    }
    if let Some((status, body)) = state.next.remove(&call) {
        return says(status, &body);
    }
    if !found.is_empty() {
        return says(422, &json!({"detail": found.join(", ")}));
    }
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    if path == "/applications/token" {
        return token(state, &body);
    }
    let shown = request.header("authorization").and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    if state.refuses || !state.tokens.contains(shown) {
        return Reply::status(401);
    }
    let done = act(state, &request.method, &path, &query, body);
    if state.lose.remove(&call) { Reply { bytes: Vec::new(), ..Reply::status(500) } } else { done }
}

fn token(state: &mut State, body: &Value) -> Reply {
    if state.refuses || body["client_id"] != CLIENT || body["client_secret"] != client_secret() {
        return says(403, &json!({"detail": "unknown application"}));
    }
    state.count += 1;
    let token = format!("{CANARY}-token-{}", state.count);
    state.tokens.insert(token.clone());
    says(200, &json!({"access_token": token, "token_type": "Bearer", "expires_in": 180}))
}

fn act(state: &mut State, method: &str, path: &str, query: &[(String, String)], body: Value) -> Reply {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["workspaces", WORKSPACE]) => says(200, &json!({"workspaceId": WORKSPACE, "name": "Data team"})),
        ("GET", ["workspaces", WORKSPACE, "definitions", "sources"]) => says(
            200,
            &json!({"data": [{"id": DEFINITION, "name": "Shop", "dockerRepository": "airbyte/source-shop", "dockerImageTag": "1"}]}),
        ),
        (_, ["jobs", ..]) => jobs(state, method, &parts, query, &body),
        ("GET", [kind]) => {
            let skip: usize = asked(query, "offset").parse().unwrap_or(0);
            let data: Vec<Value> = state
                .things
                .iter()
                .filter(|((one, _), _)| one == kind)
                .map(|(_, thing)| thing.clone())
                .skip(skip)
                .collect();
            says(200, &json!({"data": data}))
        }
        ("POST", [kind]) => make(state, kind, body),
        (_, [kind, id]) => one(state, method, &((*kind).to_owned(), (*id).to_owned()), &body),
        _ => Reply::status(404),
    }
}

fn asked<'a>(query: &'a [(String, String)], name: &str) -> &'a str {
    query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

fn make(state: &mut State, kind: &str, mut body: Value) -> Reply {
    state.count += 1;
    let id = format!("00000000-0000-4000-8000-{:012}", state.count);
    let is_known =
        |kind: &str, id: &Value| state.things.contains_key(&(kind.to_owned(), id.as_str().unwrap().to_owned()));
    if kind == "connections"
        && !(is_known("sources", &body["sourceId"]) && is_known("destinations", &body["destinationId"]))
    {
        return says(400, &json!({"detail": "there is no such source or destination"}));
    }
    let member = format!("{}Id", kind.trim_end_matches('s'));
    body[member] = json!(id);
    if kind == "connections" {
        body["status"] = json!("active");
    }
    state.things.insert((kind.to_owned(), id), body.clone());
    says(200, &body)
}

fn one(state: &mut State, method: &str, key: &(String, String), body: &Value) -> Reply {
    if method == "DELETE" {
        let gone = state.things.remove(key).is_some();
        return Reply::status(if gone { 204 } else { 404 });
    }
    let Some(thing) = state.things.get_mut(key) else { return Reply::status(404) };
    for (name, value) in body.as_object().into_iter().flatten() {
        thing[name] = value.clone();
    }
    says(200, thing)
}

fn jobs(state: &mut State, method: &str, parts: &[&str], query: &[(String, String)], body: &Value) -> Reply {
    let number = parts.get(1).and_then(|text| text.parse::<i64>().ok());
    match (method, number) {
        ("GET", None) => {
            let of = |job: &&Value| job["connectionId"] == asked(query, "connectionId");
            let data: Vec<Value> = state.jobs.values().rev().filter(of).take(1).cloned().collect();
            says(200, &json!({"data": data}))
        }
        ("POST", None) => {
            let is_busy = |job: &Value| job["connectionId"] == body["connectionId"] && job["status"] == "running";
            if state.jobs.values().any(is_busy) {
                return says(409, &json!({"detail": "A sync is already running for this connection."}));
            }
            let id = 17 + i64::try_from(state.jobs.len()).unwrap();
            let job = json!({"jobId": id, "status": "running", "jobType": "sync", "startTime": "2026-03-13T16:00:00Z", "connectionId": body["connectionId"]});
            state.jobs.insert(id, job.clone());
            says(200, &job)
        }
        (_, Some(id)) => {
            let Some(job) = state.jobs.get_mut(&id) else { return Reply::status(404) };
            if method == "DELETE" {
                job["status"] = json!("cancelled");
            }
            says(200, job)
        }
        _ => Reply::status(404),
    }
}
