//! Loading: rows a second through the product into typed tables, against `COPY … FROM` of the same rows in the same run, and what merges
//! leave behind in the table.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::time::Instant;

use futures_util::{SinkExt as _, StreamExt as _};
use secrecy::SecretString;
use tokio_postgres::{Client, NoTls};
use vestibule::base::http_client::{AddressPolicy, GuardedClient, Resolver};
use vestibule::base::rng::Rng;
use vestibule::engines::{
    ChosenStream, Column, Engines, LoadTable, LoadTarget, LoadWay, Loading, Record, Stream, SyncType, TlsMode,
};
use vestibule::platform::config::Config;

/// Rows, unless `VESTIBULE_BENCH_ROWS` says another number.
const ROWS: u64 = 1_000_000;
const BATCH: usize = 2_000;
/// What is wanted of `COPY … FROM`.
const DUE: f64 = 0.5;

const COLUMNS: [(&str, &str); 12] = [
    ("id", "bigint"),
    ("customer", "uuid"),
    ("email", "text"),
    ("total", "numeric(12,2)"),
    ("quantity", "integer"),
    ("ratio", "double precision"),
    ("paid", "boolean"),
    ("created_at", "timestamp with time zone"),
    ("day", "date"),
    ("note", "text"),
    ("status", "text"),
    ("attributes", "jsonb"),
];

