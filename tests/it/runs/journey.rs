//! The whole way, as people go it: a setup link, somebody outside who fills in the form, a validation, streams, the end of being a
//! draft, an extraction.

use serde_json::Value;

use crate::api::Program;
use crate::setup_links::share;
use crate::support::{Form, Page, TestApp, Visitor};

/// A connection on its way, with everybody who looks at it.
pub struct Journey {
    pub app: TestApp,
    pub program: Program,
    pub owner: Visitor,
    /// The path of its page.
    pub connection: String,
}

impl Journey {
    /// A recipient opens the link, fills in the form that has the field, and sends it.
    pub async fn begin(app: TestApp, connector: &str, field: &str, fill_in: impl FnOnce(Form) -> Form) -> Self {
        let program = Program::start(&app).await;
        let owner = app.visitor();
        owner.sign_in("ana@acme.example").await;
        Self { app, program, owner, connection: String::new() }.go_on(connector, field, fill_in).await
    }

    /// The same once more, with a connection and a recipient of its own.
    pub async fn go_on(self, connector: &str, field: &str, fill_in: impl FnOnce(Form) -> Form) -> Self {
        let (connection, link) = share(&self.owner, "source", connector, &[]).await;
        let recipient = self.app.visitor();
        let form = fill_in(recipient.get(&link).await.form_with(field));
        let sent = form.press("intent", "complete", &recipient).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        Self { connection, ..self }
    }

    /// Validates to the end; gives the page of it, and what a program sees.
    pub async fn validate(&self) -> (Page, Value) {
        // The newest counts, so that no two may begin at the same moment.
        self.app.advance(time::Duration::seconds(1));
        let (page, id) = self.does("validations").await;
        (page, self.program.get(&format!("/api/v1/connector-validations/{id}/")).await.expect(200).json)
    }

    /// Chooses streams in the table.
    pub async fn choose(&self, change: impl FnOnce(Form) -> Form) {
        let page = self.owner.get(&format!("{}/streams", self.connection)).await;
        let saved = change(page.form_with("prefix")).press("intent", "save", &self.owner).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
    }

    /// Makes a source of the draft.
    pub async fn finalise(&self) {
        let page = self.owner.get(&format!("{}/finish", self.connection)).await;
        let done = page.form_with("trigger").press("intent", "finalise", &self.owner).await;
        let page = self.owner.follow(&done).await;
        assert!(page.text().contains("Connection finalised"), "{}", page.text());
    }

    /// Extracts to the end; gives the page of it, and what a program sees.
    pub async fn extract(&self) -> (Page, Value) {
        self.app.advance(time::Duration::seconds(1));
        let (page, id) = self.does("runs").await;
        (page, self.program.get(&format!("/api/v1/runs/{id}/")).await.expect(200).json)
    }

    /// Presses the button of the connection's page that starts long work, and waits until it is done.
    async fn does(&self, what: &str) -> (Page, String) {
        let page = self.owner.get(&self.connection).await;
        let started = page.form_to(&format!("{}/{what}", self.connection)).send(&self.owner).await;
        let path = started.location().unwrap_or_else(|| panic!("{}: {}", started.status, started.text()));
        self.app.work().await;
        (self.owner.get(&path).await, path.rsplit('/').next().unwrap().to_owned())
    }
}
