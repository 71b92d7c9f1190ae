//! Extractions on the workspace's own Airbyte: from the setting to rows, and everything that can go wrong on the way. Every request is held
//! against Airbyte's published description.

mod airbyte;
mod contract;
mod destination;
mod journey;
mod races;
mod real_sdk;
mod settings;
mod stays;
mod trouble;

use serde_json::{Value, json};

use crate::api::Program;
use crate::support::{CANARY, TestApp, connectors, shop};
use crate::validations::validated;
use airbyte::{Airbyte, CLIENT, GIVEN, WORKSPACE, client_secret};

const ENGINE: &str = "/api/v1/extraction-engine/";

/// The connector file of the shop, as one that somebody publishes.
fn published() -> String {
    let mut file: Value = serde_json::from_str(&shop::connector_file()).unwrap();
    file["registry"] = json!({"image": "airbyte/source-shop:1.2.3"});
    file.to_string()
}

/// A product that knows this shop and may reach what is on loopback.
fn product(shop: &str, airbyte_dir: &std::path::Path) -> TestApp {
    connectors::app_with(
        |dir| std::fs::write(dir.join("shop.json"), shop).unwrap(),
        |config| Airbyte::reachable(airbyte_dir, config),
    )
}

struct Site {
    app: TestApp,
    program: Program,
    airbyte: Airbyte,
    _dir: tempfile::TempDir,
}

/// What is set for an Airbyte.
fn details(airbyte: &Airbyte) -> Value {
    json!({
        "engine": "airbyte",
        "airbyte": {
            "url": airbyte.url(), "workspace_id": WORKSPACE, "destination_id": GIVEN, "client_id": CLIENT, "secret": client_secret(),
        },
    })
}

/// A workspace whose extractions run on an Airbyte.
async fn site() -> Site {
    site_with(&published()).await
}

/// The same with a connector file of the shop.
async fn site_with(shop: &str) -> Site {
    let (dir, airbyte) = (tempfile::tempdir().unwrap(), Airbyte::start());
    let app = product(shop, dir.path());
    let program = Program::start(&app).await;
    program.patch(ENGINE, details(&airbyte)).await.expect(200);
    Site { app, program, airbyte, _dir: dir }
}

impl Site {
    /// A finalised shop.
    async fn shop(&self, finish: Value) -> String {
        let slug = self.program.draft("sources", "shop").await;
        let one = format!("/api/v1/sources/{slug}/");
        let token = format!("right-{CANARY}");
        let draft = json!({"config": {"token": token, "count": 7}, "description": "Corner Shop"});
        self.program.patch(&one, draft).await.expect(200);
        validated(&self.app, &self.program, &slug).await;
        let mut body = json!({
            "draft": false, "output_layer": "files", "trigger": {"type": "manual"},
            "add_streams": [
                {"stream_name": "orders", "sync_type": "INCREMENTAL", "replication_key": "id", "table_name": "shop_orders"},
                {"stream_name": "people"},
            ],
        });
        body.as_object_mut().unwrap().extend(finish.as_object().unwrap().clone());
        self.program.patch(&one, body).await.expect(200);
        slug
    }

    /// Asks for an extraction; gives its id.
    async fn trigger(&self, slug: &str) -> String {
        let started = self.program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(202);
        assert_eq!(started.json["engine"], "airbyte", "{}", started.body);
        self.app.work().await;
        started.text("/id")
    }

    /// Time goes by, and whoever works looks again.
    async fn later(&self, span: time::Duration) {
        self.app.advance(span);
        self.app.work().await;
    }

    async fn run(&self, id: &str) -> Value {
        self.program.get(&format!("/api/v1/runs/{id}/")).await.expect(200).json
    }

    /// The log of a run that is over.
    async fn log(&self, id: &str) -> String {
        self.program.get(&format!("/api/v1/runs/{id}/logs/")).await.expect(200).body
    }

    /// The log of a run that goes on.
    async fn log_so_far(&self, id: &str) -> String {
        let owner = self.app.visitor();
        owner.sign_in("ana@acme.example").await;
        owner.get(&format!("/runs/{id}/live")).await.text()
    }

    /// How often something is in the timeline of a connection.
    async fn told(&self, event: &'static str) -> i64 {
        use diesel::prelude::*;
        use vestibule::platform::db::schema::activity;
        let counted =
            self.app.app.db.read(move |conn| {
                Ok(activity::table.filter(activity::event.eq(event)).count().get_result::<i64>(conn)?)
            });
        counted.await.unwrap()
    }

    /// The jobs there that were ever started.
    fn jobs(&self) -> usize {
        self.airbyte.state().jobs.len()
    }
}

const MINUTE: time::Duration = time::Duration::minutes(1);