pub fn run() {
    let Ok(server) = std::env::var("TEST_POSTGRES") else {
        println!("loading: left out, TEST_POSTGRES names no server");
        return;
    };
    let rows = std::env::var("VESTIBULE_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(ROWS);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure(url::Url::parse(&server).unwrap(), rows));
}

async fn measure(server: url::Url, rows: u64) {
    let admin = connect(server.as_str()).await;
    let name = format!("vestibule_bench_{}", std::process::id());
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let mut own = server.clone();
    own.set_path(&name);
    let client = connect(own.as_str()).await;
    client.batch_execute("CREATE SCHEMA raw").await.unwrap();
    let place = Place { engines: engines(), target: target(&own, &name), client, rows };
    place.compare().await;
    drop(place);
    admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn engines() -> Engines {
    let dir = std::env::temp_dir();
    let settings = BTreeMap::from([("VESTIBULE_DATA_DIR".to_owned(), dir.to_str().unwrap().to_owned())]);
    let config = Config::from_source(&settings).unwrap();
    let open = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    let client = GuardedClient::new(AddressPolicy::with_open(open), Resolver::System, None).unwrap();
    Engines::new(vestibule::platform::app::engine_settings(&config), client, Rng::System)
}

fn target(url: &url::Url, database: &str) -> LoadTarget {
    LoadTarget {
        host: url.host_str().unwrap().to_owned(),
        port: url.port().unwrap_or(5432),
        database: database.to_owned(),
        user: url.username().to_owned(),
        password: SecretString::from(url.password().unwrap_or_default()),
        schema: "raw".to_owned(),
        tls: TlsMode::Prefer,
        ca: String::new(),
        way: LoadWay::default(),
    }
}

struct Place {
    engines: Engines,
    target: LoadTarget,
    client: Client,
    rows: u64,
}

impl Place {
    async fn compare(&self) {
        let full = self.load("first", SyncType::FullTable, &|_| false).await;
        let copy = self.copy().await;
        self.tell("a full load", full, copy).await;
        for (name, sync_type, changes) in [
            ("the same once more, read whole", SyncType::FullTable, 0),
            ("a merge into the same", SyncType::Incremental, 0),
            ("a merge with a tenth changed", SyncType::Incremental, 10),
        ] {
            let took = self.load(name, sync_type, &|row| changes > 0 && row % changes == 0).await;
            let copy = self.copy().await;
            self.tell(name, took, copy).await;
        }
        self.equal().await;
    }

    /// Seconds of a load, from signing in to the end of the transaction. The records are made beforehand, a part at a time.
    async fn load(&self, run: &str, sync_type: SyncType, is_changed: &dyn Fn(u64) -> bool) -> f64 {
        let loading = Loading {
            source_id: "bench".to_owned(),
            source: "bench".to_owned(),
            run: run.to_owned(),
            began: "2026-01-01T00:00:00Z".to_owned(),
        };
        let table = LoadTable::new("orders", &chosen(sync_type), false);
        let mut took = 0.0;
        let began = Instant::now();
        let mut load = self.engines.load(&self.target, loading, vec![table]).await.unwrap();
        took += began.elapsed().as_secs_f64();
        let all: Vec<u64> = (0..self.rows).collect();
        for part in all.chunks(100 * BATCH) {
            let batches: Vec<Vec<Record>> = part
                .chunks(BATCH)
                .map(|rows| rows.iter().map(|row| Record { stream: 0, data: record(*row, is_changed(*row)) }).collect())
                .collect();
            let began = Instant::now();
            for batch in &batches {
                load.write(batch).await.unwrap();
            }
            took += began.elapsed().as_secs_f64();
        }
        let began = Instant::now();
        load.prepare(&[]).await.unwrap();
        load.commit().await.unwrap();
        took + began.elapsed().as_secs_f64()
    }

    /// Seconds of `COPY … FROM` of the rows that are in the table now, into one with the same columns and the same primary key.
    async fn copy(&self) -> f64 {
        let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        let columns: Vec<String> = COLUMNS.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
        let make = format!(
            "DROP TABLE IF EXISTS direct; CREATE TABLE direct ({}, PRIMARY KEY (id)); CHECKPOINT",
            columns.join(", ")
        );
        self.client.batch_execute(&make).await.unwrap();
        let out = self
            .client
            .copy_out(&format!("COPY (SELECT {names} FROM raw.orders ORDER BY id) TO STDOUT"))
            .await
            .unwrap();
        let chunks: Vec<_> = out.map(|chunk| chunk.unwrap()).collect().await;
        let mut pieces = vec![Vec::new()];
        for chunk in chunks {
            if pieces.last().unwrap().len() > 1 << 20 {
                pieces.push(Vec::new());
            }
            pieces.last_mut().unwrap().extend_from_slice(&chunk);
        }
        let began = Instant::now();
        let sink = self.client.copy_in(&format!("COPY direct ({names}) FROM STDIN")).await.unwrap();
        let mut sink = std::pin::pin!(sink);
        for piece in pieces {
            sink.send(Cursor::new(piece)).await.unwrap();
        }
        sink.finish().await.unwrap();
        began.elapsed().as_secs_f64()
    }

    async fn tell(&self, name: &str, took: f64, copy: f64) {
        let sql = "SELECT pg_table_size('raw.orders') >> 20, pg_table_size('direct') >> 20";
        let row = self.client.query_one(sql, &[]).await.unwrap();
        let (size, direct): (i64, i64) = (row.get(0), row.get(1));
        let sql = "SELECT coalesce(n_dead_tup, 0), coalesce(n_tup_upd, 0) FROM pg_stat_user_tables WHERE relid = 'raw.orders'::regclass";
        let row = self.client.query_one(sql, &[]).await.unwrap();
        let (dead, updated): (i64, i64) = (row.get(0), row.get(1));
        let (rate, ratio) = (self.rows as f64 / took, copy / took);
        let verdict = if ratio >= DUE { "" } else { ", too slow" };
        println!(
            "loading, {name}: {} rows in {took:.1} s, {rate:.0} rows/s, COPY {copy:.1} s, ratio {ratio:.2}{verdict}; \
             {dead} dead rows, {updated} updated so far, {size} MB (COPY {direct} MB)",
            self.rows
        );
    }

    /// Sees that what was measured is right.
    async fn equal(&self) {
        let sql = "SELECT count(*), count(*) FILTER (WHERE _vestibule_run = 'first'), count(*) FILTER (WHERE quantity >= 1000) FROM raw.orders";
        let row = self.client.query_one(sql, &[]).await.unwrap();
        let tenth = i64::try_from(self.rows.div_ceil(10)).unwrap();
        let all = i64::try_from(self.rows).unwrap();
        assert_eq!((row.get(0), row.get(1), row.get(2)), (all, all - tenth, tenth));
    }
}

fn chosen(sync_type: SyncType) -> ChosenStream {
    let column =
        |(name, kind): &(&str, &str)| Column { name: (*name).to_owned(), kind: (*kind).to_owned(), nullable: true };
    let columns = COLUMNS.iter().map(column).collect();
    let stream =
        Stream { name: "orders".to_owned(), namespace: Some("public".to_owned()), columns, ..Stream::default() };
    let primary_key = vec![vec!["id".to_owned()]];
    ChosenStream { stream, sync_type, cursor: None, primary_key, fields: None }
}

/// An order as the reader gives it.
fn record(n: u64, is_changed: bool) -> Vec<u8> {
    let (month, day) = (n % 12 + 1, n % 28 + 1);
    let note =
        if n.is_multiple_of(5) { "null".to_owned() } else { format!("\"note number {n} with some more words in it\"") };
    let quantity = n % 17 + if is_changed { 1_000 } else { 0 };
    let status = ["new", "paid", "sent", "returned"][n as usize % 4];
    format!(
        r#"{{"id":{n},"customer":"{n:08x}-0000-4000-8000-{:012x}","email":"user{n}@example.com","total":{}.{:02},"quantity":{quantity},"ratio":{},"paid":{},"created_at":"2026-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:06}+00:00","day":"2026-{month:02}-{day:02}","note":{note},"status":"{status}","attributes":{{"colour":"red","size":{},"tags":["a","b"]}}}}"#,
        n * 7,
        n % 9_973,
        n % 100,
        (n % 1_000) as f64 / 8.0,
        n.is_multiple_of(3),
        n % 24,
        n % 60,
        n / 60 % 60,
        n % 1_000_000,
        n % 40,
    )
    .into_bytes()
}
