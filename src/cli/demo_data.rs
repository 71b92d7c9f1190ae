//! The example workspace: made with the verbs that pages use, so that everything in it really happened.

use std::sync::Arc;

use anyhow::Context as _;
use secrecy::SecretString;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::api_key;
use crate::base::crypto::{PlainToken, password};
use crate::base::error::AppResult;
use crate::base::ids::{MemberId, SetupLinkId, WorkspaceId};
use crate::connectors::{Connector, Kind};
use crate::features::accounts::{self, NewOwner};
use crate::features::connections::{self, Apply, Connection, Filler, NewDraft, Shown};
use crate::features::recipient::{self, FormMark, RecipientSubmission};
use crate::features::setup_links::{self, LinkLifetime, NewSetupLink, SetupLink};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::tx::Tx;
use crate::schema::form::{Submission, import_config};

pub(super) const WORKSPACE: &str = "Acme Analytics";
pub(super) const OWNER_EMAIL: &str = "ana@acme.example";
const OWNER: &str = "Ana Lima";
const PASSWORD_ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// What the person at the terminal needs, and what is still to be sent.
pub(super) struct Example {
    pub(super) password: Zeroizing<String>,
    pub(super) api_key: PlainToken,
    /// Opens the Postgres form.
    pub(super) open_link: PlainToken,
    /// A draft, the link to it, and what its recipient is going to send.
    waiting: (Connection, SetupLinkId, Value),
}

/// Makes the workspace, its owner, an API key and connections in every state.
pub(super) fn fill(app: &Arc<App>) -> anyhow::Result<Example> {
    let password = Zeroizing::new(app.rng.text(PASSWORD_ALPHABET, 16));
    let ana = owner(app, &password)?;
    ana.draft(Kind::Source, "facebook-ads", "Summer campaign")?;
    ana.filled(Kind::Source, "hubspot", "Customers in HubSpot", &json!({
        "credentials": { "credentials_title": "Private App Credentials", "access_token": "example-token-of-the-demo" },
        "start_date": "2025-01-01T00:00:00Z",
    }))?;
    let warehouse = ana.filled(Kind::Destination, "snowflake", "Warehouse", &json!({
        "host": "acme.eu-central-1.snowflakecomputing.com", "warehouse": "LOADING", "database": "ANALYTICS", "schema": "RAW",
    }))?;
    let (withdrawn, _) = ana.link(&warehouse, "Dana Weber", "")?;
    ana.revoke(&warehouse, withdrawn)?;
    let payments = ana.draft(Kind::Source, "stripe", "Payments")?;
    let (sent, _) = ana.link(&payments, "Chidi Eze", "A restricted key is enough, please no full one.")?;
    let shop = ana.draft(Kind::Source, "postgres", "Shop database")?;
    let (_, open_link) = ana.link(&shop, "Ben Okafor", "Please give us a user that can only read.")?;
    Ok(Example {
        api_key: ana.api_key()?,
        password,
        open_link,
        waiting: (payments, sent, json!({ "client_secret": "rk_example_of_the_demo" })),
    })
}

/// One recipient sends a part of what was asked for.
pub(super) async fn submit_as_recipient(app: &Arc<App>, example: &Example) -> anyhow::Result<()> {
    let (draft, link, values) = &example.waiting;
    let connector = connector(app, draft.kind, &draft.connector_slug)?;
    let (workspace, connection) = (draft.workspace_id.clone(), draft.id.clone());
    let links = app.db.read(move |conn| Ok(setup_links::list(conn, &workspace, &connection)?)).await?;
    let row = links.into_iter().find(|row| &row.id == link).context("the link that was made")?;
    let submission = submission(&connector, values)?;
    let left_empty = submission.left_empty(&connector.spec, &draft.known_to_recipients());
    let (connector, asked) = (Arc::clone(&connector), connector);
    let provided = submission.provided();
    let sent = RecipientSubmission {
        connector,
        asked,
        submission,
        completed: None,
        shown: Shown::Now,
        each: Vec::new(),
        provided,
        left_empty,
        identity: String::new(),
        form: FormMark { nonce: app.rng.text(PASSWORD_ALPHABET, 24), digest: String::new() },
    };
    let link = SetupLink { row, connection: draft.clone() };
    Ok(recipient::submit(app, &link, sent).await?)
}

fn connector(app: &App, kind: Kind, slug: &str) -> anyhow::Result<Arc<Connector>> {
    app.connectors.find(kind, slug).with_context(|| format!("there is no connector {slug}"))
}

