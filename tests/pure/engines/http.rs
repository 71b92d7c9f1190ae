//! The built-in caller of web services against a server of our own, and what is known of connectors without a runtime.

use serde_json::{Value, json};
use vestibule::connectors::{Connectors, Kind};
use vestibule::engines::{FailureReason, SyncType, Turn};

use crate::support::CANARY;
use crate::support::engine::{Place, Task};
use crate::support::receiver::{Receiver, Reply, authority_file};

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let authority = authority_file(dir.path());
    let settings =
        [("VESTIBULE_CONNECTOR_ALLOW_CIDRS", "127.0.0.0/8"), ("VESTIBULE_EXTRA_CA_FILE", authority.to_str().unwrap())];
    Place::with(&settings)
}

fn built_in(slug: &str, config: &Value) -> Task {
    let connectors = Connectors::load(None).unwrap();
    Task::of(connectors.find(Kind::Source, slug).unwrap(), config)
}

fn api(receiver: &Receiver, auth: Value) -> Task {
    let config = json!({
        "base_url": receiver.url("/v1/"), "auth": auth, "endpoints": [{"name": "customers", "path": "/customers?active=1", "primary_key": ["id"]}],
        "headers": [{"name": "X-More", "value": "kept"}],
    });
    built_in("http-api", &config)
}

#[tokio::test]
async fn the_first_endpoint_is_asked_with_the_credentials() {
    let receiver = Receiver::start(|_, _| Reply::with(200, &[], "[]"));
    let place = place();
    for (auth, header, value) in [
        (json!({"auth_type": "bearer", "token": CANARY}), "authorization", format!("Bearer {CANARY}")),
        (json!({"auth_type": "api_key", "header": "X-Key", "api_key": CANARY}), "x-key", CANARY.to_owned()),
        (
            json!({"auth_type": "basic", "username": "ann", "password": "pass"}),
            "authorization",
            "Basic YW5uOnBhc3M=".to_owned(),
        ),
    ] {
        let (done, told) = place.check(&api(&receiver, auth)).await;
        assert_eq!(done, Ok(()), "{}", told.log());
        let got = receiver.got().pop().unwrap();
        assert_eq!((got.header(header), got.header("x-more")), (Some(value.as_str()), Some("kept")));
        assert!(got.path.contains("/v1/customers?active=1"), "{}", got.path);
    }
}

#[tokio::test]
async fn a_bad_answer_says_what_to_do() {
    let place = place();
    for (status, body, reason, turn) in [
        (401, "{}", FailureReason::SignIn, Turn::Giver),
        (403, "{}", FailureReason::Permission, Turn::Giver),
        (404, "{}", FailureReason::Refused, Turn::Giver),
        (429, "{}", FailureReason::RateLimited, Turn::Provider),
        (500, "{}", FailureReason::Unwell, Turn::Provider),
        (302, "", FailureReason::Refused, Turn::Giver),
        (200, "<html>", FailureReason::Refused, Turn::Giver),
    ] {
        let receiver = Receiver::start(move |_, _| Reply::with(status, &[("location", "https://127.0.0.1/")], body));
        let failure =
            place.check(&api(&receiver, json!({"auth_type": "bearer", "token": CANARY}))).await.0.unwrap_err();
        assert_eq!((failure.reason, failure.turn), (reason, turn), "{status}: {failure}");
        assert_eq!(receiver.got().len(), 1, "redirects are not followed");
    }
}

#[tokio::test]
async fn an_address_inside_is_refused() {
    let receiver = Receiver::always(200);
    let failure = Place::new().check(&api(&receiver, json!({"auth_type": "none"}))).await.0.unwrap_err();
    assert_eq!(failure.reason, FailureReason::AddressRefused);
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn nobody_says_that_details_work_when_nobody_was_asked() {
    let config = json!({
        "host": "db.example.com", "database": "shop", "username": "ann", "password": CANARY, "replication_method": {"method": "STANDARD"},
    });
    let task = built_in("mysql", &config);
    let place = Place::new();
    let failure = place.check(&task).await.0.unwrap_err();
    assert_eq!((failure.reason, failure.turn), (FailureReason::NoRuntime, Turn::Operator), "{failure}");
    let failure = place.read(&task, &[], None).await.0.unwrap_err();
    assert_eq!(failure.reason, FailureReason::NoRuntime);
    assert!(failure.operator_hint().unwrap().contains("connectors import --exec"), "{failure}");
}

#[tokio::test]
async fn known_streams_are_discovered() {
    let stripe = built_in("stripe", &json!({"account_id": "acct_1", "client_secret": CANARY}));
    let catalog = Place::new().discover(&stripe).await.0.unwrap();
    let charges = catalog.find(None, "charges").unwrap();
    assert_eq!(charges.sync_types, [SyncType::FullTable, SyncType::Incremental]);
    assert_eq!(charges.primary_key, [["id"]]);
    let receiver = Receiver::always(200);
    let catalog = place().discover(&api(&receiver, json!({"auth_type": "none"}))).await.0.unwrap();
    assert_eq!(catalog.streams.len(), 1);
    assert_eq!(catalog.streams[0].primary_key, [["id"]]);
}
