//! The program itself: how fast it starts on an empty folder, and what it holds in memory when nobody asks anything.

use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::client::Client;

pub fn run() {
    let dir = tempfile::tempdir().unwrap();
    let first = start_once(dir.path());
    let again = start_once(dir.path());
    println!("start until it answers: {:.0} ms on an empty folder, {:.0} ms after that", first.0, again.0);
    println!("idle memory after ten seconds and one page: {:.1} MB resident", again.1);
}

/// Milliseconds until the first answer, megabytes when idle.
fn start_once(dir: &std::path::Path) -> (f64, f64) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .env("VESTIBULE_BIND", address.to_string())
        .env("VESTIBULE_DATA_DIR", dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while TcpStream::connect(address).is_err() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(Client::new(address).get("/healthz").0, 200);
    let millis = started.elapsed().as_secs_f64() * 1_000.0;
    assert_eq!(Client::new(address).get("/sign-in").0, 200);
    std::thread::sleep(Duration::from_secs(10));
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .map_or(0.0, |text| text.trim().trim_end_matches(" kB").parse().unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    (millis, kilobytes / 1_024.0)
}
