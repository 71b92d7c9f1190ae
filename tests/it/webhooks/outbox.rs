//! Written with the deed or not at all, and who hears of what.

use super::{Scene, app, deliveries, set_webhook};
use crate::setup_links::{share, share_again};
use crate::support::receiver::Receiver;
use crate::support::{TestApp, Visitor};
use diesel::prelude::*;

#[tokio::test]
async fn many_sends_at_once_make_one_webhook() {
    let receiver = Receiver::always(200);
    let scene = Scene::new(&receiver).await;
    let mut forms = Vec::new();
    for n in 0..8 {
        let visitor = scene.app.visitor();
        let form = visitor
            .get(&scene.link)
            .await
            .form_with("/host")
            .set("/host", &format!("db{n}.example"))
            .add("intent", "partial");
        forms.push((visitor, form));
    }
    let sent = futures_util::future::join_all(
        forms.iter().map(|(visitor, form)| async move { form.clone().send(visitor).await }),
    )
    .await;
    assert_eq!(sent.iter().filter(|page| page.status == 303).count(), 1);
    let again = sent.iter().position(|page| page.status == 303).unwrap();
    assert_eq!(forms[again].1.clone().send(&forms[again].0).await.status, 303, "the same form again is told the same");
    assert_eq!(scene.deliveries().await.len(), 1);
    scene.deliver().await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn a_submission_that_is_refused_tells_nobody() {
    let receiver = Receiver::always(200);
    let scene = Scene::new(&receiver).await;
    let late = scene.app.visitor();
    let form = late.get(&scene.link).await.form_with("/host").set("/host", "db.example").add("intent", "partial");
    let revoke = scene.owner.get(&scene.connection).await;
    let action = revoke.actions().into_iter().find(|action| action.ends_with("/revocation")).unwrap();
    revoke.form_to(&action).send(&scene.owner).await;
    assert_eq!(form.send(&late).await.status, 410);
    assert!(scene.deliveries().await.is_empty());
}

async fn add_endpoint(owner: &Visitor, url: &str, events: &[&str]) {
    let form =
        owner.get("/settings/webhooks/new").await.form_with("url").set("url", url).set("description", "Our system");
    let saved = events.iter().fold(form, |form, event| form.add("events", event)).send(owner).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
}

fn events(receiver: &Receiver) -> Vec<String> {
    let mut events: Vec<String> =
        receiver.got().iter().map(|got| got.json()["event"].as_str().unwrap().to_owned()).collect();
    events.sort();
    events
}

const LINK_EVENTS: [&str; 5] =
    ["setup_link.created", "setup_link.opened", "setup_link.submitted", "setup_link.expired", "setup_link.revoked"];

#[tokio::test]
async fn endpoints_hear_what_they_subscribed_to() {
    let (app, all, some) = (app(), Receiver::always(200), Receiver::always(200));
    let owner = app.owner().await;
    add_endpoint(&owner, &all.url("/"), &[&LINK_EVENTS[..], &["source.setup_filled"]].concat()).await;
    add_endpoint(&owner, &some.url("/"), &["setup_link.expired"]).await;
    let other = app.owner_of("Other", "Oto", "oto@other.example").await;
    let (connection, link) = share(&owner, "source", "postgres", &[]).await;
    super::submit(&app, &link).await;
    let second = share_again(&owner, &connection).await;
    let page = owner.get(&connection).await;
    let action = page.actions().into_iter().find(|action| action.ends_with("/revocation")).unwrap();
    page.form_to(&action).send(&owner).await;
    share_again(&owner, &connection).await;
    app.advance(time::Duration::hours(25));
    app.sweep().await;
    share(&other, "source", "postgres", &[]).await;
    vestibule::features::webhooks::run_due(&app.app).await.unwrap();
    assert_eq!(
        events(&all),
        [
            "setup_link.created",
            "setup_link.created",
            "setup_link.created",
            "setup_link.expired",
            "setup_link.opened",
            "setup_link.revoked",
            "setup_link.submitted",
            "source.setup_filled"
        ],
        "and nothing of another workspace"
    );
    assert_eq!(events(&some), ["setup_link.expired"]);
    for got in all.got() {
        assert!(
            !got.body.contains(link.trim_start_matches("/scl/"))
                && !got.body.contains(second.trim_start_matches("/scl/")),
            "no token in a payload"
        );
        if got.json()["event"].as_str().unwrap().starts_with("setup_link.") {
            assert!(
                got.json()["setup_link"]["id"].is_string() && got.json()["source"]["slug"].is_string(),
                "{}",
                got.body
            );
        }
    }
}

#[tokio::test]
async fn what_waits_for_a_webhook_that_is_removed_is_not_sent() {
    let receiver = Receiver::always(500);
    let scene = Scene::new(&receiver).await;
    scene.submit().await;
    let page = scene.owner.get(&format!("{}/webhook", scene.connection)).await;
    let removed = page.form_to(&format!("{}/webhook/removal", scene.connection)).send(&scene.owner).await;
    assert_eq!(removed.status, 303);
    assert_eq!(scene.deliver().await, 0);
    assert_eq!(receiver.connections(), 0);
    assert_eq!(scene.deliveries().await[0].state.as_str(), "disabled");
    let resend = scene.delivery_page().await;
    assert_eq!(
        resend
            .form_to(&resend.actions().into_iter().find(|action| action.ends_with("/resend")).unwrap())
            .send(&scene.owner)
            .await
            .status,
        409
    );
}

#[tokio::test]
async fn what_waits_follows_the_webhook_to_its_new_address() {
    let (old, new) = (Receiver::always(500), Receiver::always(200));
    let scene = Scene::new(&old).await;
    scene.submit().await;
    assert_eq!(set_webhook(&scene.owner, &scene.connection, &new.url("/new"), None).await.status, 303);
    scene.deliver().await;
    assert_eq!((old.connections(), new.got().len()), (0, 1));
    assert_eq!(new.got()[0].header("x-webhook-secret"), None, "the header was given up with the old address");
}

#[tokio::test]
async fn a_connection_without_webhook_makes_no_rows() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (connection, link) = share(&owner, "source", "postgres", &[]).await;
    super::submit(&app, &link).await;
    assert!(deliveries(&app.app, &connection).await.is_empty());
}

