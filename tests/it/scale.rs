//! Every page and every list with very many rows against the same with few. Nothing here passes or fails by itself; it is run by hand:
//! `cargo test --test it -- --ignored --nocapture every_page_with_many_rows`.

use std::time::Instant;

use diesel::connection::SimpleConnection as _;
use vestibule::platform::db::DatabaseUrl;

use crate::api::{Program, workspace_id};
use crate::support::many::{self, Happened};
use crate::support::{TestApp, Visitor};

const ROUNDS: usize = 15;
const PAGES: [&str; 10] = [
    "/connections",
    "/connections?state=finalised",
    "/connections?find=77",
    "/connections/postgres-b0",
    "/connections/postgres-b4242",
    "/connections/postgres-b0/deletion",
    "/invite-links",
    "/invite-links?sort=name",
    "/settings/data",
    "/settings/webhooks",
];
const LISTS: [&str; 9] = [
    "/api/v1/sources/",
    "/api/v1/sources/?state=finalised",
    "/api/v1/sources/?search=77",
    "/api/v1/sources/postgres-b4242/",
    "/api/v1/sources/postgres-b4242/setup-tokens/",
    "/api/v1/sources/postgres-b4242/deliveries/",
    "/api/v1/runs/",
    "/api/v1/runs/?source=postgres-b4242",
    "/api/v1/invite-links/",
];

struct Filled {
    app: TestApp,
    owner: Visitor,
    program: Program,
}

async fn filled(connections: usize, links: usize, activity: usize) -> Filled {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let workspace = workspace_id(&app, "Acme Analytics").await;
    let place = app.place.clone();
    // Beside, so that clients notice which connections the server closes meanwhile.
    let filling = tokio::task::spawn_blocking(move || {
        let mut conn = place.open().unwrap();
        conn.batch_execute("BEGIN").unwrap();
        many::connections(&mut conn, workspace.as_str(), connections);
        many::links(&mut conn, workspace.as_str(), links);
        many::happenings(&mut conn, workspace.as_str(), &Happened { connections, activity, each: connections });
        conn.batch_execute("COMMIT").unwrap();
    });
    filling.await.unwrap();
    Filled { app, owner, program }
}

impl Filled {
    /// Milliseconds of the first time and of the quickest of many: on a machine that has other things to do, too, a median says more of these.
    async fn time(&self, path: &str) -> (f64, f64) {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let started = Instant::now();
            let status = match path.starts_with("/api/") {
                true => self.program.get(path).await.status,
                false => self.owner.get(path).await.status,
            };
            times.push(started.elapsed().as_secs_f64() * 1_000.0);
            assert_eq!(status, 200, "{path}");
            if times.iter().sum::<f64>() > 20_000.0 {
                break;
            }
        }
        let first = times[0];
        times.sort_by(f64::total_cmp);
        (first, times[0])
    }

    async fn table(&self, title: &str, small: &Self) {
        println!("{title}\n{:<48} {:>10} {:>10} {:>10} {:>7}", "", "few", "many first", "many", "ratio");
        for path in PAGES.iter().chain(&LISTS) {
            let small_path = path.replace("b4242", "b42");
            let ((_, few), (first, many)) = (small.time(&small_path).await, self.time(path).await);
            println!("{path:<48} {few:>10.1} {first:>10.1} {many:>10.1} {:>7.2}", many / few);
        }
    }
}

/// Runs SQL beside, so that clients notice which connections the server closes meanwhile.
async fn sql(filled: &Filled, statements: &'static str) {
    let place = filled.app.place.clone();
    let run = tokio::task::spawn_blocking(move || place.open().unwrap().batch_execute(statements).unwrap());
    run.await.unwrap();
}

#[tokio::test]
#[ignore = "figures, taken by hand"]
async fn every_page_with_many_rows() {
    let small = filled(100, 100, 1_000).await;
    let large = filled(100_000, 10_000, 1_000_000).await;
    let name = if matches!(large.app.place, DatabaseUrl::Sqlite(_)) { "SQLite" } else { "PostgreSQL" };
    large.table(&format!("{name}, no statistics"), &small).await;
    sql(&large, "ANALYZE").await;
    large.table(&format!("{name}, after ANALYZE"), &small).await;
}
