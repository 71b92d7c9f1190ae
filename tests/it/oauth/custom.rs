//! A provider that the operator's own connector file names.

use secrecy::SecretString;
use vestibule::base::http_client::HttpsUrl;
use vestibule::base::rng::Rng;
use vestibule::connectors::Kind;
use vestibule::connectors::provider::Inputs;
use vestibule::features::oauth::provider_client::{AppSecrets, CallbackQuery, ProviderClient};

use crate::support::TestApp;
use crate::support::provider::{CLIENT_ID, Plays, Provider, client_secret};

const REDIRECT: &str = "https://vestibule.example/oauth/callback/any";

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
    let back = url::Url::parse(&provider.consent(authorize.url.as_str())).unwrap();
    let query = CallbackQuery::parse(back.query().unwrap());
    let code = client.read_callback(&query).unwrap();
    let tokens = client.exchange(&code, authorize.verifier.as_ref(), REDIRECT, product.app.clock.now()).await.unwrap();
    assert_eq!(client.accounts(&tokens).await.unwrap().accounts.len(), 6);
    // What webhooks may reach is another setting.
    let url = HttpsUrl::parse(&provider.url("/")).unwrap();
    assert!(product.app.http.judge(&url).await.is_err());
}
