//! Durable submissions against raw single-row commits of SQLite (WAL, synchronous FULL) on the same disk.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use vestibule::base::crypto::{PlainToken, TokenHash};
use vestibule::platform::db::DatabaseUrl;
use vestibule::platform::web::csrf::FormToken;

use super::client::Client;
use super::quantile;
use super::site::Site;

const CLIENTS: usize = 32;
const LINKS: usize = 6_000;

pub fn run(site: &Site) {
    let raw_before = raw_commits(site);
    let links = Mutex::new(site.links("postgres", LINKS));
    let started = Instant::now();
    let mut times: Vec<f64> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| submit_until_empty(site, &links))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let rate = times.len() as f64 / started.elapsed().as_secs_f64();
    let raw = (raw_before + raw_commits(site)) / 2.0;
    times.sort_by(f64::total_cmp);
    let (p50, p99) = (quantile(&times, 0.5), quantile(&times, 0.99));
    println!(
        "submissions: {rate:.0}/s with {CLIENTS} clients; raw single-row commits: {raw:.0}/s; ratio {:.2}",
        rate / raw
    );
    println!("submission latency: p50 {p50:.1} ms, p99 {p99:.1} ms, p99/p50 {:.1}", p99 / p50);
}

fn submit_until_empty(site: &Site, links: &Mutex<Vec<PlainToken>>) -> Vec<f64> {
    let mut client = Client::new(site.address);
    let mut times = Vec::new();
    loop {
        let Some(token) = links.lock().unwrap().pop() else { return times };
        let bound: TokenHash = PlainToken::presented(&format!("link {}", token.expose())).hash();
        let form = FormToken::new(&site.app.form_marks, bound.as_bytes(), site.app.clock.now(), &site.app.rng);
        let pairs = [
            ("_csrf", form.text.as_str()),
            ("intent", "partial"),
            ("/host", "db.example.com"),
            ("/username", "reader"),
            ("/password", "a long password here"),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let started = Instant::now();
        let (status, _) = client.post(&format!("/scl/{}", token.expose()), &body);
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
        assert_eq!(status, 303);
    }
}

fn raw_commits(site: &Site) -> f64 {
    let file = site.dir.path().join("raw.db");
    let mut conn = DatabaseUrl::Sqlite(file.to_string_lossy().into_owned()).open().unwrap();
    conn.batch_execute("CREATE TABLE IF NOT EXISTS raw (id INTEGER PRIMARY KEY, text TEXT NOT NULL)").unwrap();
    let started = Instant::now();
    let mut done = 0;
    while started.elapsed() < Duration::from_secs(3) {
        conn.batch_execute("INSERT INTO raw (text) VALUES ('one row of a usual length, as an activity row has')")
            .unwrap();
        done += 1;
    }
    f64::from(done) / started.elapsed().as_secs_f64()
}
