//! The pages of webhooks: who may do what, what is refused and why, and what is never shown.

use vestibule::features::accounts::Role;

use super::{Scene, app, set_webhook};
use crate::setup_links::share;
use crate::support::receiver::{Receiver, Reply};
use crate::support::{CANARY, TestApp};

#[tokio::test]
async fn a_bad_address_or_header_is_refused_with_its_reason() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (connection, _) = share(&owner, "source", "postgres", &[]).await;
    for (url, header, reason) in [
        ("http://example.com/", None, "URL must begin with https://"),
        ("https://127.0.0.1/", None, "URL must lead to a public address"),
        ("https://[::ffff:10.0.0.1]/", None, "URL must lead to a public address"),
        ("https://localhost/", None, "URL must lead to a public address"),
        ("https://u:p@8.8.8.8/", None, "must not contain a user name"),
        ("https://8.8.8.8/", Some(("webhook-signature", "x")), "Header name is one that every request has already"),
        ("https://8.8.8.8/", Some(("X-Webhook-Secret", "")), "Header value is needed with a header name"),
        ("https://8.8.8.8/", Some(("X-Webhook-Secret", "a\r\nHost: evil")), "Header value must be one line"),
    ] {
        let refused = set_webhook(&owner, &connection, url, header).await;
        assert_eq!(refused.status, 422, "{url} {header:?}");
        assert!(refused.text().contains(reason), "{url} {header:?}: {}", refused.text());
        assert!(refused.title().starts_with("Error: "));
    }
    assert!(owner.get(&connection).await.text().contains("No program is told when details come."));
    let literal = set_webhook(&owner, &connection, "https://8.8.8.8/in", None).await;
    assert_eq!(literal.status, 303, "{}", literal.text());
    assert!(owner.get(&connection).await.text().contains("https://8.8.8.8/in is told"));
}

#[tokio::test]
async fn a_header_value_is_shown_nowhere_and_leaves_its_host_never() {
    let echo = Receiver::start(|_, got| {
        Reply::with(500, &[], &format!("you sent {}", got.header("x-webhook-secret").unwrap_or("nothing")))
    });
    let scene = Scene::new(&echo).await;
    scene.submit().await;
    scene.deliver().await;
    let path = format!("{}/webhook", scene.connection);
    for page in [scene.owner.get(&scene.connection).await, scene.owner.get(&path).await, scene.delivery_page().await] {
        assert!(!page.body.contains(CANARY), "{}", page.path);
    }
    let detail = scene.delivery_page().await.text();
    assert!(detail.contains("you sent ••••••") && detail.contains("X-Webhook-Secret: ••••••"), "{detail}");
    let form = scene.owner.get(&path).await.form_with("url");
    assert_eq!(form.value("header_value"), Some(""));
    let moved = form.clone().set("url", &format!("https://localhost:{}/other", echo.port)).send(&scene.owner).await;
    assert_eq!(moved.status, 422);
    assert!(moved.text().contains("Header value must be entered again"), "{}", moved.text());
    let other_port = form.clone().set("url", &echo.url("/other").replace(&echo.port.to_string(), "8443"));
    let other_port = other_port.send(&scene.owner).await;
    assert_eq!(other_port.status, 422, "another port is another server");
    assert!(other_port.text().contains("because the URL leads to another host or port"), "{}", other_port.text());
    let same_host = form.set("url", &echo.url("/other")).send(&scene.owner).await;
    assert_eq!(same_host.status, 303);
    scene.app.advance(time::Duration::seconds(10));
    scene.deliver().await;
    let got = echo.got().pop().unwrap();
    assert_eq!(
        (got.path.as_str(), got.header("x-webhook-secret")),
        ("/other", Some(CANARY)),
        "blank keeps what is stored"
    );
}

#[tokio::test]
async fn only_those_who_may_change_webhooks_do() {
    let receiver = Receiver::always(200);
    let scene = Scene::new(&receiver).await;
    scene.submit().await;
    let delivery = format!("/webhook-deliveries/{}", scene.deliveries().await[0].id);
    let posts = |connection: &str| {
        [
            format!("{connection}/webhook"),
            format!("{connection}/webhook/removal"),
            format!("{connection}/webhook/test"),
            format!("{delivery}/resend"),
        ]
        .into_iter()
        .chain(
            [
                "/settings/webhooks/new",
                "/settings/webhooks/secret",
                "/settings/webhooks/x",
                "/settings/webhooks/x/deletion",
                "/settings/webhooks/x/test",
            ]
            .map(str::to_owned),
        )
        .collect::<Vec<_>>()
    };
    let viewer = scene.app.member(&scene.owner, Role::Viewer, "vi@acme.example").await;
    let member = scene.app.member(&scene.owner, Role::Member, "bo@acme.example").await;
    let other = scene.app.owner_of("Other", "Oto", "oto@other.example").await;
    let fields = [("url", "https://8.8.8.8/"), ("events", "setup_link.created")];
    for (who, visitor) in [("viewer", &viewer), ("member", &member), ("other", &other)] {
        let token = visitor.get("/settings/account").await.form_to("/sign-out");
        for action in posts(&scene.connection) {
            let mut form = crate::support::Form { action: action.clone(), ..token.clone() };
            form = fields.iter().fold(form, |form, (name, value)| form.set(name, value));
            let expected: &[u16] = match who {
                "viewer" => &[403],
                "member" if action.starts_with("/settings") => &[403],
                "member" => &[303],
                _ if action.ends_with("/new") => &[303],
                _ if action.ends_with("/secret") => &[200],
                _ => &[404],
            };
            let answer =
                if who == "member" && action.ends_with("/removal") { continue } else { form.send(visitor).await };
            assert!(expected.contains(&answer.status), "{who} {action}: {}", answer.status);
        }
        let expected = if who == "other" { 404 } else { 200 };
        assert_eq!(visitor.get(&delivery).await.status, expected, "{who}");
    }
    assert_eq!(
        viewer.get("/settings/webhooks").await.count("main form"),
        0,
        "no form that would be refused is offered"
    );
    assert_eq!(scene.app.visitor().get(&delivery).await.status, 303, "strangers sign in first");
}

