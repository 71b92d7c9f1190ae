//! The page of an extraction: what each stream brought before, in a picture and in words, and what is not whole first.

use serde_json::{Value, json};

use super::{extract, source};
use crate::support::{Page, TestApp};

async fn page_of(app: &TestApp, run: &Value) -> Page {
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    owner.get(&format!("/runs/{}", run["id"].as_str().unwrap())).await
}

/// The words of each picture, in the order of the page.
fn pictures(page: &Page) -> Vec<String> {
    let svg = scraper::Selector::parse("svg.bars").unwrap();
    page.html().select(&svg).map(|picture| picture.value().attr("aria-label").unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_stream_is_shown_with_what_it_brought_before() {
    let (app, program, slug) = source(json!({"count": 4}), json!({})).await;
    let first = extract(&app, &program, &slug, json!({})).await;
    let page = page_of(&app, &first).await;
    assert!(pictures(&page).is_empty() && page.text().contains("Nothing to compare"), "{}", page.text());
    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": {"count": 2}})).await.expect(200);
    app.advance(time::Duration::seconds(1));
    let second = extract(&app, &program, &slug, json!({})).await;
    let page = page_of(&app, &second).await;
    let words = "Records of the last 2 extractions, oldest first: 4, 2";
    assert_eq!(pictures(&page), [words, words]);
    assert!(page.text().contains("4 records,") && page.text().contains(", in 0 s"), "{}", page.text());
    // The page of an earlier one does not know what came later.
    assert!(pictures(&page_of(&app, &first).await).is_empty());
}

#[tokio::test]
async fn a_stream_that_is_not_whole_comes_first_and_its_picture_says_so() {
    let (app, program, slug) = source(
        json!({"mode": "tires"}),
        json!({"add_streams": [
            {"stream_name": "people", "table_name": "people"},
            {"stream_name": "orders", "sync_type": "INCREMENTAL", "replication_key": "id", "table_name": "shop_orders"},
        ]}),
    )
    .await;
    for _ in 0..2 {
        app.advance(time::Duration::seconds(1));
        let run = extract(&app, &program, &slug, json!({})).await;
        assert_eq!(run["status"], "partial", "{run}");
        let page = page_of(&app, &run).await;
        let text = page.text();
        let place = |name: &str| text.find(name).unwrap_or_else(|| panic!("{name}: {text}"));
        assert!(place("Not to the end") < place("people"), "{text}");
        let words = pictures(&page);
        if let [orders, people] = words.as_slice() {
            assert!(orders.ends_with("3 (not to the end), 3 (not to the end)"), "{orders}");
            assert!(people.ends_with("first: 3, 3"), "{people}");
        } else {
            assert!(words.is_empty(), "{words:?}");
        }
    }
}
