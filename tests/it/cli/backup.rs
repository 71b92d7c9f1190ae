use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use vestibule::base::forms::FieldPath;
use vestibule::features::{accounts, connections};
use vestibule::platform::app::App;

use crate::support::installation::{Installation, mode};

/// An installation with the example's connections in it, whose secrets are real sealed values.
fn filled() -> Installation {
    let here = Installation::on_sqlite();
    let demo = here.start(&["demo", "--dir", here.data().to_str().unwrap()]);
    demo.stop().good();
    here
}

/// Another machine that got the key, and nothing else.
fn with_key_of(here: &Installation) -> Installation {
    let there = Installation::on_sqlite();
    std::fs::create_dir(there.data()).unwrap();
    std::fs::copy(here.key_file(), there.key_file()).unwrap();
    there
}

/// What a recipient of the example has sent.
fn stored_secret(app: &App) -> Option<String> {
    let workspace =
        app.db.read_blocking(|conn| Ok(accounts::find_workspace_by_slug(conn, "acme-analytics")?)).unwrap()?;
    let rows =
        app.db.read_blocking(|conn| Ok(connections::list(conn, &workspace.id, &Default::default(), 100)?)).unwrap();
    let row = rows.into_iter().find(|row| row.connector_slug == "stripe")?;
    let found = app.db.read_blocking(|conn| Ok(connections::find_by_id(conn, &workspace.id, &row.id)?)).unwrap()?;
    let values = found.open_values(&app.keys).unwrap();
    Some(values.secrets[&FieldPath::root().child("client_secret")].expose_secret().to_owned())
}

fn backup(here: &Installation) -> PathBuf {
    let file = here.file("backup.db");
    here.run(&["backup", file.to_str().unwrap()]).good();
    file
}

fn names_in(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = std::fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_backup_taken_while_running_opens_elsewhere() {
    let here = filled();
    let server = here.start(&["serve"]);
    let file = here.file("backup.db");
    let ran = here.run(&["backup", text(&file)]).good();
    assert!(ran.out.contains("The master key is not in it") && ran.out.contains(text(&here.key_file())), "{ran:?}");
    assert_eq!(mode(&file), 0o600);
    assert_eq!(server.get("/readyz").0, 200);
    let before = std::fs::read(&file).unwrap();

    let there = with_key_of(&here);
    there.run(&["restore", text(&file)]).good();
    assert_eq!(names_in(&there.data()), ["master.key", "vestibule.db"]);
    assert_eq!(stored_secret(&there.app()).unwrap(), "rk_example_of_the_demo");
    assert_eq!(mode(&there.database_file()), 0o600);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    there.start(&["serve"]).stop().good();
}

/// A file that somebody brings may hold what would run with the rights of this installation.
#[test]
fn a_backup_with_what_is_not_ours_is_refused() {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;
    let here = filled();
    let file = backup(&here);
    let whole = std::fs::read(&file).unwrap();
    for (sql, said) in [
        (
            "CREATE TRIGGER evil AFTER INSERT ON sessions BEGIN DELETE FROM activity; END",
            "the trigger evil is none of Vestibule's",
        ),
        ("CREATE VIEW evil AS SELECT * FROM members", "the view evil is none of Vestibule's"),
        ("CREATE TABLE evil (x)", "the table evil is none of Vestibule's"),
        ("CREATE INDEX evil ON sessions (token_hash)", "the index evil is none of Vestibule's"),
        ("ALTER TABLE sessions ADD COLUMN evil TEXT", "the table sessions is not as Vestibule makes it"),
        ("DROP TABLE list_counts", "the table list_counts is missing"),
    ] {
        std::fs::write(&file, &whole).unwrap();
        diesel::SqliteConnection::establish(text(&file)).unwrap().batch_execute(sql).unwrap();
        let there = with_key_of(&here);
        let ran = there.run(&["restore", text(&file)]);
        assert!(ran.code == 1 && ran.err.contains(said) && ran.err.contains("nothing was changed"), "{sql}: {ran:?}");
        assert_eq!(names_in(&there.data()), ["master.key"], "{sql}");
    }
    // What SQLite keeps for itself is no reason to refuse.
    std::fs::write(&file, &whole).unwrap();
    diesel::SqliteConnection::establish(text(&file)).unwrap().batch_execute("ANALYZE").unwrap();
    with_key_of(&here).run(&["restore", text(&file)]).good();
}

#[test]
fn a_backup_replaces_no_file_and_needs_a_database() {
    let here = Installation::on_sqlite();
    let file = here.file("backup.db");
    here.run(&["backup", text(&file)]).refused(2, "there is no database");
    assert!(!file.exists() && !here.data().exists());
    here.owner("Acme", "ana@acme.example").good();
    std::fs::write(&file, "precious").unwrap();
    here.run(&["backup", text(&file)]).refused(2, "exists already");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    here.run(&["backup", text(&here.file("no/such/folder/b.db"))]).refused(1, "cannot make");
}

#[test]
fn a_used_database_is_replaced_by_force_only() {
    let here = filled();
    let file = backup(&here);
    here.owner("Later", "late@acme.example").good();
    // Through a connection that is closed when this returns: the product closes its own a moment after it is dropped.
    let later = || {
        let mut conn = here.config().storage.database.open().unwrap();
        accounts::find_workspace_by_slug(&mut conn, "later").unwrap().is_some()
    };
    here.run(&["restore", text(&file)]).refused(2, "--force");
    assert!(later());
    here.run(&["restore", text(&file), "--force"]).good();
    assert!(!later());
    assert!(stored_secret(&here.app()).is_some());
}

#[test]
fn a_database_that_was_never_used_may_be_replaced() {
    let here = filled();
    let file = backup(&here);
    let there = with_key_of(&here);
    there.start(&["serve"]).stop();
    there.run(&["restore", text(&file)]).good();
    assert!(stored_secret(&there.app()).is_some());
}

#[test]
fn nothing_is_replaced_under_a_running_server() {
    let here = filled();
    let file = backup(&here);
    let server = here.start(&["serve"]);
    here.run(&["restore", text(&file), "--force"]).refused(1, "is in use: stop Vestibule");
    assert_eq!(server.get("/readyz").0, 200);
    here.owner("Still here", "still@acme.example").good();
    server.stop();
    here.run(&["restore", text(&file), "--force"]).good();
}

#[test]
fn only_a_sound_backup_of_these_keys_comes_in() {
    let here = filled();
    let file = backup(&here);
    let bytes = std::fs::read(&file).unwrap();
    let there = with_key_of(&here);
    let refuse = |name: &str, content: &[u8], why: &str| {
        let path = there.file(name);
        std::fs::write(&path, content).unwrap();
        let ran = there.run(&["restore", text(&path)]).refused(1, why);
        assert!(ran.err.contains("nothing was changed"), "{ran:?}");
        assert_eq!(names_in(&there.data()), ["master.key"]);
    };
    refuse("text.db", b"this is no database, but it is long enough to be looked at", "no SQLite database");
    refuse("empty.db", b"", "no database of Vestibule");
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 9_000].fill(0xA5);
    refuse("damaged.db", &damaged, "");
    refuse("short.db", &bytes[..bytes.len() / 2], "");
    there.run(&["restore", text(&there.file("missing.db"))]).refused(1, "cannot read");

    let stranger = Installation::on_sqlite();
    stranger.run(&["restore", text(&file)]).refused(1, "there is no master key here");
    stranger.owner("Other", "o@other.example").good();
    stranger.run(&["restore", text(&file), "--force"]).refused(1, "not those of that backup");
    assert!(stored_secret(&stranger.app()).is_none());
    assert!(
        stranger.app().db.read_blocking(|conn| Ok(accounts::find_workspace_by_slug(conn, "other")?)).unwrap().is_some()
    );
}

