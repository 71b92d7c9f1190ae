//! What providers know this installation as, and what happens without it.

use crate::setup_links::{share, share_page};
use crate::support::{CANARY, TestApp};

#[tokio::test]
async fn an_app_is_set_changed_and_never_shown() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let list = owner.get("/settings/oauth-apps").await;
    assert!(list.text().contains("Facebook Not set"), "{}", list.text());
    let page = owner.get("/settings/oauth-apps/google").await;
    let uri = page.value_of("redirect-uri").unwrap();
    assert_eq!(uri, format!("{}/oauth/callback/google", app.base));
    let refused = page.form_with("client_id").set("client_id", "").send(&owner).await;
    assert!(refused.status == 422 && refused.text().contains("Enter the client secret"), "{}", refused.text());
    let secret = format!("{CANARY}-secret");
    let form = page.form_with("client_id").set("client_id", "the-id").set("client_secret", &secret);
    assert_eq!(form.set("developer_token", &format!("{CANARY}-dev")).send(&owner).await.status, 303);
    let shown = owner.get("/settings/oauth-apps/google").await;
    assert!(!shown.body.contains(CANARY), "a secret is never sent back");
    assert_eq!(shown.form_with("client_id").value("client_id"), Some("the-id"));
    let kept = shown.form_with("client_id").set("client_id", "another-id").send(&owner).await;
    assert_eq!(kept.status, 303, "a blank secret keeps the one that is set: {}", kept.text());
    assert!(owner.get("/settings/oauth-apps").await.text().contains("Google Set"));
    let removal = owner.get("/settings/oauth-apps/google").await.form_to("/settings/oauth-apps/google/removal");
    assert_eq!(removal.send(&owner).await.status, 303);
    assert_eq!(removal.send(&owner).await.status, 404);
    assert_eq!(owner.get("/settings/oauth-apps/nobody").await.status, 404);
}

#[tokio::test]
async fn without_an_app_there_is_no_button_and_the_owner_is_told() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let page = owner.get("/connections/new/source/facebook-ads").await;
    assert!(
        page.text().contains("no OAuth app") && page.links().contains(&"/settings/oauth-apps/facebook".to_owned()),
        "{}",
        page.text()
    );
    let (_, link) = share(&owner, "source", "facebook-ads", &[]).await;
    let seen = app.visitor().get(&link).await;
    assert!(!seen.text().contains("Continue with Facebook") && seen.has("[name='/access_token']"), "{}", seen.text());
    let form = owner.get("/settings/oauth-apps/facebook").await.form_with("client_id");
    assert_eq!(form.set("client_id", "id").set("client_secret", "secret").send(&owner).await.status, 303);
    assert!(app.visitor().get(&link).await.text().contains("Continue with Facebook"));
    assert!(!owner.get("/connections/new/source/facebook-ads").await.text().contains("no OAuth app"));
    assert!(!share_page(&owner, "source", "postgres", &[]).await.text().contains("no OAuth app"));
}
