//! A program that speaks the Airbyte protocol as it should.

use serde_json::json;
use vestibule::engines::{CursorField, FailureReader, FailureReason, ReadEnd, SyncType};
use vestibule::schema::form::Values;

use crate::support::CANARY;
use crate::support::engine::{Place, Task, chosen};

#[tokio::test]
async fn it_is_checked_and_tells_its_streams() {
    let place = Place::new();
    let task = Task::script("good");
    assert_eq!(place.check(&task).await.0, Ok(()));
    let catalog = place.discover(&task).await.0.unwrap();
    let orders = catalog.find(None, "orders").unwrap();
    assert_eq!(orders.sync_types, [SyncType::FullTable, SyncType::Incremental]);
    assert_eq!(orders.cursor, CursorField::Fixed { field: Some(vec!["at".to_owned()]) });
    assert_eq!(orders.primary_key, [["id"]]);
    let kinds: Vec<(&str, &str, bool)> =
        orders.columns.iter().map(|column| (column.name.as_str(), column.kind.as_str(), column.nullable)).collect();
    assert_eq!(kinds, [("id", "integer", false), ("at", "string (date-time)", true)]);
    let users = catalog.find(Some("crm"), "users").unwrap();
    assert_eq!((users.sync_types.as_slice(), &users.cursor), ([SyncType::FullTable].as_slice(), &CursorField::None));
    assert_eq!(place.left_behind(), 0);
}

#[tokio::test]
async fn a_catalog_may_be_one_very_long_line() {
    let catalog = Place::new().discover(&Task::script("wide")).await.0.unwrap();
    let wide = catalog.find(None, "wide").unwrap();
    assert!(wide.columns.len() == 7_000 && wide.json_schema.to_string().len() > 500_000);
}

