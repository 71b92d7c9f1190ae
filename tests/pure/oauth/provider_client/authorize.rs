//! Leaving for the provider and coming back.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use vestibule::base::rng::Rng;
use vestibule::connectors::provider::{Inputs, ProviderBlock};
use vestibule::connectors::{Connectors, Kind};
use vestibule::features::oauth::provider_client::{CallbackQuery, ProviderClient, ProviderError};

use super::{REDIRECT, Scene, client};
use crate::support::provider::{Plays, client_secret};

/// Address and parameters of a built-in connector's consent page.
fn consent_page(slug: &str, inputs: &[(&str, &str)], again: bool) -> (String, BTreeMap<String, String>) {
    let scene = Scene::new(Plays::HubSpot);
    let connectors = Connectors::load(None).unwrap();
    let connector = connectors.find(Kind::Source, slug).unwrap();
    let block = connector.oauth().unwrap();
    let inputs = answers(block, inputs);
    let client = ProviderClient::new(&scene.http, block, &scene.app, &inputs);
    let authorize = client.authorize_url(REDIRECT, "the-state", again, &Rng::seeded(1)).unwrap();
    assert_eq!(authorize.verifier.is_some(), authorize.url.as_str().contains("code_challenge="), "{slug}");
    let url = url::Url::parse(authorize.url.as_str()).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let params: BTreeMap<String, String> = pairs.iter().cloned().collect();
    assert_eq!(params.len(), pairs.len(), "{slug}: each parameter stands there once");
    (authorize.url.as_str().split('?').next().unwrap().to_owned(), params)
}

fn answers(block: &ProviderBlock, given: &[(&str, &str)]) -> Inputs {
    let given: BTreeMap<&str, &str> = given.iter().copied().collect();
    Inputs::read(&block.inputs, |name| given.get(name).copied()).unwrap()
}

/// Names and texts of what is asked beforehand.
type Given = &'static [(&'static str, &'static str)];

/// Connector, answers given beforehand, the page's address; parameters it has; parameters it lacks.
const PAGES: [(&str, Given, &str, &str, &str); 11] = [
    (
        "facebook-ads",
        &[],
        "www.facebook.com/v24.0/dialog/oauth",
        "scope=ads_read,business_management",
        "code_challenge auth_type",
    ),
    (
        "google-ads",
        &[],
        "accounts.google.com/o/oauth2/v2/auth",
        "access_type=offline;prompt=consent;code_challenge_method=S256;scope=https://www.googleapis.com/auth/adwords openid email",
        "include_granted_scopes",
    ),
    (
        "hubspot",
        &[],
        "app.hubspot.com/oauth/authorize",
        "scope=oauth crm.objects.contacts.read crm.schemas.contacts.read",
        "auth_type",
    ),
    ("linkedin-ads", &[], "www.linkedin.com/oauth/v2/authorization", "response_type=code", "code_challenge"),
    (
        "tiktok-ads",
        &[],
        "business-api.tiktok.com/portal/auth",
        "app_id=app-4711",
        "client_id scope response_type code_challenge",
    ),
    (
        "salesforce",
        &[("environment", "test")],
        "test.salesforce.com/services/oauth2/authorize",
        "scope=api refresh_token id;code_challenge_method=S256",
        "prompt",
    ),
    (
        "shopify",
        &[("shop", "https://Acme-Store.myshopify.com/")],
        "acme-store.myshopify.com/admin/oauth/authorize",
        "client_id=app-4711",
        "code_challenge response_type",
    ),
    ("slack", &[], "slack.com/oauth/v2/authorize", "client_id=app-4711", "code_challenge user_scope"),
    ("notion", &[], "api.notion.com/v1/oauth/authorize", "owner=user", "scope code_challenge"),
    ("github", &[], "github.com/login/oauth/authorize", "scope=repo read:org;code_challenge_method=S256", "prompt"),
    ("airtable", &[], "airtable.com/oauth2/v1/authorize", "code_challenge_method=S256", "prompt"),
];

#[test]
fn each_provider_is_asked_in_its_own_way() {
    for (slug, inputs, address, has, lacks) in PAGES {
        let (url, params) = consent_page(slug, inputs, false);
        assert_eq!(url, format!("https://{address}"), "{slug}");
        let has = has.split(';').map(|pair| pair.split_once('=').unwrap());
        for (name, value) in [("redirect_uri", REDIRECT), ("state", "the-state")].into_iter().chain(has) {
            assert_eq!(params.get(name).map(String::as_str), Some(value), "{slug} {name}");
        }
        assert!(!lacks.split(' ').any(|name| params.contains_key(name)), "{slug}: {params:?}");
        assert!(!format!("{params:?}").contains(&client_secret()), "{slug}: the secret stays here");
    }
    let (_, params) = consent_page("facebook-ads", &[], true);
    assert_eq!(params["auth_type"], "rerequest", "declined permissions are asked for again");
    let (_, params) = consent_page("hubspot", &[], false);
    assert!(params["optional_scope"].starts_with("crm.objects.companies.read "));
}

