//! Providers on loopback: a TLS server that plays the token endpoint, the identity and the account listing of one provider in its own
//! JSON shapes, and the person at its consent page.

mod shapes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vestibule::platform::config::Config;

use super::CANARY;
use super::receiver::{Received, Receiver, Reply, authority_file};

/// Whose shapes are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plays {
    Facebook,
    GoogleAds,
    HubSpot,
    LinkedIn,
    TikTok,
}

/// What is asked of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// A code becomes tokens.
    Exchange,
    /// The second step of Facebook.
    LongLived,
    /// A refresh token is used.
    Refresh,
    /// Who signed in.
    Identity,
    /// What was granted (Facebook).
    Granted,
    /// The account listing.
    Accounts,
    /// The names of Google Ads accounts.
    Names,
    /// A grant is given back.
    Revoke,
}

/// How an endpoint misbehaves.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// This status with a JSON error of the provider.
    Status(u16),
    /// This status for so many requests, then all is well.
    StatusTimes(u16, usize),
    /// 200 and a web page.
    Html,
    /// More than anybody takes.
    Huge,
    /// An answer that takes longer than anybody waits.
    Slow,
    /// A redirect to an address inside.
    RedirectInside,
    /// Exactly this.
    Says(u16, Value),
}

/// The id and secret of the operator's app at every provider here.
pub const CLIENT_ID: &str = "app-4711";

/// See [`CLIENT_ID`].
pub fn client_secret() -> String {
    format!("{CANARY}-client-secret")
}

#[derive(Default)]
struct State {
    granted: Option<Vec<String>>,
    accounts: usize,
    trouble: BTreeMap<Endpoint, Trouble>,
    calls: BTreeMap<Endpoint, usize>,
    codes: BTreeMap<String, Consent>,
    access: BTreeSet<String>,
    refresh: BTreeSet<String>,
    made: usize,
    rotates: bool,
    without_refresh: bool,
    expires_in: Option<u64>,
    who: String,
}

#[derive(Clone, Default)]
struct Consent {
    redirect_uri: String,
    challenge: Option<String>,
    scopes: Vec<String>,
}

/// A provider.
pub struct Provider {
    pub plays: Plays,
    receiver: Receiver,
    state: Arc<Mutex<State>>,
}

impl Provider {
    /// A healthy provider with five accounts, signed in to by Ben.
    pub fn start(plays: Plays) -> Self {
        let state = Arc::new(Mutex::new(State { accounts: 5, who: "ben".to_owned(), ..State::default() }));
        let seen = Arc::clone(&state);
        let receiver = Receiver::start(move |_, request| answer(plays, &mut seen.lock().unwrap(), request));
        Self { plays, receiver, state }
    }

    /// Its connector's short name.
    pub fn slug(&self) -> &'static str {
        match self.plays {
            Plays::Facebook => "facebook-ads",
            Plays::GoogleAds => "google-ads",
            Plays::HubSpot => "hubspot",
            Plays::LinkedIn => "linkedin-ads",
            Plays::TikTok => "tiktok-ads",
        }
    }

    /// The built-in connector's file with every address of its block pointing here.
    pub fn connector(&self) -> Value {
        let path = format!("{}/src/connectors/catalogue/sources/{}.json", env!("CARGO_MANIFEST_DIR"), self.slug());
        let mut file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        point(&mut file["oauth"], &self.receiver.url(""));
        file
    }

    /// Writes that file into a folder and sets the product up for it; for `TestApp::start_with`.
    pub fn set_up(&self, dir: &Path, config: &mut Config) {
        self.write(dir, &self.connector());
        config.connectors.dir = Some(dir.to_owned());
        config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap()];
        config.mail.extra_ca_file = Some(authority_file(dir));
    }

    /// Writes a connector file in the place of the built-in one.
    pub fn write(&self, dir: &Path, file: &Value) {
        std::fs::write(dir.join(format!("{}.json", self.slug())), file.to_string()).unwrap();
    }

    /// Somebody says yes at the consent page: where the browser goes then.
    pub fn consent(&self, departure: &str) -> String {
        let url = url::Url::parse(departure).unwrap();
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let id = query.get("client_id").or(query.get("app_id")).expect("a client id");
        assert_eq!(id, CLIENT_ID, "the operator's app");
        let names =
            |key: &str| query.get(key).map(|text| text.split([' ', ',']).map(str::to_owned).collect::<Vec<_>>());
        let mut state = self.state.lock().unwrap();
        state.made += 1;
        let code = format!("{CANARY}-code-{}", state.made);
        let scopes = names("scope").into_iter().chain(names("optional_scope")).flatten().collect();
        let consent = Consent {
            redirect_uri: query["redirect_uri"].clone(),
            challenge: query.get("code_challenge").cloned(),
            scopes,
        };
        state.codes.insert(code.clone(), consent);
        let name = if self.plays == Plays::TikTok { "auth_code" } else { "code" };
        back(&query, &[(name, &code)])
    }

    /// Somebody says no.
    pub fn deny(&self, departure: &str) -> String {
        let url = url::Url::parse(departure).unwrap();
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let error = if self.plays == Plays::LinkedIn { "user_cancelled_authorize" } else { "access_denied" };
        back(&query, &[("error", error)])
    }

    /// What the next people grant, whatever was asked for.
    pub fn grants(&self, scopes: &[&str]) {
        self.state.lock().unwrap().granted = Some(scopes.iter().map(|scope| (*scope).to_owned()).collect());
    }

    /// Who signs in next.
    pub fn signs_in(&self, who: &str) {
        self.state.lock().unwrap().who = who.to_owned();
    }

    /// How many accounts there are.
    pub fn has_accounts(&self, count: usize) {
        self.state.lock().unwrap().accounts = count;
    }

    /// From now on each refresh gives a new refresh token and ends the old one.
    pub fn rotates(&self) {
        self.state.lock().unwrap().rotates = true;
    }

    /// From now on no refresh token is given.
    pub fn gives_no_refresh_token(&self) {
        self.state.lock().unwrap().without_refresh = true;
    }

    /// How long the next access tokens live, in seconds.
    pub fn tokens_live(&self, seconds: u64) {
        self.state.lock().unwrap().expires_in = Some(seconds);
    }

    /// Everything that was granted is taken back.
    pub fn takes_all_back(&self) {
        let mut state = self.state.lock().unwrap();
        state.access.clear();
        state.refresh.clear();
    }

    /// From now on an endpoint misbehaves.
    pub fn trouble(&self, endpoint: Endpoint, trouble: Trouble) {
        self.state.lock().unwrap().trouble.insert(endpoint, trouble);
    }

    /// The endpoint is healthy again.
    pub fn heal(&self, endpoint: Endpoint) {
        self.state.lock().unwrap().trouble.remove(&endpoint);
    }

    /// How often an endpoint was asked.
    pub fn calls(&self, endpoint: Endpoint) -> usize {
        self.state.lock().unwrap().calls.get(&endpoint).copied().unwrap_or_default()
    }

    /// Every request that came.
    pub fn got(&self) -> Vec<Received> {
        self.receiver.got()
    }

    /// Its address.
    pub fn url(&self, path: &str) -> String {
        self.receiver.url(path)
    }
}

