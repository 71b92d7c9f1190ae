//! Who says where extractions run, and what becomes of the secret.

use diesel::prelude::*;
use serde_json::json;
use vestibule::features::accounts::Role;
use vestibule::platform::db::schema::extraction_engines;

use super::airbyte::{CLIENT, WORKSPACE, client_secret};
use super::{Airbyte, ENGINE, details, product, published, site};
use crate::api::Program;
use crate::support::{CANARY, PASSWORD, Visitor};

const PAGE: &str = "/settings/extraction-engine";

async fn fill(owner: &Visitor, url: &str, secret: &str) -> crate::support::Page {
    let form = owner.get(PAGE).await.form_to(PAGE);
    let form = form.set("engine", "airbyte").set("url", url).set("workspace", WORKSPACE).set("client_id", CLIENT);
    form.set("secret", secret).send(owner).await
}

#[tokio::test]
async fn an_owner_sets_it_and_nobody_reads_the_secret_back() {
    let (dir, airbyte) = (tempfile::tempdir().unwrap(), Airbyte::start());
    let app = product(&published(), dir.path());
    let owner = app.owner().await;
    let saved = fill(&owner, &airbyte.url(), &client_secret()).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let page = owner.get(PAGE).await;
    assert!(page.text().contains("On your Airbyte") && page.text().contains("Not tested"), "{}", page.text());
    assert!(!page.body.contains(CANARY), "the secret is never shown again");
    let tried = page.form_to(&format!("{PAGE}/check")).send(&owner).await;
    assert!(tried.text().contains("The connection works") && tried.text().contains("Data team"), "{}", tried.text());
    assert!(owner.get(PAGE).await.text().contains("Tested"));
    let sealed: Vec<Option<Vec<u8>>> = app
        .app
        .db
        .read(|conn| Ok(extraction_engines::table.select(extraction_engines::sealed).load(conn)?))
        .await
        .unwrap();
    let sealed = sealed[0].clone().unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains(CANARY));
    // A blank secret keeps it, for the same origin only.
    assert_eq!(fill(&owner, &airbyte.url(), "").await.status, 303);
    let elsewhere = fill(&owner, "https://127.0.0.1:4444/api/public/v1", "").await;
    assert_eq!(elsewhere.status, 422);
    assert!(elsewhere.text().contains("for the old address only"), "{}", elsewhere.text());
    // Whoever is no owner looks, and changes nothing.
    let admin = app.member(&owner, Role::Admin, "ada@acme.example").await;
    let page = admin.get(PAGE).await;
    assert!(
        page.text().contains("Only owners can change") && !page.body.contains("name=\"secret\""),
        "{}",
        page.text()
    );
    let removed = owner.get(PAGE).await.form_to(&format!("{PAGE}/removal")).send(&owner).await;
    assert_eq!(removed.status, 303);
    assert!(owner.get(PAGE).await.text().contains("The workers of this installation extract every source"));
    airbyte.is_content();
}

