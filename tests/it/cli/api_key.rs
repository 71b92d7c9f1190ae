use vestibule::features::accounts::api_keys::{ApiKeyRow, Scope};
use vestibule::features::accounts::{self, api_keys};

use crate::support::installation::Installation;

fn keys(here: &Installation) -> Vec<ApiKeyRow> {
    let app = here.app();
    let workspace = app.db.read_blocking(|conn| Ok(accounts::find_workspace_by_slug(conn, "acme")?)).unwrap().unwrap();
    app.db.read_blocking(|conn| api_keys::list(conn, &workspace.id)).unwrap()
}

#[test]
fn the_key_stands_alone_on_standard_output() {
    let here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    let ran = here
        .run(&[
            "api-key",
            "create",
            "--workspace",
            "acme",
            "--name",
            "Nightly job",
            "--scope",
            "sources:read",
            "--scope",
            "links:write",
            "--expires",
            "2999-12-31",
        ])
        .good();
    let key = ran.out.strip_suffix('\n').unwrap();
    assert!(key.starts_with("vst_") && key.len() > 40 && !key.contains(char::is_whitespace), "{ran:?}");
    let stored = keys(&here);
    assert_eq!(
        (stored.len(), stored[0].name.as_str(), stored[0].scopes()),
        (1, "Nightly job", vec![Scope::SourcesRead, Scope::LinksWrite])
    );
    assert!(key.starts_with(&stored[0].prefix));
    assert_eq!(stored[0].expires_at.unwrap().iso(), "3000-01-01T00:00:00Z");
    assert!(!here.run(&["api-key", "create", "--workspace", "acme", "--name", "k"]).good().err.contains("vst_"));
}

#[test]
fn without_scopes_it_may_do_everything_but_fetch_credentials_and_records() {
    let here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    here.run(&["api-key", "create", "--workspace", "acme", "--name", "k"]).good();
    let scopes = keys(&here)[0].scopes();
    assert_eq!(scopes.len(), Scope::ALL.len() - 2);
    assert!(!scopes.contains(&Scope::CredentialsRead) && !scopes.contains(&Scope::RecordsRead));
}

#[test]
fn what_cannot_be_is_refused_and_no_key_is_made() {
    let here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    let create = |more: &[&str]| here.run(&[&["api-key", "create"], more].concat());
    create(&["--workspace", "nowhere", "--name", "k"]).refused(1, "no workspace with the slug nowhere");
    create(&["--workspace", "acme", "--name", " "]).refused(2, "--name");
    create(&["--workspace", "acme", "--name", "k", "--scope", "everything"]).refused(2, "sources:read");
    create(&["--workspace", "acme", "--name", "k", "--expires", "2026-02-30"]).refused(2, "real date");
    create(&["--workspace", "acme", "--name", "k", "--expires", "2020-01-01"]).refused(2, "not over");
    create(&["--workspace", "acme"]).refused(2, "--name");
    assert!(keys(&here).is_empty());
}
