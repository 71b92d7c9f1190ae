//! Invite links as programs make, change and watch them.

use serde_json::{Value, json};
use time::Duration;
use vestibule::features::accounts::api_keys::Scope;

use super::Program;
use crate::invite_links::filled;
use crate::support::TestApp;

const LINKS: &str = "/api/v1/invite-links/";

fn new(name: &str) -> Value {
    json!({"name": name, "connection_kind": "source", "connector_slug": "postgres"})
}

#[tokio::test]
async fn a_program_hands_out_a_link_and_sees_what_comes_through_it() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let mut wish = new("Clients");
    for (name, value) in
        [("cap", json!(2)), ("approval", json!(true)), ("note", json!("Thanks")), ("greeting", json!("Hello,"))]
    {
        wish[name] = value;
    }
    wish["expires_at"] = json!("2026-03-14T18:00:00-03:00");
    let made = program.post(LINKS, wish).await.expect(201);
    let (id, token) = (made.text("/id"), made.text("/token"));
    assert_eq!(made.text("/url"), format!("{}/invite/{token}", app.base));
    assert_eq!((made.text("/state"), made.text("/expires_at")), ("active".into(), "2026-03-14T21:00:00Z".into()));

    let visitor = app.visitor();
    let form = filled(&visitor, &format!("/invite/{token}"), "db.example").await.set("identity", "Loja Sul");
    assert_eq!(form.send(&visitor).await.status, 303);
    let one = format!("{LINKS}{id}/");
    let read = program.get(&one).await.expect(200);
    assert_eq!((&read.json["connection_count"], &read.json["submission_count"]), (&json!(1), &json!(1)));
    assert_eq!(read.text("/token"), token, "a key that may write sees it again");
    let arrived = program.get(&format!("{one}connections/")).await.expect(200);
    assert_eq!(arrived.json["count"], 1);
    assert_eq!(
        (arrived.text("/results/0/identity"), arrived.text("/results/0/approval")),
        ("Loja Sul".into(), "waiting".into())
    );
    let source = program.get(&format!("/api/v1/sources/{}/", arrived.text("/results/0/slug"))).await.expect(200);
    assert_eq!(source.text("/invite_link_id"), id);
    assert_eq!((source.text("/identity"), source.text("/approval")), ("Loja Sul".into(), "waiting".into()));
}

#[tokio::test]
async fn a_token_is_shown_only_to_keys_that_may_write() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let made = program.post(LINKS, new("Clients")).await.expect(201);
    let reader = program.with_scopes(&app, "Acme Analytics", &[Scope::InviteLinksRead]).await;
    for address in [LINKS.to_owned(), format!("{LINKS}{}/", made.text("/id"))] {
        let read = reader.get(&address).await.expect(200);
        assert!(!read.body.contains(&made.text("/token")) && read.body.contains("********"), "{}", read.body);
        assert!(program.get(&address).await.body.contains(&made.text("/token")));
    }
}

#[tokio::test]
async fn changes_are_judged_and_what_is_left_out_stays() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let made = program.post(LINKS, new("Clients")).await.expect(201);
    let one = format!("{LINKS}{}/", made.text("/id"));
    let tag = program.get(&one).await.header("etag").unwrap().to_owned();
    let changed = program
        .patch(&one, json!({"name": "Autumn", "expires_at": "2026-04-01T00:00:00Z", "cap": 3}))
        .await
        .expect(200);
    assert_eq!((changed.text("/name"), changed.text("/token")), ("Autumn".into(), made.text("/token")));
    let stale = program.send("PATCH", &one, Some(json!({"name": "X"}).to_string()), &[("if-match", &tag)]).await;
    stale.expect(412);
    let cleared = program.patch(&one, json!({"expires_at": null, "cap": null})).await.expect(200);
    assert!(cleared.json["expires_at"].is_null() && cleared.json["cap"].is_null() && cleared.text("/name") == "Autumn");
    let ended = program.patch(&one, json!({"expires_at": "2020-01-01T00:00:00Z"})).await.expect(200);
    assert_eq!(ended.text("/state"), "expired");
    let path = format!("/invite/{}", made.text("/token"));
    assert_eq!(app.visitor().get(&path).await.status, 410);
    program.patch(&one, json!({"expires_at": null})).await.expect(200);
    assert_eq!(app.visitor().get(&path).await.status, 200);
    let stale = program.send("DELETE", &one, None, &[("if-match", &tag)]).await.expect(412);
    let now = program.get(&one).await.header("etag").unwrap().to_owned();
    assert_eq!((stale.header("etag"), app.visitor().get(&path).await.status), (Some(now.as_str()), 200));
    program.send("DELETE", &one, None, &[("if-match", &now)]).await.expect(204);
    program.delete(&one).await.expect(204);
    assert_eq!(app.visitor().get(&path).await.status, 410);
    let gone = program.get(&one).await.expect(200);
    assert_eq!((gone.text("/state"), gone.text("/token")), ("deleted".into(), "********".into()));
    program.patch(&one, json!({"name": "Y"})).await.expect(409);
}

