//! Providers that are ill, and those that want us elsewhere.

use std::time::{Duration, Instant};

use serde_json::json;
use vestibule::features::oauth::provider_client::{ProviderError, Tokens};

use super::{Scene, now};
use crate::support::CANARY;
use crate::support::provider::{Endpoint, Plays, Trouble};

const ALL: [Plays; 4] = [Plays::Facebook, Plays::GoogleAds, Plays::LinkedIn, Plays::TikTok];

#[actix_web::test]
async fn trouble_at_the_token_endpoint_is_told_in_words() {
    let down = ProviderError::ProviderDown;
    let odd = |error: &ProviderError| matches!(error, ProviderError::BadAnswer(_));
    for plays in ALL {
        let scene = Scene::new(plays);
        let provider = &scene.provider;
        for status in [500, 502, 503] {
            provider.trouble(Endpoint::Exchange, Trouble::Status(status));
            assert_eq!(scene.sign_in().await.unwrap_err(), down, "{plays:?} {status}");
        }
        for trouble in [
            Trouble::Html,
            Trouble::Huge,
            Trouble::RedirectInside,
            Trouble::Says(200, json!({})),
            Trouble::Says(200, json!([1])),
        ] {
            provider.trouble(Endpoint::Exchange, trouble.clone());
            let error = scene.sign_in().await.unwrap_err();
            assert!(odd(&error), "{plays:?} {error}");
            assert!(error.is_transient() && !error.sentence("Acme").contains("http"));
        }
        provider.trouble(Endpoint::Exchange, Trouble::Status(429));
        assert_eq!(scene.sign_in().await.unwrap_err(), ProviderError::TooMany(None));
        provider.heal(Endpoint::Exchange);
        assert!(scene.sign_in().await.is_ok());
    }
}

#[actix_web::test]
async fn a_code_is_never_sent_twice() {
    let scene = Scene::new(Plays::GoogleAds);
    scene.provider.trouble(Endpoint::Exchange, Trouble::StatusTimes(503, 1));
    assert_eq!(scene.sign_in().await.unwrap_err(), ProviderError::ProviderDown);
    assert_eq!(scene.provider.calls(Endpoint::Exchange), 1);
    scene.provider.heal(Endpoint::Exchange);
    let tokens = scene.sign_in().await.unwrap();
    scene.provider.trouble(Endpoint::Refresh, Trouble::StatusTimes(500, 1));
    assert_eq!(scene.client().refresh(&tokens, now()).await.unwrap_err(), ProviderError::ProviderDown);
    assert_eq!(scene.provider.calls(Endpoint::Refresh), 1, "a refresh token may serve once");
}

#[actix_web::test]
async fn a_listing_is_tried_three_times_and_no_more() {
    let scene = Scene::new(Plays::LinkedIn);
    scene.provider.has_accounts(1);
    let tokens = scene.sign_in().await.unwrap();
    scene.provider.trouble(Endpoint::Accounts, Trouble::StatusTimes(503, 2));
    assert_eq!(scene.client().accounts(&tokens).await.unwrap().accounts.len(), 1);
    assert_eq!(scene.provider.calls(Endpoint::Accounts), 3);
    scene.provider.trouble(Endpoint::Accounts, Trouble::Status(503));
    assert_eq!(scene.client().accounts(&tokens).await.unwrap_err(), ProviderError::ProviderDown);
    assert_eq!(scene.provider.calls(Endpoint::Accounts), 6);
}

#[actix_web::test]
async fn accounts_whose_names_cannot_be_had_are_offered_by_their_number() {
    let scene = Scene::new(Plays::GoogleAds);
    let tokens = scene.sign_in().await.unwrap();
    for (trouble, asked) in [(Trouble::Status(503), 1), (Trouble::Html, 5), (Trouble::Status(429), 1)] {
        let before = scene.provider.calls(Endpoint::Names);
        scene.provider.trouble(Endpoint::Names, trouble);
        let list = scene.client().accounts(&tokens).await.unwrap();
        assert!(
            list.accounts.iter().all(|account| account.label == account.id) && list.accounts.len() == 5,
            "{list:?}"
        );
        assert_eq!(scene.provider.calls(Endpoint::Names) - before, asked, "a provider with trouble is left alone");
    }
    scene.provider.trouble(Endpoint::Names, Trouble::Status(401));
    assert_eq!(scene.client().accounts(&tokens).await.unwrap_err(), ProviderError::InvalidGrant);
}

