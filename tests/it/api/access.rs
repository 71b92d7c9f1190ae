//! The access matrix of the API: every endpoint of the route table against everybody.

use serde_json::json;
use vestibule::features::accounts::api_keys::{self, Scope};
use vestibule::platform::activity::Actor;
use vestibule::server::routes::api_routes;

use super::Program;
use super::program::{key, workspace_id};
use crate::outputs;
use crate::routes::work::run_of;
use crate::support::TestApp;

/// Everybody who knocks.
struct Callers {
    nobody: Program,
    all: Program,
    revoked: Program,
}

async fn callers(app: &TestApp) -> Callers {
    let all = Program::start(app).await;
    app.owner_of("Other", "Olga", "olga@other.example").await;
    let (id, text) = key(app, "Acme Analytics", Scope::ALL).await;
    let workspace = workspace_id(app, "Acme Analytics").await;
    app.app.write(move |tx| api_keys::revoke(tx, &workspace, &id, Actor::System)).await.unwrap();
    Callers { nobody: Program::nobody(app).await, revoked: all.with_key(&text), all }
}

/// Something to work on: the address with a draft, a token or a delivery that exists.
pub async fn address(app: &TestApp, all: &Program, path: &str) -> String {
    if path.contains("-connectors/") {
        return path.replace("{slug}", "postgres");
    }
    if path.contains("/invite-links/") {
        let made = all.post("/api/v1/invite-links/", invite_link()).await.expect(201);
        return path.replace("{id}", &made.text("/id"));
    }
    if path.contains("/output-layers/{slug}/") {
        let one = outputs::add(all, outputs::layer("Warehouse")).await;
        return path.replace("/api/v1/output-layers/{slug}/", &one);
    }
    if path.contains("/connector-validations/") || path.contains("/runs/") {
        return work(app, all, path).await;
    }
    let side = if path.contains("/sources/") { "sources" } else { "destinations" };
    let slug = all.draft(side, "postgres").await;
    let one = format!("/api/v1/{side}/{slug}/");
    fill(all, &one).await;
    all.call_back(app, &slug).await;
    let id = if path.contains("setup-tokens/{id}") {
        all.post(&format!("{one}setup-tokens/"), json!({})).await.expect(201).text("/id")
    } else if path.contains("{id}") {
        all.post(&format!("{one}deliveries/"), json!({})).await.expect(202).text("/id")
    } else {
        String::new()
    };
    path.replace("{slug}", &slug).replace("{id}", &id)
}

/// What a program says to make an invite link.
fn invite_link() -> serde_json::Value {
    json!({"name": "Clients", "connection_kind": "source", "connector_slug": "postgres"})
}

/// A validation or a run that waits; its log is asked for when it is over, since it goes on until then.
async fn work(app: &TestApp, all: &Program, path: &str) -> String {
    let slug = all.draft("sources", "postgres").await;
    let one = format!("/api/v1/sources/{slug}/");
    fill(all, &one).await;
    let (id, things) = if path.contains("/runs/") {
        (run_of(app, slug).await.to_string(), "runs")
    } else {
        (all.post(&format!("{one}revalidate/"), json!({})).await.expect(202).text("/id"), "connector-validations")
    };
    if path.ends_with("/logs/") {
        all.post(&format!("/api/v1/{things}/{id}/cancel/"), json!({})).await.expect(202);
    }
    path.replace("{id}", &id)
}

/// Gives a draft whatever it still needs.
async fn fill(all: &Program, one: &str) {
    let missing: Vec<String> =
        serde_json::from_value(all.get(one).await.json["missing_required_fields"].clone()).unwrap();
    let config: serde_json::Map<String, serde_json::Value> =
        missing.into_iter().map(|field| (field, json!("value"))).collect();
    let filled = all.patch(one, json!({"config": config})).await.expect(200);
    assert_eq!(filled.json["config_completed"], true, "{}", filled.body);
}

fn body(method: &str, path: &str) -> Option<String> {
    match method {
        "post" if path.ends_with("sources/") || path.ends_with("destinations/") => {
            Some(json!({"connector_slug": "postgres"}).to_string())
        }
        "post" if path.ends_with("invite-links/") => Some(invite_link().to_string()),
        "post" if path.ends_with("output-layers/") => Some(outputs::layer("Lake").to_string()),
        "post" if path.ends_with("host-key/") => {
            Some(json!({"fingerprint": format!("SHA256:{}", "a".repeat(43))}).to_string())
        }
        "post" | "patch" => Some("{}".to_owned()),
        _ => None,
    }
}

async fn send(program: &Program, method: &str, address: &str, path: &str) -> u16 {
    program.send(&method.to_uppercase(), address, body(method, path), &[]).await.status
}

#[tokio::test]
async fn every_endpoint_against_everybody() {
    let app = TestApp::start();
    let callers = callers(&app).await;
    for route in api_routes() {
        let (method, path) = (route.method.as_str(), route.path);
        let scope = route.scope.and_then(Scope::parse).expect("every endpoint needs a key");
        let right = match route.operation.id() {
            // These work with what is finalised, and here is a draft.
            "trigger_source" | "hand_off_source" => 409,
            // The run waits, and has no records yet.
            "list_run_records" | "download_run_records" => 409,
            // No Airbyte is set.
            "check_extraction_engine" => 409,
            // No connection here goes through a jump server.
            "accept_source_host_key" | "accept_destination_host_key" => 422,
            _ => route.operation.status(),
        };
        // Everybody has the catalogue and lists of their own.
        let foreign = if path.contains('{') && !path.contains("-connectors/") { 404 } else { right };
        let address = address(&app, &callers.all, path).await;
        let others: Vec<Scope> = Scope::ALL.iter().copied().filter(|one| *one != scope).collect();
        let without = callers.all.with_scopes(&app, "Acme Analytics", &others).await;
        let stranger = callers.all.with_scopes(&app, "Other", Scope::ALL).await;
        let holder = callers.all.with_scopes(&app, "Acme Analytics", &[scope]).await;
        for (who, program, expected) in [
            ("nobody", &callers.nobody, 401),
            ("a revoked key", &callers.revoked, 401),
            ("a key without the scope", &without, 403),
            ("a key of another workspace", &stranger, foreign),
            ("the right key", &holder, right),
        ] {
            assert_eq!(send(program, method, &address, path).await, expected, "{who}: {method} {path}");
        }
    }
}

/// Lists of another workspace are there, and empty of ours.
#[tokio::test]
async fn lists_show_ones_own() {
    let app = TestApp::start();
    let callers = callers(&app).await;
    callers.all.draft("sources", "postgres").await;
    let stranger = callers.all.with_scopes(&app, "Other", Scope::ALL).await;
    assert_eq!(stranger.get("/api/v1/sources/").await.json["count"], 0);
    assert_eq!(callers.all.get("/api/v1/sources/").await.json["count"], 1);
}
