//! Real connectors from PyPI, without the product around them.

use serde_json::{Value, json};
use vestibule::connectors::import::{FoundSpec, ImportHints, read_path};
use vestibule::engines::{CursorField, FailureReason, SyncType, Turn};

use crate::support::CANARY;
use crate::support::engine::{Place, Task, chosen};
use crate::support::programs::{import, programs};

/// Imports a connector with the product's own command and gives its file.
fn imported(program: &std::path::Path) -> Value {
    let dir = tempfile::tempdir().unwrap();
    import(dir.path(), &["--exec", program.to_str().unwrap()]);
    let found: Vec<FoundSpec> = read_path(dir.path()).into_iter().flatten().collect();
    let file =
        found.into_iter().find(|spec| spec.own.is_some()).unwrap().into_file(&ImportHints::default()).unwrap().file;
    serde_json::to_value(&file).unwrap()
}

#[tokio::test]
#[ignore = "long: real connectors"]
async fn the_faker_is_imported_checked_discovered_and_read_twice() {
    let Some(programs) = programs("a real connector") else { return };
    let file = imported(&programs.join("source-faker"));
    assert_eq!(
        (&file["slug"], &file["kind"], &file["runtime"]["type"]),
        (&"faker".into(), &"source".into(), &"airbyte".into())
    );
    let task = Task::new(file, &json!({"count": 30, "parallelism": 1, "always_updated": false})).within(120);
    let place = Place::new();
    let (done, told) = place.check(&task).await;
    assert_eq!(done, Ok(()), "{}", told.log());
    let (catalog, told) = place.discover(&task).await;
    let catalog = catalog.unwrap_or_else(|failure| panic!("{failure}: {}", told.log()));
    assert_eq!(catalog.streams.len(), 3);
    let users = catalog.find(None, "users").unwrap();
    assert!(matches!(users.cursor, CursorField::Fixed { .. }), "{:?}", users.cursor);
    assert!(users.columns.iter().any(|column| column.name == "email"), "{:?}", users.columns);
    let wanted = ["users", "products"].map(|name| chosen(&catalog, name, SyncType::Incremental));
    let (done, told) = place.read(&task, &wanted, None).await;
    assert!(done.as_ref().is_ok_and(|end| end.incomplete.is_empty()), "{done:?} {}", told.log());
    assert_eq!(told.of(0).len(), 30, "{}", told.log());
    assert!(told.of(1).len() >= 30, "{}", told.of(1).len());
    let (done, again) = place.read(&task, &wanted, told.states.last()).await;
    assert!(done.is_ok() && again.of(0).is_empty(), "a second reading continues: {} {done:?}", again.of(0).len());
    assert_eq!(place.left_behind(), 0);
}

#[tokio::test]
#[ignore = "long: real connectors"]
async fn defaults_that_are_missing_would_crash_it_so_they_are_written_in() {
    let Some(programs) = programs("a real connector") else { return };
    let file = imported(&programs.join("source-faker"));
    let task = Task::new(file, &json!({})).within(120);
    assert!(task.config.expose().get("count").is_some(), "{:?}", task.config.expose());
    assert_eq!(Place::new().check(&task).await.0, Ok(()));
}

/// A service that knows no token, described by a manifest that the real manifest runner runs.
#[tokio::test]
#[ignore = "long: real connectors"]
async fn a_wrong_credential_of_a_real_source_is_told_in_words() {
    let Some(programs) = programs("a real connector") else { return };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(refuse_everybody(listener));
    let task = manifest(&programs, port);
    let place = Place::with(&[("VESTIBULE_CONNECTOR_ALLOW_CIDRS", "127.0.0.0/8")]);
    let (done, told) = place.check(&task).await;
    let failure = done.unwrap_err();
    assert_eq!((failure.reason, failure.turn), (FailureReason::Refused, Turn::Giver), "{failure} {}", told.log());
    assert!(failure.message.contains("Unauthorized") || failure.message.contains("401"), "{failure}");
    assert!(!failure.message.starts_with('\''), "{failure}");
}

async fn refuse_everybody(listener: tokio::net::TcpListener) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        // Services say back what they were sent.
        let body = format!("{{\"error\": \"no such token {CANARY}\"}}");
        let head = format!(
            "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    }
}

/// A connector made of a manifest, as an import of the manifest makes it.
fn manifest(programs: &std::path::Path, port: u16) -> Task {
    let document = json!({
        "version": "6.0.0", "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["items"]},
        "streams": [{
            "type": "DeclarativeStream", "name": "items", "primary_key": "id",
            "retriever": {
                "type": "SimpleRetriever",
                "requester": {
                    "type": "HttpRequester", "url_base": format!("http://127.0.0.1:{port}"), "path": "/items", "http_method": "GET",
                    "authenticator": {"type": "BearerAuthenticator", "api_token": "{{ config['token'] }}"},
                },
                "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": ["data"]}},
            },
            "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {"id": {"type": "integer"}}}},
        }],
        "spec": {"type": "Spec", "connection_specification": {
            "type": "object", "required": ["token"], "properties": {"token": {"type": "string", "airbyte_secret": true}},
        }},
    });
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("source-items.json");
    std::fs::write(&path, document.to_string()).unwrap();
    let found = read_path(&path).pop().unwrap().unwrap();
    let file = found.into_file(&ImportHints::default()).unwrap().file;
    let mut file = serde_json::to_value(&file).unwrap();
    assert_eq!(file["runtime"]["command"], json!(["source-declarative-manifest"]));
    file["runtime"]["command"] = json!([programs.join("source-declarative-manifest")]);
    Task::new(file, &json!({"token": CANARY})).within(120)
}