#[actix_web::test]
async fn trouble_after_signing_in_is_told_apart() {
    for plays in ALL {
        let scene = Scene::new(plays);
        let tokens = scene.sign_in().await.unwrap();
        let error = async |trouble: Trouble| {
            scene.provider.trouble(Endpoint::Accounts, trouble);
            scene.client().accounts(&tokens).await.unwrap_err()
        };
        assert_eq!(error(Trouble::Status(401)).await, ProviderError::InvalidGrant, "{plays:?}");
        assert_eq!(error(Trouble::Status(403)).await, ProviderError::MissingScope, "{plays:?}");
        assert_eq!(error(Trouble::Html).await, ProviderError::BadAnswer("it is no JSON"), "{plays:?}");
        assert_eq!(error(Trouble::Huge).await, ProviderError::BadAnswer("it is too large"), "{plays:?}");
        assert_eq!(error(Trouble::RedirectInside).await, ProviderError::BadAnswer("it leads elsewhere"), "{plays:?}");
    }
}

#[actix_web::test]
async fn nobody_waits_for_a_provider_that_does_not_answer() {
    let mut scene = Scene::new(Plays::GoogleAds);
    let tokens = scene.sign_in().await.unwrap();
    scene.http = scene.http.with_timeout(Duration::from_millis(300));
    for endpoint in [Endpoint::Exchange, Endpoint::Refresh, Endpoint::Accounts] {
        scene.provider.trouble(endpoint, Trouble::Slow);
    }
    let begun = Instant::now();
    assert_eq!(scene.sign_in().await.unwrap_err(), ProviderError::ProviderDown);
    assert_eq!(scene.client().refresh(&tokens, now()).await.unwrap_err(), ProviderError::ProviderDown);
    assert_eq!(scene.client().accounts(&tokens).await.unwrap_err(), ProviderError::ProviderDown);
    assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
}

#[actix_web::test]
async fn who_it_was_may_stay_unknown_but_what_was_granted_must_be_had() {
    let scene = Scene::new(Plays::Facebook);
    let tokens = scene.sign_in().await.unwrap();
    for status in [400, 401, 403] {
        scene.provider.trouble(Endpoint::Identity, Trouble::Status(status));
        assert_eq!(scene.client().who(&tokens).await.unwrap().identity, None);
    }
    scene.provider.trouble(Endpoint::Identity, Trouble::Status(500));
    assert_eq!(scene.client().who(&tokens).await.unwrap_err(), ProviderError::ProviderDown);
    scene.provider.heal(Endpoint::Identity);
    scene.provider.trouble(Endpoint::Granted, Trouble::Status(403));
    assert_eq!(scene.client().who(&tokens).await.unwrap_err(), ProviderError::MissingScope);
}

#[actix_web::test]
async fn no_error_carries_what_a_provider_wrote() {
    for plays in ALL {
        let scene = Scene::new(plays);
        let long = format!("{CANARY} quoted {CANARY}-access-1 and more");
        for status in [200, 400, 401, 403, 404, 500] {
            let says = json!({ "error": long, "code": long, "message": long, "error_description": long, "access_token": { "x": long } });
            scene.provider.trouble(Endpoint::Exchange, Trouble::Says(status, says));
            let error = scene.sign_in().await.unwrap_err();
            let shown = format!("{error} {error:?} {} {}", error.code(), error.sentence("Acme"));
            assert!(!shown.contains(CANARY), "{plays:?} {status}: {shown}");
        }
    }
}

#[actix_web::test]
async fn no_secret_stands_in_an_address_but_where_the_provider_wants_it() {
    for plays in ALL {
        let scene = Scene::new(plays);
        let tokens: Tokens = scene.sign_in().await.unwrap();
        scene.client().who(&tokens).await.unwrap();
        scene.client().accounts(&tokens).await.unwrap();
        let loose: Vec<String> =
            scene.provider.got().into_iter().map(|request| request.path).filter(|path| path.contains(CANARY)).collect();
        let wanted = match plays {
            Plays::Facebook => loose.iter().all(|path| path.contains("/oauth/access_token?")),
            Plays::TikTok => loose.iter().all(|path| path.contains("/advertiser/get/?")),
            _ => loose.is_empty(),
        };
        assert!(wanted, "{plays:?}: {loose:?}");
    }
}
