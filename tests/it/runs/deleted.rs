//! A finalised source is deleted: what acts with its details ends, what happened stays.

use serde_json::json;

use super::{extract, ids, source};
use crate::api::workspace_id;
use crate::support::{TestApp, Visitor};

async fn owner(app: &TestApp) -> Visitor {
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    owner
}

#[tokio::test]
async fn records_and_past_runs_stay_and_the_clock_starts_nothing() {
    let (app, program, slug) =
        source(json!({}), json!({"trigger": {"type": "cron", "cron": "0 * * * *", "time_zone": "UTC"}})).await;
    let run = extract(&app, &program, &slug, json!({})).await;
    let owner = owner(&app).await;
    let page = owner.get(&format!("/connections/{slug}")).await;
    let deletion = format!("/connections/{slug}/deletion");
    assert!(page.links().contains(&deletion), "{:?}", page.links());
    let ask = owner.get(&deletion).await;
    let text = ask.text();
    assert!(text.contains("Records that were extracted stay in the output layer"), "{text}");
    assert!(text.contains("Its schedule ends") && text.contains("details and keys are erased"), "{text}");
    assert!(!text.contains("that goes on is stopped"), "{text}");
    assert_eq!(ask.form_to(&deletion).send(&owner).await.status, 303);

    assert_eq!(owner.get(&format!("/connections/{slug}")).await.status, 404);
    program.get(&format!("/api/v1/sources/{slug}/")).await.expect(404);
    program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(404);
    let id = run["id"].as_str().unwrap();
    let past = program.get(&format!("/api/v1/runs/{id}/")).await.expect(200).json;
    assert_eq!((past["status"].as_str(), past["source"].as_str()), (Some("success"), Some(slug.as_str())));
    assert_eq!(ids(&app, &past, "shop_orders"), [1, 2, 3]);
    assert!(program.get(&format!("/api/v1/runs/{id}/logs/")).await.expect(200).body.contains("Done: 6 records"));
    app.advance(time::Duration::hours(3));
    app.work().await;
    assert_eq!(program.get("/api/v1/runs/").await.expect(200).json["count"], 1);

    let workspace = workspace_id(&app, "Acme Analytics").await;
    let left = app.app.db.read(move |conn| {
        use diesel::prelude::*;
        use vestibule::platform::db::schema::{connections, sync_states};
        let row = connections::table.filter(connections::workspace_id.eq(&workspace));
        let sealed: Vec<Option<Vec<u8>>> = row.select(connections::sealed_secrets).load(conn)?;
        Ok((sealed, sync_states::table.count().get_result::<i64>(conn)?))
    });
    assert_eq!(left.await.unwrap(), (vec![None], 0), "no key and no place in the source is kept");
}

#[tokio::test]
async fn what_goes_on_is_stopped() {
    let (app, program, slug) = source(json!({}), json!({})).await;
    let path = format!("/api/v1/sources/{slug}/");
    program.patch(&path, json!({"config": {"mode": "slow"}})).await.expect(200);
    let run = program.post(&format!("{path}trigger/"), json!({})).await.expect(202).text("/id");
    let check = program.post(&format!("{path}revalidate/"), json!({})).await.expect(202).text("/id");
    let (run, check) = (format!("/api/v1/runs/{run}/"), format!("/api/v1/connector-validations/{check}/"));
    let owner = owner(&app).await;
    let delete = async {
        while program.get(&run).await.json["started_at"].is_null() {
            tokio::task::yield_now().await;
        }
        let ask = owner.get(&format!("/connections/{slug}/deletion")).await.text();
        assert!(ask.contains("The extraction that goes on is stopped"), "{ask}");
        program.delete(&path).await.expect(204);
    };
    let work = async {
        vestibule::features::work::runs::run_due(&app.app).await.unwrap();
    };
    tokio::join!(work, delete);
    app.work().await;
    assert_eq!(program.get(&run).await.expect(200).json["status"], "cancelled");
    assert_eq!(program.get(&check).await.expect(200).json["status"], "cancelled");
    program.delete(&path).await.expect(404);
}