#[tokio::test]
async fn it_is_read_record_by_record_and_goes_on_where_it_stopped() {
    let place = Place::new();
    let task = Task::script("good");
    let catalog = place.discover(&task).await.0.unwrap();
    let mut wanted =
        vec![chosen(&catalog, "orders", SyncType::Incremental), chosen(&catalog, "users", SyncType::FullTable)];
    wanted[1].fields = Some(vec!["price".to_owned(), "id".to_owned()]);
    let (done, told) = place.read(&task, &wanted, None).await;
    assert_eq!(done, Ok(ReadEnd::default()), "{}", told.log());
    assert_eq!((told.of(0).len(), told.of(1).len()), (5, 5));
    let whole = r#"{"id": 1, "at": "2026-01-01T00:00:00Z", "price": 12345678901234567890.10, "note": "é \"x\""}"#;
    assert_eq!(told.of(0)[0], whole, "as it was written, the number too");
    assert_eq!(told.of(1)[0], r#"{"id":1,"price":12345678901234567890.10}"#);
    let (done, told) = place.read(&task, &wanted, told.states.last()).await;
    assert!(done.is_ok());
    assert!(told.of(0)[0].starts_with(r#"{"id": 6,"#) && told.of(1)[0].starts_with(r#"{"id":1,"#), "{:?}", told.of(0));
    let (done, _) = place.read(&task, &wanted, Some(&json!({"postgres": {}}))).await;
    assert_eq!(done.unwrap_err().reason, FailureReason::BadState);
}

#[tokio::test]
async fn a_stream_that_could_not_be_read_to_its_end_is_told() {
    let place = Place::new();
    let task = Task::script("good");
    let catalog = place.discover(&task).await.0.unwrap();
    let mut gone = chosen(&catalog, "users", SyncType::FullTable);
    (gone.stream.name, gone.stream.namespace) = ("gone".to_owned(), None);
    let (done, _) = place.read(&task, &[gone], None).await;
    assert_eq!(done, Ok(ReadEnd { incomplete: vec![0] }));
}

#[tokio::test]
async fn what_it_changes_of_its_configuration_comes_back_as_far_as_the_spec_goes() {
    let task = Task::script("changes");
    let (done, told) = Place::new().check(&task).await;
    assert!(done.is_ok() && told.updates.len() == 1, "{}", told.log());
    let mut values = Values::default();
    told.updates[0].merge_into(&task.connector.spec, &mut values);
    use secrecy::ExposeSecret as _;
    let secrets: Vec<(&str, &str)> =
        values.secrets.iter().map(|(path, secret)| (path.as_str(), secret.expose_secret())).collect();
    assert_eq!(secrets.len(), 1);
    assert!(secrets[0].0 == "/token" && secrets[0].1.starts_with(&format!("rotated-{CANARY}")));
    assert!(values.plain.is_empty(), "the count was of the wrong kind, the manifest is no setting: {values:?}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_the_operators_to_install() {
    let file = json!({
        "slug": "x", "name": "X", "kind": "source", "spec": {"type": "object", "properties": {}},
        "runtime": {"type": "airbyte", "command": ["source-nobody-installed"]},
    });
    let place = Place::new();
    let (done, _) = place.check(&Task::new(file, &json!({}))).await;
    let failure = done.unwrap_err();
    assert_eq!(failure.reason, FailureReason::NotInstalled);
    assert!(failure.message.contains("source-nobody-installed"), "{failure}");
}

#[tokio::test]
async fn a_private_host_is_refused_before_the_program_hears_of_it() {
    let mut file = serde_json::to_value(&Task::script("hang").connector.file).unwrap();
    file["spec"]["properties"]["host"] = json!({"type": "string"});
    file["spec"]["properties"]["endpoint"] = json!({"type": "string"});
    for (setting, host) in [
        ("host", "127.0.0.1"),
        ("host", "localhost"),
        ("host", "10.1.2.3"),
        ("endpoint", "https://169.254.169.254/latest"),
        ("host", "[::1]:80"),
        ("host", "192.168.0.1:5432"),
    ] {
        let task = Task::new(file.clone(), &json!({"token": CANARY, setting: host}));
        let failure = Place::new().check(&task).await.0.unwrap_err();
        assert_eq!(failure.reason, FailureReason::AddressRefused, "{host}");
        assert!(!failure.message.contains("VESTIBULE"), "{failure}");
        let admin = failure.words(FailureReader::Admin);
        assert!(admin.advice.contains("VESTIBULE_CONNECTOR_ALLOW_CIDRS"), "{admin:?}");
    }
}

/// Stands for a container engine: says what it was asked to run, as the connector inside would, and notes what it was asked to remove.
const ENGINE: &str = r#"#!/bin/sh
if [ "$1" = run ]; then
  for word in "$@"; do case "$word" in *:/run/vestibule) folder=${word%:/run/vestibule};; esac; done
  printf '{"type": "LOG", "log": {"level": "INFO", "message": "%s | %s | %s"}}\n' "$*" "$(stat -c %a "$folder/config.json")" "$(tr -d '"{}' < "$folder/config.json")"
  echo '{"type": "CONNECTION_STATUS", "connectionStatus": {"status": "SUCCEEDED"}}'
else
  echo "$@" > "$(dirname "$0")/removed"
fi
"#;

#[tokio::test]
async fn an_image_is_run_by_the_engine_of_the_settings_and_taken_away() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut file = serde_json::to_value(&Task::script("good").connector.file).unwrap();
    file["runtime"] = json!({"type": "airbyte", "image": "maker/source-shop:1.2"});
    let task = Task::new(file, &json!({"token": CANARY}));
    let failure = Place::new().check(&task).await.0.unwrap_err();
    assert!(failure.words(FailureReader::Admin).advice.contains("VESTIBULE_CONTAINER_ENGINE"), "{failure}");

    let dir = tempfile::tempdir().unwrap();
    let engine = dir.path().join("engine");
    std::fs::write(&engine, ENGINE).unwrap();
    std::fs::set_permissions(&engine, std::fs::Permissions::from_mode(0o700)).unwrap();
    let place = Place::with(&[("VESTIBULE_CONTAINER_ENGINE", engine.to_str().unwrap())]);
    let (done, told) = place.check(&task).await;
    assert_eq!(done, Ok(()), "{}", told.log());
    let log = told.log();
    for part in [
        "run --rm --init",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--memory=4g",
        "maker/source-shop:1.2 check --config /run/vestibule/config.json | 600 | token:[hidden]",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    let removed = std::fs::read_to_string(dir.path().join("removed")).unwrap();
    assert!(removed.starts_with("rm --force vestibule-"), "{removed}");
}
