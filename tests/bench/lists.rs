//! The first page of the two long lists with very many rows, against the same page with a hundred.

use std::time::Instant;

use vestibule::base::crypto::password::{self, Cost};
use vestibule::features::accounts::{self, NewOwner};

use super::client::Client;
use super::many;
use super::site::Site;

const FEW: usize = 100;
const CONNECTIONS: usize = 100_000;
const LINKS: usize = 10_000;
const ROUNDS: usize = 60;
const PASSWORD: &str = "four unrelated words here";

pub fn run() {
    let (few, many) = (filled(FEW, FEW), filled(CONNECTIONS, LINKS));
    for (name, path) in [
        ("connections", "/connections"),
        ("connections, finalised", "/connections?state=finalised"),
        ("connections, found by a word", "/connections?find=77"),
        ("invite links", "/invite-links"),
        ("invite links by name", "/invite-links?sort=name"),
        ("invite links, found by a word", "/invite-links?find=77"),
    ] {
        let (small, large) = (median(&few, path), median(&many, path));
        println!(
            "first page, {name}: {FEW} rows {small:.2} ms, {CONNECTIONS} connections and {LINKS} links {large:.2} ms; ratio {:.2}",
            large / small
        );
    }
}

struct Filled {
    site: Site,
    cookie: String,
}

fn filled(connections: usize, links: usize) -> Filled {
    let site = Site::start();
    let rng = site.app.rng.clone();
    let owner = NewOwner {
        workspace_name: "Acme Analytics".to_owned(),
        name: "Ana Lima".to_owned(),
        email: "ana@acme.example".to_owned(),
        password_hash: password::hash(&PASSWORD.into(), Cost::Cheap, &rng).unwrap(),
    };
    let made = site.app.write_blocking(move |tx| accounts::create_workspace_with_owner(tx, &owner)).unwrap();
    site.app
        .db
        .write_blocking(move |conn| {
            many::connections(conn, made.id.as_str(), connections);
            many::links(conn, made.id.as_str(), links);
            many::settle(conn);
            Ok(())
        })
        .unwrap();
    let cookie = Client::new(site.address).sign_in("ana@acme.example", PASSWORD);
    Filled { site, cookie }
}

/// Milliseconds of the median of many times the same page.
fn median(filled: &Filled, path: &str) -> f64 {
    let mut client = Client::new(filled.site.address).with_cookie(&filled.cookie);
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            assert_eq!(client.get(path).0, 200, "{path}");
            started.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    super::quantile(&times, 0.5)
}
