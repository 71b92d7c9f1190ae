//! Reading: records a second through the product, against the same connector's standard output put into a file.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vestibule::base::http_client::{AddressPolicy, GuardedClient, Resolver};
use vestibule::base::rng::Rng;
use vestibule::connectors::{Connector, ConnectorFile};
use vestibule::engines::{Cancel, ChosenStream, ConnectorEvent, EngineRequest, Engines, EventSender, Stream, SyncType};
use vestibule::platform::config::Config;
use vestibule::schema::form::{Values, complete, import_config};

const COUNT: u64 = 100_000;

pub fn run() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("connector.py");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/connector.py");
    std::fs::copy(source, &script).unwrap();
    let command = vec!["python3".to_owned(), script.to_str().unwrap().to_owned(), "good".to_owned()];
    compare("a scripted connector", &command, "orders", &json!({"token": "x", "count": COUNT}), dir.path());
    if let Ok(programs) = std::env::var("TEST_CONNECTORS") {
        let faker = vec![format!("{programs}/source-faker")];
        let config =
            json!({"count": 20_000, "parallelism": 1, "seed": 1, "always_updated": true, "records_per_slice": 1000});
        compare("airbyte-source-faker", &faker, "users", &config, dir.path());
    }
}

fn compare(name: &str, command: &[String], stream: &str, config: &Value, dir: &Path) {
    let mut rates: Vec<(f64, f64)> =
        (0..3).map(|_| (piped(command, stream, config, dir), read(command, stream, config, dir))).collect();
    rates.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
    let (plain, ours) = rates[1];
    println!(
        "reading {name}: {ours:.0} records/s, into a file {plain:.0} records/s, ratio {:.2} (median of 3)",
        ours / plain
    );
}

fn wanted(stream: &str) -> ChosenStream {
    let stream = Stream { name: stream.to_owned(), sync_types: vec![SyncType::FullTable], ..Stream::default() };
    ChosenStream { stream, sync_type: SyncType::FullTable, cursor: None, primary_key: Vec::new(), fields: None }
}

/// Records a second of the connector alone.
fn piped(command: &[String], stream: &str, config: &Value, dir: &Path) -> f64 {
    let catalog = json!({"streams": [{
        "stream": {"name": stream, "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh", "incremental"]},
        "sync_mode": "full_refresh", "destination_sync_mode": "append", "cursor_field": [], "primary_key": [],
    }]});
    for (file, document) in [("config.json", config), ("catalog.json", &catalog)] {
        std::fs::write(dir.join(file), document.to_string()).unwrap();
    }
    let out = std::fs::File::create(dir.join("out.jsonl")).unwrap();
    let began = Instant::now();
    let done = Command::new(&command[0])
        .args(&command[1..])
        .args(["read", "--config", "config.json", "--catalog", "catalog.json"])
        .current_dir(dir)
        .stdout(out)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let elapsed = began.elapsed().as_secs_f64();
    assert!(done.success());
    let text = std::fs::read_to_string(dir.join("out.jsonl")).unwrap();
    let records = text.lines().filter(|line| line.contains("\"RECORD\"")).count();
    records as f64 / elapsed
}

/// Records a second through the product, to the end of the run.
fn read(command: &[String], stream: &str, config: &Value, dir: &Path) -> f64 {
    let file = json!({
        "slug": "bench", "name": "Bench", "kind": "source", "runtime": {"type": "airbyte", "command": command},
        "spec": {"type": "object", "properties": config.as_object().unwrap().iter().map(|(name, value)| {
            let kind = if value.is_string() { "string" } else if value.is_boolean() { "boolean" } else { "integer" };
            (name.clone(), json!({"type": kind}))
        }).collect::<serde_json::Map<_, _>>()},
    });
    let file: ConnectorFile = serde_json::from_value(file).unwrap();
    let connector = Connector::new(file, true).unwrap();
    let mut values = Values::default();
    import_config(&connector.spec, config).unwrap().merge_into(&connector.spec, &mut values);
    let config = complete(&connector.spec, &values).config.unwrap();
    let settings = [
        ("VESTIBULE_DATA_DIR".to_owned(), dir.to_str().unwrap().to_owned()),
        ("PATH".to_owned(), std::env::var("PATH").unwrap()),
    ];
    let settings = Config::from_source(&std::collections::BTreeMap::from(settings)).unwrap();
    let client = GuardedClient::new(AddressPolicy::default(), Resolver::System, None).unwrap();
    let engines = Engines::new(vestibule::platform::app::engine_settings(&settings), client, Rng::System)
        .launched_by(env!("CARGO_BIN_EXE_vestibule").into());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (events, mut receiver) = EventSender::channel();
        let job = EngineRequest {
            connector: &connector,
            config: &config,
            connection: "",
            host_key: None,
            events,
            cancel: Cancel::never(),
            time_limit: Duration::from_secs(600),
        };
        let wanted = [wanted(stream)];
        let mut records = 0;
        let began = Instant::now();
        let mut work = std::pin::pin!(engines.read(&job, &wanted, None));
        loop {
            tokio::select! {
                Some(event) = receiver.recv() => if let ConnectorEvent::Records(batch) = event { records += batch.len() },
                done = &mut work => { done.unwrap(); break; }
            }
        }
        while let Ok(event) = receiver.try_recv() {
            if let ConnectorEvent::Records(batch) = event {
                records += batch.len()
            }
        }
        records as f64 / began.elapsed().as_secs_f64()
    })
}
