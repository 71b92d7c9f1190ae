//! The two folders of migrations.

use crate::architecture::files::{all, read};

/// Steps that make triggers, which each database spells in its own way: of these the tables and indexes are compared.
const WITH_TRIGGERS: [&str; 1] = ["list_counts"];

/// The statements about tables and indexes, without what is said to them.
fn tables(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().filter(|line| !line.starts_with("--")).collect();
    let is_table = |statement: &&str| {
        ["CREATE TABLE", "ALTER TABLE", "DROP TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX", "DROP INDEX"]
            .iter()
            .any(|begin| statement.starts_with(begin))
    };
    code.join("\n").split(";\n").map(str::trim).filter(is_table).map(str::to_owned).collect()
}

#[test]
fn both_databases_take_the_same_steps() {
    let of = |kind: &str| -> Vec<String> {
        let folder = format!("migrations/{kind}");
        all(&folder).into_iter().map(|path| path.trim_start_matches(&folder).to_owned()).collect()
    };
    let steps = of("sqlite");
    assert_eq!(steps, of("postgres"));
    assert_eq!(steps.len() % 2, 0, "an up and a down for each: {steps:?}");
    for step in steps {
        let spoken = read(&format!("migrations/sqlite{step}")).replace("BLOB", "BYTEA");
        let other = read(&format!("migrations/postgres{step}"));
        if WITH_TRIGGERS.iter().any(|name| step.contains(name)) {
            assert_eq!(tables(&spoken), tables(&other), "{step}");
        } else {
            assert_eq!(spoken, other, "only the name of the byte type differs in {step}");
        }
    }
}

/// A version is what stands before the name: a second one of the same would never be taken.
#[test]
fn no_two_steps_have_one_version() {
    let mut versions: Vec<String> = all("migrations/sqlite")
        .iter()
        .filter(|path| path.ends_with("up.sql"))
        .filter_map(|path| path.rsplit('/').nth(1).and_then(|step| step.split('_').next()).map(str::to_owned))
        .collect();
    let count = versions.len();
    versions.dedup();
    assert!(count > 10 && versions.len() == count, "{versions:?}");
}
