//! A stored secret goes only to the address it was given for, whoever names another one and whatever then asks with it.

use serde_json::json;
use vestibule::connectors::Kind;
use vestibule::features::accounts::api_keys::Scope;
use vestibule::features::connections::{self, Apply, Filler};
use vestibule::schema::form::import_config;

use crate::api::{Program, workspace_id};
use crate::setup_links::{share, share_again};
use crate::support::receiver::{Receiver, Reply, authority_file};
use crate::support::{CANARY, TestApp, Visitor, connectors};

const TOKEN: &str = "/auth/~o2/token";
const ASKED: &str = "Enter token again, because the address has changed";

/// A web service with a token that its owner filled in, and another service that somebody would like to have the token sent to.
struct Scene {
    app: TestApp,
    owner: Visitor,
    good: Receiver,
    evil: Receiver,
    connection: String,
    link: String,
}

async fn scene() -> Scene {
    let app = TestApp::start_with(|config| {
        config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap()];
        config.mail.extra_ca_file = Some(authority_file(&config.storage.data_dir));
    });
    let service = || Receiver::start(|_, _| Reply::with(200, &[], "[]"));
    let (good, evil) = (service(), service());
    let owner = app.owner().await;
    let (url, token) = (good.url(""), format!("{CANARY}-token"));
    let fields = [
        ("/base_url", url.as_str()),
        ("/auth", "2"),
        (TOKEN, &token),
        ("/endpoints/0/name", "orders"),
        ("/endpoints/0/path", "/orders"),
    ];
    let (connection, link) = share(&owner, "source", "http-api", &fields).await;
    Scene { app, owner, good, evil, connection, link }
}

impl Scene {
    fn slug(&self) -> &str {
        self.connection.trim_start_matches("/connections/")
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/sources/{}/{rest}", self.slug())
    }

    async fn program(&self, scopes: &[Scope]) -> Program {
        Program::nobody(&self.app).await.with_scopes(&self.app, "Acme Analytics", scopes).await
    }

    /// Asks the service with what is stored.
    async fn validate(&self) {
        self.program(&[Scope::ValidationsWrite]).await.post(&self.path("revalidate/"), json!({})).await.expect(202);
        self.app.work().await;
    }

