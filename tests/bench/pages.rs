//! The recipient's page against a fixed answer of the same size from the same process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::client::Client;
use super::site::Site;

const CLIENTS: usize = 8;
const ROUNDS: usize = 3;
const SPAN: Duration = Duration::from_secs(3);

pub fn run(site: &Site) {
    for connector in ["postgres", "stripe"] {
        let token = site.links(connector, 1).remove(0);
        let path = format!("/scl/{}", token.expose());
        let (status, size) = Client::new(site.address).get(&path);
        assert_eq!(status, 200);
        let _ = site.fixed.set(vec![b'x'; size]);
        let fixed_size = Client::new(site.address).get("/bench/fixed").1;
        let mut pairs: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (rate(site, &path), rate(site, "/bench/fixed"))).collect();
        pairs.sort_by(|left, right| (left.0 / left.1).total_cmp(&(right.0 / right.1)));
        let (page, fixed) = pairs[ROUNDS / 2];
        println!(
            "recipient page {connector}: {size} bytes, {page:.0}/s; fixed answer of {fixed_size} bytes: {fixed:.0}/s; ratio {:.2} (median of {ROUNDS}, {CLIENTS} clients)",
            page / fixed
        );
    }
}

fn rate(site: &Site, path: &str) -> f64 {
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let total: usize = std::thread::scope(|scope| {
        let running: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = Client::new(site.address);
                    let mut done = 0;
                    while !stop.load(Ordering::Relaxed) {
                        assert_eq!(client.get(path).0, 200);
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        std::thread::sleep(SPAN);
        stop.store(true, Ordering::Relaxed);
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    total as f64 / started.elapsed().as_secs_f64()
}