#[test]
fn what_comes_back_is_judged_before_anybody_is_called() {
    let scene = Scene::new(Plays::HubSpot);
    let read = |query: &str| scene.client().read_callback(&CallbackQuery::parse(query));
    assert_eq!(read("code=abc&state=s").unwrap().expose_secret(), "abc");
    assert_eq!(read("error=access_denied&error_description=no&state=s").unwrap_err(), ProviderError::Denied);
    assert_eq!(read("error=user_cancelled_login&state=s").unwrap_err(), ProviderError::Denied);
    assert_eq!(read("error=invalid_scope&state=s").unwrap_err(), ProviderError::Refused("invalid_scope".to_owned()));
    assert_eq!(read("error=%3Cscript%3E&code=abc").unwrap_err(), ProviderError::Refused("unnamed".to_owned()));
    for query in ["", "state=s", "code=", "code=a&code=b", "auth_code=a"] {
        assert!(matches!(read(query).unwrap_err(), ProviderError::BadCallback(_)), "{query}");
    }
    assert_eq!(CallbackQuery::parse("state=a&state=b").state(), None, "a state given twice is none");
    assert_eq!(format!("{:?}", CallbackQuery::parse("code=geheim&state=s")), "CallbackQuery { .. }");
    let tiktok = Scene::new(Plays::TikTok);
    let query = CallbackQuery::parse("auth_code=abc&code=other&state=s");
    assert_eq!(tiktok.client().read_callback(&query).unwrap().expose_secret(), "abc");
    assert!(scene.provider.got().is_empty());
}

#[test]
fn an_announced_issuer_must_come_back() {
    let scene = Scene::adjusted(Plays::HubSpot, |oauth| oauth["authorize"]["issuer"] = "https://issuer.example".into());
    let read = |query: &str| scene.client().read_callback(&CallbackQuery::parse(query));
    assert!(read("code=a&state=s&iss=https%3A%2F%2Fissuer.example").is_ok());
    for query in ["code=a&state=s", "code=a&state=s&iss=https%3A%2F%2Fother.example", "error=access_denied&iss=x"] {
        assert!(matches!(read(query).unwrap_err(), ProviderError::BadCallback(_)), "{query}");
    }
}

#[test]
fn shopify_signs_what_comes_back_and_it_must_be_the_shop_that_was_asked_for() {
    let scene = Scene::new(Plays::HubSpot);
    let connectors = Connectors::load(None).unwrap();
    let connector = connectors.find(Kind::Source, "shopify").unwrap();
    let block = connector.oauth().unwrap();
    let inputs = answers(block, &[("shop", "acme")]);
    let client = ProviderClient::new(&scene.http, block, &scene.app, &inputs);
    let signed = |query: &str, key: &str| {
        let mut parts: Vec<&str> = query.split('&').collect();
        parts.sort_unstable();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(parts.join("&").as_bytes());
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        CallbackQuery::parse(&format!("{query}&hmac={hex}"))
    };
    let right = "timestamp=1700000000&state=s&shop=acme.myshopify.com&code=abc";
    assert_eq!(client.read_callback(&signed(right, &client_secret())).unwrap().expose_secret(), "abc");
    let other_shop = "timestamp=1700000000&state=s&shop=evil.myshopify.com&code=abc";
    for query in [
        signed(right, "another"),
        CallbackQuery::parse(right),
        CallbackQuery::parse(&format!("{right}&hmac=zz")),
        signed(other_shop, &client_secret()),
    ] {
        assert!(matches!(client.read_callback(&query).unwrap_err(), ProviderError::BadCallback(_)));
    }
}

#[test]
fn an_answer_that_stands_in_a_host_is_one_label() {
    let connectors = Connectors::load(None).unwrap();
    let connector = connectors.find(Kind::Source, "shopify").unwrap();
    let block = connector.oauth().unwrap();
    let read = |text: &'static str| Inputs::read(&block.inputs, |_| Some(text));
    for text in ["acme", "ACME", " acme-2 ", "acme.myshopify.com", "https://acme.myshopify.com/admin"] {
        assert!(read(text).is_ok(), "{text}");
    }
    let long: &'static str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for text in [
        "",
        "-",
        "-a",
        "a-",
        "a.b",
        "evil.com",
        "a@b",
        "a:1",
        "a#b",
        "a?b",
        "a%2eb",
        "a\\b",
        "ä",
        "a b",
        ".myshopify.com",
        "http://acme",
        long,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    let connector = connectors.find(Kind::Source, "salesforce").unwrap();
    let salesforce = connector.oauth().unwrap();
    for text in ["", "evil", "login.evil", "Login"] {
        let problems = Inputs::read(&salesforce.inputs, |_| Some(text)).unwrap_err();
        assert_eq!((problems.len(), problems[0].name.as_str()), (1, "environment"), "{text}");
    }
}

#[actix_web::test]
async fn nothing_inside_is_asked_unless_the_operator_opened_it() {
    let scene = Scene::new(Plays::GoogleAds);
    let authorize = scene.authorize_url();
    let query = super::query_of(&scene.provider.consent(authorize.url.as_str()));
    let shut_dir = tempfile::tempdir().unwrap();
    let shut = client(shut_dir.path(), Vec::new());
    let client = ProviderClient::new(&shut, scene.block(), &scene.app, &scene.inputs);
    let code = client.read_callback(&query).unwrap();
    let refused = client.exchange(&code, authorize.verifier.as_ref(), REDIRECT, super::now()).await.unwrap_err();
    assert_eq!(refused, ProviderError::NotAllowedAddress);
    assert!(scene.provider.got().is_empty());
}