#[tokio::test]
async fn who_signed_in_long_ago_signs_in_anew_first() {
    let (dir, airbyte) = (tempfile::tempdir().unwrap(), Airbyte::start());
    let app = product(&published(), dir.path());
    let owner = app.owner().await;
    app.advance(time::Duration::minutes(16));
    let refused = fill(&owner, &airbyte.url(), &client_secret()).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Sign in anew"), "{}", refused.text());
    assert!(refused.body.contains(WORKSPACE) && !refused.body.contains(CANARY), "what is no secret stays typed");
    let again = refused.links().into_iter().find(|link| link.contains("again=1")).unwrap();
    let form = owner.get(&again).await.form_with("password");
    let back = form.set("email", "ana@acme.example").set("password", PASSWORD).send(&owner).await;
    assert_eq!(back.status, 303, "{}", back.text());
    assert_eq!(fill(&owner, &airbyte.url(), &client_secret()).await.status, 303);
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_field() {
    let site = site().await;
    let program = &site.program;
    for (change, pointer, code) in [
        (json!({"url": "http://airbyte.example"}), "/airbyte/url", "url_not_https"),
        (json!({"url": "https://10.0.0.7/v1", "secret": "s"}), "/airbyte/url", "url_not_public"),
        (json!({"url": "https://127.0.0.1:4444/v1"}), "/airbyte/secret", "address_changed"),
        (json!({"workspace_id": ""}), "/airbyte/workspace_id", "missing"),
        (json!({"workspace_id": "../sources"}), "/airbyte/workspace_id", "invalid"),
        (json!({"destination_id": "a b"}), "/airbyte/destination_id", "invalid"),
        (json!({"client_id": null}), "/airbyte/secret", "missing"),
        (json!({"secret": "two words"}), "/airbyte/secret", "invalid"),
    ] {
        let refused = program.patch(ENGINE, json!({"airbyte": change})).await.expect(422);
        assert_eq!(
            (refused.text("/errors/0/pointer").as_str(), refused.text("/errors/0/code").as_str()),
            (pointer, code)
        );
    }
    let shown = program.get(ENGINE).await.expect(200);
    assert_eq!(shown.json["airbyte"]["has_secret"], true);
    assert!(!shown.body.contains(CANARY));
}

#[tokio::test]
async fn what_airbyte_says_to_a_test_is_in_words() {
    let site = site().await;
    let check = async || site.program.post(&format!("{ENGINE}check/"), json!({})).await.expect(200).json;
    let cases = [
        (json!({"client_id": "nobody"}), "does not take the token"),
        (json!({"client_id": CLIENT, "workspace_id": "00000000-0000-4000-8000-00000000aaa9"}), "knows no workspace"),
        (
            json!({"workspace_id": WORKSPACE, "destination_id": "00000000-0000-4000-8000-00000000bbb9"}),
            "knows no destination",
        ),
    ];
    for (change, words) in cases {
        site.program.patch(ENGINE, json!({"airbyte": change})).await.expect(200);
        let found = check().await;
        assert_eq!(found["works"], false);
        assert!(found["message"].as_str().unwrap().contains(words), "{words}: {found}");
    }
    site.airbyte.state().is_down = true;
    assert!(check().await["message"].as_str().unwrap().contains("status 503"));
    site.airbyte.state().is_down = false;
    let token = "/applications/token".to_owned();
    site.airbyte.state().next.insert(format!("POST {token}"), (200, json!("a web page")));
    assert!(check().await["message"].as_str().unwrap().contains("does not speak Airbyte"));
}

#[tokio::test]
async fn only_the_key_of_an_owner_says_where() {
    use vestibule::base::ids::ApiKeyId;
    use vestibule::features::accounts::api_keys::Scope;
    use vestibule::platform::db::schema::{api_keys, members};
    let site = site().await;
    let owner = site.app.visitor();
    owner.sign_in("ana@acme.example").await;
    site.app.member(&owner, Role::Admin, "ada@acme.example").await;
    let (id, key): (ApiKeyId, String) =
        crate::api::program::key(&site.app, "Acme Analytics", &[Scope::EngineWrite, Scope::RunsRead]).await;
    let program = Program::nobody(&site.app).await.with_key(&key);
    let made_by = async |role: Role| {
        let id = id.clone();
        let changed = site.app.app.db.write(move |conn| {
            let member: String = members::table.filter(members::role.eq(role)).select(members::id).first(conn)?;
            Ok(diesel::update(api_keys::table.find(id)).set(api_keys::created_by.eq(member)).execute(conn)?)
        });
        changed.await.unwrap();
    };
    made_by(Role::Admin).await;
    let refused = program.patch(ENGINE, details(&site.airbyte)).await.expect(403);
    assert!(refused.text("/detail").contains("an owner of the workspace has made"), "{}", refused.body);
    program.delete(ENGINE).await.expect(403);
    program.post(&format!("{ENGINE}check/"), json!({})).await.expect(403);
    program.get(ENGINE).await.expect(200);
    made_by(Role::Owner).await;
    program.patch(ENGINE, details(&site.airbyte)).await.expect(200);
}
