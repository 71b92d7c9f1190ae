//! Nothing grows for ever: every table has a rule.

use std::collections::BTreeSet;

use vestibule::console::retention::TABLES;

use crate::architecture::files::read;

#[test]
fn every_table_says_how_long_its_rows_stay() {
    let schema = read("src/platform/db/schema.rs");
    let there: BTreeSet<&str> =
        schema.split("diesel::table! {").skip(1).map(|table| table.trim_start().split(' ').next().unwrap()).collect();
    let ruled: BTreeSet<&str> = TABLES.iter().map(|(table, _)| *table).collect();
    assert!(there.len() > 30, "schema.rs is read whole");
    assert_eq!(
        there.difference(&ruled).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "add a rule to console/retention/mod.rs"
    );
    assert_eq!(ruled.difference(&there).collect::<Vec<_>>(), Vec::<&&str>::new(), "rules of tables that are not there");
    assert_eq!(ruled.len(), TABLES.len(), "one rule a table");
}
