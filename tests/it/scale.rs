//! Every page and every list with very many rows against the same with few. Run by hand:
//! `cargo test --test it -- --ignored --nocapture every_page_with_many_rows`.
//!
//! The times are printed and judged by whoever reads them. What is held here: no statement is answered by walking through a table, by a
//! database that knows nothing of its rows. Both answers show as much (the sizes are printed, too): a page of fifty, not three rows here
//! and fifty there.

use std::collections::BTreeSet;
use std::time::Instant;

use diesel::connection::SimpleConnection as _;
use vestibule::platform::db::DatabaseUrl;

use crate::api::{Program, workspace_id};
use crate::routes::plans::judge;
use crate::support::many::{self, Happened};
use crate::support::statements::{self, Watched};
use crate::support::{TestApp, Visitor};

const ROUNDS: usize = 15;
/// Where there are few: a number that is found often, in the place of one that is found often where there are many.
const SMALLER: [(&str, &str); 3] = [("b4242", "b42"), ("=77", "=7"), ("l0004242", "l0000042")];
const PAGES: [&str; 19] = [
    "/connections",
    "/connections?state=finalised",
    "/connections?state=missing",
    "/connections?kind=destination",
    "/connections?find=77",
    "/connections?find=shop",
    "/connections?find=shop+postgres",
    "/connections?link=l0004242",
    "/connections/postgres-b0",
    "/connections/postgres-b4242",
    "/connections/postgres-b0/deletion",
    "/invite-links",
    "/invite-links?sort=name",
    "/invite-links?find=77",
    "/invite-links/inbox",
    "/invite-links/l0004242",
    "/settings/data",
    "/settings/webhooks",
    "/settings/failures",
];
const LISTS: [&str; 16] = [
    "/api/v1/sources/",
    "/api/v1/sources/?state=incomplete",
    "/api/v1/sources/?connector=postgres",
    "/api/v1/destinations/?state=finalised",
    "/api/v1/sources/?search=77",
    "/api/v1/sources/?search=shop",
    "/api/v1/sources/postgres-b4242/",
    "/api/v1/sources/postgres-b4242/setup-tokens/",
    "/api/v1/sources/postgres-b4242/deliveries/",
    "/api/v1/runs/",
    "/api/v1/runs/?source=postgres-b4242",
    "/api/v1/invite-links/",
    "/api/v1/invite-links/?state=active",
    "/api/v1/invite-links/?search=77",
    "/api/v1/invite-links/l0004242/connections/",
    "/metrics",
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
    async fn get(&self, path: &str) -> usize {
        let (status, body) = if path.starts_with("/api/") {
            let answer = self.program.get(path).await;
            (answer.status, answer.body)
        } else {
            let page = self.owner.get(path).await;
            (page.status, page.body)
        };
        assert_eq!(status, 200, "{path}");
        body.len()
    }

    /// The size of the answer, and milliseconds of the first time and of the quickest of many: on a machine that has other things to do,
    /// too, a median says more of these.
    async fn time(&self, path: &str) -> (usize, f64, f64) {
        let (mut size, mut times) = (0, Vec::new());
        for _ in 0..ROUNDS {
            let started = Instant::now();
            size = self.get(path).await;
            times.push(started.elapsed().as_secs_f64() * 1_000.0);
            if times.iter().sum::<f64>() > 20_000.0 {
                break;
            }
        }
        let first = times[0];
        times.sort_by(f64::total_cmp);
        (size, first, times[0])
    }

    async fn table(&self, title: &str, small: &Self) {
        println!(
            "{title}\n{:<46} {:>7} {:>7} {:>8} {:>8} {:>8} {:>6}",
            "", "bytes", "", "few", "first", "many", "ratio"
        );
        for path in PAGES.iter().chain(&LISTS) {
            let smaller = SMALLER.iter().fold((*path).to_owned(), |path, (many, few)| path.replace(many, few));
            let ((few_size, _, few), (size, first, many)) = (small.time(&smaller).await, self.time(path).await);
            println!("{path:<46} {few_size:>7} {size:>7} {few:>8.1} {first:>8.1} {many:>8.1} {:>6.2}", many / few);
        }
    }

    /// What is wrong with how the answers are found.
    async fn faults(&self, watched: &Watched) -> Vec<String> {
        let (mut judged, mut wrong) = (BTreeSet::new(), Vec::new());
        for path in PAGES.iter().chain(&LISTS) {
            watched.take();
            self.get(path).await;
            judge(watched, path, &mut judged, &mut wrong);
        }
        wrong
    }
}

/// Runs SQL beside, so that clients notice which connections the server closes meanwhile.
async fn sql(filled: &Filled, statements: &'static str) {
    let place = filled.app.place.clone();
    let run = tokio::task::spawn_blocking(move || place.open().unwrap().batch_execute(statements).unwrap());
    run.await.unwrap();
}

/// What is so and does no harm: tables of one row, which SQLite walks through once it knows that, and open links, which it finds by their
/// ends and puts in order by itself.
const EXPECTED: [(&str, &str); 4] = [
    ("/connections", "SCAN members"),
    ("/connections", "SCAN sessions"),
    ("/connections", "SCAN identities"),
    ("/api/v1/invite-links/?state=active", "TEMP B-TREE FOR ORDER BY"),
];

#[tokio::test]
#[ignore = "figures, taken by hand"]
async fn every_page_with_many_rows() {
    statements::listen();
    let small = filled(1_000, 1_000, 10_000).await;
    let large = filled(100_000, 10_000, 1_000_000).await;
    let name = if matches!(large.app.place, DatabaseUrl::Sqlite(_)) { "SQLite" } else { "PostgreSQL" };
    large.table(&format!("{name}, no statistics"), &small).await;
    let watched = Watched::new(&large.app.place);
    let mut wrong = large.faults(&watched).await;
    drop(watched);
    sql(&large, "ANALYZE").await;
    large.table(&format!("{name}, after ANALYZE"), &small).await;
    let watched = Watched::new(&large.app.place);
    wrong.extend(large.faults(&watched).await);
    wrong.retain(|fault| !EXPECTED.iter().any(|(path, what)| fault.starts_with(path) && fault.contains(what)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
