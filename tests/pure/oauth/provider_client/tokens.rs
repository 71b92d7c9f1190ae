//! Codes become tokens, tokens become fresh ones, and grants are given back.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use vestibule::features::oauth::provider_client::{AppSecrets, ProviderError, Tokens};

use super::{REDIRECT, Scene, now, query_of};
use crate::support::provider::{Endpoint, Plays, Trouble};

const ALL: [Plays; 5] = [Plays::Facebook, Plays::GoogleAds, Plays::HubSpot, Plays::LinkedIn, Plays::TikTok];

#[actix_web::test]
async fn a_code_becomes_tokens_at_every_provider() {
    for plays in ALL {
        let scene = Scene::new(plays);
        let tokens = scene.sign_in().await.unwrap_or_else(|error| panic!("{plays:?}: {error}"));
        let seconds = tokens.expires_at.map(|end| (end - now()).whole_seconds());
        let expected = match plays {
            Plays::Facebook => (false, Some(5_183_944)),
            Plays::GoogleAds => (true, Some(3_599)),
            Plays::HubSpot => (true, Some(1_800)),
            Plays::LinkedIn => (true, Some(5_184_000)),
            Plays::TikTok => (false, None),
        };
        assert_eq!((tokens.refresh_token.is_some(), seconds), expected, "{plays:?}");
        let refresh_days = tokens.refresh_expires_at.map(|end| (end - now()).whole_days());
        assert_eq!(refresh_days, (plays == Plays::LinkedIn).then_some(365), "{plays:?}");
        let who = scene.client().who(&tokens).await.unwrap();
        assert!(who.identity.unwrap().label.contains("ben"), "{plays:?}");
        assert_eq!(who.granted.is_none(), plays == Plays::TikTok, "{plays:?}");
        assert!(scene.block().missing_scopes(who.granted.as_deref()).is_empty(), "{plays:?}");
    }
}

#[actix_web::test]
async fn facebook_gives_the_lasting_token() {
    let scene = Scene::new(Plays::Facebook);
    let tokens = scene.sign_in().await.unwrap();
    assert!(tokens.access_token.expose_secret().contains("access-long"));
    assert_eq!(scene.provider.calls(Endpoint::LongLived), 1);
}

#[actix_web::test]
async fn what_was_not_granted_is_missing() {
    let scene = Scene::new(Plays::Facebook);
    scene.provider.grants(&["business_management"]);
    let who = scene.client().who(&scene.sign_in().await.unwrap()).await.unwrap();
    let missing = scene.block().missing_scopes(who.granted.as_deref());
    assert_eq!(missing.iter().map(|scope| scope.name.as_str()).collect::<Vec<_>>(), ["ads_read"]);

    // A wider permission includes it.
    scene.provider.grants(&["ads_management"]);
    let who = scene.client().who(&scene.sign_in().await.unwrap()).await.unwrap();
    assert!(scene.block().missing_scopes(who.granted.as_deref()).is_empty());

    for plays in [Plays::GoogleAds, Plays::HubSpot, Plays::LinkedIn] {
        let scene = Scene::new(plays);
        scene.provider.grants(&["openid", "oauth", "r_ads"]);
        let who = scene.client().who(&scene.sign_in().await.unwrap()).await.unwrap();
        assert!(!scene.block().missing_scopes(who.granted.as_deref()).is_empty(), "{plays:?}");
    }
}

#[actix_web::test]
async fn a_code_serves_once_and_needs_its_verifier() {
    for plays in ALL {
        let scene = Scene::new(plays);
        let authorize = scene.authorize_url();
        let code = scene.client().read_callback(&query_of(&scene.provider.consent(authorize.url.as_str()))).unwrap();
        if authorize.verifier.is_some() {
            let wrong = SecretString::from("wrong-verifier-of-the-right-length-0123456789abcdef");
            let refused = scene.client().exchange(&code, Some(&wrong), REDIRECT, now()).await.unwrap_err();
            assert_eq!(refused, ProviderError::InvalidGrant, "{plays:?}");
        } else {
            scene.client().exchange(&code, None, REDIRECT, now()).await.unwrap();
        }
        let again = scene.client().exchange(&code, authorize.verifier.as_ref(), REDIRECT, now()).await.unwrap_err();
        assert_eq!(again, ProviderError::InvalidGrant, "{plays:?}");
    }
}

#[actix_web::test]
async fn a_wrong_client_secret_is_the_operators_trouble() {
    for plays in [Plays::GoogleAds, Plays::LinkedIn] {
        let scene = Scene::new(plays);
        let app = AppSecrets { client_secret: "wrong".into(), ..scene.app.clone() };
        let client = vestibule::features::oauth::provider_client::ProviderClient::new(
            &scene.http,
            scene.block(),
            &app,
            &scene.inputs,
        );
        let authorize = scene.authorize_url();
        let code = client.read_callback(&query_of(&scene.provider.consent(authorize.url.as_str()))).unwrap();
        let refused = client.exchange(&code, authorize.verifier.as_ref(), REDIRECT, now()).await.unwrap_err();
        assert_eq!(refused, ProviderError::AppRefused("invalid_client".to_owned()), "{plays:?}");
    }
}