/// Every address in a block leads to `base` instead, with its path kept.
fn point(value: &mut Value, base: &str) {
    match value {
        Value::String(text) => {
            if let Some(rest) = text.strip_prefix("https://") {
                let path = rest.find('/').map_or("", |at| &rest[at..]);
                *text = format!("{base}{path}");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| point(value, base)),
        Value::Object(object) => object.values_mut().for_each(|value| point(value, base)),
        _ => {}
    }
}

fn back(query: &BTreeMap<String, String>, pairs: &[(&str, &str)]) -> String {
    let mut url = url::Url::parse(&query["redirect_uri"]).unwrap();
    url.query_pairs_mut().extend_pairs(pairs).append_pair("state", &query["state"]);
    url.to_string()
}

fn answer(plays: Plays, state: &mut State, request: &Received) -> Reply {
    let path = request.path.split('?').next().unwrap_or_default();
    let Some(endpoint) = shapes::endpoint(plays, path, request) else {
        return reply(404, &json!({ "error": "not_found" }));
    };
    *state.calls.entry(endpoint).or_default() += 1;
    match state.trouble.get_mut(&endpoint) {
        None | Some(Trouble::StatusTimes(_, 0)) => shapes::answer(plays, endpoint, state, request),
        Some(Trouble::StatusTimes(status, times)) => {
            *times -= 1;
            reply(*status, &json!({ "error": "temporarily_unavailable" }))
        }
        Some(Trouble::Status(status)) => reply(*status, &json!({ "error": "temporarily_unavailable" })),
        Some(Trouble::Html) => {
            Reply::with(200, &[("content-type", "text/html")], "<!doctype html><title>Sign in</title>")
        }
        Some(Trouble::Huge) => reply(200, &json!({ "data": "x".repeat(9 * 1024 * 1024) })),
        Some(Trouble::Slow) => reply(200, &json!({})).after(std::time::Duration::from_secs(60)),
        Some(Trouble::RedirectInside) => {
            Reply::with(302, &[("location", "https://169.254.169.254/latest/meta-data/")], "")
        }
        Some(Trouble::Says(status, says)) => reply(*status, says),
    }
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply::with(status, &[("content-type", "application/json")], &body.to_string())
}

impl State {
    fn token(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{CANARY}-{kind}-{}", self.made)
    }

    /// Tokens for a code, or why not.
    fn exchange(
        &mut self,
        fields: &BTreeMap<String, String>,
    ) -> Result<(String, Option<String>, Vec<String>), &'static str> {
        let code = fields.get("code").or(fields.get("auth_code")).ok_or("invalid_request")?;
        let consent = self.codes.remove(code).ok_or("invalid_grant")?;
        if fields.get("redirect_uri").is_some_and(|uri| *uri != consent.redirect_uri) {
            return Err("invalid_grant");
        }
        let proven = fields.get("code_verifier").map(|verifier| {
            use base64::Engine as _;
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
        });
        if proven != consent.challenge {
            return Err("invalid_grant");
        }
        let access = self.token("access");
        self.access.insert(access.clone());
        let refresh = (!self.without_refresh).then(|| self.token("refresh"));
        self.refresh.extend(refresh.clone());
        Ok((access, refresh, self.granted.clone().unwrap_or(consent.scopes)))
    }

    /// A fresh access token, and a new refresh token when they rotate.
    fn refreshed(&mut self, fields: &BTreeMap<String, String>) -> Result<(String, Option<String>), &'static str> {
        let given = fields.get("refresh_token").ok_or("invalid_request")?;
        if !self.refresh.contains(given) {
            return Err("invalid_grant");
        }
        let access = self.token("access");
        self.access.insert(access.clone());
        let next = self.rotates.then(|| self.token("refresh"));
        if let Some(next) = &next {
            self.refresh.remove(given);
            self.refresh.insert(next.clone());
        }
        Ok((access, next))
    }
}