#[test]
fn a_database_in_use_is_no_backup() {
    let here = filled();
    let server = here.start(&["serve"]);
    here.owner("In the log", "log@acme.example").good();
    let there = with_key_of(&here);
    let there_ran = there.run(&["restore", text(&here.database_file())]);
    there_ran.refused(1, "write-ahead log");
    server.stop();
}

#[test]
fn a_damaged_database_can_be_replaced() {
    let here = filled();
    let file = backup(&here);
    std::fs::write(here.database_file(), "what a disk may leave behind after a bad night, and then some more of it")
        .unwrap();
    std::fs::write(here.data().join("vestibule.db-wal"), "stale").unwrap();
    here.run(&["restore", text(&file)]).refused(2, "--force");
    here.run(&["restore", text(&file), "--force"]).good();
    assert!(stored_secret(&here.app()).is_some());
}

#[test]
fn postgres_has_tools_of_its_own() {
    let mut here = Installation::on_sqlite();
    here.set("VESTIBULE_DATABASE_URL", "postgres://localhost/acme");
    here.run(&["backup", "b.db"]).refused(2, "pg_dump");
    here.run(&["restore", "b.db"]).refused(2, "pg_restore");
    assert!(!here.file("b.db").exists());
}

#[derive(diesel::QueryableByName)]
struct Counted {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

fn count(here: &Installation, what: &str) -> i64 {
    use diesel::RunQueryDsl as _;
    let mut conn = here.config().storage.database.open().unwrap();
    let asked = diesel::sql_query(format!("SELECT count(*) AS count FROM {what}"));
    asked.get_result::<Counted>(&mut conn).unwrap().count
}

fn sql(here: &Installation, statement: &str) {
    use diesel::connection::SimpleConnection as _;
    here.config().storage.database.open().unwrap().batch_execute(statement).unwrap();
}

const OPEN_SETUP_LINKS: &str =
    "setup_links WHERE used_at IS NULL AND revoked_at IS NULL AND closed_at IS NULL AND expires_at > '2026-01-01'";
const OPEN_INVITE_LINKS: &str = "invite_links WHERE used_at IS NULL AND deleted_at IS NULL";
const OPEN_ACCOUNT_LINKS: &str = "account_links WHERE used_at IS NULL AND revoked_at IS NULL";

/// The example with a session, an invitation, an invite link, and three sign-ins with a provider: one that can be renewed, one that
/// cannot, one that was given back.
fn with_access() -> Installation {
    let here = filled();
    let grant = |id: &str, refresh: &str, state: &str| {
        format!(
            "INSERT INTO oauth_grants (id, workspace_id, kind, connector_slug, provider, identity_id, identity_label, scopes, sealed, state, \
             version, obtained_at, refresh_at) SELECT '{id}', id, 'source', 'hubspot', 'hubspot', '', 'ben@shop.example', 'null', X'00', \
             '{state}', 1, '2026-03-01 00:00:00.0', {refresh} FROM workspaces; "
        )
    };
    let far = "'2999-01-01 00:00:00.0'";
    sql(
        &here,
        &[
            grant("renewable", far, "ok"),
            grant("for-ever", "NULL", "ok"),
            grant("given-back", "NULL", "leaving"),
            format!(
                "INSERT INTO oauth_uses (connection_id, workspace_id, grant_id, accounts, created_at) SELECT id, workspace_id, 'for-ever', '[]', \
                 updated_at FROM connections WHERE connector_slug = 'hubspot'; \
                 INSERT INTO sessions (id, token_hash, member_id, workspace_id, user_agent, created_at, last_seen_at, expires_at) \
                 SELECT 'old-session', X'01', id, workspace_id, '', created_at, created_at, {far} FROM members; \
                 INSERT INTO account_links (id, workspace_id, purpose, email, role, token_hash, created_at, expires_at) \
                 SELECT 'old-link', id, 'join', 'late@acme.example', 'viewer', X'02', created_at, {far} FROM workspaces; \
                 INSERT INTO invite_links (id, workspace_id, name, sort_name, kind, connector_slug, usage, wants_approval, note, greeting, zone, \
                 token_hash, created_at, active_at, expires_at, submission_count, connection_count) SELECT 'old-invite', id, 'Clients', X'63', \
                 'source', 'postgres', 'reusable', 0, '', '', 'UTC', X'03', created_at, created_at, {far}, 0, 0 FROM workspaces"
            ),
        ]
        .concat(),
    );
    here
}

#[track_caller]
fn nothing_is_alive(there: &Installation, ran: &crate::support::installation::Ran) {
    for open in [OPEN_SETUP_LINKS, OPEN_INVITE_LINKS, OPEN_ACCOUNT_LINKS, "sessions"] {
        assert_eq!(count(there, open), 0, "{open}");
    }
    let grants = |rest: &str| count(there, &format!("oauth_grants WHERE {rest}"));
    assert_eq!(
        grants("id = 'renewable' AND state = 'ok' AND questioned_at IS NOT NULL AND refresh_at < '2990-01-01'"),
        1
    );
    assert_eq!(grants("id = 'for-ever' AND state = 'needs_reconnecting'"), 1);
    assert_eq!(grants("id = 'given-back' AND state = 'leaving' AND questioned_at IS NULL"), 1);
    assert_eq!(count(there, "activity WHERE event = 'setup_link.closed_by_restore'"), 1);
    assert_eq!(count(there, "activity WHERE event = 'connection.needs_reconnecting'"), 1);
    for words in [
        "1 open setup link and",
        "open invite link",
        "1 sign-in with a provider is renewed",
        "for 1 other somebody has to sign in again",
        "API keys",
    ] {
        assert!(ran.out.contains(words), "{words}: {ran:?}");
    }
}

#[test]
fn what_a_backup_holds_does_not_come_back_to_life() {
    let here = with_access();
    let file = backup(&here);
    let there = with_key_of(&here);
    assert!(count(&here, OPEN_SETUP_LINKS) == 1 && count(&here, OPEN_INVITE_LINKS) >= 1);
    let ran = there.run(&["restore", text(&file)]).good();
    nothing_is_alive(&there, &ran);
    assert_eq!(
        (count(&here, OPEN_SETUP_LINKS), count(&here, "sessions WHERE id = 'old-session'")),
        (1, 1),
        "the backup's origin is as it was"
    );
    there.start(&["serve"]).stop().good();
}

#[test]
fn what_was_put_back_by_other_means_is_settled_in_place() {
    let here = with_access();
    let ran = here.run(&["restore", "--in-place"]).good();
    nothing_is_alive(&here, &ran);
    let again = here.run(&["restore", "--in-place"]).good();
    assert!(again.out.contains("0 open setup links and 0 open invite links were closed"), "{again:?}");
    here.run(&["restore"]).refused(2, "FILE");
}
