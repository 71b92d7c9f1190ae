//! The two folders of migrations.

use crate::architecture::files::{all, read};

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
        assert_eq!(
            spoken,
            read(&format!("migrations/postgres{step}")),
            "only the name of the byte type differs in {step}"
        );
    }
}
