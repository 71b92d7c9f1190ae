//! People at the consent page: those who say no, others who sign in, and providers that give less.

use vestibule::features::oauth::provider_client::ProviderError;

use super::{Scene, now, query_of};
use crate::support::provider::{Endpoint, Plays};

#[actix_web::test]
async fn a_no_is_told_as_one_and_a_later_yes_counts() {
    for plays in [Plays::Facebook, Plays::GoogleAds, Plays::HubSpot, Plays::LinkedIn, Plays::TikTok] {
        let scene = Scene::new(plays);
        let denied = query_of(&scene.provider.deny(scene.authorize_url().url.as_str()));
        assert_eq!(denied.state(), Some("the-state"));
        assert_eq!(scene.client().read_callback(&denied).unwrap_err(), ProviderError::Denied, "{plays:?}");
        assert_eq!(scene.provider.calls(Endpoint::Exchange), 0);
        assert!(scene.sign_in().await.is_ok(), "{plays:?}");
    }
}

#[actix_web::test]
async fn another_person_is_another_account() {
    for plays in [Plays::Facebook, Plays::GoogleAds, Plays::LinkedIn, Plays::TikTok] {
        let scene = Scene::new(plays);
        let mut ids = Vec::new();
        for who in ["ben", "eve", "ben"] {
            scene.provider.signs_in(who);
            let tokens = scene.sign_in().await.unwrap();
            ids.push(scene.client().who(&tokens).await.unwrap().identity.unwrap().id);
        }
        assert!(ids[0] == ids[2] && ids[0] != ids[1], "{plays:?} {ids:?}");
    }
}

#[actix_web::test]
async fn a_token_is_stale_a_while_before_it_ends() {
    let scene = Scene::new(Plays::GoogleAds);
    scene.provider.tokens_live(600);
    scene.provider.gives_no_refresh_token();
    let tokens = scene.sign_in().await.unwrap();
    let before = scene.block().refresh.before_seconds();
    let after = |seconds| now() + time::Duration::seconds(seconds);
    assert_eq!(before, 300);
    assert!(!tokens.is_stale(after(299), before) && tokens.is_stale(after(300), before));
    assert!(tokens.refresh_token.is_none() && tokens.refresh_expires_at.is_none());
    assert_eq!(scene.client().refresh(&tokens, after(600)).await.unwrap_err(), ProviderError::InvalidGrant);
}