    /// What the services were told as proof of who asks.
    fn told(service: &Receiver) -> Vec<String> {
        service.got().iter().map(|request| request.header("authorization").unwrap_or_default().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_recipient_who_names_another_host_must_know_the_secret() {
    let scene = scene().await;
    let visitor = scene.app.visitor();
    let mut page = visitor.get(&scene.link).await;
    for intent in ["partial", "complete"] {
        let form = page.form_with("/base_url").set("/base_url", &scene.evil.url(""));
        page = form.press("intent", intent, &visitor).await;
        assert_eq!(page.status, 422, "{}", page.text());
        assert!(page.text().contains(ASKED) && !page.body.contains(CANARY), "{}", page.text());
        assert!(!page.text().contains("Leave empty to keep the one we have"), "{}", page.text());
        assert_eq!(page.form_with("/base_url").value("/base_url"), Some(scene.evil.url("").as_str()), "it stays typed");
    }
    scene.validate().await;
    assert_eq!(Scene::told(&scene.good), [format!("Bearer {CANARY}-token")], "nothing was stored");

    let sent = page.form_with("/base_url").set(TOKEN, "my-own").press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    scene.validate().await;
    assert_eq!((Scene::told(&scene.evil), Scene::told(&scene.good).len()), (vec!["Bearer my-own".to_owned()], 1));
}

#[tokio::test]
async fn a_recipient_who_leaves_the_address_is_asked_for_nothing() {
    let scene = scene().await;
    let visitor = scene.app.visitor();
    let form = visitor.get(&scene.link).await.form_with("/base_url").set("/endpoints/0/path", "/customers");
    let sent = form.press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    scene.validate().await;
    assert_eq!(Scene::told(&scene.good), [format!("Bearer {CANARY}-token")]);
}

#[tokio::test]
async fn a_member_enters_the_secret_again_too() {
    let scene = scene().await;
    let page = scene.owner.get(&format!("{}/configuration", scene.connection)).await;
    let form = page.form_with("/base_url").set("/base_url", &scene.evil.url(""));
    let refused = form.press("intent", "save", &scene.owner).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains(ASKED), "{}", refused.text());
    let saved = refused.form_with("/base_url").set(TOKEN, "another").press("intent", "save", &scene.owner).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    scene.validate().await;
    assert_eq!((Scene::told(&scene.evil), scene.good.connections()), (vec!["Bearer another".to_owned()], 0));
}

/// Somebody outside slips in a port; a member who never had the password corrects it.
#[tokio::test]
async fn a_member_corrects_an_address_and_asks_for_the_secret_again() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (connection, link) = share(&owner, "source", "postgres", &[("recipient", "Maria")]).await;
    let maria = app.visitor();
    let form = maria.get(&link).await.form_with("/host").set("/host", "db.example").set("/port", "543");
    let form = form.set("/database", "hidden_seven").set("/username", "ro").set("/password", CANARY);
    assert_eq!(form.press("intent", "complete", &maria).await.status, 303);

    let page = owner.get(&format!("{connection}/configuration")).await;
    assert!(!page.text().contains("Save and ask"), "only where it is of use");
    let wrong_too = page.form_with("/port").set("/port", "5x").press("intent", "save", &owner).await;
    assert!(!wrong_too.text().contains("Save and ask"), "{}", wrong_too.text());
    let refused = page.form_with("/port").set("/port", "5433").press("intent", "save", &owner).await;
    assert!(refused.status == 422 && refused.text().contains("Save and ask Maria again"), "{}", refused.text());
    let again = refused.form_with("/port");
    assert_eq!((again.value("/port"), again.value("recipient")), (Some("5433"), Some("Maria")), "the correction stays");
    let created = again.press("intent", "ask-again", &owner).await;
    assert_eq!(created.status, 200, "{}", created.text());
    let link = crate::setup_links::link_path(&created);

    let shown = owner.get(&connection).await.text();
    assert!(shown.contains("5433") && shown.contains("1 required answer is still missing: Password"), "{shown}");
    assert!(shown.contains("for the one before was taken out: Password."), "the timeline names it: {shown}");
    assert!(shown.contains("Asks only for Password"), "{shown}");
    let page = maria.get(&link).await;
    let (text, form) = (page.text(), page.form_with("/password"));
    assert!(text.contains("Hello Maria") && !page.body.contains(CANARY), "{text}");
    assert!(text.contains("You are asked for this only: Password"), "{text}");
    assert!(text.contains("Port 5433 set by Ana Lima") && text.contains("Host db.example given earlier"), "{text}");
    assert!(
        !text.contains("hidden_seven") && text.contains("Already provided"),
        "what others sent is not told: {text}"
    );
    let inputs: Vec<&str> = form.names().into_iter().filter(|name| name.starts_with('/')).collect();
    assert_eq!(inputs, ["/password"], "nothing else is asked");
    let empty = form.press("intent", "complete", &maria).await;
    assert!(empty.status == 422 && empty.text().contains("Enter password"), "{}", empty.text());
    let form = empty.form_with("/password").set("/password", "another");
    let evil = form.add("/host", "evil.example").add("/port", "1").add("/tunnel_method", "1");
    let sent = evil.press("intent", "complete", &maria).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let shown = owner.get(&connection).await.text();
    assert!(!shown.contains("still missing") && shown.contains("5433") && shown.contains("db.example"), "{shown}");
    assert!(!shown.contains("evil.example") && !shown.contains("was taken out: Host"), "{shown}");
}

/// The same by a program: the secret is taken away in the request that names the other address.
#[tokio::test]
async fn a_program_corrects_an_address_and_asks_for_the_secret_again() {
    let scene = scene().await;
    let program = scene.program(&[Scope::SourcesRead, Scope::SourcesWrite, Scope::LinksWrite]).await;
    let moved = json!({"config": {"base_url": scene.evil.url("")}});
    assert_eq!(program.patch(&scene.path(""), moved).await.expect(422).text("/errors/0/code"), "address_changed");
    let corrected = json!({"config": {"base_url": scene.evil.url(""), "auth": {"auth_type": "bearer", "token": null}}});
    program.patch(&scene.path(""), corrected).await.expect(200);
    let made = program.post(&scene.path("setup-tokens/"), json!({"recipient": "Maria"})).await.expect(201);
    let visitor = scene.app.visitor();
    let page = visitor.get(&format!("/scl/{}", made.text("/token"))).await;
    let sent = page.form_with(TOKEN).set(TOKEN, "for-the-new-one").press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    scene.validate().await;
    assert_eq!(Scene::told(&scene.evil), ["Bearer for-the-new-one"]);
}

#[tokio::test]
async fn a_program_that_may_not_read_secrets_cannot_send_them_anywhere() {
    let scene = scene().await;
    let writes = [Scope::SourcesRead, Scope::SourcesWrite, Scope::ValidationsWrite];
    let program = scene.program(&writes).await;
    let config = json!({"config": {"base_url": scene.evil.url("")}});
    let changed = program.patch(&scene.path(""), config.clone()).await.expect(422);
    let merged = program.post(&scene.path("revalidate/"), config.clone()).await.expect(422);
    for refused in [changed, merged] {
        assert_eq!(refused.code(), "invalid");
        assert_eq!(refused.text("/errors/0/pointer"), "/config/auth/token");
        assert_eq!(refused.text("/errors/0/code"), "address_changed");
    }
    scene.app.work().await;
    assert_eq!(scene.evil.connections() + scene.good.connections(), 0, "nothing was asked");

    let again = json!({"config": {"base_url": scene.evil.url(""), "auth": {"auth_type": "bearer", "token": "new"}}});
    program.post(&scene.path("revalidate/"), again).await.expect(202);
    scene.app.work().await;
    assert_eq!(Scene::told(&scene.evil), ["Bearer new"]);
    let without = json!({"config": {"base_url": scene.good.url(""), "auth": {"auth_type": "bearer", "token": null}}});
    let gone = program.patch(&scene.path(""), without).await.expect(200);
    assert_eq!(gone.json["missing_required_fields"], json!(["auth.token"]));
}

#[tokio::test]
async fn a_program_that_may_read_secrets_moves_them() {
    let scene = scene().await;
    let reads = [Scope::SourcesRead, Scope::SourcesWrite, Scope::ValidationsWrite, Scope::CredentialsRead];
    let config = json!({"config": {"base_url": scene.evil.url("")}});
    scene.program(&reads).await.patch(&scene.path(""), config).await.expect(200);
    scene.validate().await;
    assert_eq!(Scene::told(&scene.evil), [format!("Bearer {CANARY}-token")]);
}

const GATE: &str = r#"{"slug": "gate", "name": "Gate", "kind": "source", "spec": {"type": "object", "required": ["host", "password"],
    "properties": {"host": {"type": "string", "title": "Host"},
        "password": {"type": "string", "title": "Password", "airbyte_secret": true},
        "seed": {"type": "string", "title": "Seed", "airbyte_secret": true, "airbyte_hidden": true}}}}"#;

