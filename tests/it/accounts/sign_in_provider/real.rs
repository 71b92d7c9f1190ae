//! The same against a real provider: the certified one of `tests/oauth_server`.

use serde_json::json;
use vestibule::base::clock::Clock;
use vestibule::features::accounts::Role;

use super::{Leaving, SETTINGS, WITH, begin, begin_test, save, trusting};
use crate::support::oauth_server::{Consent, OauthServer};
use crate::support::{TestApp, Visitor};

struct Real {
    app: TestApp,
    owner: Visitor,
    server: OauthServer,
}

impl Real {
    /// A product whose clock is right, since the provider's is, and a provider that knows three people.
    async fn start(more: serde_json::Value) -> Option<Self> {
        let app = TestApp::start_with(trusting);
        app.advance(Clock::System.now() - app.app.clock.now());
        let redirect = app.app.config.server.base_url.join(&format!("{WITH}/callback"));
        let person = |id: &str, email: &str, verified: bool| json!({ "id": id, "email": email, "email_verified": verified, "name": id });
        let mut config = json!({ "people": [
            person("ana", "ana@acme.example", true),
            person("bo", "bo@acme.example", true),
            person("eve", "bo@acme.example", false),
        ]});
        more.as_object().unwrap().iter().for_each(|(name, value)| config[name] = value.clone());
        let server = OauthServer::start(&[&redirect], config)?;
        let owner = app.owner().await;
        Some(Self { app, owner, server })
    }

    async fn set_up(&self) {
        let saved = save(&self.owner, &self.server.issuer, &[]).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        let back = self.server.person().authorize(&begin_test(&self.owner).await.url, "ana", Consent::All).await;
        let done = self.owner.get(&back).await;
        assert_eq!((done.status, done.location().as_deref()), (303, Some(SETTINGS)), "{}", done.text());
    }

    async fn back(&self, leaving: &Leaving, who: &str, consent: Consent<'_>) -> String {
        self.server.person().authorize(&leaving.url, who, consent).await
    }
}

#[tokio::test]
async fn members_sign_in_at_a_real_provider() {
    for claims_in_id_token in [true, false] {
        let Some(real) = Real::start(json!({ "claims_in_id_token": claims_in_id_token })).await else { return };
        real.set_up().await;
        real.app.member(&real.owner, Role::Member, "bo@acme.example").await;
        let bo = real.app.visitor();
        let back = real.back(&begin(&bo).await, "bo", Consent::All).await;
        let done = bo.get(&back).await;
        assert_eq!(done.status, 303, "{}", done.text());
        assert!(bo.follow(&done).await.text().contains("Member Person"));
        real.server.control(json!({ "person": { "id": "bo", "email": "robert@acme.example" } })).await;
        let renamed = real.app.visitor();
        let back = real.back(&begin(&renamed).await, "bo", Consent::All).await;
        assert_eq!(renamed.get(&back).await.status, 303, "the subject counts");
        assert_eq!(real.server.count("/me").await > 0, !claims_in_id_token, "userinfo is asked only when it is needed");
    }
}

#[tokio::test]
async fn consent_denied_an_unverified_address_and_a_code_used_twice() {
    let Some(real) = Real::start(json!({})).await else { return };
    real.set_up().await;
    real.app.member(&real.owner, Role::Member, "bo@acme.example").await;
    let visitor = real.app.visitor();
    let denied = visitor.get(&real.back(&begin(&visitor).await, "bo", Consent::Deny).await).await;
    assert_eq!(denied.status, 403, "{}", denied.text());
    assert!(denied.text().contains("You did not sign in"));
    let eve = visitor.get(&real.back(&begin(&visitor).await, "eve", Consent::All).await).await;
    assert!(eve.text().contains("does not vouch for your email address"), "{}", eve.text());
    let hidden = visitor.get(&real.back(&begin(&visitor).await, "bo", Consent::Without(&["email"])).await).await;
    assert!(hidden.text().contains("does not tell your email address"), "{}", hidden.text());

    let back = real.back(&begin(&visitor).await, "bo", Consent::All).await;
    assert_eq!(visitor.get(&back).await.status, 303);
    let code = url::Url::parse(&back).unwrap().query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let other = real.app.visitor();
    let leaving = begin(&other).await;
    let replayed = other.get(&leaving.callback_with(&[("code", &code), ("iss", &real.server.issuer)])).await;
    assert_eq!(replayed.status, 502, "{}", replayed.text());
}

#[tokio::test]
async fn a_real_provider_knows_a_wrong_secret_and_insists_on_pkce() {
    let Some(real) = Real::start(json!({})).await else { return };
    save(&real.owner, &real.server.issuer, &[("client_secret", "wrong")]).await;
    let leaving = begin_test(&real.owner).await;
    let refused = real.owner.get(&real.back(&leaving, "ana", Consent::All).await).await;
    assert_eq!(refused.status, 502);
    assert!(refused.text().contains("token endpoint does not accept the client id or secret"), "{}", refused.text());
    let bare = leaving.url.replace("code_challenge", "x");
    let back = real.server.person().authorize(&bare, "ana", Consent::All).await;
    assert!(back.contains("error=invalid_request"), "{back}");
}
