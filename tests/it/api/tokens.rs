//! Setup tokens: a program makes the link, an outsider uses it.

use serde_json::json;
use time::Duration;

use super::Program;
use crate::support::{CANARY, TestApp};

#[tokio::test]
async fn a_program_hands_out_a_link_and_learns_what_came_of_it() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let tokens = format!("/api/v1/sources/{slug}/setup-tokens/");
    let made = program
        .post(&tokens, json!({"expires_in_seconds": 3600, "recipient": "Maria", "note": "Thank you"}))
        .await
        .expect(201);
    let (token, url) = (made.text("/token"), made.text("/url"));
    assert_eq!(url, format!("{}/scl/{token}", app.base));
    assert_eq!(
        (made.text("/created_at"), made.text("/expires_at")),
        ("2026-03-13T16:00:00Z".to_owned(), "2026-03-13T17:00:00Z".to_owned())
    );

    let maria = app.visitor();
    let form = maria.get(&format!("/scl/{token}")).await;
    assert!(form.text().contains("Hello Maria") && form.text().contains("Thank you"), "{}", form.text());
    let sent = form
        .form_with("/host")
        .set("/host", "db.shop.example")
        .set("/password", CANARY)
        .press("intent", "partial", &maria)
        .await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let listed = program.get(&tokens).await.expect(200);
    assert_eq!(listed.json["results"][0]["state"], "used");
    assert!(listed.json["results"][0]["used_at"].is_string());
    assert!(!listed.body.contains(&token), "the token is shown once");
    let source = program.get(&format!("/api/v1/sources/{slug}/")).await.expect(200);
    let provided = source.json["provided_fields"].as_array().unwrap();
    assert!(provided.contains(&json!("host")) && provided.contains(&json!("password")), "{provided:?}");
    assert!(!provided.contains(&json!("database")), "what was left empty is not provided");
    assert!(!source.body.contains(CANARY));
}

#[tokio::test]
async fn a_link_without_wishes_is_open_for_a_day() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("destinations", "postgres").await;
    let tokens = format!("/api/v1/destinations/{slug}/setup-tokens/");
    for (body, headers) in
        [(None, vec![]), (Some("{}".to_owned()), vec![]), (Some(String::new()), vec![("content-type", "")])]
    {
        let made = program.send("POST", &tokens, body, &headers).await.expect(201);
        assert_eq!(made.text("/expires_at"), "2026-03-14T16:00:00Z");
    }
    assert_eq!(program.get(&tokens).await.json["count"], 3, "several can be open at once");
}

#[tokio::test]
async fn lifetimes_have_bounds() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let tokens = format!("/api/v1/sources/{slug}/setup-tokens/");
    for seconds in [json!(300), json!(7_776_000)] {
        program.post(&tokens, json!({"expires_in_seconds": seconds})).await.expect(201);
    }
    for (seconds, code) in [
        (json!(299), "out_of_range"),
        (json!(0), "out_of_range"),
        (json!(-86400), "out_of_range"),
        (json!(7_776_001), "out_of_range"),
        (json!(i64::MAX), "out_of_range"),
        (json!(1e300), "wrong_type"),
        (json!("3600"), "wrong_type"),
        (json!(null), "wrong_type"),
    ] {
        let refused = program.post(&tokens, json!({"expires_in_seconds": seconds})).await.expect(422);
        assert_eq!(
            (refused.text("/errors/0/pointer").as_str(), refused.text("/errors/0/code").as_str()),
            ("/expires_in_seconds", code),
            "{seconds}"
        );
    }
    for (body, pointer) in [
        (json!({"recipient": "x".repeat(81)}), "/recipient"),
        (json!({"note": "x".repeat(281)}), "/note"),
        (json!({"recipient": "a\nb"}), "/recipient"),
    ] {
        assert_eq!(program.post(&tokens, body).await.expect(422).text("/errors/0/pointer"), pointer);
    }
    assert_eq!(program.get(&tokens).await.json["count"], 2);
}

