//! Three servers on one PostgreSQL, each with a folder of its own, under load; every ten seconds one of them is killed and another comes.
//! Work is done once, what a killed one left is ended within a minute, every server shows the same, and no row is lost or doubled.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::caller::Caller;
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::installation::{Installation, Running};
use crate::support::{PATIENCE, db, shop};

const SOURCES: usize = 9;
const SERVERS: usize = 3;
const KILLS: usize = 5;
const BETWEEN_KILLS: Duration = Duration::from_secs(10);
/// How long work of a killed server may look as if it went on.
const MINUTE: i64 = 60;
const SCOPES: [&str; 6] =
    ["sources:read", "sources:write", "validations:write", "runs:read", "runs:write", "output_layers:write"];

/// Machines that share the database and the keys, and nothing else.
struct Site {
    machines: Vec<Installation>,
    servers: Vec<Running>,
    caller: Caller,
}

/// A machine that serves the shop.
fn fitted(mut machine: Installation) -> Installation {
    let file = machine.write("connectors/shop.json", &shop::connector_file());
    machine.set("VESTIBULE_CONNECTORS_DIR", file.parent().unwrap().to_str().unwrap());
    #[allow(clippy::disallowed_methods, reason = "connectors are looked for where the tests find theirs")]
    let path = std::env::var("PATH").unwrap();
    machine.set("PATH", &path).set("VESTIBULE_LOG", "warn").set("VESTIBULE_CONNECTOR_ALLOW_CIDRS", "127.0.0.0/8");
    machine.set("VESTIBULE_RATE_LIMITS", "off");
    machine
}

impl Site {
    fn new() -> Self {
        let first = fitted(Installation::new());
        first.owner("Acme", "ana@acme.example").good();
        let key = std::fs::read_to_string(first.key_file()).unwrap().trim().to_owned();
        let url = first.database_url();
        let mut machines = vec![first];
        while machines.len() < SERVERS {
            let mut next = fitted(Installation::on_sqlite());
            next.set("VESTIBULE_DATABASE_URL", &url).set("VESTIBULE_MASTER_KEYS", &key);
            machines.push(next);
        }
        let servers: Vec<Running> = machines.iter().map(|machine| machine.start(&["serve"])).collect();
        let caller = Caller::new(&machines[0], &servers[0].base, &SCOPES);
        Self { machines, servers, caller }
    }

    fn at(&self, number: usize) -> Caller {
        self.caller.at(&self.servers[number % SERVERS].base)
    }

