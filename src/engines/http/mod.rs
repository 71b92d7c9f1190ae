//! Web services, built in: one request that tells whether credentials work, as the connector's file describes it.
//!
//! Invariants: requests go through the guarded client; values of the configuration are never read as templates; what an answer says
//! is shown only where the file says so.

mod templates;
mod words;

use serde_json::{Map, Value, json};

use super::engine::{Engine, EngineAnswer};
use super::run::{EngineRun, EventSink};
use super::{Ability, Failure, FailureReason, Level, known};
use crate::base::http_client::{self, Call, GuardedClient, HttpsUrl, Method, Response, header_lines};
use crate::connectors::{Connector, HttpBlock, HttpRequest};
use crate::schema::form::FinalConfig;
use templates::Templates;

/// Most bytes of an answer that are read.
const MOST: usize = 1 << 20;

/// The engine of connectors that are web services. What can be read there their files know.
pub(super) struct Http<'a> {
    pub(super) client: &'a GuardedClient,
    pub(super) block: &'a HttpBlock,
}

impl Engine for Http<'_> {
    fn ability(&self, connector: &Connector) -> Ability {
        Ability { check: true, discover: known::has_streams(connector), read: false, write: false }
    }

    fn check<'a>(&'a self, run: &'a EngineRun<'_>) -> EngineAnswer<'a, ()> {
        Box::pin(run.deadline.guard(check(self.client, self.block, run.config, &run.sink)))
    }
}

/// The way out.
trait Ask {
    /// Sends a request once and takes the answer whole.
    async fn ask(&self, url: &HttpsUrl, call: Call) -> Result<Response, http_client::HttpFailure>;
}

impl Ask for GuardedClient {
    async fn ask(&self, url: &HttpsUrl, call: Call) -> Result<Response, http_client::HttpFailure> {
        self.call(url, call).await
    }
}

/// Sends the first request that fits the configuration, after those that prepare it.
async fn check(way: &impl Ask, block: &HttpBlock, config: &FinalConfig, sink: &EventSink) -> Result<(), Failure> {
    let templates = Templates::new();
    let mut known = Map::from_iter([("config".to_owned(), config.expose().clone())]);
    for request in &block.check {
        if !templates.holds(request.when.as_deref(), &known)? {
            continue;
        }
        let answer = send(way, &templates, request, &known, sink).await?;
        known.extend(
            request.keep.iter().filter_map(|(name, pointer)| {
                Some((name.clone(), answer.pointer(&format!("/answer{pointer}"))?.clone()))
            }),
        );
        if request.keep.is_empty() {
            let says = request.says.as_deref().map(|says| templates.lenient(says, &answer)).unwrap_or_default();
            let text = if says.is_empty() { "The service accepted the credentials." } else { &says };
            sink.log(Level::Info, text).await?;
            return Ok(());
        }
    }
    Err(Failure::new(
        FailureReason::NoRuntime,
        "Nobody was asked: the connector's file has no question for details like these.",
    ))
}

/// Sends one request; gives what templates may know of a good answer.
async fn send(
    way: &impl Ask,
    templates: &Templates,
    request: &HttpRequest,
    known: &Map<String, Value>,
    sink: &EventSink,
) -> Result<Value, Failure> {
    let text = templates.render(&request.url, known)?;
    let url = HttpsUrl::parse(&text)
        .map_err(|problem| Failure::new(FailureReason::Refused, format!("{}.", problem.sentence())))?;
    sink.progress(&format!("Asking {}", url.host())).await?;
    let call = Call {
        method: if request.method == "POST" { Method::POST } else { Method::GET },
        headers: header_lines(headers(templates, request, known)?),
        body: request
            .body
            .as_deref()
            .map(|body| templates.render(body, known))
            .transpose()?
            .unwrap_or_default()
            .into_bytes()
            .into(),
        most: MOST,
    };
    let host = url.host();
    // What the file writes out in full nobody has entered.
    let is_entered = !request.url.to_ascii_lowercase().contains(&host.to_ascii_lowercase());
    let goal = words::Goal { host: &host, is_entered };
    let response = way.ask(&url, call).await.map_err(|failure| words::of_failure(failure, goal))?;
    sink.log(Level::Debug, &format!("{host} answered with status {}.", response.status)).await?;
    judge(templates, request, &response, known, goal)
}