#[tokio::test]
async fn an_endpoint_is_added_tested_changed_and_deleted() {
    let (app, receiver) = (app(), Receiver::always(200));
    let owner = app.owner().await;
    assert!(owner.get("/settings/webhooks").await.text().contains("No endpoints yet"));
    let blank = owner.get("/settings/webhooks/new").await.form_with("url");
    let refused = blank.clone().set("url", &receiver.url("/")).send(&owner).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Choose at least one event"));
    let filled = blank.set("url", &receiver.url("/")).set("description", "Ops").add("events", "setup_link.created");
    assert_eq!(filled.clone().send(&owner).await.status, 303);
    assert_eq!(filled.send(&owner).await.status, 303, "the same form twice");
    let page = owner.get("/settings/webhooks").await;
    let mut own =
        page.links().into_iter().filter(|link| link.starts_with("/settings/webhooks/") && !link.ends_with("/new"));
    let endpoint = own.next().expect("a link to the endpoint");
    assert_eq!(own.next(), None, "made once");
    let detail = owner.get(&endpoint).await;
    let sent = detail.form_to(&format!("{endpoint}/test")).send(&owner).await;
    assert_eq!(sent.status, 303);
    vestibule::features::webhooks::run_due(&app.app).await.unwrap();
    assert_eq!(receiver.got()[0].json()["event"], "webhook.test");
    assert!(owner.follow(&sent).await.text().contains("Delivered"));
    assert!(owner.get("/settings/webhooks").await.text().contains("webhook.test"));
    let changed = owner.get(&endpoint).await.form_with("url").set("description", "Night shift").send(&owner).await;
    assert_eq!(changed.status, 303, "{}", changed.text());
    assert!(owner.get("/settings/webhooks").await.text().contains("Night shift"));
    let gone = owner.get(&endpoint).await.form_to(&format!("{endpoint}/deletion")).send(&owner).await;
    assert_eq!(gone.status, 303);
    assert_eq!(owner.get(&endpoint).await.status, 404);
    share(&owner, "source", "postgres", &[]).await;
    vestibule::features::webhooks::run_due(&app.app).await.unwrap();
    assert_eq!(receiver.got().len(), 1, "a deleted endpoint hears nothing");
}

#[tokio::test]
async fn a_test_is_tried_once_and_mails_nobody() {
    let receiver = Receiver::always(500);
    let scene = Scene::new(&receiver).await;
    let path = format!("{}/webhook", scene.connection);
    scene.owner.get(&path).await.form_to(&format!("{path}/test")).send(&scene.owner).await;
    scene.deliver().await;
    scene.app.advance(time::Duration::hours(10));
    assert_eq!((scene.deliver().await, receiver.got().len()), (0, 1));
    let body = receiver.got()[0].json();
    assert_eq!(
        (body["event"].as_str(), body["source"]["config_completed"].as_bool()),
        (Some("webhook.test"), Some(false))
    );
    scene.app.run_jobs().await;
    assert!(!scene.app.app.mailer.kept().iter().any(|mail| mail.subject.contains("Webhook")));
}

#[tokio::test]
async fn one_endpoint_too_many_is_said_in_the_form() {
    let app = TestApp::start();
    let owner = app.owner().await;
    for number in 0..21 {
        let form = owner.get("/settings/webhooks/new").await.form_with("url");
        let typed = form.set("url", &format!("https://8.8.8.8/{number}")).set("description", "Night shift");
        let answer = typed.add("events", "source.setup_filled").send(&owner).await;
        if number < 20 {
            assert_eq!(answer.status, 303, "{number}: {}", answer.text());
        } else {
            assert_eq!(answer.status, 422);
            assert!(answer.text().contains("This workspace has 20 endpoints"), "{}", answer.text());
            assert_eq!(answer.form_with("url").value("url"), Some("https://8.8.8.8/20"), "what was typed stays");
        }
    }
}
