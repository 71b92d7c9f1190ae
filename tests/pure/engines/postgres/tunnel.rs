//! Through a jump server: a real sshd for keys, one of our own for passwords.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use vestibule::engines::{Failure, FailureReason, HostKey, SyncType, Turn};

use crate::support::CANARY;
use crate::support::cluster::{Cluster, answering, place};
use crate::support::engine::{Place, chosen};
use crate::support::jump::{Asking, PASSWORD, PasswordJump, Sshd};

const ED25519: [&str; 2] = ["-t", "ed25519"];

/// Only this very address is opened: a name that may also lead to another one of this machine is refused from here, not from there.
fn narrow() -> Place {
    Place::with(&[("VESTIBULE_CONNECTOR_ALLOW_CIDRS", "127.0.0.1/32")])
}

async fn failed(cluster: &Cluster, different: Value) -> Failure {
    let failure = place().check(&cluster.task(&different)).await.0.unwrap_err();
    assert!(!failure.message.contains(CANARY), "{failure}");
    failure
}

#[tokio::test]
async fn keys_of_every_shape_open_the_way_and_tables_are_read_through_it() {
    let Some(cluster) =
        Cluster::new("CREATE TABLE one (id int); INSERT INTO one SELECT generate_series(1, 2000);").await
    else {
        return;
    };
    let Some(sshd) = Sshd::start("").await else { return };
    for shape in [
        &ED25519[..],
        &["-t", "ed25519", "-m", "PKCS8"],
        &["-t", "rsa", "-b", "2048"],
        &["-t", "rsa", "-b", "2048", "-m", "PEM"],
        &["-t", "rsa", "-b", "2048", "-m", "PKCS8"],
        &["-t", "ecdsa"],
        &["-t", "ecdsa", "-m", "PEM"],
        &["-t", "ecdsa", "-b", "384", "-m", "PKCS8"],
    ] {
        let tunnel = sshd.tunnel(&sshd.key(shape));
        let (done, told) = place().check(&cluster.task(&json!({"tunnel_method": tunnel}))).await;
        assert_eq!(done, Ok(()), "{shape:?}");
        let shown = format!("Its host key is ssh-ed25519 {}.", sshd.fingerprint);
        assert!(told.log().contains(&shown), "{}", told.log());
    }
    let tunnel = sshd.tunnel(&sshd.key(&ED25519));
    let task = cluster.task(&json!({"host": "localhost", "tunnel_method": tunnel}));
    let place = narrow();
    let (catalog, told) = place.discover(&task).await;
    let catalog = catalog.unwrap();
    assert_eq!(told.host_keys.len(), 1);
    let (end, told) = place.read(&task, &[chosen(&catalog, "one", SyncType::FullTable)], None).await;
    assert!(end.unwrap().incomplete.is_empty());
    assert_eq!(told.of(0).len(), 2000);
    cluster.end().await;
}

#[tokio::test]
async fn passwords_open_the_way_sent_or_asked_for() {
    let Some(cluster) = Cluster::new("CREATE TABLE one (id int);").await else { return };
    for asking in [Asking::Plainly, Asking::ByQuestion] {
        let jump = PasswordJump::start(asking).await;
        let done = place().check(&cluster.task(&json!({"tunnel_method": jump.tunnel(PASSWORD)}))).await.0;
        assert_eq!(done, Ok(()));
        jump.deserted().await;
        let wrong = failed(&cluster, json!({"tunnel_method": jump.tunnel("not it")})).await;
        assert_eq!((wrong.reason, wrong.turn), (FailureReason::TunnelSignIn, Turn::Giver), "{wrong}");
        assert!(wrong.message.contains("does not accept this password for the user tunnel"), "{wrong}");
        jump.deserted().await;
    }
    let jump = PasswordJump::start(Asking::Twice).await;
    let more = failed(&cluster, json!({"tunnel_method": jump.tunnel(PASSWORD)})).await;
    assert!(more.reason == FailureReason::TunnelSignIn && more.message.contains("a code of the moment"), "{more}");
    jump.deserted().await;
    cluster.end().await;
}

#[tokio::test]
async fn every_step_that_fails_is_told_apart() {
    let Some(cluster) = Cluster::new("CREATE TABLE one (id int);").await else { return };
    let jump = PasswordJump::start(Asking::Plainly).await;
    let shut = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let with = |name: &str, value: Value| {
        let mut tunnel = jump.tunnel(PASSWORD);
        tunnel[name] = value;
        json!({"tunnel_method": tunnel})
    };
    let no_ssh = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    for (different, reason, words) in [
        (
            with("tunnel_host", json!("jump.invalid")),
            FailureReason::HostUnknown,
            "The SSH tunnel cannot begin. Nobody knows",
        ),
        (with("tunnel_port", json!(shut)), FailureReason::TunnelNotReachable, "refused the connection"),
        (with("tunnel_port", json!(no_ssh)), FailureReason::TunnelNotReachable, "SSH"),
        (
            json!({"port": shut, "tunnel_method": jump.tunnel(PASSWORD)}),
            FailureReason::TunnelBehind,
            "cannot reach 127.0.0.1 on port",
        ),
        (
            json!({"host": "db.inside.invalid", "tunnel_method": jump.tunnel(PASSWORD)}),
            FailureReason::TunnelBehind,
            "The name is looked up there",
        ),
        (
            json!({"username": "nobody_of_that_name", "tunnel_method": jump.tunnel(PASSWORD)}),
            FailureReason::SignIn,
            "nobody_of_that_name",
        ),
    ] {
        let failure = failed(&cluster, different.clone()).await;
        assert!(failure.reason == reason && failure.message.contains(words), "{different}: {failure:?}");
    }
    let private = Place::new().check(&cluster.task(&with("tunnel_host", json!("127.0.0.1")))).await.0.unwrap_err();
    assert_eq!(private.reason, FailureReason::AddressRefused, "{private}");
    jump.deserted().await;
    cluster.end().await;
}