fn submission(connector: &Connector, values: &Value) -> anyhow::Result<Submission> {
    import_config(&connector.spec, values).map_err(|errors| {
        let sentences: Vec<String> = errors.iter().map(|error| error.sentence()).collect();
        anyhow::anyhow!(
            "{} of this installation does not take the example's values: {}",
            connector.file.slug,
            sentences.join(" ")
        )
    })
}

/// Ana at work.
struct Owner<'a> {
    app: &'a Arc<App>,
    id: MemberId,
    workspace: WorkspaceId,
    workspace_slug: String,
}

fn owner<'a>(app: &'a Arc<App>, password: &str) -> anyhow::Result<Owner<'a>> {
    let password_hash = password::hash(&SecretString::from(password), app.password_cost, &app.rng)?;
    let new = NewOwner {
        workspace_name: WORKSPACE.to_owned(),
        name: OWNER.to_owned(),
        email: OWNER_EMAIL.to_owned(),
        password_hash,
    };
    let made = app.write_blocking(move |tx| accounts::create_workspace_with_owner(tx, &new))?;
    Ok(Owner { app, id: made.owner, workspace: made.id, workspace_slug: made.slug })
}

impl Owner<'_> {
    fn actor(&self) -> Actor {
        Actor::Member { id: self.id.clone(), name: OWNER.to_owned() }
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> AppResult<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        Ok(self.app.write_blocking(work)?)
    }

    fn draft(&self, kind: Kind, slug: &str, description: &'static str) -> anyhow::Result<Connection> {
        let connector = connector(self.app, kind, slug)?;
        let (workspace, id, actor) = (self.workspace.clone(), self.id.clone(), self.actor());
        self.write(move |tx| {
            let new = NewDraft {
                workspace: &workspace,
                connector: &connector,
                description,
                creator: Some(&id),
                actor,
                form_nonce: None,
            };
            connections::create_draft(tx, new)
        })
    }

    /// A draft with values that Ana fills in herself.
    fn filled(&self, kind: Kind, slug: &str, description: &'static str, values: &Value) -> anyhow::Result<Connection> {
        let draft = self.draft(kind, slug, description)?;
        let connector = connector(self.app, kind, slug)?;
        let submission = submission(&connector, values)?;
        let actor = self.actor();
        self.write(move |tx| {
            let titles: Vec<String> = submission.provided().into_iter().map(|field| field.title).collect();
            let apply = Apply {
                workspace: &draft.workspace_id,
                connection: &draft.id,
                connector: &connector,
                submission: &submission,
                by: Filler::Member,
                name: OWNER,
                then: None,
                has_secrets: false,
                shown: &Shown::Now,
                actor: actor.clone(),
            };
            let applied = connections::apply(tx, &apply)?;
            let entry = Entry {
                workspace: &draft.workspace_id,
                connection: Some(&draft.id),
                setup_link: None,
                event: Event::DetailsSaved,
                actor,
                detail: &titles.join(", "),
            };
            tx.record(&entry)?;
            Ok(applied.connection)
        })
    }

    fn link(
        &self,
        connection: &Connection,
        recipient: &'static str,
        note: &'static str,
    ) -> anyhow::Result<(SetupLinkId, PlainToken)> {
        let lifetime = LinkLifetime::choose("7d", "", "", self.app.clock.now())?;
        let (connection, creator, actor) = (connection.clone(), self.id.clone(), self.actor());
        self.write(move |tx| {
            let new = NewSetupLink {
                connection: &connection,
                creator: Some(&creator),
                actor,
                lifetime,
                recipient,
                note,
                allows_test: false,
                form_nonce: None,
                purpose: setup_links::LinkPurpose::Fill,
                asks: None,
            };
            setup_links::make(tx, new)
        })
    }

    fn revoke(&self, connection: &Connection, link: SetupLinkId) -> anyhow::Result<()> {
        let (connection, actor) = (connection.clone(), self.actor());
        self.write(move |tx| setup_links::revoke(tx, &connection, &link, actor).map(|_| ()))
    }

    fn api_key(&self) -> anyhow::Result<PlainToken> {
        let slug = self.workspace_slug.clone();
        let workspace = self.app.db.read_blocking(|conn| Ok(accounts::find_workspace_by_slug(conn, &slug)?))?;
        let workspace = workspace.context("the workspace that was made")?;
        api_key::create(self.app, &workspace, "Example", api_key::everyday_scopes(), None)
    }
}
