//! Everything that goes wrong is told apart.

use serde_json::json;
use tokio::net::TcpListener;
use vestibule::engines::{Failure, FailureReader, FailureReason, Turn};

use crate::support::cluster::{Cluster, answering, place, task};
use crate::support::engine::Place;

async fn failure(config: &serde_json::Value) -> Failure {
    place().check(&task(config)).await.0.unwrap_err()
}

fn at(host: &str, port: u16) -> serde_json::Value {
    json!({"host": host, "port": port, "database": "shop", "username": "reader", "password": "geheim99"})
}

#[tokio::test]
async fn an_unknown_host_and_a_shut_door_are_told() {
    let unknown = failure(&at("database.invalid", 5432)).await;
    assert_eq!(unknown.reason, FailureReason::HostUnknown, "{unknown}");
    assert!(unknown.message.contains("database.invalid"));
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let refused = failure(&at("127.0.0.1", port)).await;
    assert_eq!((refused.reason, refused.turn), (FailureReason::NotReachable, Turn::Giver));
    assert!(refused.message.contains("refused the connection"), "{refused}");
}

#[tokio::test]
async fn a_server_without_tls_and_one_that_is_no_database_are_told() {
    let refused = failure(&at("127.0.0.1", answering(b"N").await)).await;
    assert_eq!((refused.reason, refused.turn), (FailureReason::Tls, Turn::Giver));
    assert!(refused.message.contains("does not offer encrypted connections"), "{refused}");
    let other = failure(&at("127.0.0.1", answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await)).await;
    assert!(matches!(other.reason, FailureReason::NotReachable | FailureReason::Tls), "{other}");
    assert!(!other.message.contains("geheim99"));
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_and_the_setting_is_named() {
    let shut = Place::new();
    for host in
        ["127.0.0.1", "localhost", "10.0.0.7", "169.254.169.254", "::1", "[::1]", "127.1", "0.0.0.0", "2130706433"]
    {
        let failure = shut.check(&task(&at(host, 5432))).await.0.unwrap_err();
        assert_eq!((failure.reason, failure.turn), (FailureReason::AddressRefused, Turn::Giver), "{host}: {failure}");
        let admin = failure.words(FailureReader::Admin);
        assert!(admin.advice.contains("VESTIBULE_CONNECTOR_ALLOW_CIDRS"), "{admin:?}");
        assert!(!failure.message.contains("VESTIBULE_"), "{failure}");
    }
    let all_open = Place::with(&[("VESTIBULE_CONNECTOR_ALLOW_CIDRS", "0.0.0.0/0, ::/0")]);
    for host in ["169.254.169.254", "::ffff:169.254.169.254"] {
        let failure = all_open.check(&task(&at(host, 5432))).await.0.unwrap_err();
        assert_eq!(failure.reason, FailureReason::AddressRefused, "{host}");
    }
}

#[tokio::test]
async fn the_servers_own_database_is_refused_by_any_name() {
    let own = Place::with(&[
        ("VESTIBULE_CONNECTOR_ALLOW_CIDRS", "127.0.0.0/8"),
        ("VESTIBULE_DATABASE_URL", "postgres://vestibule@localhost:5999/shop"),
    ]);
    for host in ["localhost", "127.0.0.1"] {
        let failure = own.check(&task(&at(host, 5999))).await.0.unwrap_err();
        assert_eq!(failure.reason, FailureReason::AddressRefused, "{host}: {failure}");
        assert!(failure.message.contains("keeps its data"), "{failure}");
    }
    let other = own.check(&task(&at("127.0.0.1", 5998))).await.0.unwrap_err();
    assert_eq!(other.reason, FailureReason::NotReachable, "{other}");
}

#[tokio::test]
async fn what_the_user_may_not_do_is_told_with_the_statement_that_mends_it() {
    let Some(cluster) =
        Cluster::new("CREATE TABLE one (id int); CREATE TABLE two (id int); CREATE SCHEMA inner_room; CREATE SCHEMA \"Back \"\"Room\"\"\";").await
    else {
        return;
    };
    let check = async |different: serde_json::Value| place().check(&cluster.task(&different)).await.0;
    let failure = check(json!({"database": "no_such_database"})).await.unwrap_err();
    assert_eq!(failure.reason, FailureReason::NoDatabase, "{failure}");
    let failure = check(json!({"schemas": ["public", "Public"]})).await.unwrap_err();
    assert!(failure.message.contains("There is no schema Public"), "{failure}");
    let failure = check(json!({"schemas": ["inner_room"]})).await.unwrap_err();
    assert_eq!(failure.reason, FailureReason::Permission);
    assert!(failure.message.contains(&format!("GRANT USAGE ON SCHEMA inner_room TO {};", cluster.name)), "{failure}");
    let failure = check(json!({"schemas": ["Back \"Room\""]})).await.unwrap_err();
    let statement = format!("GRANT USAGE ON SCHEMA \"Back \"\"Room\"\"\" TO {};", cluster.name);
    assert!(failure.message.contains(&statement), "names are quoted where PostgreSQL wants it: {failure}");
    cluster.sql("REVOKE ALL ON one, two FROM $role").await;
    let failure = check(json!({})).await.unwrap_err();
    assert_eq!((failure.reason, failure.turn), (FailureReason::Permission, Turn::Giver));
    assert!(failure.message.contains("may read none of the 2 tables"), "{failure}");
    cluster.sql("GRANT SELECT ON one TO $role").await;
    assert!(check(json!({})).await.is_ok());
    let name = cluster.name.clone();
    cluster.sql(&format!("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC, $role")).await;
    let failure = check(json!({})).await.unwrap_err();
    assert!(
        failure.reason == FailureReason::Permission && failure.message.contains("GRANT CONNECT ON DATABASE"),
        "{failure}"
    );
    cluster.end().await;
}
