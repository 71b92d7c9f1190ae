//! The owner's side: making a link, seeing it once, what is asked of it.

use super::{app_with_link, share, share_page};
use crate::support::TestApp;

#[tokio::test]
async fn the_new_link_is_shown_once_with_texts_and_a_qr_code() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let page = owner.get("/connections/new/source/postgres").await;
    let form = page
        .form_with("lifetime")
        .set("lifetime", "7d")
        .set("recipient", "Maria")
        .set("note", "Read-only is enough.")
        .add("intent", "share");
    let created = form.send(&owner).await;
    assert_eq!(created.status, 200);
    assert_eq!(created.header("cache-control"), Some("no-store"));
    let text = created.text();
    assert!(text.contains("shown only once") && text.contains("Friday 20 March 2026, 16:00 UTC"), "{text}");
    assert!(created.has("svg.qr path") && created.body.contains("Hello Maria"));
    let again = form.send(&owner).await;
    assert_eq!(again.status, 200);
    assert!(again.value_of("setup-link").is_none() && again.text().contains("shown once"), "{}", again.text());
    assert_eq!(owner.get("/connections").await.count("tbody tr"), 1, "one form makes one draft");
}

#[tokio::test]
async fn a_wrong_lifetime_keeps_what_was_typed() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let fields = [
        ("lifetime", "date"),
        ("until", "2026-02-30"),
        ("note", "Kept note"),
        ("/host", "kept.example"),
        ("description", "Kept name"),
    ];
    let refused = share_page(&owner, "source", "postgres", &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("must be a real date"), "{}", refused.text());
    let form = refused.form_with("lifetime");
    assert_eq!(
        (form.value("note"), form.value("/host"), form.value("description"), form.value("lifetime")),
        (Some("Kept note"), Some("kept.example"), Some("Kept name"), Some("date"))
    );
    assert_eq!(owner.get("/connections").await.count("tbody tr"), 0, "nothing was made");
}

#[tokio::test]
async fn a_day_ends_where_the_asker_says() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let fields = [("lifetime", "date"), ("until", "2026-03-20"), ("zone", "America/Sao_Paulo")];
    let created = share_page(&owner, "source", "postgres", &fields).await;
    let words = "Friday 20 March 2026, 23:59 America/Sao Paulo";
    assert!(created.text().contains(words), "{}", created.text());
    let (connection, link) = (super::connection_path(&created), super::link_path(&created));
    let visitor = app.visitor();
    assert!(visitor.get(&link).await.text().contains(words));
    assert!(owner.get(&connection).await.body.contains(words));
    app.advance(time::Duration::days(7) + time::Duration::hours(10) + time::Duration::minutes(59));
    assert_eq!(visitor.get(&link).await.status, 200, "02:59 UTC of the next day");
    app.advance(time::Duration::minutes(1));
    let dead = visitor.get(&link).await;
    assert!(dead.status == 410 && dead.text().contains(words), "{}", dead.text());
    let fields = [("lifetime", "date"), ("until", "2026-03-25"), ("zone", "Mars/Olympus")];
    let refused = share_page(&owner, "source", "postgres", &fields).await;
    assert!(refused.status == 422 && refused.text().contains("Choose a time zone"), "{}", refused.text());
    assert!(refused.has(".error-summary a[href='#share-zone']"));
}

#[tokio::test]
async fn a_recipient_hands_over_a_long_key() {
    let (app, owner, connection, link) = app_with_link().await;
    let visitor = app.visitor();
    let form = visitor.get(&link).await.form_with("/host").set("/host", "long.example");
    let sent = form.clone().set("/password", &"x".repeat(1024 * 1024 + 1)).press("intent", "partial", &visitor).await;
    assert!(sent.status == 422 && sent.text().contains("must be smaller than 1 MB"), "{}", sent.status);
    let form = sent.form_with("/host").set("/password", &"+/=\n".repeat(50_000)).add("intent", "partial");
    assert_eq!(form.send(&visitor).await.status, 303);
    assert!(owner.get(&connection).await.text().contains("Provided, cannot be shown"));
    let too_much = owner.get(&format!("{connection}/configuration")).await.form_with("/host");
    let refused = too_much.set("note", &"x".repeat(5 * 1024 * 1024)).send(&owner).await;
    assert!(refused.status == 413 && refused.text().contains("larger than we can take"), "{}", refused.status);
}

