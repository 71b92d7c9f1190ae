//! Requests of any kind, whose answers are taken whole or not at all.

use std::time::Duration;

use vestibule::base::http_client::{
    AddressPolicy, Call, GuardedClient, HttpFailure, HttpsUrl, LARGEST, Method, Resolver, header_lines,
};

use crate::support::receiver::{Receiver, Reply, authority_file};

fn client(dir: &std::path::Path) -> GuardedClient {
    let open = vec!["127.0.0.1/32".parse().unwrap()];
    GuardedClient::new(AddressPolicy::with_open(open), Resolver::System, Some(&authority_file(dir))).unwrap()
}

fn asking(most: usize) -> Call {
    Call { most, ..Call::default() }
}

#[actix_web::test]
async fn method_headers_and_body_arrive_and_the_answer_comes_whole() {
    let (dir, body) = (tempfile::tempdir().unwrap(), "x".repeat(300_000));
    let answer = body.clone();
    let receiver = Receiver::start(move |_, _| Reply::with(201, &[("x-more", "yes"), ("retry-after", "7")], &answer));
    let url = HttpsUrl::parse(&receiver.url("/a/b?c=d")).unwrap();
    let headers = vec![("accept".to_owned(), "text/plain".to_owned()), ("x-mine".to_owned(), "1".to_owned())];
    let call =
        Call { method: Method::DELETE, headers: header_lines(headers), body: b"{}".to_vec().into(), most: 300_000 };
    let got = client(dir.path()).call(&url, call).await.unwrap();
    assert_eq!((got.status, got.header("x-more"), got.header("retry-after")), (201, Some("yes"), Some("7")));
    assert_eq!(got.body.len(), body.len());
    let sent = receiver.got().remove(0);
    assert_eq!((sent.method.as_str(), sent.path.as_str(), sent.body.as_str()), ("DELETE", "/a/b?c=d", "{}"));
    assert_eq!((sent.header("accept"), sent.header("x-mine")), (Some("text/plain"), Some("1")));
    assert_eq!(sent.headers.iter().filter(|(name, _)| name == "accept").count(), 1);
    let shown = format!("{got:?} {:?}", asking(1));
    assert!(!shown.contains("xxx"), "{shown}");
}

#[actix_web::test]
async fn an_answer_that_is_too_large_or_cut_short_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|n, _| match n {
        0 | 1 => Reply::with(200, &[], &"x".repeat(1_001)),
        2 => Reply { after: Duration::ZERO, bytes: b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".to_vec() },
        3 => Reply { after: Duration::ZERO, bytes: b"220 mail.example ESMTP\r\n".to_vec() },
        _ => Reply::with(200, &[], &"x".repeat(LARGEST + 1)),
    });
    let (client, url) = (client(dir.path()), HttpsUrl::parse(&receiver.url("/")).unwrap());
    assert_eq!(client.call(&url, asking(1_000)).await.unwrap_err(), HttpFailure::TooLarge);
    assert_eq!(client.call(&url, asking(1_001)).await.unwrap().body.len(), 1_001);
    assert_eq!(client.call(&url, asking(1_000)).await.unwrap_err(), HttpFailure::Broken);
    assert_eq!(client.call(&url, asking(1_000)).await.unwrap_err(), HttpFailure::Broken);
    assert_eq!(
        client.call(&url, asking(usize::MAX)).await.unwrap_err(),
        HttpFailure::TooLarge,
        "nobody gets more than the largest"
    );
}

#[actix_web::test]
async fn a_redirect_is_seen_and_not_followed() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), Receiver::always(200));
    let target = elsewhere.url("/inside");
    let location = target.clone();
    let receiver = Receiver::start(move |_, _| Reply::with(307, &[("location", &location)], ""));
    let got = client(dir.path()).call(&HttpsUrl::parse(&receiver.url("/")).unwrap(), asking(10)).await.unwrap();
    assert_eq!((got.status, got.header("location")), (307, Some(target.as_str())));
    assert_eq!(elsewhere.connections(), 0);
}

#[actix_web::test]
async fn the_same_rules_hold_for_addresses_and_time() {
    let (dir, receiver) =
        (tempfile::tempdir().unwrap(), Receiver::start(|_, _| Reply::status(200).after(Duration::from_secs(60))));
    let (client, url) = (client(dir.path()), HttpsUrl::parse(&receiver.url("/")).unwrap());
    let impatient = client.with_timeout(Duration::from_millis(200));
    assert_eq!(impatient.call(&url, asking(10)).await.unwrap_err(), HttpFailure::Timeout);
    let shut = client.with_policy(AddressPolicy::default());
    assert_eq!(shut.call(&url, asking(10)).await.unwrap_err(), HttpFailure::NotPublic);
    assert_eq!(receiver.connections(), 1);
    let bad = Call { headers: vec![("x".to_owned(), "a\r\nb: c".to_owned().into())], ..asking(10) };
    assert_eq!(client.call(&url, bad).await.unwrap_err(), HttpFailure::Broken, "a header line is one line");
}
