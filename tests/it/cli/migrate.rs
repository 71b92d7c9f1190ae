use diesel::connection::SimpleConnection as _;

use crate::support::installation::Installation;

#[test]
fn migrate_says_how_many_and_then_nothing() {
    let here = Installation::new();
    let first = here.run(&["migrate"]).good().out;
    assert!(first.trim_end().ends_with(" migrations done."), "{first}");
    assert!(here.run(&["migrate"]).good().out.contains("nothing to do"));
}

#[test]
fn a_database_of_a_newer_version_is_refused_by_name_and_left_alone() {
    let here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    let newer =
        "INSERT INTO __diesel_schema_migrations (version, run_on) VALUES ('20991231000001', '2099-12-31 00:00:00')";
    let place = here.config().storage.database;
    place.open().unwrap().batch_execute(newer).unwrap();
    let before = std::fs::read(here.database_file()).ok();
    let other = if here.is_postgres() { "sqlite:copy.db" } else { "postgres://127.0.0.1:1/x" };
    let commands: [&[&str]; 7] = [
        &["serve"],
        &["worker"],
        &["migrate"],
        &["keys", "rotate"],
        &["owner", "create", "--workspace", "Late", "--name", "L", "--email", "late@acme.example"],
        &["api-key", "create", "--workspace", "acme", "--name", "k"],
        &["copy", "--to", other],
    ];
    for command in commands {
        let ran =
            here.run_with(command, "four unrelated words here\n").refused(1, "a newer Vestibule wrote this database");
        assert!(ran.err.contains("20991231000001") && ran.err.contains("Start the newer version again"), "{ran:?}");
    }
    let doctor = here.run(&["doctor"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert!(doctor.out.contains("problem  database: a newer Vestibule wrote this database"), "{doctor:?}");
    assert_eq!(std::fs::read(here.database_file()).ok(), before, "nothing was written");
    place
        .open()
        .unwrap()
        .batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = '20991231000001'")
        .unwrap();
    assert!(here.run(&["migrate"]).good().out.contains("nothing to do"));
}
