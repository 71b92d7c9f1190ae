//! Webhooks from the deed to the receiver.

mod journey;
mod killed;
mod outbox;
mod pages;
mod retries;
mod turns;
pub mod verifier;

use std::sync::Arc;

use vestibule::base::ids::ConnectionId;
use vestibule::features::webhooks::{self, Delivery};
use vestibule::platform::app::App;

use crate::setup_links::share;
use crate::support::receiver::{Receiver, authority_file};
use crate::support::{CANARY, Page, TestApp, Visitor};

/// A product that trusts the tests' authority and may send to loopback.
pub fn app() -> TestApp {
    app_with(|_| {})
}

pub fn app_with(adjust: impl FnOnce(&mut vestibule::platform::config::Config)) -> TestApp {
    TestApp::start_with(|config| {
        config.mail.extra_ca_file = Some(authority_file(&config.storage.data_dir));
        config.webhooks.allow = vec!["127.0.0.0/8".parse().unwrap()];
        adjust(config);
    })
}

/// Sets a connection's webhook through its page.
pub async fn set_webhook(owner: &Visitor, connection: &str, url: &str, header: Option<(&str, &str)>) -> Page {
    let page = owner.get(&format!("{connection}/webhook")).await;
    let (name, value) = header.unwrap_or_default();
    page.form_with("url").set("url", url).set("header_name", name).set("header_value", value).send(owner).await
}

/// Sends a part of a Postgres form, like a recipient.
pub async fn submit(app: &TestApp, link: &str) {
    let recipient = app.visitor();
    let form = recipient.get(link).await.form_with("/host").set("/host", "db.example").set("/password", CANARY);
    let sent = form.press("intent", "partial", &recipient).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
}

/// A product with an owner, a Postgres draft with a webhook to the receiver, and an open link for it.
pub struct Scene {
    pub app: TestApp,
    pub owner: Visitor,
    pub connection: String,
    pub link: String,
}

impl Scene {
    pub async fn new(receiver: &Receiver) -> Self {
        Self::on(app(), receiver).await
    }

    pub async fn on(app: TestApp, receiver: &Receiver) -> Self {
        let owner = app.owner().await;
        let (connection, link) = share(&owner, "source", "postgres", &[]).await;
        let set = set_webhook(&owner, &connection, &receiver.url("/hooks"), Some(("X-Webhook-Secret", CANARY))).await;
        assert_eq!(set.status, 303, "{}", set.text());
        Self { app, owner, connection, link }
    }

    pub async fn submit(&self) {
        submit(&self.app, &self.link).await;
    }

    /// Sends what is due now.
    pub async fn deliver(&self) -> usize {
        webhooks::run_due(&self.app.app).await.unwrap()
    }

    pub async fn deliveries(&self) -> Vec<Delivery> {
        deliveries(&self.app.app, &self.connection).await
    }

    /// The page of the newest delivery.
    pub async fn delivery_page(&self) -> Page {
        let id = self.deliveries().await[0].id.clone();
        self.owner.get(&format!("/webhook-deliveries/{id}")).await
    }
}

/// All deliveries of a connection, the newest first.
pub async fn deliveries(app: &Arc<App>, connection: &str) -> Vec<Delivery> {
    let slug = connection.rsplit('/').next().unwrap().to_owned();
    let rows = app.db.read(move |conn| {
        let workspace = vestibule::features::accounts::find_workspace_by_slug(conn, "acme-analytics")?.unwrap().id;
        let connection = vestibule::features::connections::find(conn, &workspace, &slug)?;
        let id: ConnectionId = connection.unwrap().id;
        Ok(webhooks::list_deliveries(conn, &workspace, &id, 100)?)
    });
    rows.await.unwrap()
}
