//! What the receiver gets, and that it can know it is us.

use serde_json::json;

use super::verifier::Verifier;
use super::{Scene, app, set_webhook};
use crate::setup_links::share;
use crate::support::CANARY;
use crate::support::receiver::{Received, Receiver};

#[tokio::test]
async fn the_receiver_is_told_exactly_what_was_promised() {
    let receiver = Receiver::always(200);
    let scene = Scene::new(&receiver).await;
    assert_eq!(scene.deliver().await, 0, "nothing happened yet");
    scene.submit().await;
    assert_eq!(scene.deliver().await, 1);
    let got = receiver.got().remove(0);
    let slug = scene.connection.rsplit('/').next().unwrap();
    let delivery = scene.deliveries().await.remove(0);
    assert_eq!(
        got.json(),
        json!({"event": "source.setup_filled", "source": {
            "id": delivery.connection_id.as_ref().unwrap().as_str(),
            "slug": slug,
            "description": "Postgres",
            "draft": true,
            "config_completed": false,
            "missing_required_fields": ["database", "username"],
        }})
    );
    assert_eq!(
        (got.path.as_str(), got.header("content-type"), got.header("x-webhook-secret")),
        ("/hooks", Some("application/json"), Some(CANARY))
    );
    assert_eq!(got.header("webhook-id"), Some(delivery.message_id.as_str()));
    assert_eq!(got.header("webhook-timestamp"), Some(scene.app.app.clock.now().unix().to_string().as_str()));
    assert!(!got.body.contains(CANARY) && !got.body.contains("db.example"), "no value in the payload");
    assert_eq!(scene.deliver().await, 0, "once");
    let page = scene.owner.get(&scene.connection).await;
    assert!(page.text().contains("Delivered") && page.text().contains("127.0.0.1"), "{}", page.text());
}

#[tokio::test]
async fn destinations_are_told_of_as_destinations() {
    let (app, receiver) = (app(), Receiver::always(204));
    let owner = app.owner().await;
    let (connection, link) = share(&owner, "destination", "postgres", &[]).await;
    assert_eq!(set_webhook(&owner, &connection, &receiver.url("/"), None).await.status, 303);
    super::submit(&app, &link).await;
    vestibule::features::webhooks::run_due(&app.app).await.unwrap();
    let got = receiver.got().remove(0).json();
    assert_eq!(
        (got["event"].as_str(), got["destination"]["draft"].as_bool()),
        (Some("destination.setup_filled"), Some(true))
    );
}

/// The verifier looks at the machine's clock.
fn to_the_present(scene: &Scene) {
    #[allow(clippy::disallowed_methods, reason = "the public verifier compares with the real present")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    scene.app.advance(time::Duration::seconds(i64::try_from(now).unwrap() - scene.app.app.clock.now().unix()));
}

async fn new_secret(scene: &Scene) -> String {
    let page = scene.owner.get("/settings/webhooks").await;
    let made = page.form_to("/settings/webhooks/secret").send(&scene.owner).await;
    made.value_of("signing-secret").expect("the secret, this once")
}

#[tokio::test]
async fn the_official_verifier_takes_our_signatures_and_no_others() {
    let Some(verifier) = Verifier::find() else { return };
    let verify = |secret: &str, got: &Received| verifier.takes(secret, got);
    let receiver = Receiver::always(200);
    let scene = Scene::new(&receiver).await;
    to_the_present(&scene);
    scene.owner.sign_in("ana@acme.example").await;
    let first = new_secret(&scene).await;
    assert!(first.starts_with("whsec_"));
    assert!(!scene.owner.get("/settings/webhooks").await.body.contains(&first), "shown once");
    let test = |scene: &Scene| {
        let (owner, path) = (scene.owner.clone(), format!("{}/webhook", scene.connection));
        async move { owner.get(&path).await.form_to(&format!("{path}/test")).send(&owner).await }
    };
    assert_eq!(test(&scene).await.status, 303);
    scene.deliver().await;
    let got = receiver.got().remove(0);
    assert!(verify(&first, &got));
    assert!(!verify("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", &got));
    assert!(
        !verify(&first, &Received { body: got.body.replace("draft\":true", "draft\":false"), ..got.clone() }),
        "a changed body"
    );
    let second = new_secret(&scene).await;
    test(&scene).await;
    scene.deliver().await;
    let got = receiver.got().pop().unwrap();
    assert_eq!(got.header("webhook-signature").unwrap().split(' ').count(), 2);
    assert!(verify(&first, &got) && verify(&second, &got), "both sign for a day");
    scene.app.advance(time::Duration::hours(24) + time::Duration::SECOND);
    vestibule::features::webhooks::sweep(&scene.app.app).await.unwrap();
    test(&scene).await;
    scene.deliver().await;
    let got = receiver.got().pop().unwrap();
    assert_eq!(got.header("webhook-signature").unwrap().split(' ').count(), 1, "the old one is over");
}
