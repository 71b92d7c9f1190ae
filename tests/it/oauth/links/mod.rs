//! Signing in at a link, and what becomes of it, through the pages and against providers that are played.

mod apps;
mod callback;
mod journey;
mod kept_alive;
mod reconnect;
pub mod renewed;
mod tested;
mod used;

use std::path::Path;

use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use vestibule::platform::config::{Config, InstanceApp};

use crate::setup_links::share;
use crate::support::provider::{CLIENT_ID, Plays, Provider, client_secret};
use crate::support::{Page, TestApp, Visitor, connectors};

/// An installation whose operator has set the app of one provider.
pub struct Site {
    pub app: TestApp,
    pub owner: Visitor,
    pub provider: Provider,
    _dir: TempDir,
}

impl Site {
    pub async fn new(plays: Plays) -> Self {
        Self::made(plays, |provider, dir, config| provider.set_up(dir, config)).await
    }

    /// One whose connector is a script of the tests, told where the provider gives tokens.
    pub async fn with_program(plays: Plays, script: &str, adjust: impl FnOnce(&mut Value)) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
        Self::made(plays, |provider, dir, config| {
            provider.set_up(dir, config);
            let mut file = provider.connector();
            let token_url = file["oauth"]["token"]["url"].clone();
            file["runtime"] = json!({"type": "airbyte", "command": ["python3", script, token_url]});
            adjust(&mut file);
            provider.write(dir, &file);
        })
        .await
    }

    async fn made(plays: Plays, set_up: impl FnOnce(&Provider, &Path, &mut Config)) -> Self {
        let provider = Provider::start(plays);
        let dir = tempfile::tempdir().unwrap();
        let id = provider.connector()["oauth"]["provider"].as_str().unwrap().to_owned();
        let app = connectors::app_with(
            |_| {},
            |config| {
                set_up(&provider, dir.path(), config);
                let constants =
                    [("developer_token".to_owned(), SecretString::from("dev-token-of-the-operator"))].into();
                let client_secret = client_secret().into();
                config.oauth.apps.insert(id, InstanceApp { client_id: CLIENT_ID.to_owned(), client_secret, constants });
            },
        );
        let owner = app.owner().await;
        Self { app, owner, provider, _dir: dir }
    }

    /// A draft with an open link: the connection's path and the link's.
    pub async fn share(&self) -> (String, String) {
        share(&self.owner, "source", self.provider.slug(), &[]).await
    }

    /// Somebody goes to the provider, says yes there and comes back to the link's page.
    pub async fn sign_in(&self, visitor: &Visitor, link: &str) -> Page {
        let authorize = authorize_url(visitor, link).await;
        let back = visitor.get(&self.provider.consent(&authorize)).await;
        assert_eq!((back.status, back.location()), (303, Some(link.to_owned())), "{}", back.text());
        visitor.follow(&back).await
    }

    /// Somebody signs in, chooses the first accounts and sends.
    pub async fn connect(&self, visitor: &Visitor, link: &str, accounts: usize) -> Page {
        let page = self.sign_in(visitor, link).await;
        let chosen = accounts_of(&page).into_iter().take(accounts);
        let form = chosen.fold(page.form_to(link), |form, id| form.add("_account", &id));
        let sent = form.press("intent", "complete", visitor).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        sent
    }

    /// What lies in a column of a table, for looking into the database itself.
    pub async fn rows(&self, table: &'static str, column: &'static str) -> Vec<String> {
        use diesel::RunQueryDsl as _;
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            text: String,
        }
        let sql = format!("SELECT CAST({column} AS TEXT) AS text FROM {table}");
        let query = move |conn: &mut vestibule::platform::db::Conn| Ok(diesel::sql_query(sql).load::<Row>(conn)?);
        self.app.app.db.read(query).await.unwrap().into_iter().map(|row| row.text).collect()
    }
}

/// Presses "Continue with …": the address of the provider's page.
pub async fn authorize_url(visitor: &Visitor, link: &str) -> String {
    leave(visitor, visitor.get(link).await).await
}

/// The same from a page that is filled in already.
pub async fn leave(visitor: &Visitor, page: Page) -> String {
    let leaving = page.form_to(&page.path).press("intent", "sign-in", visitor).await;
    authorize_url_of(&leaving)
}

/// Where the page between ours and the provider's leads.
pub fn authorize_url_of(leaving: &Page) -> String {
    assert_eq!(leaving.status, 200, "{}", leaving.text());
    assert!(leaving.has("meta[http-equiv=refresh]"), "it leads on by itself, without a script");
    leaving.links().into_iter().find(|link| link.starts_with("https://")).expect("a link to the provider")
}

/// The ids that can be chosen on a page.
pub fn accounts_of(page: &Page) -> Vec<String> {
    let html = page.html();
    let fields = scraper::Selector::parse("input[name=_account]").unwrap();
    html.select(&fields).filter_map(|field| field.attr("value").map(str::to_owned)).collect()
}
