//! What every account page owes to everybody: one heading, labels, a title, no value where none may be.

use scraper::Selector;
use vestibule::features::accounts::{Role, first_run_code};

use super::join_path;
use crate::support::{PASSWORD, Page, TestApp};

fn check(page: &Page) {
    let at = format!("{} ({})", page.path, page.status);
    assert_eq!(page.count("h1"), 1, "{at}");
    assert_eq!(page.count("main"), 1, "{at}");
    assert!(page.title().contains("Vestibule"), "{at}: {}", page.title());
    assert!(page.has("a.skip[href='#main']") && page.has("html[lang=en]"), "{at}");
    assert!(
        !page.has("[style]")
            && !page.has("style")
            && !page.has("script:not([src])")
            && !page.has("[required]")
            && !page.has("[disabled]"),
        "{at}"
    );
    assert!(!page.has("input[type=password][value]"), "{at}");
    let html = page.html();
    let every = |css: &str| Selector::parse(css).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for element in html.select(&every("[id]")) {
        assert!(
            ids.insert(element.attr("id").unwrap()),
            "{at}: two elements are called {}",
            element.attr("id").unwrap()
        );
    }
    for field in html.select(&every("input:not([type=hidden]), select, textarea")) {
        let named = field.attr("id").is_some_and(|id| page.has(&format!("label[for='{id}']")));
        let inside =
            field.ancestors().filter_map(scraper::ElementRef::wrap).any(|parent| parent.value().name() == "label");
        assert!(named || inside, "{at}: a field without a label: {}", field.html());
        for id in field.attr("aria-describedby").unwrap_or_default().split(' ').filter(|id| !id.is_empty()) {
            assert!(ids.contains(id), "{at}: nothing is called {id}");
        }
    }
    for form in html.select(&every("form[method=post]")) {
        assert!(
            form.select(&every("input[name=_csrf]"))
                .next()
                .is_some_and(|token| !token.attr("value").unwrap().is_empty()),
            "{at}: a form without a token"
        );
    }
    for button in html.select(&every("button")) {
        assert!(!button.text().collect::<String>().trim().is_empty(), "{at}: a button without words");
    }
    let titles: Vec<String> =
        html.select(&every("summary, button[data-kind=main]")).map(|element| element.text().collect()).collect();
    assert!(page.count("button[data-kind=main]:not([data-js])") <= 1, "{at}: one main button a page: {titles:?}");
}

#[tokio::test]
async fn the_pages_of_strangers() {
    let app = TestApp::start();
    let visitor = app.visitor();
    let code = first_run_code(&app.app).await.unwrap().unwrap();
    let setup = visitor.get(&format!("/setup?code={code}")).await;
    check(&setup);
    check(&setup.form_with("code").set("code", "<script>").send(&visitor).await);
    let owner = app.owner().await;
    let sign_in = visitor.get("/sign-in").await;
    check(&sign_in);
    check(
        &sign_in
            .form_with("email")
            .set("email", "\"><script>alert(1)</script>")
            .set("password", "x")
            .send(&visitor)
            .await,
    );
    let forgot = visitor.get("/forgot-password").await;
    check(&forgot);
    check(&forgot.form_with("email").set("email", "x").send(&visitor).await);
    check(&forgot.form_with("email").set("email", "nobody@acme.example").send(&visitor).await);
    let made = owner
        .get("/settings/members")
        .await
        .form_to("/settings/members/invitations")
        .set("email", "bo@acme.example")
        .send(&owner)
        .await;
    let path = join_path(&made.body);
    let join = visitor.get(&path).await;
    check(&join);
    check(&join.form_with("name").set("password", "short").send(&visitor).await);
    join.form_with("name").set("name", "Bo").set("password", PASSWORD).send(&visitor).await;
    check(&app.visitor().get(&path).await);
}

#[tokio::test]
async fn the_pages_of_members_of_every_role() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let invited = owner
        .get("/settings/members")
        .await
        .form_to("/settings/members/invitations")
        .set("email", "later@acme.example")
        .send(&owner)
        .await;
    check(&invited);
    let form = owner
        .get("/settings/api-keys")
        .await
        .form_with("expires")
        .set("name", "<i>Job</i>")
        .add("scope", "sources:read");
    check(&form.send(&owner).await);
    check(&form.send(&owner).await);
    check(&form.set("name", "").set("expires", "x").send(&owner).await);
    let visitors = [
        app.member(&owner, Role::Viewer, "vi@acme.example").await,
        app.member(&owner, Role::Member, "me@acme.example").await,
        app.member(&owner, Role::Admin, "ad@acme.example").await,
        owner.clone(),
    ];
    for visitor in &visitors {
        visitor.get("/settings/mail").await;
    }
    let mut titles = std::collections::BTreeSet::new();
    for visitor in &visitors {
        for page in ["workspace", "members", "api-keys", "mail", "data", "account", "appearance"] {
            let page = visitor.get(&format!("/settings/{page}")).await;
            check(&page);
            assert!(page.has("nav[aria-label=Settings] a[aria-current=page]"), "{}", page.path);
            titles.insert(page.title());
        }
    }
    assert_eq!(titles.len(), 7, "{titles:?}");
    let id = super::id_of_member(&app, "me@acme.example").await;
    for visitor in &visitors {
        check(&visitor.get(&format!("/settings/members/{id}")).await);
    }
    check(&owner.get(&format!("/settings/members/{id}/removal")).await);
}

#[tokio::test]
async fn odd_names_are_text() {
    let app = TestApp::start();
    let owner = app.owner_of("<b>אקמה</b> & Söhne", "O'Neil \"<i>\"", "odd@acme.example").await;
    for page in ["workspace", "members", "account"] {
        let page = owner.get(&format!("/settings/{page}")).await;
        check(&page);
        assert!(!page.has("b") && !page.has("i"), "{}", page.path);
        assert!(page.text().contains("<b>אקמה</b> & Söhne"), "{}", page.text());
    }
}
