//! Files of Parquet: what a run writes, what is read of it again, and what is left when it breaks off.

use serde_json::{Value, json};

use super::{extract, source};
use crate::support::TestApp;

fn names(app: &TestApp, run: &Value) -> Vec<String> {
    let folder = app.data_dir().join(run["place"].as_str().unwrap());
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_source_is_set_to_parquet_and_each_run_adds_its_files() {
    let (app, program, slug) = source(json!({"mode": "bends"}), json!({"output_layer": "files:parquet"})).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let finish = owner.get(&format!("/connections/{slug}/finish")).await;
    assert_eq!(finish.form_with("layer").value("layer"), Some("files:parquet"));
    let first = extract(&app, &program, &slug, json!({})).await;
    assert_eq!(
        (first["status"].as_str(), first["output_layer"].as_str()),
        (Some("success"), Some("files:parquet")),
        "{first}"
    );
    assert_eq!(names(&app, &first), ["manifest.json", "people.parquet", "shop_orders.parquet"]);
    let folder = app.data_dir().join(first["place"].as_str().unwrap());
    let manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let orders = &manifest["streams"][0];
    assert_eq!(
        (&manifest["format"], &orders["file"], &orders["records"]),
        (&json!("parquet"), &json!("shop_orders.parquet"), &json!(3))
    );
    assert_eq!(orders["file_bytes"], std::fs::metadata(folder.join("shop_orders.parquet")).unwrap().len());
    assert_eq!(
        orders["columns"],
        json!([
            {"name": "id", "type": "bigint"}, {"name": "changed", "type": "text"}, {"name": "note", "type": "text"},
            {"name": "extra", "type": "jsonb"},
        ])
    );
    let log = program.get(&format!("/api/v1/runs/{}/logs/", first["id"].as_str().unwrap())).await.expect(200).body;
    assert!(log.contains("changed: text instead of timestamp with time zone"), "{log}");

    let api = format!("/api/v1/runs/{}/records/", first["id"].as_str().unwrap());
    let rows = program.get(&format!("{api}?stream=orders")).await.expect(200);
    assert_eq!(
        rows.json["records"],
        json!([
            {"id": 1, "changed": "2026-01-01T00:00:00Z", "note": "é", "extra": null},
            {"id": 2, "changed": "yesterday", "note": "é", "extra": {"a": [1]}},
            {"id": 3, "changed": "2026-01-01T00:00:00Z", "note": "é", "extra": null},
        ])
    );
    let file = program.get(&format!("{api}file/?stream=orders")).await.expect(200);
    assert_eq!(file.header("content-type"), Some("application/vnd.apache.parquet"));
    assert!(file.header("content-disposition").unwrap().ends_with("-shop_orders.parquet\""));
    assert!(file.body.starts_with("PAR1"));

    app.advance(time::Duration::seconds(1));
    let second = extract(&app, &program, &slug, json!({})).await;
    let rows = program.get(&format!("/api/v1/runs/{}/records/", second["id"].as_str().unwrap())).await.expect(200);
    let ids: Vec<i64> =
        rows.json["records"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [4, 5, 6], "it continues");

    // Another format is no other place: it goes on where it was.
    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"output_layer": "files"})).await.expect(200);
    let third = extract(&app, &program, &slug, json!({})).await;
    assert_eq!(super::ids(&app, &third, "shop_orders"), [7, 8, 9]);
    let page = owner.get(&format!("/runs/{}/records?stream=orders", first["id"].as_str().unwrap())).await;
    assert!(page.text().contains("Download Parquet") && page.text().contains("yesterday"), "{}", page.text());
}

#[tokio::test]
async fn a_run_that_breaks_off_leaves_nothing_half() {
    let (app, program, slug) = source(json!({"mode": "breaks"}), json!({"output_layer": "files:parquet"})).await;
    let failed = extract(&app, &program, &slug, json!({})).await;
    assert_eq!(failed["status"], "failed", "{failed}");
    let left: usize = std::fs::read_dir(app.data_dir().join("extractions")).map_or(0, |all| {
        all.map(|workspace| std::fs::read_dir(workspace.unwrap().path()).unwrap())
            .flat_map(|sources| sources.map(|source| std::fs::read_dir(source.unwrap().path()).unwrap().count()))
            .sum()
    });
    assert_eq!(left, 0);
    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": {"mode": null}})).await.expect(200);
    let good = extract(&app, &program, &slug, json!({})).await;
    let rows = program.get(&format!("/api/v1/runs/{}/records/", good["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(rows.json["records"].as_array().unwrap().len(), 3);
}
