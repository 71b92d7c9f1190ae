//! Connectors that sign in at a real authorization server: the certified one of `tests/oauth_server`, in the place of Google.

use serde_json::{Value, json};
use tempfile::TempDir;
use vestibule::base::clock::Clock;
use vestibule::features::accounts::api_keys::Scope;
use vestibule::features::oauth::ACCOUNT_FIELD;

use crate::api::{Answer, Program};
use crate::setup_links::share;
use crate::support::oauth_server::{CLIENT_ID, CLIENT_SECRET, Consent, OauthServer};
use crate::support::receiver::authority_file;
use crate::support::{Page, TestApp, Visitor};

const READ: &str = "https://www.googleapis.com/auth/analytics.readonly";
const APP: &str = "/settings/oauth-apps/google";

/// A product, its owner, a setup link for Google Analytics, and the server that Google's addresses lead to.
struct Scene {
    app: TestApp,
    owner: Visitor,
    server: OauthServer,
    connection: String,
    link: String,
    _dir: TempDir,
}

/// The built-in connector with its provider somewhere else.
fn connector(issuer: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/connectors/catalogue/sources/google-analytics-4.json");
    let mut file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let block = &mut file["oauth"];
    block["authorize"]["url"] = json!(format!("{issuer}/auth"));
    block["token"]["url"] = json!(format!("{issuer}/token"));
    block["refresh"]["rotates"] = json!(true);
    block["identity"]["request"]["url"] = json!(format!("{issuer}/me"));
    block["accounts"]["request"] = json!({ "url": format!("{issuer}/api/accounts") });
    for (name, value) in
        [("items", json!(["data"])), ("id", json!("{id}")), ("label", json!("{name}")), ("detail", json!([]))]
    {
        block["accounts"][name] = value;
    }
    block["accounts"]["paging"] = json!({ "cursor": { "from": "next", "param": "after" } });
    block["revoke"] = json!({
        "method": "POST",
        "url": format!("{issuer}/token/revocation"),
        "auth": "none",
        "body": { "form": { "token": "{grant_token}", "client_id": "{client_id}", "client_secret": "{client_secret}" } },
    });
    file
}

impl Scene {
    async fn start(knobs: Value) -> Option<Self> {
        let accounts: Vec<Value> = (1..=5)
            .map(|number| json!({ "id": format!("10{number}"), "name": format!("Property {number}") }))
            .collect();
        let ben = json!({ "id": "ben", "email": "ben@client.example", "email_verified": true, "name": "Ben", "accounts": accounts });
        let mut config = json!({ "people": [ben], "scopes": [READ] });
        knobs.as_object().unwrap().iter().for_each(|(name, value)| config[name] = value.clone());
        let server = OauthServer::start(&["https://elsewhere.example/"], config)?;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("google-analytics-4.json"), connector(&server.issuer).to_string()).unwrap();
        let app = TestApp::start_with(|config| {
            config.connectors.dir = Some(dir.path().to_owned());
            config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap()];
            config.mail.extra_ca_file = Some(authority_file(&config.storage.data_dir));
        });
        app.advance(Clock::System.now() - app.app.clock.now());
        let redirect = app.app.config.server.base_url.join("/oauth/callback/google");
        server.control(json!({ "redirect_uris": [redirect] })).await;
        let owner = app.owner().await;
        let form = owner.get(APP).await.form_with("client_id");
        let set = form
            .set("client_id", CLIENT_ID)
            .set("client_secret", CLIENT_SECRET)
            .set("developer_token", "d")
            .send(&owner)
            .await;
        assert_eq!(set.status, 303, "{}", set.text());
        let (connection, link) = share(&owner, "source", "google-analytics-4", &[]).await;
        Some(Self { app, owner, server, connection, link, _dir: dir })
    }

    /// Presses the button of the link's page; gives the provider's address.
    async fn leave(&self, recipient: &Visitor) -> String {
        let page = recipient.get(&self.link).await;
        let left = page.form_with("_csrf").press("intent", "sign-in", recipient).await;
        assert_eq!(left.status, 200, "{}", left.text());
        left.links().into_iter().find(|link| link.starts_with(&self.server.issuer)).expect("a link to the provider")
    }

    /// To the provider and back to the link's page.
    async fn sign_in(&self, recipient: &Visitor, consent: Consent<'_>) -> Page {
        let back = self.server.person().authorize(&self.leave(recipient).await, "ben", consent).await;
        let landed = recipient.get(&back).await;
        assert_eq!((landed.status, landed.location().as_deref()), (303, Some(self.link.as_str())), "{}", landed.text());
        recipient.follow(&landed).await
    }

    /// Signs in, chooses two accounts and sends.
    async fn hand_over(&self) {
        let recipient = self.app.visitor();
        let page = self.sign_in(&recipient, Consent::All).await;
        let form = page.form_with(ACCOUNT_FIELD).add(ACCOUNT_FIELD, "102").add(ACCOUNT_FIELD, "105");
        let sent = form.press("intent", "complete", &recipient).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
    }

    /// What a pipeline reads.
    async fn credentials(&self) -> Answer {
        let slug = self.connection.rsplit('/').next().unwrap();
        let pipeline = Program::nobody(&self.app).await;
        let pipeline = pipeline.with_scopes(&self.app, "Acme Analytics", &[Scope::CredentialsRead]).await;
        pipeline.get(&format!("/api/v1/sources/{slug}/credentials/")).await
    }

    async fn access_token(&self) -> String {
        self.credentials().await.expect(200).text("/config/credentials/access_token")
    }

    /// Whether the server still takes a token.
    async fn is_taken(&self, token: &str) -> bool {
        self.server.person().is_taken(token).await
    }
}

