//! Through a jump server: its host key is remembered, another one is refused until somebody accepts it; what forms leave out.

use serde_json::{Value, json};
use vestibule::features::accounts::api_keys::Scope;

use super::validated;
use crate::api::Program;
use crate::support::cluster::{Cluster, PASSWORD as DATABASE_PASSWORD};
use crate::support::connectors::app_with;
use crate::support::jump::{Asking, PASSWORD, PasswordJump};
use crate::support::{TestApp, Visitor};

struct Scene {
    app: TestApp,
    program: Program,
    owner: Visitor,
    cluster: Cluster,
    jump: PasswordJump,
    slug: String,
}

/// A draft whose database is reached through a jump server.
async fn scene() -> Option<Scene> {
    let cluster = Cluster::new("CREATE TABLE one (id int PRIMARY KEY);").await?;
    let jump = PasswordJump::start(Asking::Plainly).await;
    let app = app_with(|_| {}, |config| config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap()]);
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let scene = Scene { app, program, owner, cluster, jump, slug };
    let config = json!({
        "host": scene.cluster.host, "port": scene.cluster.port, "database": scene.cluster.name, "username": scene.cluster.name,
        "password": DATABASE_PASSWORD, "ssl_mode": {"mode": "prefer"}, "tunnel_method": scene.jump.tunnel(PASSWORD),
    });
    scene.program.patch(&scene.source(), json!({"config": config})).await.expect(200);
    Some(scene)
}

impl Scene {
    fn source(&self) -> String {
        format!("/api/v1/sources/{}/", self.slug)
    }

    async fn validate(&self) -> Value {
        validated(&self.app, &self.program, &self.slug).await
    }

    async fn host_key(&self) -> Value {
        self.program.get(&self.source()).await.expect(200).json["host_key"].clone()
    }

    async fn page(&self) -> crate::support::Page {
        self.owner.get(&format!("/connections/{}", self.slug)).await
    }
}

#[tokio::test]
async fn a_host_key_is_remembered_and_another_one_is_refused_until_it_is_accepted() {
    let Some(scene) = scene().await else { return };
    assert_eq!(scene.host_key().await, Value::Null);
    let done = scene.validate().await;
    assert_eq!(done["status"], "success", "{done}");
    let first = scene.jump.fingerprint();
    let known = scene.host_key().await;
    assert_eq!((&known["fingerprint"], &known["refused_fingerprint"]), (&json!(first), &Value::Null), "{known}");
    assert_eq!((&known["host"], &known["algorithm"]), (&json!("127.0.0.1"), &json!("ssh-ed25519")));
    let text = scene.page().await.text();
    assert!(text.contains(&first) && text.contains("First contact with the jump server"), "{text}");

    scene.jump.replace();
    let second = scene.jump.fingerprint();
    let failed = scene.validate().await;
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&json!("failed"), &json!("tunnel_host_key_changed")),
        "{failed}"
    );
    let page = scene.page().await;
    let text = page.text();
    assert!(text.contains(&first) && text.contains(&second) && text.contains("Another key was shown"), "{text}");
    assert_eq!(scene.host_key().await["refused_fingerprint"], json!(second));
    assert_eq!(scene.validate().await["status"], "failed", "it stays refused");

    // A viewer of the page accepts what they saw, although a third one has been shown meanwhile.
    let form = page.form_to(&format!("/connections/{}/host-key", scene.slug));
    scene.jump.replace();
    scene.validate().await;
    let accepted = scene.owner.follow(&form.send(&scene.owner).await).await;
    assert!(accepted.text().contains("Host key accepted"), "{}", accepted.text());
    assert_eq!(scene.host_key().await["fingerprint"], json!(second), "not the one that nobody saw");
    assert_eq!(scene.validate().await["status"], "failed");
    let third = scene.jump.fingerprint();
    let chosen =
        scene.program.post(&format!("{}host-key/", scene.source()), json!({"fingerprint": third})).await.expect(200);
    assert_eq!(chosen.text("/host_key/fingerprint"), third);
    assert_eq!(scene.validate().await["status"], "success");
    let text = scene.page().await.text();
    assert!(
        text.contains("accepted the host key of the jump server") && !text.contains("Another key was shown"),
        "{text}"
    );
    scene.jump.deserted().await;
    scene.cluster.end().await;
}

