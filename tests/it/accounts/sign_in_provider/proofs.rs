//! What a provider says is believed only when it is proven.

use serde_json::{Value, json};

use super::scripted::Script;
use super::{Scene, begin, begin_test, is_signed_in};

type Lie = Box<dyn Fn(&mut Script)>;

/// What is wrong with the ID token, and what an owner who tests is told.
fn lies() -> Vec<(&'static str, Lie, &'static str)> {
    vec![
        ("signature", Box::new(|script| script.forged = true), "signature of its ID token is not right"),
        ("another client", Box::new(|script| script.claims["aud"] = json!("another")), "meant for another client"),
        (
            "one client more",
            Box::new(|script| script.claims["aud"] = json!(["vestibule-tests", "x"])),
            "meant for another client",
        ),
        ("issuer", Box::new(|script| script.claims["iss"] = json!("https://evil.example")), "names another issuer"),
        ("nobody", Box::new(|script| script.claims["sub"] = Value::Null), "no token"),
        ("long subject", Box::new(|script| script.claims["sub"] = json!("x".repeat(256))), "names nobody"),
        (
            "no algorithm",
            Box::new(|script| script.header = json!({ "alg": "none" })),
            "signature of its ID token is not right",
        ),
        (
            "a shared secret",
            Box::new(|script| script.header = json!({ "alg": "HS256" })),
            "in a way that is not accepted",
        ),
        ("key", Box::new(|script| script.header["kid"] = json!("two")), "signed with a key it does not publish"),
        (
            "access token",
            Box::new(|script| script.claims["at_hash"] = json!("AAAA")),
            "belongs to another access token",
        ),
    ]
}

#[tokio::test]
async fn a_token_that_lies_lets_nobody_in() {
    for (what, lie, told) in lies() {
        let scene = Scene::new().await;
        scene.idp.says(|script| lie(script));
        let visitor = scene.app.visitor();
        let page = scene.through(&visitor).await;
        assert_eq!(page.status, 502, "{what}: {}", page.text());
        assert!(page.text().contains("could not be verified"), "{what}: {}", page.text());
        assert!(!page.text().contains(told) && !is_signed_in(&visitor), "{what}");
        let tested = scene.back_from(&scene.owner, &begin_test(&scene.owner).await).await;
        assert!(tested.text().contains(told), "{what}: {}", tested.text());
    }
}

#[tokio::test]
async fn a_nonce_belongs_to_one_way() {
    let scene = Scene::new().await;
    for nonce in [json!("another"), Value::Null] {
        let visitor = scene.app.visitor();
        let leaving = begin(&visitor).await;
        scene.idp.says(|script| script.claims["nonce"] = nonce);
        let page = visitor.get(&leaving.callback(&scene.idp.issuer())).await;
        assert_eq!(page.status, 502, "{}", page.text());
        assert!(!is_signed_in(&visitor));
    }
}

#[tokio::test]
async fn an_expired_token_is_worth_nothing_and_clocks_may_differ_by_a_minute() {
    let scene = Scene::new().await;
    let now = scene.app.app.clock.now().unix();
    for (expires, status) in [(now - 59, 303), (now - 61, 502)] {
        scene.idp.says(|script| script.claims["exp"] = json!(expires));
        let visitor = scene.app.visitor();
        assert_eq!(scene.through(&visitor).await.status, status, "{expires} at {now}");
    }
}

#[tokio::test]
async fn no_request_leaves_for_an_address_that_is_not_open() {
    let scene = Scene::new().await;
    // The provider is public as far as anybody knows, and names an address inside.
    scene.idp.says(|script| script.metadata = json!({ "token_endpoint": "https://10.0.0.1/token" }));
    let visitor = scene.app.visitor();
    let page = scene.through(&visitor).await;
    assert_eq!(page.status, 502, "{}", page.text());
    let tested = scene.back_from(&scene.owner, &begin_test(&scene.owner).await).await;
    assert!(tested.text().contains("VESTIBULE_SIGN_IN_ALLOW_CIDRS"), "{}", tested.text());
}
