//! A real connector from PyPI, from its import to records on disk, held against what it says when it is run by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Journey, records};
use crate::support::connectors::app_with;
use crate::support::programs::{by_hand, import, programs};

/// The connector in the hands of somebody who has read its manual.
struct Hand {
    program: PathBuf,
    dir: TempDir,
    streams: Vec<Value>,
}

/// What one reading by hand brought: the ids of each stream, and its last states.
type Reading = (BTreeMap<String, Vec<i64>>, Value);

impl Hand {
    fn new(program: &Path) -> Self {
        let mut this = Self { program: program.to_owned(), dir: tempfile::tempdir().unwrap(), streams: Vec::new() };
        // What the recipient chose, and what the form fills in by itself.
        let config =
            json!({"count": 40, "seed": 7, "records_per_slice": 1000, "always_updated": false, "parallelism": 2});
        this.file("config.json", &config);
        let found = this.messages("discover", &[]).into_iter().find(|message| message["type"] == "CATALOG").unwrap();
        this.streams = found["catalog"]["streams"].as_array().unwrap().clone();
        this
    }

    fn file(&self, name: &str, document: &Value) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, document.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn messages(&self, verb: &str, args: &[&str]) -> Vec<Value> {
        let config = self.dir.path().join("config.json");
        let said = by_hand(&self.program, &[&[verb, "--config", config.to_str().unwrap()], args].concat());
        said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Reads the streams with these names from where a state says.
    fn read(&self, names: &[&str], state: &Value) -> Reading {
        let wanted = self.streams.iter().filter(|stream| names.contains(&stream["name"].as_str().unwrap()));
        let catalog = self.file("catalog.json", &json!({ "streams": wanted.map(chosen).collect::<Vec<_>>() }));
        let state = self.file("state.json", state);
        let (mut ids, mut states) = (BTreeMap::new(), json!({}));
        for message in self.messages("read", &["--catalog", &catalog, "--state", &state]) {
            if message["type"] == "RECORD" {
                let record = &message["record"];
                let stream: &mut Vec<i64> = ids.entry(record["stream"].as_str().unwrap().to_owned()).or_default();
                stream.push(record["data"]["id"].as_i64().unwrap());
            } else if message["type"] == "STATE" {
                let name = message["state"]["stream"]["stream_descriptor"]["name"].as_str().unwrap();
                states[name] = message["state"].clone();
            }
        }
        ids.values_mut().for_each(|ids| ids.sort_unstable());
        (ids, states.as_object().unwrap().values().cloned().collect())
    }
}

fn chosen(stream: &Value) -> Value {
    json!({
        "stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append",
        "cursor_field": stream["default_cursor_field"], "primary_key": stream["source_defined_primary_key"],
    })
}

/// The ids on disk of every stream that has any.
fn on_disk(journey: &Journey, run: &Value) -> BTreeMap<String, Vec<i64>> {
    let mut all = BTreeMap::new();
    for stream in run["streams"].as_array().unwrap() {
        let name = stream["stream_name"].as_str().unwrap();
        let found = records(&journey.app, run, &format!("fake_{name}"));
        assert_eq!(stream["records"], json!(found.len()), "{run}");
        let mut ids: Vec<i64> = found.iter().map(|record| record["id"].as_i64().unwrap()).collect();
        ids.sort_unstable();
        if !ids.is_empty() {
            all.insert(name.to_owned(), ids);
        }
    }
    all
}

/// The recipient types numbers of their own and takes the tick away.
async fn filled_in(program: &Path) -> Journey {
    let app = app_with(|dir| import(dir, &["--exec", program.to_str().unwrap()]), |_| {});
    Journey::begin(app, "faker", "/count", |form| {
        let tick = form.value("/always_updated").unwrap().to_owned();
        let form = form.set("/count", "40").set("/seed", "7").set("/parallelism", "2");
        form.without("/always_updated", &tick)
    })
    .await
}

#[tokio::test]
#[ignore = "long: real connectors"]
async fn from_a_link_to_as_many_records_as_the_faker_makes_by_hand() {
    let Some(programs) = programs("airbyte-source-faker") else { return };
    let program = programs.join("source-faker");
    let journey = filled_in(&program).await;
    let (page, validation) = journey.validate().await;
    assert!(page.text().contains("The details work: 3 streams found."), "{}", page.text());
    let names: Vec<&str> =
        validation["streams"].as_array().unwrap().iter().map(|one| one["stream_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["products", "users", "purchases"]);
    journey.choose(|form| form.set("prefix", "fake_").without("on", "2")).await;
    journey.finalise().await;

    let hand = Hand::new(&program);
    let (page, first) = journey.extract().await;
    assert_eq!(first["status"], "success", "{}", page.text());
    let (due, states) = hand.read(&["products", "users"], &json!([]));
    assert_eq!((due["users"].len(), due.len()), (40, 2), "{due:?}");
    assert_eq!(on_disk(&journey, &first), due);
    let all: usize = due.values().map(Vec::len).sum();
    assert!(page.text().contains(&format!("{all} records of 2 streams")), "{}", page.text());

    // Without ticks this faker makes nobody twice: what was read does not come again, the stream that was added comes whole.
    journey.choose(|form| form.add("on", "2")).await;
    let (page, second) = journey.extract().await;
    assert_eq!(second["status"], "success", "{}", page.text());
    let (due, _) = hand.read(&["products", "users", "purchases"], &states);
    assert_eq!(due.keys().collect::<Vec<_>>(), ["purchases"], "{due:?}");
    assert_eq!(on_disk(&journey, &second), due);
    assert!(page.text().contains("continuing where the last one ended"), "{}", page.text());
}