#[tokio::test]
async fn a_real_server_refuses_strangers_and_ways_it_does_not_allow() {
    let Some(cluster) = Cluster::new("CREATE TABLE one (id int);").await else { return };
    let Some(sshd) = Sshd::start("").await else { return };
    let stranger = failed(&cluster, json!({"tunnel_method": sshd.tunnel(&sshd.stranger(&ED25519))})).await;
    assert!(
        stranger.reason == FailureReason::TunnelSignIn && stranger.message.contains("authorized_keys"),
        "{stranger}"
    );
    assert!(stranger.message.contains("(SHA256:"), "the key is named: {stranger}");
    for shape in [
        &["-t", "ed25519", "-N", "locked"][..],
        &["-t", "rsa", "-m", "PEM", "-N", "locked"],
        &["-t", "ecdsa", "-m", "PKCS8", "-N", "locked"],
    ] {
        let locked = failed(&cluster, json!({"tunnel_method": sshd.tunnel(&sshd.stranger(shape))})).await;
        assert!(
            locked.reason == FailureReason::NotSupported && locked.message.contains("passphrase"),
            "{shape:?}: {locked}"
        );
    }
    let mut by_password = sshd.tunnel("");
    by_password["tunnel_method"] = json!("SSH_PASSWORD_AUTH");
    by_password["tunnel_user_password"] = json!("any");
    by_password.as_object_mut().unwrap().remove("ssh_key");
    let keys_only = failed(&cluster, json!({"tunnel_method": by_password})).await;
    assert!(keys_only.message.contains("with keys only"), "{keys_only}");
    let Some(sshd) = Sshd::start("AllowTcpForwarding no").await else { return };
    let stopped = failed(&cluster, json!({"tunnel_method": sshd.tunnel(&sshd.key(&ED25519))})).await;
    assert!(
        stopped.reason == FailureReason::TunnelBehind && stopped.message.contains("AllowTcpForwarding"),
        "{stopped}"
    );
    cluster.end().await;
}

#[tokio::test]
async fn another_host_key_ends_it_before_anything_is_said() {
    let Some(cluster) = Cluster::new("CREATE TABLE one (id int);").await else { return };
    let jump = PasswordJump::start(Asking::Plainly).await;
    let task = cluster.task(&json!({"tunnel_method": jump.tunnel(PASSWORD)}));
    let (done, told) = place().check(&task).await;
    assert_eq!(done, Ok(()));
    let first = told.host_keys[0].clone();
    assert_eq!((first.fingerprint.as_str(), first.algorithm.as_str()), (jump.fingerprint().as_str(), "ssh-ed25519"));
    let task = task.knowing(&first);
    let (done, told) = place().check(&task).await;
    assert!(done.is_ok() && told.host_keys.is_empty() && told.log().contains("the same as before"), "{}", told.log());
    let tries = jump.tries.load(Ordering::SeqCst);
    jump.replace();
    let (done, told) = place().check(&task).await;
    let failure = done.unwrap_err();
    assert_eq!((failure.reason, failure.turn), (FailureReason::TunnelHostKeyChanged, Turn::Owner), "{failure}");
    assert!(failure.message.contains(&first.fingerprint) && failure.message.contains(&jump.fingerprint()), "{failure}");
    assert_eq!(told.host_keys.iter().map(|key| key.fingerprint.clone()).collect::<Vec<_>>(), [jump.fingerprint()]);
    assert_eq!(jump.tries.load(Ordering::SeqCst), tries, "nobody signed in there");
    let elsewhere = HostKey { port: 1, ..first };
    assert_eq!(
        place().check(&task.knowing(&elsewhere)).await.0,
        Ok(()),
        "a key of another server says nothing of this one"
    );
    jump.deserted().await;
    cluster.end().await;
}

#[tokio::test]
async fn certificates_are_judged_by_the_name_of_the_server_behind() {
    let Some((cluster, authority)) = Cluster::strict("CREATE TABLE one (id int);").await else { return };
    let jump = PasswordJump::start(Asking::Plainly).await;
    let verify = json!({"mode": "verify-full", "ca_certificate": authority});
    let check = async |host: &str| {
        let different = json!({"host": host, "ssl_mode": verify, "tunnel_method": jump.tunnel(PASSWORD)});
        place().check(&cluster.task(&different)).await.0
    };
    assert_eq!(check("localhost").await, Ok(()));
    let name = check("127.0.0.1").await.unwrap_err();
    assert!(name.reason == FailureReason::Tls && name.message.contains("another name"), "{name}");
    cluster.end().await;
}

#[tokio::test]
async fn a_reading_that_is_stopped_leaves_no_way_open() {
    let Some(cluster) =
        Cluster::new("CREATE TABLE many AS SELECT g AS id, repeat('x', 5000) AS t FROM generate_series(1, 20000) g;")
            .await
    else {
        return;
    };
    let jump = PasswordJump::start(Asking::Plainly).await;
    let task = cluster.task(&json!({"tunnel_method": jump.tunnel(PASSWORD)}));
    let catalog = place().discover(&task).await.0.unwrap();
    let (end, told) = place().read(&task.interrupted(), &[chosen(&catalog, "many", SyncType::FullTable)], None).await;
    assert_eq!(end.unwrap_err().reason, FailureReason::Cancelled);
    assert!(told.of(0).len() < 20_000);
    jump.deserted().await;
    cluster.end().await;
}