#[tokio::test]
async fn a_withdrawn_link_opens_nothing() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let tokens = format!("/api/v1/sources/{slug}/setup-tokens/");
    let made = program.post(&tokens, json!({})).await.expect(201);
    let one = format!("{tokens}{}/", made.text("/id"));
    let other = program.draft("sources", "postgres").await;
    program.delete(&format!("/api/v1/sources/{other}/setup-tokens/{}/", made.text("/id"))).await.expect(404);
    assert_eq!(app.visitor().get(&format!("/scl/{}", made.text("/token"))).await.status, 200);
    program.delete(&one).await.expect(204);
    assert_eq!(app.visitor().get(&format!("/scl/{}", made.text("/token"))).await.status, 410);
    program.delete(&one).await.expect(204);
    program.delete(&format!("{tokens}nonesuch/")).await.expect(404);
    app.advance(Duration::seconds(1));
    let expiring = program.post(&tokens, json!({"expires_in_seconds": 300})).await.expect(201);
    app.advance(Duration::seconds(300));
    let listed = program.get(&tokens).await.expect(200);
    let states: Vec<&str> =
        listed.json["results"].as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!((listed.text("/results/0/id"), states), (expiring.text("/id"), vec!["expired", "revoked"]));
}

#[tokio::test]
async fn a_token_asks_for_some_fields_and_nothing_else_is_touched() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "http-api").await;
    let (source, tokens) = (format!("/api/v1/sources/{slug}/"), format!("/api/v1/sources/{slug}/setup-tokens/"));
    let config = json!({"base_url": "https://shop.example", "auth": {"auth_type": "bearer", "token": "old"},
        "endpoints": [{"name": "orders", "path": "/orders"}]});
    program.patch(&source, json!({"config": config})).await.expect(200);
    for (asks, pointer, code) in [
        (json!(["/auth/token", "/auth/password"]), "/asks/1", "unknown_field"),
        (json!(["auth"]), "/asks/0", "unknown_field"),
        (json!([]), "/asks", "too_few"),
        (json!("/auth/token"), "/asks", "wrong_type"),
    ] {
        let refused = program.post(&tokens, json!({"asks": asks})).await.expect(422);
        assert_eq!((refused.text("/errors/0/pointer"), refused.text("/errors/0/code")), (pointer.into(), code.into()));
    }
    program.post(&tokens, json!({})).await.expect(201);
    let made = program.post(&tokens, json!({"asks": ["/auth/token"]})).await.expect(201);
    assert_eq!(made.json["asks"], json!(["/auth/token"]));
    let listed = program.get(&tokens).await.expect(200);
    let mut asks: Vec<String> =
        listed.json["results"].as_array().unwrap().iter().map(|row| row["asks"].to_string()).collect();
    asks.sort();
    assert_eq!(asks, ["[\"/auth/token\"]", "null"]);

    let maria = app.visitor();
    let page = maria.get(&format!("/scl/{}", made.text("/token"))).await;
    let form = page.form_with("/auth/~o2/token");
    assert_eq!(form.names().into_iter().filter(|name| name.starts_with('/')).collect::<Vec<_>>(), ["/auth/~o2/token"]);
    assert!(page.text().contains("https://shop.example"), "they see where it goes: {}", page.text());
    let form = form.set("/auth/~o2/token", CANARY).add("/auth", "0").add("/base_url", "https://evil.example");
    let form = form.add("/endpoints/~n", "1").add("/endpoints/0/name", "evil").add("/endpoints/1/name", "more");
    let sent = form.press("intent", "complete", &maria).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let after = program.get(&source).await.expect(200);
    let config = json!({"base_url": "https://shop.example", "auth": {"auth_type": "bearer"},
        "endpoints": [{"name": "orders", "path": "/orders"}]});
    let mut shown = after.json["config"].clone();
    shown["auth"].as_object_mut().unwrap().remove("token");
    assert_eq!(shown, config, "{}", after.body);
    let text = app.owner().await.get(&format!("/connections/{slug}")).await.text();
    assert!(text.contains("provided: Token") || text.contains("Token"), "{text}");
}
