use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::json;
use vestibule::base::crypto::KeyRing;
use vestibule::base::forms::FieldPath;
use vestibule::base::ids::{ConnectionId, WorkspaceId};
use vestibule::connectors::Kind;
use vestibule::features::accounts::{self, NewOwner};
use vestibule::features::connections::{self, Apply, Filler, NewDraft};
use vestibule::platform::activity::Actor;
use vestibule::platform::app::App;
use vestibule::schema::form::import_config;

use crate::support::installation::Installation;

const MANY: usize = 400;

/// A workspace with so many drafts, each with a secret of its own.
fn fill(app: &Arc<App>, count: usize) -> WorkspaceId {
    let connector = app.connectors.find(Kind::Source, "postgres").unwrap();
    app.write_blocking(move |tx| {
        let new = NewOwner {
            workspace_name: "Acme".into(),
            name: "Ana".into(),
            email: "ana@acme.example".into(),
            password_hash: String::new(),
        };
        let workspace = accounts::create_workspace_with_owner(tx, &new)?.id;
        for number in 0..count {
            let draft = NewDraft {
                workspace: &workspace,
                connector: &connector,
                description: "",
                creator: None,
                actor: Actor::System,
                form_nonce: None,
            };
            let draft = connections::create_draft(tx, draft)?;
            let submission =
                import_config(&connector.spec, &json!({ "password": format!("secret {number}") })).unwrap();
            let apply = Apply {
                workspace: &workspace,
                connection: &draft.id,
                connector: &connector,
                submission: &submission,
                by: Filler::Member,
                name: "",
                then: None,
                has_secrets: false,
                shown: &connections::Shown::Now,
                actor: Actor::System,
            };
            connections::apply(tx, &apply)?;
        }
        Ok(workspace)
    })
    .unwrap()
}

/// Every secret of the workspace and the name of the key that seals it.
fn secrets(app: &App, workspace: &WorkspaceId) -> Vec<(String, String)> {
    let ids: Vec<ConnectionId> = app
        .db
        .read_blocking(|conn| Ok(connections::list(conn, workspace, &Default::default(), 10_000)?))
        .unwrap()
        .into_iter()
        .map(|row| row.id)
        .collect();
    let path = FieldPath::root().child("password");
    ids.iter()
        .map(|id| {
            let connection =
                app.db.read_blocking(|conn| Ok(connections::find_by_id(conn, workspace, id)?)).unwrap().unwrap();
            let values = connection.open_values(&app.keys).unwrap();
            let key = connection.sealed_secrets.as_ref().unwrap().key_id().unwrap().to_owned();
            (values.secrets[&path].expose_secret().to_owned(), key)
        })
        .collect()
}

#[track_caller]
fn all_are_there(found: &[(String, String)], key: Option<&str>) {
    let mut texts: Vec<&str> = found.iter().map(|(text, _)| text.as_str()).collect();
    texts.sort_unstable();
    let mut expected: Vec<String> = (0..MANY).map(|number| format!("secret {number}")).collect();
    expected.sort_unstable();
    assert_eq!(texts, expected);
    assert!(key.is_none_or(|key| found.iter().all(|(_, by)| by == key)));
}

#[test]
fn generate_prints_one_usable_line() {
    let here = Installation::on_sqlite();
    let (one, two) = (here.run(&["keys", "generate"]).good(), here.run(&["keys", "generate"]).good());
    assert_eq!((one.out.lines().count(), one.err.as_str()), (1, ""));
    assert_eq!(KeyRing::parse(&format!("{},{}", one.out.trim(), two.out.trim())).unwrap().ids().len(), 2);
    assert!(!here.data().exists());
}

#[test]
fn rotation_survives_being_killed_and_leaves_nothing_under_the_old_key() {
    let mut here = Installation::new();
    let app = here.app();
    let workspace = fill(&app, MANY);
    let old = app.keys.primary_id().to_owned();
    drop(app);
    let old_key = std::fs::read_to_string(here.key_file()).unwrap();
    let new_key = here.run(&["keys", "generate"]).good().out.trim().to_owned();
    let new = new_key.split(':').next().unwrap().to_owned();
    here.set("VESTIBULE_MASTER_KEYS", &format!("{new_key},{}", old_key.trim()));
    let server = here.start(&["serve"]);
    for pause in [20, 40, 60, 90, 130] {
        let mut child = here.command(&["keys", "rotate"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
        all_are_there(&secrets(&here.app(), &workspace), None);
    }
    let done = here.run(&["keys", "rotate"]).good();
    assert!(
        done.out.contains(&format!("Sealed anew with {new}: "))
            && done.out.contains(&format!("remove them and restart the server: {old}")),
        "{done:?}"
    );
    assert!(done.out.contains("30 minutes"));
    assert!(
        here.run(&["keys", "rotate"])
            .good()
            .out
            .contains(": 0 connections, 0 account links, 0 invite links, 0 webhook secrets, 0 sign-in providers, 0 kept API answers, 0 sign-ins and OAuth apps, 0 validation values, 0 output layers, 0 extraction engines.")
    );
    assert_eq!(server.get("/readyz").0, 200);
    server.stop();
    here.set("VESTIBULE_MASTER_KEYS", &new_key);
    all_are_there(&secrets(&here.app(), &workspace), Some(&new));
    here.start(&["serve"]).stop().good();
}

#[test]
fn rotation_needs_the_old_key_too() {
    let mut here = Installation::new();
    fill(&here.app(), 1);
    let new_key = here.run(&["keys", "generate"]).good().out;
    here.set("VESTIBULE_MASTER_KEYS", new_key.trim());
    here.run(&["keys", "rotate"]).refused(1, "do not fit this database");
}

#[test]
fn with_one_key_there_is_nothing_to_remove() {
    let here = Installation::new();
    fill(&here.app(), 2);
    let done = here.run(&["keys", "rotate"]).good();
    assert!(done.out.contains(": 0 connections") && done.out.contains("no other key"), "{done:?}");
}
