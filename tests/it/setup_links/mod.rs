mod closed;
mod damage;
mod held;
mod journey;
mod opened;
mod races;
mod recipient;
mod share;
mod states;

use crate::support::{Page, TestApp, Visitor};

/// Adds a draft through the pages and makes a setup link for it; gives the connection's path and the link's path.
pub async fn share(owner: &Visitor, kind: &str, connector: &str, fields: &[(&str, &str)]) -> (String, String) {
    let created = share_page(owner, kind, connector, fields).await;
    assert_eq!(created.status, 200, "{}", created.text());
    (connection_path(&created), link_path(&created))
}

/// The page that answers "Share setup link".
pub async fn share_page(owner: &Visitor, kind: &str, connector: &str, fields: &[(&str, &str)]) -> Page {
    let page = owner.get(&format!("/connections/new/{kind}/{connector}")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let form = fields.iter().fold(page.form_with("lifetime"), |form, (name, value)| form.set(name, value));
    form.press("intent", "share", owner).await
}

/// The path of the connection a page is about.
pub fn connection_path(page: &Page) -> String {
    let mut links = page.links().into_iter();
    links.find(|link| link.starts_with("/connections/") && link.contains('-')).expect("a link to the connection")
}

/// The path of the setup link a page shows.
pub fn link_path(page: &Page) -> String {
    let url = page.value_of("setup-link").expect("the setup link");
    url.split_once("/scl/").map(|(_, token)| format!("/scl/{token}")).expect("a setup link")
}

/// A second link for a draft that exists.
pub async fn share_again(owner: &Visitor, connection: &str) -> String {
    let page = owner.get(&format!("{connection}/configuration")).await;
    let created = page.form_with("lifetime").press("intent", "share", owner).await;
    assert_eq!(created.status, 200, "{}", created.text());
    link_path(&created)
}

/// An app with an owner and a Postgres draft that has an open link.
pub async fn app_with_link() -> (TestApp, Visitor, String, String) {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (connection, link) = share(&owner, "source", "postgres", &[]).await;
    (app, owner, connection, link)
}
