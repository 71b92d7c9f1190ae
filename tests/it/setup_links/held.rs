//! A slip elsewhere does not cost a retyped key, and the key never comes back in a page.

use super::app_with_link;
use crate::support::CANARY;

#[tokio::test]
async fn a_typed_secret_is_held_and_used_when_the_slip_is_mended() {
    let (app, owner, connection, link) = app_with_link().await;
    let outsider = app.visitor();
    let secret = format!("{CANARY}-held");
    let form = outsider.get(&link).await.form_with("/host");
    let form = form
        .set("/host", "db.example")
        .set("/port", "many")
        .set("/username", "u")
        .set("/database", "d")
        .set("/password", &secret);
    let refused = form.press("intent", "complete", &outsider).await;
    assert_eq!(refused.status, 422);
    assert!(refused.title().starts_with("Error: "));
    assert!(!refused.body.contains(CANARY), "a secret is never sent back");
    let text = refused.text();
    assert!(
        text.contains("Port must be a whole number")
            && text.contains("Received just now")
            && text.contains("16:30 UTC"),
        "{text}"
    );
    let again = refused.form_with("/host");
    assert_eq!(
        (again.value("/host"), again.value("/port"), again.value("/password")),
        (Some("db.example"), Some("many"), Some(""))
    );
    let sent = again.set("/port", "5432").press("intent", "complete", &outsider).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let page = owner.get(&connection).await;
    assert!(page.text().contains("Filled in") && page.text().contains("Provided, cannot be shown"), "{}", page.text());
}

#[tokio::test]
async fn what_is_held_is_forgotten_after_half_an_hour() {
    let (app, owner, connection, link) = app_with_link().await;
    let outsider = app.visitor();
    let form = outsider.get(&link).await.form_with("/host").set("/port", "many").set("/password", "held-too-long-1");
    let refused = form.press("intent", "partial", &outsider).await;
    assert_eq!(refused.status, 422);
    app.advance(time::Duration::minutes(31));
    app.sweep().await;
    let sent = refused
        .form_with("/host")
        .set("/port", "5432")
        .set("/host", "db.example")
        .press("intent", "partial", &outsider)
        .await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let page = owner.get(&connection).await;
    assert!(!page.text().contains("Provided, cannot be shown"), "{}", page.text());
}

#[tokio::test]
async fn another_browser_with_the_same_link_gets_nothing_that_is_held() {
    let (app, owner, connection, link) = app_with_link().await;
    let outsider = app.visitor();
    let form = outsider.get(&link).await.form_with("/host").set("/port", "many").set("/password", "held-for-me-only");
    assert_eq!(form.press("intent", "partial", &outsider).await.status, 422);
    let other = app.visitor();
    let page = other.get(&link).await;
    assert!(!page.text().contains("Received just now"));
    let sent = page.form_with("/host").set("/host", "db.example").press("intent", "partial", &other).await;
    assert_eq!(sent.status, 303);
    assert!(!owner.get(&connection).await.text().contains("Provided, cannot be shown"));
}
