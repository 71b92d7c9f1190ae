//! A real authorization server in a process of its own (`tests/oauth_server`), and somebody who answers its pages.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use scraper::{Html, Selector};
use serde_json::{Value, json};
use tempfile::TempDir;
use vestibule::base::http_client::{
    AddressPolicy, Call, GuardedClient, HttpsUrl, Method, Resolver, Response, header_lines,
};

use super::receiver::{authority_file, certificate_files};

/// The client every test may register; its secret is one that must never be seen again.
pub const CLIENT_ID: &str = "vestibule-tests";
pub const CLIENT_SECRET: &str = "client-secret-cAnArY-7f3e9b";

/// The folder with the server and what it needs.
fn folder() -> Option<PathBuf> {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment what they may use")]
    let folder = std::env::var("TEST_OAUTH_SERVER").ok().filter(|path| !path.is_empty());
    if folder.is_none() {
        // Written past the capture of the test runner, which hides what passing tests print.
        let said = writeln!(
            std::io::stderr(),
            "SKIPPED: a real authorization server is missing; tests/run provides it (TEST_OAUTH_SERVER)"
        );
        said.unwrap();
    }
    folder.map(PathBuf::from)
}

pub struct OauthServer {
    pub issuer: String,
    child: Child,
    dir: TempDir,
}

impl OauthServer {
    /// Starts the server with one client that may be sent back to these addresses; `config` says the rest (people, scopes, knobs).
    /// `None` when this test run has none to offer.
    pub fn start(redirect_uris: &[&str], config: Value) -> Option<Self> {
        let folder = folder()?;
        let dir = tempfile::tempdir().unwrap();
        let (cert, key) = certificate_files(dir.path());
        let client = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": redirect_uris });
        let mut whole = json!({ "cert": cert, "key": key, "clients": [client], "people": [] });
        for (name, value) in config.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let file = dir.path().join("config.json");
        std::fs::write(&file, whole.to_string()).unwrap();
        #[allow(clippy::disallowed_methods, reason = "a helper of the tests")]
        let mut child = Command::new("node")
            .arg(folder.join("server.mjs"))
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.next().expect("the server says its address").unwrap();
        let issuer = ready.strip_prefix("ready ").expect("ready ISSUER").to_owned();
        Some(Self { issuer, child, dir })
    }

    /// Somebody with a browser of their own.
    pub fn person(&self) -> Person {
        let ca = authority_file(self.dir.path());
        let policy = AddressPolicy::with_open(vec!["127.0.0.0/8".parse().unwrap()]);
        let client = GuardedClient::new(policy, Resolver::System, Some(&ca)).unwrap();
        Person { client, issuer: self.issuer.clone(), cookies: Mutex::default() }
    }

    /// Changes knobs, or what the server remembers.
    pub async fn control(&self, wish: Value) -> Value {
        let person = self.person();
        let url = format!("{}/control", self.issuer);
        let answer = person.call(Method::POST, &url, wish.to_string(), "application/json").await;
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// How often a path was asked for.
    pub async fn count(&self, path: &str) -> u64 {
        let person = self.person();
        let answer = person.call(Method::GET, &format!("{}/control", self.issuer), String::new(), "").await;
        let counts: Value = serde_json::from_slice(&answer.body).unwrap();
        counts[path].as_u64().unwrap_or(0)
    }
}

impl Drop for OauthServer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody at the authorization server: keeps its cookies, presses its buttons.
pub struct Person {
    client: GuardedClient,
    issuer: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What somebody answers when asked for consent.
#[derive(Clone, Copy)]
pub enum Consent<'a> {
    /// Everything.
    All,
    /// Everything but these.
    Without(&'a [&'a str]),
    /// Nothing at all.
    Deny,
}

impl Person {
    /// Goes to the authorization address as that person, consents, and gives the address they are sent back to.
    pub async fn authorize(&self, url: &str, who: &str, consent: Consent<'_>) -> String {
        let mut at = url.to_owned();
        for _ in 0..12 {
            if !at.starts_with(&self.issuer) {
                return at;
            }
            let mut answer = self.call(Method::GET, &at, String::new(), "").await;
            if answer.status == 200 {
                let (action, body) = answered(core::str::from_utf8(&answer.body).unwrap(), who, consent);
                let action = format!("{}{action}", self.issuer);
                answer = self.call(Method::POST, &action, body, "application/x-www-form-urlencoded").await;
            }
            let location = answer.header("location").map(str::to_owned);
            let location =
                location.unwrap_or_else(|| panic!("{at}: {} {}", answer.status, String::from_utf8_lossy(&answer.body)));
            at = url::Url::parse(&at).unwrap().join(&location).unwrap().into();
        }
        panic!("sent around in circles at {at}");
    }

    /// Whether the server takes an access token.
    pub async fn is_taken(&self, token: &str) -> bool {
        let url = HttpsUrl::parse(&format!("{}/api/accounts", self.issuer)).unwrap();
        let headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
        let call = Call { headers: header_lines(headers), most: 1 << 20, ..Call::default() };
        self.client.call(&url, call).await.unwrap().status == 200
    }

    async fn call(&self, method: Method, url: &str, body: String, kind: &str) -> Response {
        let cookies =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let mut headers = vec![("cookie".to_owned(), cookies.join("; "))];
        if !kind.is_empty() {
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        let call = Call { method, headers: header_lines(headers), body: body.into_bytes().into(), most: 1 << 20 };
        let answer = self.client.call(&HttpsUrl::parse(url).unwrap(), call).await.unwrap();
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if value.is_empty() {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// The form to send on a page of the server, and its body.
fn answered(html: &str, who: &str, consent: Consent<'_>) -> (String, String) {
    let html = Html::parse_document(html);
    let select = |css: &str| Selector::parse(css).unwrap();
    let action = |end: &str| {
        let form = html.select(&select(&format!("form[action$='/{end}']"))).next();
        form.map(|form| form.attr("action").unwrap().to_owned())
    };
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    if let Some(sign_in) = action("sign-in") {
        return (sign_in, body.append_pair("person", who).finish());
    }
    let refused: &[&str] = match consent {
        Consent::Deny => return (action("cancel").expect("a way to say no"), String::new()),
        Consent::All => &[],
        Consent::Without(scopes) => scopes,
    };
    let boxes = select("[name=scope]");
    let scopes = html.select(&boxes).filter_map(|field| field.attr("value"));
    scopes.filter(|scope| !refused.contains(scope)).for_each(|scope| {
        body.append_pair("scope", scope);
    });
    (action("consent").expect("a form to consent"), body.finish())
}
