//! More is asked than the database can answer, and callers who ask nothing.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc::UnboundedReceiver;
use vestibule::base::error::AppError;
use vestibule::platform::config::ServerLimits;

use crate::api::Program;
use crate::support::TestApp;

/// More readers than there are connections.
const MANY: usize = 64;

#[tokio::test]
async fn whoever_finds_no_connection_in_time_is_told_to_come_back() {
    let app = TestApp::start_with(|config| config.storage.patience = Duration::from_millis(250));
    let program = Program::start(&app).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let (held, mut holding) = tokio::sync::mpsc::unbounded_channel();
    let (mut gates, mut readers): (Vec<Sender<()>>, Vec<_>) = Default::default();
    let mut read = |count: usize| {
        for _ in 0..count {
            let (gate, wait): (Sender<()>, Receiver<()>) = channel();
            gates.push(gate);
            let (db, began, told) = (app.app.db.clone(), held.clone(), held.clone());
            readers.push(tokio::spawn(async move {
                let hold = move |_: &mut _| {
                    began.send(Ok(())).unwrap();
                    let _ = wait.recv();
                    Ok(())
                };
                if let Err(error) = db.read(hold).await {
                    told.send(Err(error)).unwrap();
                }
            }));
        }
    };
    read(MANY);
    let refused = all_told(&mut holding, MANY).await;
    assert!((1..MANY).contains(&refused), "some hold a connection, the others find none: {refused}");
    // Connections are opened one after the other; somebody takes each that is opened late.
    while app.app.db.pool_use().in_use < app.app.db.pool_use().most {
        read(1);
        all_told(&mut holding, 1).await;
    }

    let page = owner.get("/connections").await;
    assert_eq!((page.status, page.header("retry-after")), (503, Some("5")), "{}", page.text());
    assert!(page.text().contains("Too much to do right now"), "{}", page.text());
    let answer = program.get("/api/v1/sources/").await.expect(503);
    assert_eq!((answer.code(), answer.header("retry-after")), ("busy", Some("5")), "{}", answer.body);

    drop(gates);
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(owner.get("/connections").await.status, 200);
    program.get("/api/v1/sources/").await.expect(200);
}

#[tokio::test]
async fn who_never_comes_to_the_end_of_a_request_is_let_go() {
    let defaults = ServerLimits::default();
    assert_eq!((defaults.head, defaults.idle), (Duration::from_secs(10), Duration::from_secs(30)));
    let app = TestApp::start_with(|config| config.server.limits.head = Duration::from_millis(50));
    let address = app.base.trim_start_matches("http://");
    let mut call = tokio::net::TcpStream::connect(address).await.unwrap();
    call.write_all(b"GET /healthz HTTP/1.1\r\nHost: ").await.unwrap();
    let mut answer = String::new();
    call.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// Waits until everybody holds a connection or was refused; how many were refused.
async fn all_told(holding: &mut UnboundedReceiver<Result<(), AppError>>, count: usize) -> usize {
    let mut refused = 0;
    for _ in 0..count {
        if let Err(error) = holding.recv().await.unwrap() {
            assert!(matches!(error, AppError::Busy(_)), "{error}");
            refused += 1;
        }
    }
    refused
}
