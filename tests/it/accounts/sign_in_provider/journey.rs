//! Through the provider and in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use vestibule::features::accounts::Role;
use vestibule::platform::activity::Event;

use super::super::{events, session_count};
use super::{CLIENT_ID, CLIENT_SECRET, Scene, WITH, begin, is_signed_in, save};

#[tokio::test]
async fn a_member_comes_in_through_the_button_and_is_known_from_then_on() {
    let scene = Scene::new().await;
    scene.app.member(&scene.owner, Role::Member, "bo@acme.example").await;
    scene.idp.person("bo-7", "Bo@Acme.example", "Bo Other");
    let bo = scene.app.visitor();
    let page = bo.get("/sign-in?next=/settings/members").await;
    let leaving = super::Leaving::read(&page.form_to(WITH).send(&bo).await);
    let done = scene.back_from(&bo, &leaving).await;
    assert_eq!((done.status, done.location().as_deref()), (303, Some("/settings/members")), "{}", done.text());
    let members = bo.follow(&done).await;
    assert!(members.text().contains("Member Person"), "their own name stays: {}", members.text());

    // The provider gives them another address: the subject counts.
    let (again, done) = scene.as_person("bo-7", "robert@acme.example").await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(again.get("/settings/account").await.text().contains("bo@acme.example"));
    let tied: Vec<_> =
        events(&scene.app).await.into_iter().filter(|(event, ..)| *event == Event::IdentityTied).collect();
    assert_eq!(tied.len(), 2, "the owner and Bo, once each: {tied:?}");
}

#[tokio::test]
async fn what_is_sent_is_what_the_protocol_asks_for() {
    let scene = Scene::new().await;
    let visitor = scene.app.visitor();
    let leaving = begin(&visitor).await;
    assert!(leaving.url.starts_with(&format!("{}/authorize?", scene.idp.issuer())));
    let expected = [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("scope", "openid email profile"),
        ("code_challenge_method", "S256"),
        ("redirect_uri", &scene.app.app.config.server.base_url.join(&format!("{WITH}/callback"))),
    ];
    for (name, value) in expected {
        assert_eq!(leaving.sent[name], value, "{name}");
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(leaving.sent[name].len(), 43, "{name} has 256 bits");
    }
    assert_eq!(scene.back_from(&visitor, &leaving).await.status, 303);
    let token = scene.idp.got().into_iter().rfind(|request| request.path == "/token").unwrap();
    let body: std::collections::BTreeMap<String, String> =
        url::form_urlencoded::parse(token.body.as_bytes()).into_owned().collect();
    assert_eq!((body["grant_type"].as_str(), body["code"].as_str()), ("authorization_code", "a-code"));
    assert_eq!(body["redirect_uri"], leaving.sent["redirect_uri"]);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&body["code_verifier"]));
    assert_eq!(challenge, leaving.sent["code_challenge"]);
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    assert_eq!(token.header("authorization"), Some(format!("Basic {basic}").as_str()));
    assert!(!token.body.contains(CLIENT_SECRET));
}

#[tokio::test]
async fn a_provider_that_wants_the_secret_in_the_body_gets_it_there() {
    let scene = Scene::bare().await;
    scene.idp.says(|script| {
        script.metadata = serde_json::json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] });
    });
    save(&scene.owner, &scene.idp.issuer(), &[]).await;
    scene.test().await;
    let token = scene.idp.got().into_iter().rfind(|request| request.path == "/token").unwrap();
    assert!(token.body.contains(CLIENT_SECRET) && token.header("authorization").is_none());
}

#[tokio::test]
async fn an_address_the_id_token_lacks_is_asked_for() {
    let scene = Scene::new().await;
    scene.idp.says(|script| {
        script.claims["email"] = serde_json::Value::Null;
        script.claims["sub"] = "ana-1".into();
        script.userinfo = serde_json::json!({ "sub": "ana-1", "email": "ana@acme.example", "email_verified": true });
    });
    let asked = scene.idp.count("/userinfo");
    let visitor = scene.app.visitor();
    assert_eq!(scene.through(&visitor).await.status, 303);
    assert_eq!(scene.idp.count("/userinfo"), asked + 1);
    scene.idp.says(|script| script.userinfo["sub"] = "somebody-else".into());
    let refused = scene.through(&scene.app.visitor()).await;
    assert_eq!(refused.status, 502, "an answer about somebody else: {}", refused.text());
}

#[tokio::test]
async fn a_provider_that_writes_true_as_a_text_is_understood() {
    let scene = Scene::new().await;
    scene.idp.says(|script| script.claims["email_verified"] = "true".into());
    assert_eq!(scene.through(&scene.app.visitor()).await.status, 303);
}

#[tokio::test]
async fn a_session_from_before_ends_and_a_new_one_begins() {
    let scene = Scene::new().await;
    let before = scene.owner.cookies();
    let count = session_count(&scene.app).await;
    // A page opened before signing in, sent from the same browser.
    let form = scene.owner.get("/settings/account").await.form_to("/sign-out");
    let form = crate::support::Form { action: WITH.to_owned(), ..form }.set("next", "");
    let leaving = super::Leaving::read(&form.send(&scene.owner).await);
    assert_eq!(scene.back_from(&scene.owner, &leaving).await.status, 303);
    assert_eq!(session_count(&scene.app).await, count);
    let name = before.keys().find(|name| name.contains("session")).unwrap();
    assert_ne!(before[name], scene.owner.cookies()[name]);
}

#[tokio::test]
async fn an_invited_person_joins_with_the_role_of_the_invitation() {
    let scene = Scene::new().await;
    let page = scene.owner.get("/settings/members").await;
    page.form_with("email").set("email", "cy@acme.example").set("role", "admin").send(&scene.owner).await;
    let (cy, done) = scene.as_person("cy-1", "cy@acme.example").await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(cy.follow(&done).await.text().contains("You are a member now."));
    let members = cy.get("/settings/members").await.text();
    assert!(members.contains("Some Body") && members.contains("Admin"), "{members}");
    assert!(!scene.owner.get("/settings/members").await.has("form[action$='/withdrawal']"), "it is answered");
}

#[tokio::test]
async fn newcomers_of_a_named_domain_get_the_role_that_was_chosen() {
    let scene = Scene::bare().await;
    let details = [("newcomers", "viewer"), ("domains", "acme.example, birch.example")];
    save(&scene.owner, &scene.idp.issuer(), &details).await;
    scene.test().await;
    let (dee, done) = scene.as_person("dee-1", "dee@birch.example").await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(is_signed_in(&dee));
    assert_eq!(dee.get("/connections/new").await.status, 403, "a viewer");
    let joined: Vec<_> =
        events(&scene.app).await.into_iter().filter(|(event, ..)| *event == Event::MemberJoined).collect();
    assert!(joined.iter().any(|(_, who, how)| who == "Some Body" && how == "viewer through Acme Login"), "{joined:?}");
    let page = dee.get("/sign-in").await;
    assert_eq!(page.status, 303);
    // Nobody knows a password of theirs, and an empty one is none.
    let form = scene.app.visitor();
    let refused = form
        .get("/sign-in")
        .await
        .form_with("email")
        .set("email", "dee@birch.example")
        .set("password", " ")
        .send(&form)
        .await;
    assert_eq!(refused.status, 422);
}