    /// A source whose records come slowly and go into the schema `raw`, a prefix of its own before its tables.
    async fn source(&self, number: usize) -> String {
        let caller = self.at(number);
        let config = json!({"token": "right", "count": 12, "mode": "paces"});
        let new = caller.post("/api/v1/sources/", &json!({"connector_slug": "shop", "config": config})).await;
        let slug = new["slug"].as_str().unwrap().to_owned();
        let started = caller.post(&format!("/api/v1/sources/{slug}/revalidate/"), &json!({})).await;
        let check = format!("/api/v1/connector-validations/{}/", started["id"].as_str().unwrap());
        let end = Instant::now() + PATIENCE;
        while self.at(number + 1).get(&check).await["status"] != "success" {
            assert!(Instant::now() < end, "{}", caller.get(&check).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let finish = json!({
            "draft": false, "output_layer": "warehouse", "trigger": {"type": "manual"},
            "add_streams": [
                {
                    "stream_name": "orders", "sync_type": "INCREMENTAL", "replication_key": "id",
                    "table_name": format!("s{number}_orders"),
                },
                {"stream_name": "people", "table_name": format!("s{number}_people")},
            ],
        });
        caller.patch(&format!("/api/v1/sources/{slug}/"), &finish).await;
        slug
    }

    /// Starts an extraction where none goes on; says which.
    async fn trigger(&self, number: usize, slug: &str) -> String {
        let started = self.at(number).post(&format!("/api/v1/sources/{slug}/trigger/"), &json!({})).await;
        started["id"].as_str().unwrap().to_owned()
    }

    async fn run(&self, number: usize, id: &str) -> Value {
        self.at(number).get(&format!("/api/v1/runs/{id}/")).await
    }

    /// One dies where it stands, and another comes in its place.
    fn kill(&mut self, number: usize) {
        let place = number % SERVERS;
        // What is forgotten is killed (SIGKILL).
        self.servers[place] = self.machines[place].start(&["serve"]);
    }
}

fn now() -> time::OffsetDateTime {
    vestibule::base::clock::Clock::System.now().as_offset()
}

fn is_over(run: &Value) -> bool {
    !run["ended_at"].is_null()
}

/// The ids of a table, in their order.
async fn ids(cluster: &Cluster, table: &str) -> Vec<i64> {
    let rows = cluster.admin.query(&format!("SELECT id FROM raw.{table} ORDER BY id"), &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

impl Site {
    /// Keeps every source busy, and kills one server after the other; gives the runs of each source, and when servers were killed.
    async fn load(&mut self, slugs: &[String]) -> (BTreeMap<String, Vec<String>>, Vec<time::OffsetDateTime>) {
        let (mut runs, mut killed_at, begun) = (BTreeMap::<String, Vec<String>>::new(), Vec::new(), Instant::now());
        let lasts = BETWEEN_KILLS * (u32::try_from(KILLS).unwrap() + 1);
        let mut turn = 0;
        while begun.elapsed() < lasts {
            for (number, slug) in slugs.iter().enumerate() {
                let own = runs.entry(slug.clone()).or_default();
                let goes_on = match own.last() {
                    Some(id) => !is_over(&self.run(number + turn, id).await),
                    None => false,
                };
                if !goes_on {
                    own.push(self.trigger(number + turn, slug).await);
                }
            }
            turn += 1;
            tokio::time::sleep(Duration::from_millis(300)).await;
            let due = BETWEEN_KILLS * (u32::try_from(killed_at.len()).unwrap() + 1);
            if killed_at.len() < KILLS && begun.elapsed() >= due {
                self.kill(killed_at.len());
                killed_at.push(now());
            }
        }
        (runs, killed_at)
    }

    /// Waits until a run is over, at whatever server; it is the same at all of them.
    async fn ended(&self, id: &str, end: Instant) -> Value {
        while !is_over(&self.run(0, id).await) {
            assert!(Instant::now() < end, "{}", self.run(0, id).await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = format!("/api/v1/runs/{id}/logs/");
        let seen = [self.run(0, id).await, self.run(1, id).await, self.run(2, id).await];
        let logs = [self.at(0).text(&log).await, self.at(1).text(&log).await, self.at(2).text(&log).await];
        assert!(seen[0] == seen[1] && seen[1] == seen[2], "{seen:?}");
        assert!(logs[0] == logs[1] && logs[1] == logs[2], "{logs:?}");
        // One worker had it, once.
        assert!(logs[0].matches("Reading 2 streams").count() <= 1, "{}", logs[0]);
        seen[0].clone()
    }
}

/// What was cut off was cut off by a kill, and was over within a minute of it.
fn ended_in_time(lost: &Value, killed_at: &[time::OffsetDateTime]) {
    assert_eq!(lost["error"]["code"], "interrupted", "{lost}");
    let rfc3339 = time::format_description::well_known::Rfc3339;
    let ended = time::OffsetDateTime::parse(lost["ended_at"].as_str().unwrap(), &rfc3339).unwrap();
    let took = killed_at.iter().map(|killed| (ended - *killed).whole_seconds()).filter(|took| *took >= 0).min();
    assert!(took.is_some_and(|took| took <= MINUTE), "{killed_at:?} {lost}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes two minutes"]
async fn three_servers_of_which_one_is_killed_every_ten_seconds_lose_nothing() {
    if db::postgres_url().is_none() {
        // SQLite serves one process.
        return;
    }
    let Some(cluster) = Cluster::new("").await else { return };
    cluster.sql("CREATE SCHEMA raw AUTHORIZATION $role").await;
    let mut site = Site::new();
    let layer = json!({"name": "Warehouse", "kind": "postgres", "postgres": {
        "host": cluster.host, "port": cluster.port, "database": cluster.name, "user": cluster.name, "password": PASSWORD,
        "schema": "raw", "tls_mode": "prefer",
    }});
    site.caller.post("/api/v1/output-layers/", &layer).await;
    let mut slugs = Vec::new();
    for number in 0..SOURCES {
        slugs.push(site.source(number).await);
    }
    let (runs, killed_at) = site.load(&slugs).await;
    let end = Instant::now() + Duration::from_secs(u64::try_from(MINUTE).unwrap()) + PATIENCE;
    let mut good: BTreeMap<&String, usize> = BTreeMap::new();
    let mut lost = 0;
    for (slug, ids) in &runs {
        for id in ids {
            let run = site.ended(id, end).await;
            if run["status"] == "success" {
                *good.entry(slug).or_default() += 1;
            } else {
                ended_in_time(&run, &killed_at);
                lost += 1;
            }
        }
    }
    let succeeded: usize = good.values().sum();
    assert!(succeeded >= SOURCES && lost > 0, "the load was none: {succeeded} good, {lost} lost");
    // Each source continues where its last good extraction ended, and nothing is missing or there twice.
    for (number, slug) in slugs.iter().enumerate() {
        let last = site.trigger(number, slug).await;
        assert_eq!(site.ended(&last, Instant::now() + 2 * PATIENCE).await["status"], "success");
        let rows = 12 * (good.get(slug).copied().unwrap_or_default() + 1);
        let expected: Vec<i64> = (1..=i64::try_from(rows).unwrap()).collect();
        assert_eq!(ids(&cluster, &format!("s{number}_orders")).await, expected, "{slug}");
        assert_eq!(ids(&cluster, &format!("s{number}_people")).await, (1..=12).collect::<Vec<i64>>(), "{slug}");
    }
    println!("{succeeded} extractions succeeded, {lost} were cut off by {KILLS} kills and over within {MINUTE} s");
    drop(site);
    cluster.end().await;
}
