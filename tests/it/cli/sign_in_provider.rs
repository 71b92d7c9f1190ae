//! What commands do to workspaces whose members sign in elsewhere.

use diesel::prelude::*;
use vestibule::base::crypto::{Sealed, SealedAt};
use vestibule::features::accounts;
use vestibule::platform::app::App;
use vestibule::platform::db::schema::sign_in_providers as providers;

use crate::support::installation::Installation;
use crate::support::{PASSWORD, Visitor};

const SECRET: &[u8] = b"a-client-secret";
const AT: SealedAt<'static> =
    SealedAt { table: "sign_in_providers", row: "one", column: "sealed_client_secret", workspace: "" };

/// Gives the workspace a provider that is the only way in.
pub fn only_provider(app: &App, workspace: &str) {
    let (now, rng, keys) = (app.clock.now(), app.rng.clone(), app.keys.clone());
    let workspace = workspace.to_owned();
    let write = move |conn: &mut vestibule::platform::db::Conn| {
        let workspace = accounts::find_workspace_by_slug(conn, &workspace)?.unwrap().id;
        let at = SealedAt { workspace: workspace.as_str(), ..AT };
        let sealed = keys.seal(SECRET, at, &rng)?;
        let row = (
            (providers::id.eq("one"), providers::workspace_id.eq(workspace.as_str())),
            (providers::label.eq("Acme Login"), providers::issuer.eq("https://login.acme.example")),
            (providers::client_id.eq("vestibule"), providers::sealed_client_secret.eq(sealed.as_bytes().to_vec())),
            (providers::domains.eq(""), providers::newcomers.eq("refuse"), providers::revision.eq("r")),
            (providers::created_at.eq(now), providers::tested_at.eq(now), providers::passwords_off_at.eq(now)),
        );
        diesel::insert_into(providers::table).values(row).execute(conn)?;
        Ok(())
    };
    app.db.write_blocking(write).unwrap();
}

#[actix_web::test]
async fn the_way_back_in_when_the_provider_fails() {
    let here = Installation::new();
    here.owner("acme", "ana@acme.example").good();
    let allow = ["owner", "allow-passwords", "--workspace", "acme"];
    assert!(here.run(&allow).good().out.contains("with passwords already. Nothing was changed."));
    here.run(&["owner", "allow-passwords", "--workspace", "nothing"]).refused(1, "no workspace called nothing");
    only_provider(&here.app(), "acme");
    let made = here.owner("acme", "bea@acme.example").good();
    assert!(made.out.contains("run `vestibule owner allow-passwords --workspace acme` first"), "{made:?}");

    let server = here.start(&["serve"]);
    let ana = Visitor::new(&server.base, &server.base);
    assert!(!ana.get("/sign-in").await.has("input[type=password]"));
    assert!(here.run(&allow).good().out.contains("Members of acme can sign in with passwords again."));
    let form = ana.get("/sign-in").await.form_with("email").set("email", "ana@acme.example").set("password", PASSWORD);
    assert_eq!(form.send(&ana).await.status, 303, "at once, and without a restart");
    server.stop().good();
}

#[test]
fn client_secrets_are_sealed_anew() {
    let mut here = Installation::new();
    here.owner("acme", "ana@acme.example").good();
    only_provider(&here.app(), "acme");
    let new_key = here.run(&["keys", "generate"]).good().out.trim().to_owned();
    let old_key = std::fs::read_to_string(here.key_file()).unwrap();
    here.set("VESTIBULE_MASTER_KEYS", &format!("{new_key},{}", old_key.trim()));
    assert!(here.run(&["keys", "rotate"]).good().out.contains("1 sign-in provider,"));
    here.set("VESTIBULE_MASTER_KEYS", &new_key);
    let app = here.app();
    let read = |conn: &mut vestibule::platform::db::Conn| {
        Ok(providers::table.select((providers::workspace_id, providers::sealed_client_secret)).first(conn)?)
    };
    let (workspace, sealed): (String, Option<Vec<u8>>) = app.db.read_blocking(read).unwrap();
    let opened = app.keys.open(&Sealed::from_bytes(sealed.unwrap()), SealedAt { workspace: &workspace, ..AT }).unwrap();
    assert_eq!(opened.as_slice(), SECRET);
}
