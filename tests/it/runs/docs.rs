//! The script of the documentation, from a draft to its first extraction, as a program runs it.

use std::process::Stdio;

use tokio::process::Command;
use vestibule::features::accounts::api_keys::Scope;

use crate::api::Program;
use crate::api::program::key;
use crate::support::shop;

/// The first shell block of a page.
fn script(markdown: &str) -> &str {
    markdown.split("```sh\n").nth(1).unwrap().split("```").next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_of_the_docs_ends_in_a_success() {
    let app = shop::app();
    let program = Program::start(&app).await;
    let scopes = [Scope::SourcesRead, Scope::SourcesWrite, Scope::ValidationsWrite, Scope::RunsRead, Scope::RunsWrite];
    let (_, key) = key(&app, "Acme Analytics", &scopes).await;
    let page = app.visitor().get("/docs/extract.md").await.body;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = tokio::spawn(vestibule::server::dispatcher::run_until(std::sync::Arc::clone(&app.app), async {
        let _ = stopped.await;
    }));
    #[allow(clippy::disallowed_methods, reason = "a program of the tests")]
    let output = Command::new("sh")
        .arg("-c")
        .arg(script(&page))
        .env("VESTIBULE_URL", &app.base)
        .env("VESTIBULE_API_KEY", key)
        .env("CONNECTOR", "shop")
        .env("CONFIG", r#"{"token": "right"}"#)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    stop.send(()).unwrap();
    worker.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("finalised\n") && said.trim_end().ends_with(" success"), "{said}");
    assert!(said.contains("Done: 3 records of 1 stream"), "the log was followed to its end: {said}");
    let run = said.trim_end().lines().last().unwrap().split(' ').next().unwrap();
    let run = program.get(&format!("/api/v1/runs/{run}/")).await.expect(200).json;
    assert_eq!(super::ids(&app, &run, "orders"), [1, 2, 3]);
}