fn headers(
    templates: &Templates,
    request: &HttpRequest,
    known: &Map<String, Value>,
) -> Result<Vec<(String, String)>, Failure> {
    let mut headers = Vec::new();
    for (name, template) in &request.headers {
        let name = templates.render(name, known)?;
        let value = templates.render(template.as_str().unwrap_or_default(), known)?;
        // What is tried is what is stored: the one who uses these details later sends the space, too.
        if value.trim() != value || value.contains(['\r', '\n']) {
            let message = format!(
                "The details begin or end with a space or a line end, which “{name}” cannot carry. Enter them again."
            );
            return Err(Failure::new(FailureReason::SignIn, message));
        }
        if !name.is_empty() && !value.is_empty() {
            headers.push((name, value));
        }
    }
    let more = request.more_headers.as_deref().and_then(|pointer| known.get("config")?.pointer(pointer)?.as_array());
    for header in more.into_iter().flatten() {
        let part = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
        headers.extend(part("name").zip(part("value")));
    }
    Ok(headers)
}

/// Whether an answer is a good one.
fn judge(
    templates: &Templates,
    request: &HttpRequest,
    response: &Response,
    known: &Map<String, Value>,
    goal: words::Goal<'_>,
) -> Result<Value, Failure> {
    let body = serde_json::from_slice::<Value>(&response.body).unwrap_or(Value::Null);
    let mut all = known.clone();
    all.extend([("status".to_owned(), json!(response.status)), ("answer".to_owned(), body)]);
    let is_good = (200..300).contains(&response.status) && templates.holds(request.expect.as_deref(), &all)?;
    if is_good {
        return Ok(Value::Object(all));
    }
    for error in &request.errors {
        let fits = error.status.is_none_or(|status| status == response.status);
        if fits && templates.holds(error.when.as_deref(), &all)? {
            let says = templates.lenient(&error.says, &Value::Object(all));
            return Err(Failure::new(words::reason(response.status), says));
        }
    }
    Err(words::of_status(response.status, goal))
}