#[tokio::test]
async fn a_host_key_can_be_named_before_the_first_contact_and_nonsense_cannot() {
    let Some(scene) = scene().await else { return };
    let path = format!("{}host-key/", scene.source());
    let refused = scene.program.post(&path, json!({"fingerprint": "MD5:aa"})).await.expect(422);
    assert_eq!(refused.text("/errors/0/pointer"), "/fingerprint");
    let stranger = format!("SHA256:{}", "a".repeat(43));
    scene.program.post(&path, json!({"fingerprint": stranger})).await.expect(200);
    let failed = scene.validate().await;
    assert_eq!(failed["error"]["code"], "tunnel_host_key_changed", "{failed}");
    scene.program.post(&path, json!({"fingerprint": scene.jump.fingerprint()})).await.expect(200);
    assert_eq!(scene.validate().await["status"], "success");
    assert_eq!(scene.host_key().await["algorithm"], "ssh-ed25519", "it is learnt with the key");
    scene.cluster.end().await;
}

#[tokio::test]
async fn another_jump_server_gets_no_stored_secret_and_is_met_anew() {
    let Some(scene) = scene().await else { return };
    assert_eq!(scene.validate().await["status"], "success");
    let other = PasswordJump::start(Asking::Plainly).await;
    let mut without_secret = other.tunnel(PASSWORD);
    without_secret.as_object_mut().unwrap().remove("tunnel_user_password");
    let moved = json!({"config": {"tunnel_method": without_secret}});
    // Who may not read secrets cannot send them anywhere.
    let writes = [Scope::SourcesRead, Scope::SourcesWrite];
    let stranger = Program::nobody(&scene.app).await.with_scopes(&scene.app, "Acme Analytics", &writes).await;
    let refused = stranger.patch(&scene.source(), moved).await.expect(422);
    assert_eq!(refused.text("/errors/0/code"), "address_changed");
    let config = json!({"password": DATABASE_PASSWORD, "tunnel_method": other.tunnel(PASSWORD)});
    scene.program.patch(&scene.source(), json!({"config": config})).await.expect(200);
    assert_eq!(scene.host_key().await, Value::Null, "what is known is of another server");
    assert_eq!(scene.validate().await["status"], "success");
    assert_eq!(scene.host_key().await["fingerprint"], json!(other.fingerprint()));
    scene.cluster.end().await;
}

#[tokio::test]
async fn forms_leave_out_what_nobody_here_takes_up_and_what_stands_there_is_named() {
    let app = app_with(|_| {}, |_| {});
    let program = Program::start(&app).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let details = program.get("/api/v1/source-connectors/postgres/").await.expect(200).json;
    let left_out = |json: &Value| {
        let fields = json["unsupported_fields"].as_array().unwrap().iter();
        fields.map(|one| one["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(left_out(&details), ["ssl_mode.client_key_password", "replication_method", "jdbc_url_params"]);
    assert!(details["spec"]["properties"]["jdbc_url_params"].is_object(), "the specification is whole");
    let stripe = program.get("/api/v1/source-connectors/stripe/").await.expect(200).json;
    assert!(left_out(&stripe).is_empty());

    let slug = program.draft("sources", "postgres").await;
    let configuration = format!("/connections/{slug}/configuration");
    let form = owner.get(&configuration).await;
    for gone in ["Extra connection parameters", "By the write-ahead log", "Client key passphrase"] {
        assert!(!form.text().contains(gone), "{gone}");
    }
    for there in ["SSH tunnel", "By row version", "By a column", "Client key"] {
        assert!(form.text().contains(there), "{there}");
    }
    let source = format!("/api/v1/sources/{slug}/");
    let config = json!({"jdbc_url_params": "connectTimeout=30", "replication_method": {"method": "CDC", "replication_slot": "s", "publication": "p"}});
    let patched = program.patch(&source, json!({"config": config})).await.expect(200);
    assert_eq!(left_out(&patched.json), ["replication_method", "jdbc_url_params"]);
    let page = owner.get(&format!("/connections/{slug}")).await.text();
    assert!(page.contains("Not used here") && page.contains("does not read the write-ahead log"), "{page}");
    let form = owner.get(&configuration).await;
    assert!(
        form.text().contains("Extra connection parameters") && form.text().contains("By the write-ahead log"),
        "{}",
        form.text()
    );
    // Sent as it stands it stays; a member may take it out.
    form.form_with("/host").set("/host", "db.example").press("intent", "save", &owner).await;
    let kept = program.get(&source).await.expect(200).json;
    assert_eq!(
        (&kept["config"]["jdbc_url_params"], &kept["config"]["replication_method"]["publication"]),
        (&json!("connectTimeout=30"), &json!("p"))
    );
    let docs = app.visitor().get("/docs/connectors.md").await;
    assert!(docs.body.contains("What forms leave out") && docs.body.contains("`jdbc_url_params`"), "{}", docs.body);
}