#[tokio::test]
async fn a_secret_nobody_can_be_asked_for_is_taken_out_and_the_timeline_says_so() {
    let app = connectors::app_with(|dir| std::fs::write(dir.join("gate.json"), GATE).unwrap(), |_| {});
    let owner = app.owner().await;
    let program = Program::nobody(&app).await.with_scopes(&app, "Acme Analytics", Scope::ALL).await;
    let slug = program.draft("sources", "gate").await;
    let config = json!({"host": "db.example", "password": "p", "seed": format!("{CANARY}-seed")});
    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": config})).await.expect(200);
    let connection = format!("/connections/{slug}");
    let link = share_again(&owner, &connection).await;
    let visitor = app.visitor();
    let form = visitor.get(&link).await.form_with("/host").set("/host", "evil.example").set("/password", "mine");
    let sent = form.press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let given = program.get(&format!("/api/v1/sources/{slug}/credentials/")).await.expect(200);
    assert_eq!(given.json["config"], json!({"host": "evil.example", "password": "mine"}));
    let text = owner.get(&connection).await.text();
    assert!(
        text.contains("what was stored for the one before was taken out: seed. It has to be given again"),
        "{text}"
    );
}

#[tokio::test]
async fn a_change_that_was_judged_too_early_takes_nothing_along() {
    let app = TestApp::start();
    app.owner().await;
    let workspace = workspace_id(&app, "Acme Analytics").await;
    let program = Program::nobody(&app).await.with_scopes(&app, "Acme Analytics", Scope::ALL).await;
    let slug = program.draft("sources", "postgres").await;
    let config = json!({"config": {"host": "db.example", "password": CANARY}});
    program.patch(&format!("/api/v1/sources/{slug}/"), config).await.expect(200);
    let inner = std::sync::Arc::clone(&app.app);
    let name = slug.clone();
    let change = move |tx: &mut vestibule::platform::tx::Tx<'_>| {
        let connector = inner.connectors.find(Kind::Source, "postgres").unwrap();
        let submission = import_config(&connector.spec, &json!({"host": "evil.example"})).unwrap();
        let connection = connections::find(tx.conn, &workspace, &name).unwrap().unwrap();
        let late = Apply {
            workspace: &workspace,
            connection: &connection.id,
            connector: &connector,
            submission: &submission,
            by: Filler::Recipient,
            name: "",
            then: None,
            has_secrets: false,
            shown: &connections::Shown::Now,
            actor: vestibule::platform::activity::Actor::System,
        };
        connections::apply(tx, &late).map(|applied| applied.connection)
    };
    let after = app.app.try_write(change).await.unwrap();
    assert!(after.secret_paths.is_empty() && after.sealed_secrets.is_none(), "{:?}", after.secret_paths);
    let shown = program.get(&format!("/api/v1/sources/{slug}/")).await.expect(200);
    assert!(shown.json["missing_required_fields"].to_string().contains("database"), "{}", shown.body);
}