#[tokio::test]
async fn consent_leads_to_accounts_and_to_tokens_that_work() {
    let Some(scene) = Scene::start(json!({})).await else { return };
    let recipient = scene.app.visitor();
    let page = scene.sign_in(&recipient, Consent::All).await;
    assert!(page.text().contains("ben@client.example"), "{}", page.text());
    for number in 1..=5 {
        assert!(page.text().contains(&format!("Property {number}")), "all pages of the listing: {}", page.text());
    }
    scene.hand_over().await;
    let read = scene.credentials().await.expect(200);
    assert_eq!(read.json["config"]["property_ids"], json!(["102", "105"]), "{}", read.body);
    assert!(scene.is_taken(&read.text("/config/credentials/access_token")).await);
    assert!(!read.text("/config/credentials/refresh_token").is_empty());
    assert!(scene.owner.get(&scene.connection).await.text().contains("ben@client.example"));
}

#[tokio::test]
async fn denied_and_then_given() {
    let Some(scene) = Scene::start(json!({})).await else { return };
    let recipient = scene.app.visitor();
    let page = scene.sign_in(&recipient, Consent::Deny).await;
    assert_eq!(scene.server.count("/token").await, 0, "{}", page.text());
    let page = scene.sign_in(&recipient, Consent::Without(&[READ])).await;
    assert!(page.text().contains("Grant the missing permissions"), "{}", page.text());
    let page = scene.sign_in(&recipient, Consent::All).await;
    assert!(!page.text().contains("Grant the missing permissions"), "{}", page.text());
}

#[tokio::test]
async fn the_server_insists_on_pkce_and_knows_a_code_once() {
    let Some(scene) = Scene::start(json!({})).await else { return };
    let recipient = scene.app.visitor();
    let url = scene.leave(&recipient).await;
    let bare = scene.server.person().authorize(&url.replace("code_challenge", "x"), "ben", Consent::All).await;
    assert!(bare.contains("error=invalid_request"), "{bare}");
    let landed = recipient.get(&bare).await;
    assert_eq!(scene.server.count("/token").await, 0, "{}", landed.text());
    let other = scene.app.visitor();
    let back = scene.server.person().authorize(&scene.leave(&other).await, "ben", Consent::All).await;
    assert_eq!(other.get(&back).await.status, 303);
    let exchanged = scene.server.count("/token").await;
    let again = other.get(&back).await;
    assert_eq!((again.status, again.location().as_deref()), (303, Some(scene.link.as_str())), "{}", again.text());
    assert_eq!(scene.server.count("/token").await, exchanged, "a state is used once");
}

#[tokio::test]
async fn a_token_that_ends_is_renewed_and_the_refresh_token_rotates() {
    let Some(scene) = Scene::start(json!({ "access_token_seconds": 1800 })).await else { return };
    scene.hand_over().await;
    let first = scene.credentials().await.expect(200);
    let again = scene.credentials().await.expect(200);
    assert_eq!(first.json["config"], again.json["config"], "nothing is renewed before its time");
    let mut before = first;
    for _ in 0..3 {
        scene.app.advance(time::Duration::minutes(31));
        let after = scene.credentials().await.expect(200);
        for token in ["/config/credentials/access_token", "/config/credentials/refresh_token"] {
            assert_ne!(before.text(token), after.text(token), "{token}");
        }
        assert!(scene.is_taken(&after.text("/config/credentials/access_token")).await);
        before = after;
    }
}

#[tokio::test]
async fn of_many_who_need_a_new_token_one_asks_for_it() {
    let Some(scene) = Scene::start(json!({})).await else { return };
    scene.hand_over().await;
    let exchanged = scene.server.count("/token").await;
    scene.app.advance(time::Duration::hours(2));
    let all = futures_util::future::join_all((0..20).map(|_| scene.access_token())).await;
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "all got the same");
    // With rotation a second use of the old refresh token would end the whole grant.
    assert_eq!(scene.server.count("/token").await, exchanged + 1);
    assert!(scene.is_taken(&all[0]).await);
}

#[tokio::test]
async fn who_takes_the_grant_back_at_the_provider_has_to_reconnect() {
    let Some(scene) = Scene::start(json!({})).await else { return };
    scene.hand_over().await;
    let token = scene.access_token().await;
    assert!(scene.server.control(json!({ "forget": "ben" })).await["forgotten"].as_u64().unwrap() > 0);
    assert!(!scene.is_taken(&token).await);
    scene.app.advance(time::Duration::hours(2));
    let refused = scene.credentials().await.expect(409);
    assert_eq!(refused.code(), "needs_reconnecting", "{}", refused.body);
    let asked = scene.server.count("/token").await;
    assert_eq!(scene.credentials().await.status, 409);
    assert_eq!(scene.server.count("/token").await, asked, "a dead refresh token is not tried again");
}

#[tokio::test]
async fn a_deleted_connection_gives_its_tokens_back() {
    let Some(scene) = Scene::start(json!({})).await else { return };
    scene.hand_over().await;
    let token = scene.access_token().await;
    let deletion = format!("{}/deletion", scene.connection);
    let deleted = scene.owner.get(&deletion).await.form_to(&deletion).send(&scene.owner).await;
    assert_eq!(deleted.status, 303, "{}", deleted.text());
    scene.app.run_jobs().await;
    assert_eq!(scene.server.count("/token/revocation").await, 1);
    assert!(!scene.is_taken(&token).await, "the provider has ended the grant");
}
