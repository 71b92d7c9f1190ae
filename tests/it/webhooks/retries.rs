//! Failures: tried again on schedule under one id, given up in the open, and nobody else is kept waiting.

use std::time::{Duration, Instant};

use super::{Scene, app_with, submit};
use crate::setup_links::share;
use crate::support::receiver::{Receiver, Reply};

fn schedule(seconds: &[u64]) -> Vec<Duration> {
    seconds.iter().copied().map(Duration::from_secs).collect()
}

async fn scene(receiver: &Receiver, steps: &[u64]) -> Scene {
    let steps = schedule(steps);
    Scene::on(app_with(move |config| config.webhooks.retry_schedule = steps), receiver).await
}

#[tokio::test]
async fn a_failed_try_is_repeated_under_the_same_id_until_it_succeeds() {
    let receiver = Receiver::start(|n, _| Reply::status(if n < 2 { 503 } else { 200 }));
    let scene = scene(&receiver, &[0, 100, 1_000]).await;
    scene.submit().await;
    assert_eq!(scene.deliver().await, 1);
    scene.app.advance(time::Duration::seconds(79));
    assert_eq!(scene.deliver().await, 0, "not before 80 % of the step");
    scene.app.advance(time::Duration::seconds(42));
    assert_eq!(scene.deliver().await, 1, "not after 120 % of it");
    let page = scene.delivery_page().await.text();
    assert!(
        page.contains("Trying again")
            && page.contains("The receiver answered with an error (503)")
            && page.contains("Next try"),
        "{page}"
    );
    scene.app.advance(time::Duration::seconds(1_201));
    assert_eq!(scene.deliver().await, 1);
    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert!(
        got.iter()
            .all(|request| request.header("webhook-id") == got[0].header("webhook-id") && request.body == got[0].body)
    );
    assert_ne!(got[0].header("webhook-timestamp"), got[2].header("webhook-timestamp"));
    assert_ne!(got[0].header("webhook-signature"), got[2].header("webhook-signature"));
    assert_eq!(scene.deliveries().await[0].state.as_str(), "delivered");
    let mails = || scene.app.app.mailer.kept().into_iter().filter(|mail| mail.subject.contains("Webhook")).count();
    scene.app.run_jobs().await;
    assert_eq!(mails(), 0);
}

#[tokio::test]
async fn after_the_last_failure_it_is_shown_noted_and_mailed() {
    let receiver = Receiver::start(|_, _| Reply::with(500, &[], "<b>broken</b>\u{7}"));
    let scene = scene(&receiver, &[0, 10]).await;
    scene.submit().await;
    scene.deliver().await;
    scene.app.advance(time::Duration::seconds(13));
    scene.deliver().await;
    scene.app.advance(time::Duration::days(30));
    scene.owner.sign_in("ana@acme.example").await;
    assert_eq!(scene.deliver().await, 0, "two steps, two tries");
    assert_eq!(scene.deliveries().await[0].state.as_str(), "gave_up");
    scene.app.run_jobs().await;
    let mail = scene
        .app
        .app
        .mailer
        .kept()
        .into_iter()
        .find(|mail| mail.subject.starts_with("Webhook not delivered"))
        .expect("a mail to the owner");
    assert_eq!(mail.to, "ana@acme.example");
    assert!(
        mail.text.contains("source.setup_filled")
            && mail.text.contains("(500)")
            && mail.text.contains("/webhook-deliveries/"),
        "{}",
        mail.text
    );
    let connection = scene.owner.get(&scene.connection).await.text();
    assert!(connection.contains("Webhook to 127.0.0.1 failed at its last try"), "{connection}");
    let page = scene.delivery_page().await;
    assert!(
        page.text().contains("Failed") && page.text().contains("<b>broken</b>"),
        "the answer is text: {}",
        page.text()
    );
    let action = page.actions().into_iter().find(|action| action.ends_with("/resend")).unwrap();
    assert_eq!(page.form_to(&action).send(&scene.owner).await.status, 303);
    assert_eq!(scene.deliver().await, 1, "sent again by hand");
    let got = receiver.got();
    assert_eq!(got[0].header("webhook-id"), got[2].header("webhook-id"));
    assert_eq!(scene.deliveries().await[0].state.as_str(), "pending", "from the start of the schedule");
}