#[tokio::test]
async fn a_deleted_connection_takes_its_webhook_with_it() {
    let receiver = Receiver::always(500);
    let scene = Scene::new(&receiver).await;
    scene.submit().await;
    scene.deliver().await;
    let delivery = scene.deliveries().await.remove(0);
    let page = scene.owner.get(&format!("{}/deletion", scene.connection)).await;
    assert_eq!(page.form_to(&format!("{}/deletion", scene.connection)).send(&scene.owner).await.status, 303);
    scene.app.advance(time::Duration::hours(1));
    assert_eq!((scene.deliver().await, receiver.got().len()), (0, 1), "nothing more is sent");
    let (workspace, connection) = (delivery.workspace_id.clone(), delivery.connection_id.clone().unwrap());
    let kept = scene
        .app
        .app
        .db
        .read(move |conn| Ok(vestibule::features::webhooks::has_callback(conn, &workspace, &connection)?))
        .await
        .unwrap();
    assert!(!kept, "the sealed header is erased");
}

#[tokio::test]
async fn a_rotation_of_master_keys_reaches_secrets_and_headers() {
    use vestibule::base::crypto::KeyRing;
    use vestibule::features::webhooks::{SEALED_HEADERS, SEALED_SIGNING_SECRETS};
    use vestibule::platform::tx::Tx;
    let receiver = Receiver::always(200);
    let mut scene = Scene::new(&receiver).await;
    scene.submit().await;
    scene.deliver().await;
    let old = std::fs::read_to_string(scene.app.data_dir().join("master.key")).unwrap();
    let new = KeyRing::generate(scene.app.app.clock.now(), &scene.app.app.rng);
    let both = KeyRing::parse(&format!("{},{}", new.as_str(), old.trim())).unwrap();
    let (rng, now) = (scene.app.app.rng.clone(), scene.app.app.clock.now());
    let resealed = scene.app.app.db.write(move |conn| {
        let tx = &mut Tx { conn, now, rng: &rng, keys: &both };
        let mut count = |column: &vestibule::platform::sealed::SealedColumn| -> vestibule::base::error::AppResult<_> {
            Ok(column.reseal_some(tx, "")?.map(|batch| batch.count))
        };
        Ok((count(&SEALED_SIGNING_SECRETS)?, count(&SEALED_HEADERS)?, count(&SEALED_HEADERS)?))
    });
    assert_eq!(resealed.await.unwrap(), (Some(1), Some(1), Some(0)));
    let link = share_again(&scene.owner, &scene.connection).await;
    scene.link = link;
    scene.submit().await;
    assert_eq!((scene.deliver().await, receiver.got().len()), (0, 1), "the old key alone opens nothing now");
}

#[tokio::test]
async fn what_was_delivered_is_forgotten_after_ninety_days_and_what_waits_is_not() {
    let receiver = Receiver::always(200);
    let mut scene = Scene::new(&receiver).await;
    scene.submit().await;
    scene.deliver().await;
    scene.link = share_again(&scene.owner, &scene.connection).await;
    scene.submit().await;
    let left = async || {
        let count = |conn: &mut _| {
            use vestibule::platform::db::schema::{webhook_attempts, webhook_messages};
            Ok((
                webhook_messages::table.count().get_result::<i64>(conn)?,
                webhook_attempts::table.count().get_result::<i64>(conn)?,
            ))
        };
        assert!(vestibule::console::retention::sweep(&scene.app.app).await.unwrap());
        scene.app.app.db.read(count).await.unwrap()
    };
    assert_eq!(left().await, (2, 1));
    scene.app.advance(time::Duration::days(90));
    assert_eq!(left().await, (2, 1), "the last day");
    scene.app.advance(time::Duration::SECOND);
    assert_eq!(left().await, (1, 0), "only what still waits");
    assert_eq!(scene.deliver().await, 1);
}
