//! The settings: what owners may enter, what is kept, what is never shown again.

use serde_json::json;
use vestibule::base::crypto::{Sealed, SealedAt};
use vestibule::platform::activity::Event;
use vestibule::platform::db::schema::sign_in_providers;

use super::super::{assert_refused, events};
use super::{CLIENT_SECRET, SETTINGS, Scene, WITH, begin_test, save};
use crate::support::TestApp;

#[tokio::test]
async fn the_page_shows_what_to_register_and_keeps_the_secret() {
    let scene = Scene::bare().await;
    let page = scene.owner.get(SETTINGS).await;
    let redirect = scene.app.app.config.server.base_url.join(&format!("{WITH}/callback"));
    assert_eq!(page.value_of("redirect"), Some(redirect));
    let saved = save(&scene.owner, &scene.idp.issuer(), &[]).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let page = scene.owner.follow(&saved).await;
    assert!(page.text().contains("Test the sign-in now") && page.text().contains("Not tested"), "{}", page.text());
    assert!(!page.body.contains(CLIENT_SECRET) && page.text().contains("Provided."));
    assert_eq!(page.value_of("issuer"), Some(scene.idp.issuer()));
    assert_eq!(page.value_of("label").as_deref(), Some("Acme Login"));
    let refused = save(&scene.owner, &scene.idp.issuer(), &[("label", "")]).await;
    assert_refused(&refused, "label", "Enter name on the button");
    assert!(!refused.body.contains(CLIENT_SECRET), "not even after a slip");
    assert!(!all_bytes(&scene.app).await.contains(CLIENT_SECRET), "it lies sealed");
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_a_reason() {
    let scene = Scene::bare().await;
    let issuer = scene.idp.issuer();
    for (name, value, field, words) in [
        ("issuer", "http://login.acme.example", "issuer", "Issuer must be an address that begins with https://"),
        (
            "issuer",
            "https://user:x@login.acme.example",
            "issuer",
            "Issuer must be an address that begins with https://",
        ),
        ("issuer", "https://10.0.0.1", "issuer", "its host is not public"),
        ("issuer", &format!("{issuer}/elsewhere"), "issuer", "no OpenID Connect provider answers there"),
        ("client_id", " ", "client_id", "Enter the client id"),
        ("domains", "acme", "domains", "must look like acme.example"),
        ("domains", "birch.example", "domains", "Add the domain of your own email address"),
        ("newcomers", "owner", "newcomers-refuse", "Choose what happens"),
        ("newcomers", "member", "domains", "Enter the email domains"),
    ] {
        let refused = save(&scene.owner, &issuer, &[(name, value)]).await;
        assert_eq!(refused.status, 422, "{name} {value}");
        assert!(refused.has(&format!("#{field}")), "{field}");
        assert!(refused.text().contains(words), "{name} {value}: {}", refused.text());
    }
    for (metadata, words) in [
        (json!({ "issuer": "https://evil.example" }), "calls itself by another issuer"),
        (json!({ "token_endpoint": "http://127.0.0.1/token" }), "lacks an https address"),
        (json!({ "id_token_signing_alg_values_supported": ["HS256", "none"] }), "a way to sign"),
        (json!({ "jwks_uri": null }), "no OpenID Connect provider"),
    ] {
        scene.idp.says(|script| script.metadata = metadata);
        let refused = save(&scene.owner, &issuer, &[]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(words), "{words}: {}", refused.text());
    }
    assert!(!scene.owner.get(SETTINGS).await.has("form[action='/settings/sign-in/test']"), "nothing was saved");
}

#[tokio::test]
async fn a_slash_at_the_end_of_an_issuer_is_as_the_provider_has_it() {
    let scene = Scene::bare().await;
    save(&scene.owner, &format!("{}/", scene.idp.issuer()), &[]).await;
    assert_eq!(scene.owner.get(SETTINGS).await.value_of("issuer"), Some(scene.idp.issuer()));
    scene.test().await;
}

#[tokio::test]
async fn an_empty_secret_keeps_the_one_there_is_but_never_for_another_issuer() {
    let scene = Scene::new().await;
    let kept = save(&scene.owner, &scene.idp.issuer(), &[("client_secret", ""), ("label", "Acme Account")]).await;
    assert_eq!(kept.status, 303);
    let page = scene.owner.follow(&kept).await;
    assert!(page.text().contains("Offered"), "still tested: {}", page.text());
    let (visitor, done) = scene.as_person("ana-1", "ana@acme.example").await;
    assert_eq!(done.status, 303, "{}", done.text());
    drop(visitor);
    let other = super::Idp::start();
    let refused = save(&scene.owner, &other.issuer(), &[("client_secret", "")]).await;
    assert_refused(&refused, "client_secret", "Enter the client secret again");
    assert_eq!(other.got().len(), 0, "nothing went to the new issuer");
}

#[tokio::test]
async fn other_details_have_to_be_tested_again() {
    let scene = Scene::new().await;
    scene.switch_passwords_off().await;
    for change in [("client_id", "another"), ("client_secret", "another")] {
        save(&scene.owner, &scene.idp.issuer(), &[change]).await;
        let page = scene.owner.get(SETTINGS).await;
        assert!(page.text().contains("Not tested"), "{change:?}");
        assert_eq!(scene.app.visitor().get(WITH).await.status, 404, "{change:?}");
        scene.app.visitor().sign_in("ana@acme.example").await;
        save(&scene.owner, &scene.idp.issuer(), &[]).await;
        scene.test_again().await;
        scene.switch_passwords_off().await;
    }
    let on = events(&scene.app).await.into_iter().filter(|(event, ..)| *event == Event::PasswordsOn).count();
    assert_eq!(on, 2);
}

#[tokio::test]
async fn a_test_of_details_that_changed_meanwhile_proves_nothing() {
    let scene = Scene::bare().await;
    save(&scene.owner, &scene.idp.issuer(), &[]).await;
    let leaving = begin_test(&scene.owner).await;
    save(&scene.owner, &scene.idp.issuer(), &[("client_id", "another")]).await;
    assert_eq!(scene.back_from(&scene.owner, &leaving).await.status, 400);
    assert!(scene.owner.get(SETTINGS).await.text().contains("Not tested"));
}

#[tokio::test]
async fn removing_it_erases_the_secret_and_brings_passwords_back() {
    let scene = Scene::new().await;
    scene.switch_passwords_off().await;
    let form = scene.owner.get(SETTINGS).await.form_to("/settings/sign-in/removal");
    let done = form.send(&scene.owner).await;
    assert!(scene.owner.follow(&done).await.text().contains("Its client secret is erased."));
    assert_eq!(stored(&scene.app).await.len(), 0);
    scene.app.visitor().sign_in("ana@acme.example").await;
    let names: Vec<Event> = events(&scene.app).await.into_iter().map(|(event, ..)| event).collect();
    for event in [
        Event::SignInProviderSaved,
        Event::SignInProviderTested,
        Event::PasswordsOff,
        Event::PasswordsOn,
        Event::SignInProviderRemoved,
    ] {
        assert!(names.contains(&event), "{event:?}: {names:?}");
    }
}

#[tokio::test]
async fn the_secret_is_sealed_for_its_place() {
    let scene = Scene::new().await;
    let [(id, workspace, sealed)] = <[_; 1]>::try_from(stored(&scene.app).await).unwrap();
    let at = SealedAt { table: "sign_in_providers", row: &id, column: "sealed_client_secret", workspace: &workspace };
    let opened = scene.app.app.keys.open(&Sealed::from_bytes(sealed.unwrap()), at).unwrap();
    assert_eq!(opened.as_slice(), CLIENT_SECRET.as_bytes());
}

type Stored = (String, String, Option<Vec<u8>>);

async fn stored(app: &TestApp) -> Vec<Stored> {
    use diesel::prelude::*;
    let rows = app.app.db.read(|conn| {
        let columns = (sign_in_providers::id, sign_in_providers::workspace_id, sign_in_providers::sealed_client_secret);
        Ok(sign_in_providers::table.select(columns).load(conn)?)
    });
    rows.await.unwrap()
}

/// Everything that is stored about it, as text.
async fn all_bytes(app: &TestApp) -> String {
    let rows = stored(app).await;
    rows.into_iter().map(|(.., sealed)| String::from_utf8_lossy(&sealed.unwrap_or_default()).into_owned()).collect()
}

impl Scene {
    /// The owner is known already, by the name the provider gave them first.
    async fn test_again(&self) {
        self.idp.person("ana-1", "ana@acme.example", "Ana Lima");
        self.test().await;
    }
}
