//! Lists: filters, search, pages.

use serde_json::{Value, json};
use time::Duration;

use super::{Answer, Program};
use crate::support::TestApp;

fn slugs(answer: &Answer) -> Vec<String> {
    answer.json["results"].as_array().unwrap().iter().map(|row| row["slug"].as_str().unwrap().to_owned()).collect()
}

async fn drafts(app: &TestApp, program: &Program, count: usize) -> Vec<String> {
    let mut made = Vec::new();
    for _ in 0..count {
        made.push(program.draft("sources", "postgres").await);
        app.advance(Duration::seconds(1));
    }
    made.reverse();
    made
}

#[tokio::test]
async fn pages_are_turned_both_ways_while_rows_come_and_change() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let made = drafts(&app, &program, 7).await;
    let first = program.get("/api/v1/sources/?limit=3").await.expect(200);
    assert_eq!(
        (first.json["count"].as_u64(), &first.json["previous"], slugs(&first)),
        (Some(7), &Value::Null, made[0..3].to_vec())
    );

    let newest = program.draft("sources", "mysql").await;
    program.patch(&format!("/api/v1/sources/{}/", made[5]), json!({"description": "Changed"})).await.expect(200);
    let second = program.get(&first.text("/next")).await.expect(200);
    assert_eq!(slugs(&second), made[3..6], "a new row and a changed one move nothing");
    let third = program.get(&second.text("/next")).await.expect(200);
    assert_eq!((slugs(&third), &third.json["next"]), (made[6..].to_vec(), &Value::Null));

    let back = program.get(&third.text("/previous")).await.expect(200);
    assert_eq!(slugs(&back), slugs(&second));
    let back = program.get(&back.text("/previous")).await.expect(200);
    assert_eq!(slugs(&back), slugs(&first));
    let start = program.get(&back.text("/previous")).await.expect(200);
    assert_eq!((slugs(&start), &start.json["previous"]), (vec![newest], &Value::Null));
}

#[tokio::test]
async fn lists_are_narrowed() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let blank = program.draft("sources", "postgres").await;
    program.draft("destinations", "postgres").await;
    app.advance(Duration::seconds(1));
    let config = json!({"host": "h", "database": "d", "username": "u", "password": "p", "port": 5432});
    let whole = program
        .post(
            "/api/v1/sources/",
            json!({"connector_slug": "mysql", "description": "100%_whole post", "config": config}),
        )
        .await
        .expect(201);
    assert_eq!(whole.json["config_completed"], true, "{}", whole.body);
    let whole = whole.text("/slug");
    for (query, expected) in [
        ("", vec![&whole, &blank]),
        ("connector=postgres", vec![&blank]),
        ("state=complete", vec![&whole]),
        ("state=incomplete", vec![&blank]),
        ("state=finalised", vec![]),
        ("draft=true", vec![&whole, &blank]),
        ("draft=false", vec![]),
        ("search=WHOLE", vec![&whole]),
        ("search=who+100", vec![&whole]),
        ("search=hole", vec![]),
        ("search=%25_", vec![&whole]),
        ("search=nonesuch", vec![]),
        ("connector=postgres&state=complete", vec![]),
    ] {
        let answer = program.get(&format!("/api/v1/sources/?{query}")).await.expect(200);
        assert_eq!(slugs(&answer).iter().collect::<Vec<_>>(), expected, "{query}");
        assert_eq!(answer.json["count"], expected.len(), "{query}");
    }
    let narrowed = program.get("/api/v1/sources/?draft=true&limit=1&search=post").await.expect(200);
    let next = program.get(&narrowed.text("/next")).await.expect(200);
    assert_eq!((next.json["count"].as_u64(), slugs(&next)), (Some(2), vec![blank]), "the next page keeps the filters");
}

#[tokio::test]
async fn what_a_list_is_not_asked_right_is_said() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("cursor=nonsense", "cursor"),
        ("draft=perhaps", "draft"),
        ("state=lost", "state"),
        ("colour=red", "colour"),
    ] {
        let refused = program.get(&format!("/api/v1/sources/?{query}")).await;
        assert_eq!((refused.status, refused.code()), (422, "invalid"), "{query}: {}", refused.body);
        assert_eq!(refused.text("/errors/0/parameter"), parameter, "{query}");
    }
}

#[tokio::test]
async fn connectors_can_be_looked_up() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let found = program.get("/api/v1/source-connectors/?search=facebook").await.expect(200);
    assert_eq!(slugs(&found), ["facebook-ads"]);
    let one = program.get("/api/v1/source-connectors/facebook-ads/").await.expect(200);
    assert!(one.json["spec"].is_object() && !one.text("/guide").is_empty());
    assert!(
        one.json["required_fields"].as_array().unwrap().contains(&json!("access_token")),
        "{}",
        one.json["required_fields"]
    );
    program.get("/api/v1/destination-connectors/facebook-ads/").await.expect(404);
    let mut all = Vec::new();
    let mut next = Some("/api/v1/source-connectors/?limit=7".to_owned());
    while let Some(address) = next {
        let page = program.get(&address).await.expect(200);
        all.extend(slugs(&page));
        next = page.json["next"].as_str().map(str::to_owned);
    }
    let unique: std::collections::BTreeSet<&String> = all.iter().collect();
    assert!(all.len() >= 20 && unique.len() == all.len(), "{all:?}");
}
