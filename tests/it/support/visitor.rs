//! Somebody with a browser: keeps cookies, says where requests come from, follows redirects when asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::{PASSWORD, Page};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

#[derive(Clone)]
pub struct Visitor {
    client: reqwest::Client,
    base: String,
    origin: String,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
    agent: String,
}

impl Visitor {
    pub fn new(base: &str, origin: &str) -> Self {
        #[allow(clippy::disallowed_methods, reason = "a browser of the tests")]
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self {
            client,
            base: base.to_owned(),
            origin: origin.to_owned(),
            cookies: Arc::default(),
            agent: BROWSER.to_owned(),
        }
    }

    /// The same person on another server of the installation.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// A program that calls itself so.
    pub fn calling_itself(&self, agent: &str) -> Self {
        Self { agent: agent.to_owned(), ..self.clone() }
    }

    /// Opens a page; `path` may be a whole address of this installation.
    pub async fn get(&self, path: &str) -> Page {
        self.request(reqwest::Method::GET, path, &[]).await
    }

    pub async fn head(&self, path: &str) -> Page {
        self.request(reqwest::Method::HEAD, path, &[]).await
    }

    /// A request with headers of the test's own.
    pub async fn request(&self, method: reqwest::Method, path: &str, headers: &[(&str, &str)]) -> Page {
        let request =
            headers.iter().fold(self.start(method, path), |request, (name, value)| request.header(*name, *value));
        self.finish(path, request).await
    }

    /// Sends a form from one of our own pages.
    pub async fn post(&self, path: &str, pairs: &[(String, String)]) -> Page {
        self.post_with(path, pairs, &[("sec-fetch-site", "same-origin"), ("origin", &self.origin.clone())]).await
    }

    /// Sends a form with headers of the test's own and nothing that says where it comes from.
    pub async fn post_with(&self, path: &str, pairs: &[(String, String)], headers: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let request = self
            .start(reqwest::Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.finish(path, request).await
    }

    /// Goes where a redirect leads.
    pub async fn follow(&self, page: &Page) -> Page {
        let location = page.location().unwrap_or_else(|| panic!("a redirect, got {}: {}", page.status, page.text()));
        self.get(&location).await
    }

    pub async fn sign_in(&self, email: &str) {
        let page = self.get("/sign-in").await;
        let done = page.form_with("email").set("email", email).set("password", PASSWORD).send(self).await;
        assert_eq!(done.status, 303, "{}", done.text());
    }

    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.lock().unwrap().clone()
    }

    fn start(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let path = path.strip_prefix(&self.origin).unwrap_or(path);
        let cookies: Vec<String> = self.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.request(method, format!("{}{path}", self.base)).header("user-agent", &self.agent);
        let request = if self.agent == BROWSER { request.header("accept-language", "en") } else { request };
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    async fn finish(&self, path: &str, request: reqwest::RequestBuilder) -> Page {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        for (_, cookie) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            self.keep(cookie);
        }
        let body = response.text().await.unwrap();
        Page { status, headers, body, path: path.strip_prefix(&self.origin).unwrap_or(path).to_owned() }
    }

    fn keep(&self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let Some((name, value)) = pair.split_once('=') else { return };
        let mut cookies = self.cookies.lock().unwrap();
        if value.is_empty() || attributes.to_lowercase().contains("max-age=0") {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
