//! The database has no room, is away, or has stopped without a word: everybody is told soon to come back, nothing is half done, and when it is
//! there again, so is everything else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use vestibule::platform::db::DatabaseUrl;

use crate::api::Program;
use crate::support::TestApp;

/// Lets the file grow no more, or again; SQLite then answers as on a full disk.
async fn set_room(app: &TestApp, pages: u32) {
    let set = format!("PRAGMA max_page_count = {pages}");
    app.app.db.write(move |conn| Ok(conn.batch_execute(&set)?)).await.unwrap();
}

#[tokio::test]
async fn without_room_nothing_is_half_written_and_everybody_is_told_to_come_back() {
    let app = TestApp::start();
    if !matches!(app.place, DatabaseUrl::Sqlite(_)) {
        return;
    }
    let program = Program::start(&app).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let slug = program.draft("sources", "postgres").await;
    let path = format!("/api/v1/sources/{slug}/");
    let before = program.get(&path).await.expect(200).json;
    let count = || async {
        program.get("/api/v1/sources/?limit=100").await.expect(200).json["results"].as_array().unwrap().len()
    };
    set_room(&app, 1).await;
    // Pages that are begun have some room left.
    let new = json!({"connector_slug": "postgres", "description": "x".repeat(80)});
    let mut made = count().await;
    let refused = loop {
        let answer = program.post("/api/v1/sources/", new.clone()).await;
        if answer.status != 201 {
            break answer.expect(503);
        }
        made += 1;
    };
    assert_eq!((refused.code(), refused.header("retry-after")), ("unavailable", Some("5")), "{}", refused.body);
    assert_eq!(program.get(&path).await.expect(200).json, before, "what only reads goes on");
    assert_eq!(count().await, made, "what was refused is not there");
    set_room(&app, u32::MAX >> 2).await;
    program.post("/api/v1/sources/", new).await.expect(201);
    assert_eq!(owner.get("/readyz").await.status, 200);
}

/// A way to the database that can be stopped, as when its machine is gone, and cut, as when its server is.
struct Way {
    port: u16,
    state: watch::Sender<WayState>,
}

#[derive(Clone, Copy, PartialEq)]
enum WayState {
    Open,
    /// What is said arrives nowhere.
    Stopped,
    /// Nobody is there.
    Cut,
}

impl Way {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap().port();
        let (state, seen) = watch::channel(WayState::Open);
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(pass(caller, port, seen.clone()));
            }
        });
        Self { port: here, state }
    }

    fn set(&self, state: WayState) {
        self.state.send(state).unwrap();
    }
}

async fn pass(caller: TcpStream, port: u16, mut state: watch::Receiver<WayState>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let ((mut from, mut back), (mut answers, mut asked)) = (caller.into_split(), server.into_split());
    let (one, other) = (state.clone(), state.clone());
    let there = tokio::spawn(async move { carry(&mut from, &mut asked, one).await });
    let back = tokio::spawn(async move { carry(&mut answers, &mut back, other).await });
    let _ = state.wait_for(|state| *state == WayState::Cut).await;
    there.abort();
    back.abort();
}

async fn carry(
    from: &mut tokio::net::tcp::OwnedReadHalf,
    to: &mut tokio::net::tcp::OwnedWriteHalf,
    mut state: watch::Receiver<WayState>,
) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut chunk).await?;
        if count == 0 {
            return Ok(());
        }
        let _ = state.wait_for(|state| *state == WayState::Open).await;
        to.write_all(&chunk[..count]).await?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stops_or_goes_keeps_nobody_waiting() {
    let Some(server) = crate::support::db::postgres_url() else { return };
    let server = url::Url::parse(&server).unwrap();
    let way = Arc::new(Way::to(server.port().unwrap_or(5432)).await);
    let port = way.port;
    let app = TestApp::start_with(|config| {
        let DatabaseUrl::Postgres(url) = &config.storage.database else { return };
        let mut url = url::Url::parse(url).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(port)).unwrap();
        config.storage.database = DatabaseUrl::Postgres(url.to_string());
    });
    let program = Program::start(&app).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    assert_eq!(owner.get("/readyz").await.status, 200);
    for state in [WayState::Stopped, WayState::Cut] {
        way.set(state);
        let begun = Instant::now();
        let (page, answer) = tokio::join!(owner.get("/connections"), program.get("/api/v1/sources/"));
        // Five seconds, on a machine that has something else to do as well.
        assert!(begun.elapsed() < 4 * Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!((page.status, page.header("retry-after")), (503, Some("5")), "{}", page.text());
        assert!(page.text().contains("Not available right now"), "{}", page.text());
        let answer = answer.expect(503);
        assert_eq!((answer.code(), answer.header("retry-after")), ("unavailable", Some("5")), "{}", answer.body);
        let begun = Instant::now();
        assert_eq!(owner.get("/readyz").await.status, 503);
        assert!(begun.elapsed() < 4 * Duration::from_secs(1), "{:?}", begun.elapsed());
        assert_eq!(owner.get("/healthz").await.status, 200);
        way.set(WayState::Open);
        // What was closed is opened anew, by whoever asks first.
        while owner.get("/readyz").await.status != 200 {}
        assert_eq!(owner.get("/connections").await.status, 200);
        program.get("/api/v1/sources/").await.expect(200);
    }
}