/// Every block of the catalogue, asked for every way of signing in.
#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Mutex;

    use serde_json::{Value, json};

    use super::*;
    use crate::connectors::{Connectors, Kind, RuntimeBlock};
    use crate::engines::mask::Masks;
    use crate::engines::{EventSender, Turn};
    use crate::schema::form::{Values, complete, import_config};

    /// Answers everything the same way and remembers what it was asked.
    struct Service(u16, Value, Mutex<Vec<(String, Call)>>);

    impl Ask for Service {
        async fn ask(&self, url: &HttpsUrl, call: Call) -> Result<Response, http_client::HttpFailure> {
            self.2.lock().unwrap().push((url.as_str().to_owned(), call));
            Ok(Response { status: self.0, headers: Vec::new(), body: self.1.to_string().into_bytes().into() })
        }
    }

    async fn ask(slug: &str, config: &Value, status: u16, answer: Value) -> (Result<(), Failure>, Vec<(String, Call)>) {
        let connectors = Connectors::load(None).unwrap();
        let connector = connectors.find(Kind::Source, slug).unwrap();
        let Some(RuntimeBlock::Http(block)) = &connector.file.runtime else { panic!("{slug} has no http block") };
        let mut values = Values::default();
        let given = import_config(&connector.spec, config).unwrap_or_else(|errors| panic!("{slug}: {errors:?}"));
        given.merge_into(&connector.spec, &mut values);
        let config = complete(&connector.spec, &values).config.unwrap_or_else(|| panic!("{slug} is incomplete"));
        let (events, mut heard) = EventSender::channel();
        let drain = tokio::spawn(async move { while heard.recv().await.is_some() {} });
        let service = Service(status, answer, Mutex::default());
        let done = check(&service, block, &config, &EventSink::new(events, Masks::new(&[]))).await;
        drain.abort();
        (done, service.2.into_inner().unwrap())
    }

    fn configs() -> BTreeMap<String, Vec<Value>> {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pure/engines/http_configs.json"));
        serde_json::from_str(text).unwrap()
    }

    #[tokio::test]
    async fn every_block_asks_and_believes_a_good_answer() {
        let good = json!({
            "access_token": "fresh", "instance_url": "https://acme.my.salesforce.com", "dc": "us1", "ok": true, "code": 0, "user": {"id": 1},
        });
        for (slug, configs) in configs() {
            for config in configs {
                let (done, asked) = ask(&slug, &config, 200, good.clone()).await;
                assert_eq!(done, Ok(()), "{slug} {config}");
                let (url, call) = asked.last().unwrap();
                assert!(url.starts_with("https://") && !url.contains("{{") && !url.contains(' '), "{slug}: {url}");
                let carries = call.headers.iter().any(|(_, value)| {
                    value.contains("s3cret") || value.contains("fresh") || value.starts_with("Basic ")
                });
                assert!(carries || config.pointer("/auth/auth_type") == Some(&json!("none")), "{slug}: {url}");
            }
        }
    }

    #[tokio::test]
    async fn every_block_tells_a_refusal_and_a_bad_moment_in_words() {
        for (slug, configs) in configs() {
            for (status, answer) in [(401, json!({"error": "invalid_auth"})), (403, json!({})), (503, Value::Null)] {
                let failure = ask(&slug, &configs[0], status, answer).await.0.unwrap_err();
                assert!(failure.message.len() > 20 && !failure.message.contains("{{"), "{slug} {status}: {failure}");
                assert_eq!(failure.reason == FailureReason::Unwell, status == 503, "{slug} {status}: {failure}");
            }
        }
    }

    /// The way to nowhere.
    struct Nowhere;

    impl Ask for Nowhere {
        async fn ask(&self, _: &HttpsUrl, _: Call) -> Result<Response, http_client::HttpFailure> {
            Err(http_client::HttpFailure::Unknown)
        }
    }

    #[tokio::test]
    async fn a_host_of_the_file_is_nobody_s_spelling() {
        let domain = json!({"token": "s3cret"});
        for (url, config, turn) in [
            ("https://api.example.com/me", &domain, Turn::Provider),
            ("https://{{ config.shop }}.example.com/me", &json!({"shop": "acme"}), Turn::Giver),
            ("{{ config.url }}/me", &json!({"url": "https://api.example.com"}), Turn::Giver),
        ] {
            let request: HttpRequest = serde_json::from_value(json!({"url": url})).unwrap();
            let (events, _heard) = EventSender::channel();
            let known = Map::from_iter([("config".to_owned(), config.clone())]);
            let sink = EventSink::new(events, Masks::new(&[]));
            let failure = send(&Nowhere, &Templates::new(), &request, &known, &sink).await.unwrap_err();
            assert_eq!(failure.turn, turn, "{url}: {failure}");
            assert_eq!(failure.message.contains("spelling"), turn == Turn::Giver, "{failure}");
        }
    }

    #[test]
    fn every_block_of_the_catalogue_is_tried() {
        let connectors = Connectors::load(None).unwrap();
        let all = connectors.all();
        let blocks = all.iter().filter(|one| matches!(one.file.runtime, Some(RuntimeBlock::Http(_))));
        let slugs: BTreeSet<&str> = blocks.map(|one| one.file.slug.as_str()).collect();
        let tried = configs();
        assert_eq!(slugs, tried.keys().map(String::as_str).collect());
    }
}
