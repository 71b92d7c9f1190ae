//! Invite links as members, recipients and programs use them.

mod approval;
mod changes;
mod closed;
mod journey;
mod lists;
mod notices;
mod plans;
mod races;
mod secret;
mod sign_in;

use crate::support::{Form, Page, TestApp, Visitor};

/// Makes an invite link through the pages; gives the page's path and the path recipients open.
pub async fn invite(owner: &Visitor, connector: &str, fields: &[(&str, &str)]) -> (String, String) {
    let created = invite_page(owner, connector, fields).await;
    assert_eq!(created.status, 303, "{}", created.text());
    let page = owner.follow(&created).await;
    (page.path.clone(), link_path(&page))
}

/// The answer to "Generate link".
pub async fn invite_page(owner: &Visitor, connector: &str, fields: &[(&str, &str)]) -> Page {
    let form = owner.get("/invite-links/new").await.form_with("connector").set("connector", connector);
    let form = fields.iter().fold(form.set("name", "Clients"), |form, (name, value)| form.set(name, value));
    form.send(owner).await
}

/// The path that a link's page gives out.
pub fn link_path(page: &Page) -> String {
    let url = page.value_of("invite-link").unwrap_or_else(|| panic!("no link on {}: {}", page.path, page.text()));
    url.split_once("/invite/").map(|(_, token)| format!("/invite/{token}")).expect("an invite link")
}

/// A filled-in form of a Postgres link.
pub async fn filled(visitor: &Visitor, link: &str, host: &str) -> Form {
    let page = visitor.get(link).await;
    assert_eq!(page.status, 200, "{}", page.text());
    page.form_with("/host").set("/host", host).add("intent", "partial")
}

/// How many connections the workspace's list shows.
pub async fn connections(owner: &Visitor) -> Vec<String> {
    let page = owner.get("/connections").await;
    page.links().into_iter().filter(|link| link.starts_with("/connections/") && link.contains('-')).collect()
}

/// An app with an owner and a reusable Postgres link.
pub async fn app_with_link() -> (TestApp, Visitor, String, String) {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (page, link) = invite(&owner, "source/postgres", &[]).await;
    (app, owner, page, link)
}
