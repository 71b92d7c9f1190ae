//! People at the consent page: those who say no, others who sign in, and providers that give less.

use secrecy::SecretString;
use vestibule::base::rng::Rng;
use vestibule::connectors::Kind;
use vestibule::connectors::provider::Inputs;
use vestibule::features::oauth::provider_client::{AppSecrets, ProviderClient, ProviderError};

use super::{REDIRECT, Scene, now, query_of};
use crate::support::TestApp;
use crate::support::provider::{CLIENT_ID, Endpoint, Plays, Provider, client_secret};

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

#[actix_web::test]
async fn a_connector_file_points_the_product_at_another_address() {
    let (provider, dir) = (Provider::start(Plays::GoogleAds), tempfile::tempdir().unwrap());
    let product = TestApp::start_with(|config| provider.set_up(dir.path(), config));
    let connector = product.app.connectors.find(Kind::Source, "google-ads").unwrap();
    let block = connector.oauth().unwrap();
    assert!(connector.is_custom && block.token.url.as_str().starts_with(&provider.url("/")));
    let constants = [("developer_token".to_owned(), SecretString::from("dev"))].into();
    let app = AppSecrets { client_id: CLIENT_ID.to_owned(), client_secret: client_secret().into(), constants };
    let inputs = Inputs::default();
    let client = ProviderClient::new(&product.app.connector_http, block, &app, &inputs);
    let authorize = client.authorize_url(REDIRECT, "s", false, &Rng::seeded(3)).unwrap();
    let code = client.read_callback(&query_of(&provider.consent(authorize.url.as_str()))).unwrap();
    let tokens = client.exchange(&code, authorize.verifier.as_ref(), REDIRECT, now()).await.unwrap();
    assert_eq!(client.accounts(&tokens).await.unwrap().accounts.len(), 6);
    // What webhooks may reach is another setting.
    let url = vestibule::base::http_client::HttpsUrl::parse(&provider.url("/")).unwrap();
    assert!(product.app.http.judge(&url).await.is_err());
}
