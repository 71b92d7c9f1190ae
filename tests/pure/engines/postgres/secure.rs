//! Passwords and certificates.

use serde_json::{Value, json};
use vestibule::engines::{Failure, FailureReason};

use crate::support::cluster::{Cluster, place};

fn verify(mode: &str, authority: &str) -> Value {
    json!({"mode": mode, "ca_certificate": authority})
}

#[tokio::test]
async fn a_wrong_password_is_told_and_the_right_one_works() {
    let Some((cluster, _)) = Cluster::strict("CREATE TABLE one (id int);").await else { return };
    let check = async |different: Value| place().check(&cluster.task(&different)).await.0;
    let wrong = check(json!({"password": "not the password"})).await.unwrap_err();
    assert_eq!(wrong.reason, FailureReason::SignIn);
    assert_eq!(wrong.message, format!("The server does not accept this password for the user {}.", cluster.name));
    let stranger = check(json!({"username": "nobody_of_that_name"})).await;
    assert!(stranger.is_err(), "{stranger:?}");
    assert_eq!(check(json!({})).await, Ok(()));
    cluster.end().await;
}

#[tokio::test]
async fn every_mode_of_protection_does_what_it_says() {
    let Some((cluster, authority)) = Cluster::strict("CREATE TABLE one (id int);").await else { return };
    let check = async |host: &str, mode: Value| -> Result<(), Failure> {
        place().check(&cluster.task(&json!({"host": host, "ssl_mode": mode}))).await.0
    };
    for mode in ["require", "prefer", "allow"] {
        assert_eq!(check("127.0.0.1", json!({"mode": mode})).await, Ok(()), "{mode}");
    }
    let plain = check("127.0.0.1", json!({"mode": "disable"})).await.unwrap_err();
    assert!(plain.reason == FailureReason::Tls && plain.message.contains("not encrypted"), "{plain}");
    assert_eq!(check("localhost", verify("verify-full", &authority)).await, Ok(()));
    assert_eq!(check("127.0.0.1", verify("verify-ca", &authority)).await, Ok(()));
    let name = check("127.0.0.1", verify("verify-full", &authority)).await.unwrap_err();
    assert!(name.reason == FailureReason::Tls && name.message.contains("another name"), "{name}");
    let key = rcgen::KeyPair::generate().unwrap();
    let stranger = rcgen::CertificateParams::new(vec!["x".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    for mode in ["verify-ca", "verify-full"] {
        let failure = check("localhost", verify(mode, &stranger)).await.unwrap_err();
        assert!(
            failure.reason == FailureReason::Tls && failure.message.contains("not signed by the authority"),
            "{failure}"
        );
    }
    // What has the form of a certificate and is none.
    let odd = "-----BEGIN CERTIFICATE-----\nMAEA\n-----END CERTIFICATE-----\n";
    let broken = check("localhost", verify("verify-ca", odd)).await.unwrap_err();
    assert_eq!(broken.reason, FailureReason::Tls, "{broken}");
    cluster.end().await;
}
