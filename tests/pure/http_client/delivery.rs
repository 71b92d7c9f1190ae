//! What happens at the moment of sending: the address is judged again, and only what was judged is connected to.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vestibule::base::http_client::{AddressPolicy, GuardedClient, HttpFailure, HttpsUrl, Resolver};

use crate::support::receiver::{Receiver, Reply, authority_file};

fn client(dir: &std::path::Path, open: &[&str], resolver: Resolver) -> GuardedClient {
    let policy = AddressPolicy::with_open(open.iter().map(|range| range.parse().unwrap()).collect());
    GuardedClient::new(policy, resolver, Some(&authority_file(dir))).unwrap()
}

fn answers(table: impl Fn(usize) -> Vec<IpAddr> + Send + Sync + 'static) -> Resolver {
    let count = AtomicUsize::new(0);
    Resolver::Fixed(Arc::new(move |_| table(count.fetch_add(1, Ordering::SeqCst))))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_name_that_turns_private_after_it_was_saved_gets_no_packet() {
    let (dir, receiver) = (tempfile::tempdir().unwrap(), Receiver::always(200));
    // Public when it is saved, loopback when it is sent.
    let client = client(dir.path(), &[], answers(|n| vec![ip(if n == 0 { "93.184.216.34" } else { "127.0.0.1" })]));
    let url = HttpsUrl::parse(&format!("https://hooks.example:{}/", receiver.port)).unwrap();
    assert_eq!(client.judge(&url).await, Ok(()));
    assert_eq!(client.post(&url, &[], "{}".to_owned()).await, Err(HttpFailure::NotPublic));
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn one_private_address_among_public_ones_refuses_them_all() {
    let (dir, receiver) = (tempfile::tempdir().unwrap(), Receiver::always(200));
    for mixed in
        [["93.184.216.34", "127.0.0.1"], ["127.0.0.1", "93.184.216.34"], ["2606:4700::1111", "::ffff:127.0.0.1"]]
    {
        let client = client(dir.path(), &[], answers(move |_| mixed.map(ip).to_vec()));
        let url = HttpsUrl::parse(&format!("https://hooks.example:{}/", receiver.port)).unwrap();
        assert_eq!(client.post(&url, &[], "{}".to_owned()).await, Err(HttpFailure::NotPublic), "{mixed:?}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn the_connection_goes_to_the_address_that_was_judged() {
    let (dir, receiver) = (tempfile::tempdir().unwrap(), Receiver::always(204));
    // Asked a second time, the name would lead elsewhere.
    let client =
        client(dir.path(), &["127.0.0.1/32"], answers(|n| vec![ip(if n == 0 { "127.0.0.1" } else { "127.0.0.9" })]));
    let url = HttpsUrl::parse(&format!("https://hooks.example:{}/in?a=1", receiver.port)).unwrap();
    assert_eq!(client.post(&url, &[], "{}".to_owned()).await.map(|answer| answer.status), Ok(204));
    let request = receiver.got().remove(0);
    assert_eq!(
        (request.path.as_str(), request.header("host")),
        ("/in?a=1", Some(format!("hooks.example:{}", receiver.port).as_str()))
    );
    assert_eq!((request.header("accept-encoding"), request.header("connection")), (Some("identity"), Some("close")));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let elsewhere = Receiver::always(200);
    let target = elsewhere.url("/stolen");
    for status in [301, 302, 303, 307, 308] {
        let (dir, target) = (tempfile::tempdir().unwrap(), target.clone());
        let receiver = Receiver::start(move |_, _| Reply::with(status, &[("location", &target)], ""));
        let client = client(dir.path(), &["127.0.0.0/8"], Resolver::System);
        let url = HttpsUrl::parse(&receiver.url("/")).unwrap();
        assert_eq!(client.post(&url, &[], "{}".to_owned()).await.map(|answer| answer.status), Ok(status));
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn answers_are_cut_and_never_unpacked() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(dir.path(), &["127.0.0.0/8"], Resolver::System);
    let huge = "x".repeat(30_000_000);
    let receiver = Receiver::start(move |n, _| match n {
        0 => Reply::with(200, &[], &huge),
        1 => Reply {
            after: std::time::Duration::ZERO,
            bytes: [b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n".to_vec(), vec![0x1f, 0x8b, 8, 0]].concat(),
        },
        2 => Reply {
            after: std::time::Duration::ZERO,
            bytes: format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", "y".repeat(200_000)).into_bytes(),
        },
        _ => Reply { after: std::time::Duration::ZERO, bytes: b"SSH-2.0-OpenSSH_9.9\r\n".to_vec() },
    });
    let url = HttpsUrl::parse(&receiver.url("/")).unwrap();
    let answer = client.post(&url, &[], "{}".to_owned()).await.unwrap();
    assert_eq!((answer.status, answer.text.len()), (200, 1_024));
    let packed = client.post(&url, &[], "{}".to_owned()).await.unwrap();
    assert!(packed.text.len() < 32, "{:?}", packed.text);
    assert_eq!(client.post(&url, &[], "{}".to_owned()).await, Err(HttpFailure::Broken), "headers without end");
    assert_eq!(client.post(&url, &[], "{}".to_owned()).await, Err(HttpFailure::Broken), "no HTTP");
}

#[tokio::test]
async fn only_certificates_of_known_authorities_are_taken() {
    let receiver = Receiver::always(200);
    let policy = AddressPolicy::with_open(vec!["127.0.0.0/8".parse().unwrap()]);
    let stranger = GuardedClient::new(policy, Resolver::System, None).unwrap();
    let url = HttpsUrl::parse(&receiver.url("/")).unwrap();
    assert_eq!(stranger.post(&url, &[], "{}".to_owned()).await, Err(HttpFailure::Tls));
    let dir = tempfile::tempdir().unwrap();
    let other_name = client(dir.path(), &["127.0.0.0/8"], answers(|_| vec![ip("127.0.0.1")]));
    let url = HttpsUrl::parse(&format!("https://other.example:{}/", receiver.port)).unwrap();
    assert_eq!(
        other_name.post(&url, &[], "{}".to_owned()).await,
        Err(HttpFailure::Tls),
        "the certificate is for another name"
    );
    assert!(receiver.got().is_empty());
}

#[tokio::test]
async fn nobody_there_is_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let silent = client(dir.path(), &["127.0.0.0/8"], Resolver::System);
    let url = HttpsUrl::parse(&format!("https://127.0.0.1:{port}/")).unwrap();
    assert_eq!(silent.post(&url, &[], "{}".to_owned()).await, Err(HttpFailure::Connect));
    let unknown = client(dir.path(), &[], answers(|_| vec![]));
    let url = HttpsUrl::parse("https://hooks.example/").unwrap();
    assert_eq!(unknown.post(&url, &[], "{}".to_owned()).await, Err(HttpFailure::Unknown));
}