#[tokio::test]
async fn slips_are_named_by_their_place() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    for (change, pointer) in [
        (json!({"name": ""}), "/name"),
        (json!({"name": "x".repeat(81)}), "/name"),
        (json!({"note": "x".repeat(281)}), "/note"),
        (json!({"greeting": "a\u{7}b"}), "/greeting"),
        (json!({"cap": 0}), "/cap"),
        (json!({"cap": "ten"}), "/cap"),
        (json!({"expires_at": "tomorrow"}), "/expires_at"),
        (json!({"expires_at": "2020-01-01T00:00:00Z"}), "/expires_at"),
        (json!({"expires_at": "2126-01-01T00:00:00Z"}), "/expires_at"),
        (json!({"connector_slug": "nonesuch"}), "/connector_slug"),
        (json!({"connection_kind": "both"}), "/connection_kind"),
        (json!({"one_use": null}), "/one_use"),
        (json!({"colour": "red"}), "/colour"),
    ] {
        let mut wish = new("Clients");
        for (name, value) in change.as_object().unwrap() {
            wish[name] = value.clone();
        }
        let refused = program.post(LINKS, wish).await.expect(422);
        assert_eq!(refused.text("/errors/0/pointer"), pointer, "{}", refused.body);
    }
    assert_eq!(program.get(LINKS).await.json["count"], 0);
}

#[tokio::test]
async fn lists_are_narrowed_and_their_pages_turned() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    for name in ["Alpha shop", "Beta", "Gamma shop"] {
        program.post(LINKS, new(name)).await.expect(201);
        app.advance(Duration::seconds(1));
    }
    let mut destination = new("Delta");
    destination["connection_kind"] = json!("destination");
    let deleted = program.post(LINKS, destination).await.expect(201).text("/id");
    program.delete(&format!("{LINKS}{deleted}/")).await.expect(204);
    let names = |answer: &super::Answer| -> Vec<String> {
        let rows = answer.json["results"].as_array().unwrap();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    for (query, expected) in [
        ("", vec!["Gamma shop", "Beta", "Alpha shop"]),
        ("search=sho", vec!["Gamma shop", "Alpha shop"]),
        ("state=deleted", vec!["Delta"]),
        ("state=active&connection_kind=destination", vec![]),
        ("connector=postgres&search=beta", vec!["Beta"]),
        ("connector=stripe", vec![]),
    ] {
        let answer = program.get(&format!("{LINKS}?{query}")).await.expect(200);
        assert_eq!(names(&answer), expected, "{query}");
        assert_eq!(answer.json["count"], expected.len(), "{query}");
    }
    let first = program.get(&format!("{LINKS}?limit=1&search=shop")).await.expect(200);
    let second = program.get(&first.text("/next")).await.expect(200);
    assert_eq!((names(&first), names(&second)), (vec!["Gamma shop".to_owned()], vec!["Alpha shop".to_owned()]));
    assert_eq!(names(&program.get(&second.text("/previous")).await.expect(200)), ["Gamma shop"]);
    for (query, parameter) in
        [("state=lost", "state"), ("cursor=x", "cursor"), ("limit=0", "limit"), ("colour=red", "colour")]
    {
        let refused = program.get(&format!("{LINKS}?{query}")).await.expect(422);
        assert_eq!(refused.text("/errors/0/parameter"), parameter);
    }
}

#[tokio::test]
async fn one_wish_sent_twice_makes_one_link() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let wish = new("Clients").to_string();
    let headers = [("idempotency-key", "one-wish")];
    let first = program.send("POST", LINKS, Some(wish.clone()), &headers).await.expect(201);
    let second = program.send("POST", LINKS, Some(wish), &headers).await.expect(201);
    assert_eq!(first.body, second.body);
    assert_eq!(program.get(LINKS).await.json["count"], 1);
}
