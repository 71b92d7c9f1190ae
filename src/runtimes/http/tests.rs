//! Every block of the catalogue, asked for every way of signing in, with a service that answers well.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::*;
use crate::connectors::spec_form::{Values, complete, import_config};
use crate::connectors::{Connectors, Kind, RuntimeBlock};
use crate::runtimes::Events;
use crate::runtimes::mask::Masks;

/// Answers everything the same way and remembers what it was asked.
struct Service(u16, Value, Mutex<Vec<(String, Call)>>);

impl Ask for Service {
    async fn ask(&self, url: &HttpsUrl, call: Call) -> Result<Response, http_client::Failure> {
        self.2.lock().unwrap().push((url.as_str().to_owned(), call));
        Ok(Response { status: self.0, headers: Vec::new(), body: self.1.to_string().into_bytes() })
    }
}

async fn ask(
    slug: &str,
    config: &Value,
    status: u16,
    answer: Value,
) -> (Result<Checked, Failure>, Vec<(String, Call)>) {
    let connectors = Connectors::load(None).unwrap();
    let connector = connectors.find(Kind::Source, slug).unwrap();
    let Some(RuntimeBlock::Http(block)) = &connector.file.runtime else { panic!("{slug} has no http block") };
    let mut values = Values::default();
    let given = import_config(&connector.spec, config).unwrap_or_else(|errors| panic!("{slug}: {errors:?}"));
    given.merge_into(&connector.spec, &mut values);
    let config = complete(&connector.spec, &values).config.unwrap_or_else(|| panic!("{slug} is incomplete"));
    let (events, mut heard) = Events::channel();
    let drain = tokio::spawn(async move { while heard.recv().await.is_some() {} });
    let service = Service(status, answer, Mutex::default());
    let done = check(&service, block, &config, &Teller::new(events, Masks::new(&[]))).await;
    drain.abort();
    (done, service.2.into_inner().unwrap())
}

fn configs() -> BTreeMap<String, Vec<Value>> {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/runtimes/http_configs.json"));
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
            assert_eq!(done, Ok(Checked::Asked), "{slug} {config}");
            let (url, call) = asked.last().unwrap();
            assert!(url.starts_with("https://") && !url.contains("{{") && !url.contains(' '), "{slug}: {url}");
            let carries = call
                .headers
                .iter()
                .any(|(_, value)| value.contains("s3cret") || value.contains("fresh") || value.starts_with("Basic "));
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
            assert_eq!(failure.reason == Reason::Unwell, status == 503, "{slug} {status}: {failure}");
        }
    }
}

#[test]
fn every_block_of_the_catalogue_is_tried() {
    let connectors = Connectors::load(None).unwrap();
    let blocks = connectors.all().filter(|one| matches!(one.file.runtime, Some(RuntimeBlock::Http(_))));
    let slugs: BTreeSet<&str> = blocks.map(|one| one.file.slug.as_str()).collect();
    let tried = configs();
    assert_eq!(slugs, tried.keys().map(String::as_str).collect());
}
