//! The main job, end to end.

use super::{share, share_again};
use crate::support::{CANARY, TestApp};

#[tokio::test]
async fn two_outsiders_fill_in_a_draft_and_it_is_complete() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (connection, link) =
        share(&owner, "source", "postgres", &[("description", "Shop database"), ("recipient", "Maria")]).await;

    maria_sends_a_part(&app, &link).await;
    let page = owner.get(&connection).await;
    assert!(page.text().contains("Partly filled in"), "{}", page.text());
    assert!(page.text().contains("Maria, through a setup link"), "{}", page.text());
    assert!(page.text().contains("password"), "the dot path of what is missing");

    let second = share_again(&owner, &connection).await;
    joe_sends_the_rest(&app, &second).await;

    let page = owner.get(&connection).await;
    let text = page.text();
    assert!(
        text.contains("Filled in") && text.contains("db.shop.example") && text.contains("Provided, cannot be shown"),
        "{text}"
    );
    assert!(!page.body.contains(CANARY));
    app.run_jobs().await;
    let mails = app.app.mailer.kept();
    assert_eq!(mails.len(), 2, "one mail a submission");
    assert!(
        mails.iter().all(|mail| mail.to == "ana@acme.example" && mail.subject == "Details received: Shop database")
    );
    assert!(mails.iter().all(|mail| !mail.text.contains(CANARY)
        && !mail.html.contains(CANARY)
        && !mail.html.contains("db.shop.example")));
}

async fn maria_sends_a_part(app: &TestApp, link: &str) {
    let maria = app.visitor();
    let form = maria.get(link).await;
    assert_eq!(form.status, 200);
    let text = form.text();
    for words in [
        "Acme Analytics",
        "Ana Lima",
        "ana@acme.example",
        "Hello Maria",
        "You need no account",
        "Open until Saturday 14 March 2026, 16:00 UTC",
    ] {
        assert!(text.contains(words), "{words} is not in: {text}");
    }
    let sent = form
        .form_with("/host")
        .set("/host", "db.shop.example")
        .set("/database", "shop")
        .press("intent", "partial", &maria)
        .await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let receipt = maria.follow(&sent).await;
    assert_eq!(receipt.status, 200);
    let words = receipt.text();
    assert!(words.contains("Sent to Acme Analytics") && words.contains("Host") && words.contains("VB-"), "{words}");
    assert!(!words.contains("db.shop.example"), "a receipt names fields, never values");
    assert_eq!(maria.get(link).await.status, 410);
}

async fn joe_sends_the_rest(app: &TestApp, link: &str) {
    let joe = app.visitor();
    let form = joe.get(link).await;
    assert!(!form.body.contains("db.shop.example"), "what another outsider sent is not shown");
    let secret = format!("{CANARY}-password");
    let sent = form
        .form_with("/password")
        .set("/username", "reader")
        .set("/password", &secret)
        .press("intent", "complete", &joe)
        .await;
    assert_eq!(sent.status, 303, "{}", sent.text());
}

#[tokio::test]
async fn what_was_handed_over_opens_with_the_key_ring() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (connection, link) = share(&owner, "source", "facebook-ads", &[]).await;
    let outsider = app.visitor();
    let secret = format!("{CANARY}-token");
    let form = outsider.get(&link).await.form_with("/access_token");
    let sent = form
        .set("/access_token", &secret)
        .set("/account_ids", "1234567890\n987654321")
        .press("intent", "complete", &outsider)
        .await;
    assert_eq!(sent.status, 303, "{}", sent.text());

    let slug = connection.trim_start_matches("/connections/").to_owned();
    let keys = app.app.keys.clone();
    let workspace = app
        .app
        .db
        .read(|conn| Ok(vestibule::features::accounts::find_workspace_by_slug(conn, "acme-analytics")?))
        .await
        .unwrap()
        .unwrap();
    let stored = app
        .app
        .db
        .read(move |conn| Ok(vestibule::features::connections::find(conn, &workspace.id, &slug)?))
        .await
        .unwrap()
        .unwrap();
    assert!(!serde_json::to_string(&stored.config).unwrap().contains(CANARY));
    assert_eq!(stored.config.get("account_ids"), Some(&serde_json::json!(["1234567890", "987654321"])));
    let values = stored.open_values(&keys).unwrap();
    let (path, value) = values.secrets.iter().next().unwrap();
    assert_eq!(path.dot(), "access_token");
    assert_eq!(secrecy::ExposeSecret::expose_secret(value), secret);
}

#[tokio::test]
async fn a_sent_form_that_comes_again_shows_the_same_receipt_and_writes_nothing() {
    let (app, owner, connection, link) = super::app_with_link().await;
    let outsider = app.visitor();
    let form = outsider.get(&link).await.form_with("/host").set("/host", "one.example").add("intent", "partial");
    let first = form.send(&outsider).await;
    app.advance(time::Duration::minutes(1));
    let again = form.send(&outsider).await;
    assert_eq!((first.status, again.status), (303, 303));
    assert_eq!(first.location(), again.location());
    assert!(owner.get(&connection).await.text().contains("one.example"));
    app.run_jobs().await;
    assert_eq!(app.app.mailer.kept().len(), 1);
}

#[tokio::test]
async fn a_sent_form_that_comes_again_with_other_values_is_told_so_and_shown_what_it_held() {
    let (app, owner, connection, link) = super::app_with_link().await;
    let outsider = app.visitor();
    let form = outsider.get(&link).await.form_with("/host").set("/host", "one.example").add("intent", "partial");
    assert_eq!(form.send(&outsider).await.status, 303);
    for different in [
        form.clone().set("/host", "two.example"),
        form.clone().set("/host", "two.example").set("/password", CANARY),
        form.clone().set("/host", "two.example").set("intent", "final"),
    ] {
        let again = different.send(&outsider).await;
        assert_eq!(again.status, 410, "{}", again.text());
        let text = again.text();
        assert!(text.contains("This form was sent before") && text.contains("nothing of it was taken"), "{text}");
        assert!(text.contains("two.example") && text.contains("for a new link"), "{text}");
        assert!(!text.contains(CANARY));
    }
    let page = owner.get(&connection).await;
    assert!(page.text().contains("one.example") && !page.text().contains("two.example"));
}