#[actix_web::test]
async fn a_refresh_keeps_what_the_answer_leaves_out_and_takes_what_it_brings() {
    let scene = Scene::new(Plays::GoogleAds);
    let first = scene.sign_in().await.unwrap();
    let later = now() + time::Duration::hours(2);
    let second = scene.client().refresh(&first, later).await.unwrap();
    assert_ne!(second.access_token.expose_secret(), first.access_token.expose_secret());
    assert_eq!(exposed(&second), exposed(&first), "the refresh token stays");
    assert_eq!(second.scopes, first.scopes);
    assert_eq!(second.expires_at, Some(later + time::Duration::seconds(3_599)));

    scene.provider.rotates();
    let third = scene.client().refresh(&second, later).await.unwrap();
    assert_ne!(exposed(&third), exposed(&second), "a rotated refresh token is taken");
    assert_eq!(scene.client().refresh(&second, later).await.unwrap_err(), ProviderError::InvalidGrant);
    assert!(scene.client().refresh(&third, later).await.is_ok());
    assert_eq!(scene.provider.calls(Endpoint::Refresh), 4);
}

fn exposed(tokens: &Tokens) -> Option<&str> {
    tokens.refresh_token.as_ref().map(|token| token.expose_secret())
}

#[actix_web::test]
async fn a_grant_that_is_gone_is_told_in_every_shape() {
    for plays in [Plays::GoogleAds, Plays::HubSpot, Plays::LinkedIn] {
        let scene = Scene::new(plays);
        let tokens = scene.sign_in().await.unwrap();
        scene.provider.takes_all_back();
        assert_eq!(scene.client().refresh(&tokens, now()).await.unwrap_err(), ProviderError::InvalidGrant, "{plays:?}");
    }
    for plays in [Plays::Facebook, Plays::TikTok] {
        let scene = Scene::new(plays);
        let tokens = scene.sign_in().await.unwrap();
        assert_eq!(
            scene.client().refresh(&tokens, now()).await.unwrap_err(),
            ProviderError::InvalidGrant,
            "nothing renews it"
        );
        scene.provider.takes_all_back();
        assert_eq!(scene.client().accounts(&tokens).await.unwrap_err(), ProviderError::InvalidGrant, "{plays:?}");
    }
}

#[actix_web::test]
async fn a_lasting_token_may_be_exchanged_again_where_the_block_says_so() {
    let scene = Scene::adjusted(Plays::Facebook, |oauth| oauth["refresh"] = json!({ "how": "exchange" }));
    let tokens = scene.sign_in().await.unwrap();
    let fresh = scene.client().refresh(&tokens, now() + time::Duration::days(50)).await.unwrap();
    assert_eq!(fresh.expires_at, Some(now() + time::Duration::days(50) + time::Duration::seconds(5_183_944)));
    assert_ne!(fresh.access_token.expose_secret(), tokens.access_token.expose_secret());
}

#[actix_web::test]
async fn a_grant_is_given_back_where_there_is_a_way() {
    for plays in [Plays::Facebook, Plays::GoogleAds, Plays::TikTok] {
        let scene = Scene::new(plays);
        let tokens = scene.sign_in().await.unwrap();
        scene.client().revoke(&tokens).await.unwrap();
        assert_eq!(scene.provider.calls(Endpoint::Revoke), 1, "{plays:?}");
        assert_eq!(scene.client().accounts(&tokens).await.unwrap_err(), ProviderError::InvalidGrant, "{plays:?}");
        scene.provider.trouble(Endpoint::Revoke, Trouble::Status(503));
        assert_eq!(scene.client().revoke(&tokens).await.unwrap_err(), ProviderError::ProviderDown);
    }
    let scene = Scene::new(Plays::LinkedIn);
    scene.client().revoke(&scene.sign_in().await.unwrap()).await.unwrap();
}

#[actix_web::test]
async fn tokens_survive_being_stored_and_show_nothing() {
    let scene = Scene::new(Plays::LinkedIn);
    let tokens = scene.sign_in().await.unwrap();
    let stored = Tokens::from_bytes(&tokens.to_bytes().unwrap()).unwrap();
    assert_eq!(stored.to_bytes().unwrap(), tokens.to_bytes().unwrap());
    assert_eq!(stored.expires_at, tokens.expires_at);
    let shown = format!("{tokens:?} {:?} {:?} {:?}", scene.app, scene.client(), scene.authorize_url());
    assert!(!shown.contains(crate::support::CANARY) && !shown.contains("the-state"), "{shown}");
    let broken = Tokens::from_bytes(b"{\"access_token\":\"cAnArY\"}").unwrap_err();
    assert!(!format!("{broken:?}").contains("cAnArY"));
}
