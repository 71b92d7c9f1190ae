//! Who may install, and when.

use time::Duration;
use vestibule::features::accounts::Role;

use super::{PAGE, Site, act, press, rows};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn only_an_owner_of_the_instance_who_has_just_signed_in_installs() {
    let Some(site) = Site::start() else { return };
    let app = &site.app;
    let owner = app.owner().await;
    app.advance(Duration::seconds(1));
    let stranger = app.owner_of("Guests", "Gus Guest", "gus@guests.example").await;
    let mut others = vec![(stranger, "an owner of another workspace")];
    for (role, email) in
        [(Role::Admin, "ada@acme.example"), (Role::Member, "mia@acme.example"), (Role::Viewer, "vic@acme.example")]
    {
        others.push((app.member(&owner, role, email).await, role.as_str()));
    }
    for (other, who) in &others {
        let page = other.get(PAGE).await;
        assert_eq!(page.status, 200, "{who}");
        assert!(!page.body.contains("/installing/"), "{who} sees no button");
        assert!(
            page.text().contains("vestibule connectors install source-facebook-marketing"),
            "{who}: {}",
            page.text()
        );
        assert_eq!(page.text().contains("Ana Lima"), *who != "an owner of another workspace", "{who}: {}", page.text());
        assert_eq!(other.get(&act("install")).await.status, 403, "{who}");
        let form = page.form_to("/sign-out");
        let token = form.value("_csrf").unwrap().to_owned();
        let pairs = [("_csrf".to_owned(), token), ("agree".to_owned(), "yes".to_owned())];
        assert_eq!(other.post(&act("install"), &pairs).await.status, 403, "{who}");
    }
    let nobody = app.visitor();
    assert!(nobody.get(&act("install")).await.location().unwrap().starts_with("/sign-in"));

    // An owner: from a page of ours only, with the licence agreed to, and signed in a moment ago.
    let form = owner.get(&act("install")).await.form_to(&act("install")).set("agree", "yes");
    let pairs = [("agree".to_owned(), "yes".to_owned())];
    let foreign = owner.post_with(&act("install"), &pairs, &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!(foreign.status, 403);
    let refused = form.clone().without("agree", "yes").send(&owner).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Say that you agree to the licence"), "{}", refused.text());
    app.advance(Duration::minutes(16));
    let late = form.send(&owner).await;
    assert_eq!(late.status, 422);
    assert!(late.text().contains("You signed in more than 15 minutes ago"), "{}", late.text());
    assert_eq!(rows(app).await, [], "nothing was asked for until now");
    let again = late.links().into_iter().find(|link| link.contains("again=1")).unwrap();
    let form = owner.get(&again).await.form_with("password");
    let back = form.set("email", "ana@acme.example").set("password", PASSWORD).send(&owner).await;
    assert_eq!(back.location().as_deref(), Some(act("install").as_str()), "one comes back to what one wanted");
    let begun = press(&owner, "install").await;
    assert_eq!((begun.status, begun.location().as_deref()), (303, Some(PAGE)), "{}", begun.text());
    assert_eq!(rows(app).await, [("install".to_owned(), "queued".to_owned(), 0)]);
}

#[tokio::test]
async fn where_it_is_not_switched_on_nobody_installs_and_the_page_says_what_to_type() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let page = owner.get(PAGE).await;
    assert!(page.text().contains("switched off here (VESTIBULE_CONNECTOR_INSTALL)"), "{}", page.text());
    assert!(!page.body.contains("/installing/") && page.body.contains("vestibule connectors install"));
    for what in ["install", "upgrade", "remove", "burn"] {
        assert_eq!(owner.get(&act(what)).await.status, 404, "{what}");
        let form = page.form_to("/sign-out");
        let pairs =
            [("_csrf".to_owned(), form.value("_csrf").unwrap().to_owned()), ("agree".to_owned(), "yes".to_owned())];
        assert_eq!(owner.post(&act(what), &pairs).await.status, 404, "{what}");
    }
    assert_eq!(rows(&app).await, []);
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let Some(site) = Site::start() else { return };
    let owner = site.app.owner().await;
    assert_eq!(owner.get(&act("upgrade")).await.status, 409, "it is not installed");
    assert_eq!(owner.get(&act("remove")).await.status, 409);
    assert_eq!(owner.get(&act("burn")).await.status, 404);
    assert_eq!(owner.get("/connectors/source/no-such-thing").await.status, 404);
    assert_eq!(owner.get("/connectors/pipe/facebook-ads").await.status, 404);
    // Its maker publishes a container image only.
    let page = owner.get("/connectors/source/mysql").await;
    assert!(
        page.text().contains("Container image") && page.body.contains("connectors import --image"),
        "{}",
        page.text()
    );
    assert!(!page.body.contains("/installing/"));
    assert_eq!(owner.get("/connectors/source/mysql/installing/install").await.status, 409);
}

#[tokio::test]
async fn the_first_workspace_is_the_oldest_whoever_comes_after() {
    let Some(site) = Site::start() else { return };
    let app = &site.app;
    let owner = app.owner().await;
    app.advance(Duration::seconds(1));
    let other = app.owner_of("Aardvark", "Abe", "abe@aardvark.example").await;
    assert_eq!(owner.get(&act("install")).await.status, 200);
    assert_eq!(other.get(&act("install")).await.status, 403);
    // An owner made later is one, too; an admin is none.
    let second = app.member(&owner, Role::Owner, "olga@acme.example").await;
    assert_eq!(second.get(&act("install")).await.status, 200);
}