#[tokio::test]
async fn gone_turns_the_webhook_off() {
    let receiver = Receiver::always(410);
    let scene = scene(&receiver, &[0, 10, 10]).await;
    scene.submit().await;
    scene.deliver().await;
    let link = crate::setup_links::share_again(&scene.owner, &scene.connection).await;
    submit(&scene.app, &link).await;
    scene.app.advance(time::Duration::days(1) / 2);
    assert_eq!(scene.deliver().await, 0);
    assert_eq!(receiver.got().len(), 1);
    assert!(scene.deliveries().await.iter().all(|delivery| delivery.state.as_str() == "disabled"));
    scene.app.run_jobs().await;
    assert!(scene.app.app.mailer.kept().iter().any(|mail| mail.subject.starts_with("Webhook turned off")));
    assert!(scene.owner.get(&scene.connection).await.text().contains("Off: the receiver is gone"));
    let page = scene.owner.get(&format!("{}/webhook", scene.connection)).await;
    assert!(page.text().contains("Nothing is sent"));
    assert_eq!(
        page.form_with("url").send(&scene.owner).await.status,
        303,
        "saved again with the header that is stored"
    );
    assert!(!scene.owner.get(&scene.connection).await.text().contains("Off: the receiver is gone"));
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it_up_to_twice_the_step() {
    for (asked, from, until) in [("150", 149, 151), ("100000", 199, 201), ("1", 79, 121)] {
        let receiver = Receiver::start(move |_, _| Reply::with(429, &[("retry-after", asked)], ""));
        let scene = scene(&receiver, &[0, 100]).await;
        scene.submit().await;
        scene.deliver().await;
        scene.app.advance(time::Duration::seconds(from));
        assert_eq!(scene.deliver().await, 0, "asked for {asked}");
        scene.app.advance(time::Duration::seconds(until - from));
        assert_eq!(scene.deliver().await, 1, "asked for {asked}");
    }
}

#[tokio::test]
async fn redirects_are_failures_and_huge_answers_are_cut() {
    let elsewhere = Receiver::always(200);
    let target = elsewhere.url("/");
    let receiver = Receiver::start(move |n, _| match n {
        0 => Reply::with(307, &[("location", &target)], ""),
        _ => Reply::with(200, &[], &"z".repeat(5_000_000)),
    });
    let scene = scene(&receiver, &[0, 10]).await;
    scene.submit().await;
    scene.deliver().await;
    assert!(scene.delivery_page().await.text().contains("answered with a redirect, which is never followed (307)"));
    scene.app.advance(time::Duration::seconds(13));
    scene.deliver().await;
    let page = scene.delivery_page().await;
    assert_eq!(page.body.matches('z').count() / 1_000, 1, "a kilobyte is kept");
    assert_eq!((scene.deliveries().await[0].state.as_str(), elsewhere.connections()), ("delivered", 0));
}

#[tokio::test]
async fn a_slow_receiver_is_cut_off_and_delays_nobody_else() {
    let slow = Receiver::start(|_, _| Reply::status(200).after(Duration::from_secs(60)));
    let quick = Receiver::always(200);
    // Receivers are told apart by host: the quick one has another name.
    let app = app_with(|_| {});
    let owner = app.owner().await;
    for _ in 0..6 {
        let (connection, link) = share(&owner, "source", "postgres", &[]).await;
        assert_eq!(super::set_webhook(&owner, &connection, &slow.url("/"), None).await.status, 303);
        submit(&app, &link).await;
    }
    let (connection, link) = share(&owner, "source", "postgres", &[]).await;
    let url = format!("https://localhost:{}/", quick.port);
    assert_eq!(super::set_webhook(&owner, &connection, &url, None).await.status, 303);
    submit(&app, &link).await;
    let (begun, product) = (Instant::now(), std::sync::Arc::clone(&app.app));
    let work = tokio::spawn(async move { vestibule::features::webhooks::run_due(&product).await.unwrap() });
    while quick.got().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(14), "the quick receiver waits behind the slow one");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(slow.connections() <= 4, "few tries at a time for one host");
    assert_eq!(work.await.unwrap(), 7);
    assert!((15..45).contains(&begun.elapsed().as_secs()), "two rounds of 15 seconds: {:?}", begun.elapsed());
    let delivery = super::deliveries(&app.app, &connection).await.remove(0);
    assert_eq!(delivery.state.as_str(), "delivered");
}

#[tokio::test]
async fn a_receiver_that_is_away_is_one_mail_until_it_was_back() {
    let receiver = Receiver::start(|n, _| Reply::status(if n == 2 { 200 } else { 500 }));
    let scene = scene(&receiver, &[0]).await;
    let mails = || scene.app.app.mailer.kept().into_iter().filter(|mail| mail.subject.contains("Webhook not")).count();
    for (event, told) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
        let link = crate::setup_links::share_again(&scene.owner, &scene.connection).await;
        submit(&scene.app, &link).await;
        scene.app.advance(time::Duration::SECOND);
        assert_eq!(scene.deliver().await, 1);
        scene.app.run_jobs().await;
        assert_eq!(mails(), told, "after event {event}");
    }
    let listed = scene.owner.get("/settings/failures").await;
    assert_eq!(listed.text().matches("Webhook not delivered").count(), 3, "each is listed: {}", listed.text());
}