#[tokio::test]
async fn the_owner_fills_in_replaces_and_removes() {
    let (app, owner, connection, _link) = app_with_link().await;
    let page = owner.get(&format!("{connection}/configuration")).await;
    let saved = page
        .form_with("/host")
        .set("/host", "own.example")
        .set("/password", "first secret")
        .press("intent", "save", &owner)
        .await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let shown = owner.follow(&saved).await;
    assert!(
        shown.text().contains("Saved.") && shown.text().contains("own.example") && shown.text().contains("Ana Lima"),
        "{}",
        shown.text()
    );
    assert!(!owner.get(&connection).await.text().contains("Saved."), "a message is shown once");

    let page = owner.get(&format!("{connection}/configuration")).await;
    assert!(page.text().contains("Already provided") && !page.body.contains("first secret"));
    let blank = page.form_with("/host").press("intent", "save", &owner).await;
    assert!(owner.follow(&blank).await.text().contains("Provided, cannot be shown"), "blank never overwrites");

    let page = owner.get(&format!("{connection}/configuration")).await;
    let removed = page.form_with("/host").set("/password/~clear", "1").press("intent", "save", &owner).await;
    assert!(!owner.follow(&removed).await.text().contains("Provided, cannot be shown"));
    drop(app);
}

#[tokio::test]
async fn what_the_owner_filled_in_is_shown_to_the_recipient() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (_, link) =
        share(&owner, "source", "postgres", &[("/host", "prefilled.example"), ("/password", "zq-not-for-eyes")]).await;
    let page = app.visitor().get(&link).await;
    assert_eq!(page.form_with("/host").value("/host"), Some("prefilled.example"));
    assert!(page.text().contains("Already provided") && !page.body.contains("zq-not-for-eyes"));
}

#[tokio::test]
async fn another_workspace_never_sees_a_connection() {
    let (app, _owner, connection, _link) = app_with_link().await;
    let stranger = app.owner_of("Other Corp", "Otto", "otto@other.example").await;
    for path in [connection.clone(), format!("{connection}/configuration"), format!("{connection}/deletion")] {
        assert_eq!(stranger.get(&path).await.status, 404, "{path}");
    }
    let own = share(&stranger, "source", "postgres", &[]).await.0;
    let token = stranger.get(&own).await.form_to(&format!("{own}/description")).value("_csrf").unwrap().to_owned();
    for path in ["description", "deletion", "configuration", "setup-links/0/revocation"] {
        let pairs = [("_csrf".to_owned(), token.clone()), ("description".to_owned(), "mine".to_owned())];
        assert_eq!(stranger.post(&format!("{connection}/{path}"), &pairs).await.status, 404, "{path}");
    }
    assert_eq!(stranger.get("/connections").await.count("tbody tr"), 1);
}

#[tokio::test]
async fn a_connection_is_renamed_and_an_empty_name_is_refused() {
    let (_app, owner, connection, _link) = app_with_link().await;
    let page = owner.get(&connection).await;
    let action = format!("{connection}/description");
    let renamed = page.form_to(&action).set("description", "Warehouse <1>").send(&owner).await;
    assert!(owner.follow(&renamed).await.text().contains("Warehouse <1>"));
    let refused = page.form_to(&action).set("description", "  ").send(&owner).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Enter a name"));
    let long = page.form_to(&action).set("description", &"x".repeat(200)).send(&owner).await;
    assert_eq!(long.status, 422);
    assert!(long.text().contains("120 characters or fewer"));
}
