//! Tables hold each record once: what is new can only be added to them where keys tell what was there.

use serde_json::json;

use super::{add, layer};
use crate::validations::{shop_draft, validated};

#[tokio::test]
async fn what_is_new_without_keys_goes_into_files_only() {
    let (app, program, slug) = shop_draft("right", json!({"mode": "keyless"})).await;
    add(&program, layer("Warehouse")).await;
    validated(&app, &program, &slug).await;
    let source = format!("/api/v1/sources/{slug}/");
    let orders = json!({"stream_name": "orders", "sync_type": "INCREMENTAL", "replication_key": "id"});
    let finish = |layer: &str, orders: &serde_json::Value| json!({"draft": false, "output_layer": layer, "trigger": {"type": "manual"}, "add_streams": [orders]});
    let refused = program.patch(&source, finish("warehouse", &orders)).await.expect(422);
    assert_eq!(
        (refused.text("/errors/0/pointer"), refused.text("/errors/0/code")),
        ("/add_streams/0/primary_keys".to_owned(), "no_primary_keys".to_owned())
    );
    program.patch(&source, finish("files", &orders)).await.expect(200);
    let refused = program.patch(&source, json!({"output_layer": "warehouse"})).await.expect(422);
    assert_eq!(refused.text("/errors/0/pointer"), "/output_layer");

    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = owner.get(&format!("/connections/{slug}/finish")).await;
    let refused = page.form_with("layer").set("layer", "warehouse").press("intent", "save", &owner).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("orders is read as INCREMENTAL without primary keys"), "{}", refused.text());

    let mut keyed = orders.clone();
    keyed["primary_keys"] = json!(["id"]);
    program.patch(&source, json!({"output_layer": "warehouse", "add_streams": [keyed]})).await.expect(200);
    let refused = program.patch(&source, json!({"add_streams": [orders]})).await.expect(422);
    assert_eq!(refused.text("/errors/0/pointer"), "/add_streams/0/primary_keys");
    // The page where ways of reading are chosen says it beside them.
    program.patch(&source, json!({"add_streams": [{"stream_name": "orders"}]})).await.expect(200);
    let page = owner.get(&format!("/connections/{slug}/streams")).await;
    let form = page.form_with("prefix").set("how.0", "INCREMENTAL").set("new.0", "id");
    let refused = form.press("intent", "save", &owner).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("orders is read as INCREMENTAL without primary keys"), "{}", refused.text());
}
