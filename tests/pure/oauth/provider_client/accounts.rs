//! Accounts, page by page.

use serde_json::json;
use vestibule::features::oauth::provider_client::{Account, ProviderError};

use super::Scene;
use crate::support::provider::{Endpoint, Plays, Trouble};

async fn listed(scene: &Scene) -> Vec<(String, String, String)> {
    let tokens = scene.sign_in().await.unwrap();
    let list = scene.client().accounts(&tokens).await.unwrap();
    assert!(!list.more);
    list.accounts.into_iter().map(|Account { id, label, detail }| (id, label, detail)).collect()
}

fn row(id: &str, label: &str, detail: &str) -> (String, String, String) {
    (id.to_owned(), label.to_owned(), detail.to_owned())
}

#[actix_web::test]
async fn all_pages_of_accounts_are_read() {
    let scene = Scene::new(Plays::Facebook);
    let accounts = listed(&scene).await;
    assert_eq!(accounts.len(), 5);
    assert_eq!(accounts[4], row("5", "Account 5", "Corner Shop · EUR"));
    assert_eq!(scene.provider.calls(Endpoint::Accounts), 2, "three on a page");
    let got = scene.provider.got();
    assert!(got.iter().all(|request| !request.path.contains("/leak")), "an address with a token in it is not followed");
    assert!(
        got.iter()
            .filter(|request| request.path.contains("adaccounts"))
            .all(|request| !request.path.contains("access_token"))
    );

    let scene = Scene::new(Plays::LinkedIn);
    let accounts = listed(&scene).await;
    assert_eq!(accounts.len(), 5);
    assert_eq!(accounts[0], row("500001", "Account 1", "ACTIVE · EUR"));
    assert_eq!(scene.provider.calls(Endpoint::Accounts), 3, "two on a page");

    let scene = Scene::new(Plays::TikTok);
    assert_eq!(listed(&scene).await[1], row("7000000000002", "Account 2", ""));

    let scene = Scene::new(Plays::HubSpot);
    let tokens = scene.sign_in().await.unwrap();
    assert!(scene.client().accounts(&tokens).await.unwrap().accounts.is_empty(), "one sign-in is one portal");
}

#[actix_web::test]
async fn google_names_its_accounts_one_by_one_and_shows_those_below_a_manager() {
    let scene = Scene::new(Plays::GoogleAds);
    scene.provider.has_accounts(3);
    let expected = [
        row("2000000001", "Client A", "EUR"),
        row("2000000002", "Client B", "EUR"),
        row("1000000002", "1000000002", ""),
        row("1000000003", "Account 1000000003", "EUR"),
    ];
    assert_eq!(listed(&scene).await, expected);
    let names = scene.provider.got().into_iter().filter(|request| request.path.ends_with("googleAds:search"));
    assert!(names.into_iter().all(|request| request.header("developer-token") == Some("dev-token")));
}

#[actix_web::test]
async fn a_person_with_no_account_gets_an_empty_list_and_one_with_very_many_a_cut_one() {
    let scene = Scene::new(Plays::Facebook);
    scene.provider.has_accounts(0);
    assert_eq!(listed(&scene).await, []);
    scene.provider.has_accounts(500);
    let tokens = scene.sign_in().await.unwrap();
    let list = scene.client().accounts(&tokens).await.unwrap();
    assert_eq!((list.accounts.len(), list.more), (75, true), "25 pages of three");
    assert!(!list.accounts.iter().any(|account| account.id.starts_with("act_")));
}

#[actix_web::test]
async fn a_next_address_must_lead_to_the_same_host() {
    let scene = Scene::adjusted(Plays::Facebook, |oauth| {
        oauth["accounts"]["paging"] = json!({ "next_url": { "from": "paging.next" } });
    });
    let tokens = scene.sign_in().await.unwrap();
    assert_eq!(scene.client().accounts(&tokens).await.unwrap_err(), ProviderError::NotAllowedAddress);

    let page = |next: &str| json!({ "data": [{ "account_id": "1", "name": "A" }], "paging": { "next": next } });
    for next in ["https://127.0.0.1:1/x", "http://127.0.0.1/", "https://user@example.com/", "//evil.example/"] {
        scene.provider.trouble(Endpoint::Accounts, Trouble::Says(200, page(next)));
        assert_eq!(scene.client().accounts(&tokens).await.unwrap_err(), ProviderError::NotAllowedAddress, "{next}");
    }
    scene.provider.trouble(Endpoint::Accounts, Trouble::Says(200, page("/v24.0/me/adaccounts?after=1")));
    let list = scene.client().accounts(&tokens).await.unwrap();
    assert_eq!((list.accounts.len(), list.more), (1, true), "a listing that goes in circles ends");
}

#[actix_web::test]
async fn an_answer_without_accounts_in_it_is_no_empty_list() {
    let scene = Scene::new(Plays::TikTok);
    let tokens = scene.sign_in().await.unwrap();
    for answer in [
        json!({ "code": 0, "data": {} , "x": 1}),
        json!({ "code": 0 }),
        json!([]),
        json!({ "code": 0, "data": { "list": [{ "advertiser_name": "no id" }] } }),
    ] {
        scene.provider.trouble(Endpoint::Accounts, Trouble::Says(200, answer.clone()));
        assert!(matches!(scene.client().accounts(&tokens).await.unwrap_err(), ProviderError::BadAnswer(_)), "{answer}");
    }
    scene
        .provider
        .trouble(Endpoint::Accounts, Trouble::Says(200, json!({ "code": 40_001, "message": "no permission" })));
    assert_eq!(scene.client().accounts(&tokens).await.unwrap_err(), ProviderError::Refused("40001".to_owned()));
}
